#include "tests/bench/argue_load.hpp"

#include "kern/clock.hpp"
#include "kern/cpus.hpp"

PIVOT_STACK(argue_owner_stack, 8192);
PIVOT_STACK(argue_preemptor_stack, 8192);

namespace pivot::bench {
namespace {

// The thread "main", at 8, lies between the two: it waits while they run.
constexpr u32 kOwnerPriority = 3;
constexpr u32 kPreemptorPriority = 12;

constinit Thread g_owner{"argue owner"};
constinit Thread g_preemptor{"argue preemptor"};
constinit Semaphore g_go{"argue go"};        // the owner's turn
constinit Semaphore g_nudge{"argue nudge"};  // the preemptor's
constinit Semaphore g_done{"argue done"};    // main's
volatile bool g_over = false;
volatile u32 g_rounds = 0;

void require(ThreadError error) {
    PIVOT_REQUIRE(error == ThreadError::none, "the argument's threads do not do as they should");
}

// -- while a stream comes in

void own_half_the_time(MayBlock const& context, ArguePort& port) {
    while (!g_over) {
        compute(kHeld);
        AdaptiveGuard const guard(port.lock, context);
        compute(kHeld / 2);
        g_nudge.post(context);  // preempts
        compute(kHeld / 2);
        g_rounds = g_rounds + 1;
    }
}

void preempt_for_a_while(MayBlock const& context, ArguePort&) {
    for (;;) {
        g_nudge.wait(context);
        if (g_over) {
            return;
        }
        compute(kPreempted);
    }
}

// -- one sample at a time

struct Sample {
    Owner owner;
    u32 rest;
    u32 ahead;
    volatile bool has_lock;
    volatile u64 asserted;
};
constinit Sample g_sample{};

// Where a sample's trace ends, if not in argue_spin: the owner has been let go on.
PIVOT_MARKED void owner_goes_on() { asm volatile("mark_argue_back.%=:" ::: "memory"); }

void hold_lock(MayBlock const& context, ArguePort& port, Sample& sample) {
    AdaptiveGuard const guard(port.lock, context);
    switch (sample.owner) {
        case Owner::preempted:
            g_nudge.post(context);
            compute(sample.rest);
            return;
        case Owner::sleeps:
            Scheduler::sleep_until(context, argue_arm(port, sample.ahead) + sample.rest);
            return;
        case Owner::elsewhere:
            sample.has_lock = true;
            while (sample.asserted == 0 || counter() < sample.asserted + sample.rest) {
                cpu_relax();
            }
            return;
    }
}

void own_when_told(MayBlock const& context, ArguePort& port) {
    for (;;) {
        g_go.wait(context);
        hold_lock(context, port, g_sample);
        if (g_sample.owner == Owner::sleeps) {
            owner_goes_on();
        }
        g_done.post(context);
    }
}

void preempt_when_told(MayBlock const& context, ArguePort& port) {
    for (;;) {
        g_nudge.wait(context);
        (void)argue_arm(port, g_sample.ahead);
        argue_spin(port);
    }
}

}  // namespace

void argue_load_begin(ArguePort& port) {
    g_over = false;
    g_rounds = 0;
    require(g_owner.start<&own_half_the_time>(argue_owner_stack, kOwnerPriority, port));
    require(
        g_preemptor.start<&preempt_for_a_while>(argue_preemptor_stack, kPreemptorPriority, port));
}

u32 argue_load_rounds() { return g_rounds; }

void argue_load_end(MayBlock const& context) {
    g_over = true;
    require(g_owner.join(context));
    g_nudge.post(context);
    require(g_preemptor.join(context));
    while (g_nudge.try_wait(context)) {  // of two at the end, the preemptor took one
    }
}

void argue_owner_start(ArguePort& port, u32 owners_cpu) {
    require(g_owner.start_on<&own_when_told>(cpu_of(owners_cpu), argue_owner_stack, kOwnerPriority,
                                             port));
    require(g_preemptor.start<&preempt_when_told>(argue_preemptor_stack, kPreemptorPriority, port));
}

void argue_take_held(MayBlock const& context, ArguePort& port, Owner owner, u32 rest, u32 ahead) {
    g_sample = {.owner = owner, .rest = rest, .ahead = ahead, .has_lock = false, .asserted = 0};
    port.forget_times();
    g_go.post(context);
    if (owner == Owner::elsewhere) {
        while (!g_sample.has_lock) {
            cpu_relax();
        }
        g_sample.asserted = argue_arm(port, ahead);
        argue_spin(port);
    }
    g_done.wait(context);
}

PIVOT_MARKED u64 argue_arm(ArguePort& port, u32 ahead) {
    // One byte at 10 Mbit/s lasts a microsecond: it arrives that long after the stream's begin.
    Stream const one{.baud = 10'000'000, .depth = 1, .bytes = 1};
    u64 const byte_time = Clock::ticks_of_ns(1000);
    port.device.start(one, counter() + ahead - byte_time);
    asm volatile("mark_argue_armed.%=:" ::: "memory");
    return port.device.asserted_at();
}

PIVOT_MARKED void argue_spin(ArguePort const& port) {
    while (port.handed_at == 0) {
        cpu_relax();
    }
    asm volatile("mark_argue_back.%=:" ::: "memory");
}

}  // namespace pivot::bench
