// cpus: which there are, and what each is at.
#include "kern/cpus.hpp"

#include "arch/contract/cpu.hpp"
#include "kern/base/log.hpp"
#include "kern/pivot/commands.hpp"
#include "kern/thread.hpp"
#include "spl/ipl.hpp"

namespace pivot {
namespace {

u64 interrupts_of(PerCpu const& cpu) {
    u64 sum = 0;
    for (LineEntry const& line : cpu.lines) {
        sum += line.count;
    }
    return sum;
}

void show_cpu(PerCpu const& cpu) {
    Thread const* const thread = cpu.current;  // on another CPU, it may be another one by now
    log("{4} {x10} {-8} {-12} {-11}{10}", cpu.id, cpu.affinity,
        is_online(cpu.id) ? "online" : "off", thread != nullptr ? thread->name() : "-",
        name_of(level_of(cpu.spl)), interrupts_of(cpu));
}

}  // namespace

bool show_cpus(MayBlock const&, Words const& words) {
    if (words.count() != 1) {
        return false;
    }
    log("{4} {10} {-8} {-12} {-11}{10}", " cpu", "affinity", "state", "thread", "SPL",
        "interrupts");
    for (u32 id = 0; id < kMaxCpus; ++id) {
        // one that has been started and did not come up has a place in the table all the same
        if (is_online(id) || cpu_of(id).interrupt_stack != 0) {
            show_cpu(cpu_of(id));
        }
    }
    return true;
}

}  // namespace pivot
