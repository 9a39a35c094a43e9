#include "kern/secondary.hpp"

#include "arch/board/board.hpp"
#include "bring_up.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/cpus.hpp"
#include "psci.hpp"

namespace pivot {
namespace {

constexpr u32 kExpected = 1;
constexpr u32 kArrived = 2;
constexpr u32 kGivenUp = 3;

constinit u32 g_arrival[kMaxCpus]{};
constinit u64 g_affinities[kMaxCpus + 1]{};

bool wait_until_online(u32 id) {
    for (u64 const end = counter() + counter_hz(); counter() < end; cpu_relax()) {
        if (is_online(id)) {
            return true;
        }
    }
    if (atomic::replace(&g_arrival[id], kExpected, kGivenUp)) {
        return false;
    }
    while (!is_online(id)) {
        cpu_relax();  // it has arrived, late, and is nearly there
    }
    return true;
}

void say(u32 id, CpuStart start) {
    if (start.result == CpuStart::Result::refused) {
        log("CPU {} did not start: PSCI answered {} ({})", id, start.answer,
            port::Psci::name_of(start.answer));
    } else if (start.result == CpuStart::Result::silent) {
        log("CPU {} did not start: it did not answer within 1 s", id);
    }
}

}  // namespace

bool arrive(u32 id) { return atomic::replace(&g_arrival[id], kExpected, kArrived); }

CpuStart start_secondary(u32 id, u64 affinity, const void* entry) {
    port::lay_out_cpu(id, affinity);
    atomic::store_release(&g_arrival[id], kExpected);
    i32 const answer = port::start_cpu(id, entry);
    CpuStart start{CpuStart::Result::online, answer};
    if (answer != port::Psci::kSuccess) {
        start.result = CpuStart::Result::refused;
    } else if (!wait_until_online(id)) {
        start.result = CpuStart::Result::silent;
    }
    say(id, start);
    return start;
}

void start_secondaries() {
    // Room for one more: this CPU is among them, and may be the last.
    u32 const count = Board::Controller::find_cpus(g_affinities, kMaxCpus + 1);
    if (count == 1) {
        return;
    }
    if (port::Psci::conduit() == port::Psci::Conduit::none) {
        log("{} of {} CPUs stay off: nobody answers PSCI calls on this machine", count - 1, count);
        return;
    }
    u32 id = 1;
    for (u32 i = 0; i < count && id < kMaxCpus; ++i) {
        if (g_affinities[i] != this_cpu().affinity) {
            start_secondary(id++, g_affinities[i],
                            reinterpret_cast<const void*>(&pivot_secondary_start));
        }
    }
    if (count > kMaxCpus) {
        log("{} of {} CPUs stay off: this build has room for {} (PIVOT_MAX_CPUS)", count - kMaxCpus,
            count, kMaxCpus);
    }
}

}  // namespace pivot
