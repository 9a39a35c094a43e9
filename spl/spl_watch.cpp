#include "spl/spl_watch.hpp"

#include "arch/contract/cpu.hpp"
#include "arch/contract/upcalls.hpp"
#include "kern/base/assert.hpp"
#include "kern/base/atomic.hpp"
#include "kern/base/log.hpp"
#include "kern/base/symbols.hpp"

namespace pivot {
namespace {

struct CpuRecord {
    u64 left = 0;         // the SPL as the last change from C++ left it
    Stretch at[kIpls]{};  // at[0]: interrupts masked
};
constinit CpuRecord g_cpus[kMaxCpus]{};

// Written by its CPU alone; atomically because any CPU may read.
template <typename T>
void set(T& place, T value) {
    atomic::store_relaxed(&place, value);
}

CpuRecord& this_record() { return g_cpus[this_cpu().id]; }

// Calls `visit` for the stretch of each level in a set of levels, a byte a level (spl/ipl.hpp).
template <typename F>
void for_each_level(CpuRecord& record, u64 levels, F visit) {
    while (levels != 0) {
        u32 const byte = static_cast<u32>(__builtin_ctzll(levels)) / 8;
        levels &= ~(u64{0xff} << (8 * byte));
        u32 const level =
            byte > attention_byte(Ipl::high) ? byte - 3 : byte + static_cast<u32>(Ipl::vm);
        visit(record.at[level]);
    }
}

void begin(Stretch& stretch, u64 now, uptr pc) {
    set(stretch.begun_at, pc);
    set(stretch.since, now);
}

void end(Stretch& stretch, u64 now, uptr pc) {
    u64 const since = stretch.since;
    if (since != 0 && now - since > stretch.longest) {
        set(stretch.longest, now - since);
        set(stretch.longest_from, stretch.begun_at);
        set(stretch.longest_to, pc);
    }
    set(stretch.since, u64{0});
}

// Levels at which assembly has begun or ended a stretch since.
void forget_changed(CpuRecord& record, u64 found) {
    for_each_level(record, record.left ^ found, [](Stretch& at) { set(at.since, u64{0}); });
}

void print_place(const char* what, u64 held, uptr pc) {
    Symbol const symbol = symbolise(pc - 1);
    print("{} {} at {x16}", what, name_of(level_of(held)), pc);
    if (symbol.name != nullptr) {
        print(" {}+{}", symbol.name, symbol.offset + 1);
    }
    print("\n");
}

// Not inlined: the check of stacks knows it by its name.
[[noreturn, gnu::noinline]] void panic_about(SplLimit const& limit, u64 to, uptr pc) {
    fall_back_to_polling();
    print_place("a guard holds the SPL at", limit.held, limit.set_at);
    print_place("it is lowered to", to, pc);
    panic("the SPL is lowered below what an outer guard has set", name_of(level_of(limit.held)));
}

}  // namespace

void SplWatch::note_guard(SplLimit& limit, u64 held) {
    SplLimit const** const newest = pivot_spl_limits();
    if (newest != nullptr) {
        limit.held = held;
        limit.set_at = reinterpret_cast<uptr>(__builtin_return_address(0));
        limit.outer = *newest;
        compiler_barrier();  // whole, before a top half sees it
        *newest = &limit;
    }
}

void SplWatch::forget_guard(SplLimit const& limit) {
    SplLimit const** const newest = pivot_spl_limits();
    if (newest != nullptr && *newest == &limit) {
        *newest = limit.outer;
    }
}

void SplWatch::check_limit(u64 to) {
    uptr const pc = reinterpret_cast<uptr>(__builtin_return_address(0));
    SplLimit const* const* const newest = pivot_spl_limits();
    // The newest is the highest.
    if (newest != nullptr && *newest != nullptr && ((*newest)->held & ~to) != 0) {
        panic_about(**newest, to, pc);
    }
}

void SplWatch::note_raised(u64 from, u64 to) {
    uptr const pc = reinterpret_cast<uptr>(__builtin_return_address(0));
    u64 const now = counter();
    CpuRecord& record = this_record();
    forget_changed(record, from);
    for_each_level(record, to & ~from, [now, pc](Stretch& at) { begin(at, now, pc); });
    set(record.left, to);
}

void SplWatch::note_lowered(u64 from, u64 to) {
    uptr const pc = reinterpret_cast<uptr>(__builtin_return_address(0));
    u64 const now = counter();
    CpuRecord& record = this_record();
    forget_changed(record, from);
    for_each_level(record, from & ~to, [now, pc](Stretch& at) { end(at, now, pc); });
    set(record.left, to);
}

Stretch const& SplWatch::longest(u32 cpu, Ipl level) {
    return g_cpus[cpu].at[static_cast<u32>(level)];
}

uptr SplWatch::raised_at(Ipl level) {
    Stretch const& stretch = this_record().at[static_cast<u32>(level)];
    return stretch.since != 0 ? stretch.begun_at : 0;
}

void SplWatch::reset() {
    for (CpuRecord& record : g_cpus) {
        for (Stretch& stretch : record.at) {
            set(stretch.longest, u64{0});
            set(stretch.longest_from, uptr{0});
            set(stretch.longest_to, uptr{0});
        }
    }
}

}  // namespace pivot

void pivot_interrupts_masked() {
    using namespace pivot;
    Stretch& masked = this_record().at[0];
    if (masked.since == 0) {
        begin(masked, counter(), reinterpret_cast<uptr>(__builtin_return_address(0)));
    }
}

void pivot_interrupts_unmask() {
    using namespace pivot;
    end(this_record().at[0], counter(), reinterpret_cast<uptr>(__builtin_return_address(0)));
}
