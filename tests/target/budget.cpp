// A level that always finds more work: how long it keeps a thread from running, and what share of
// the CPU each gets. Exact: a tick is an instruction.
#include <initializer_list>

#include "intr/bottom_half.hpp"
#include "kern/clock.hpp"
#include "kern/main.hpp"
#include "tests/target/probes.hpp"

namespace pivot {
namespace {

using namespace test;

// The last run of a budget may begin right at its end.
constexpr u64 kRunTicks = 5000;

struct Hog {
    static void run(MayBlock const& context, Hog& self) {
        u64 const begin = counter();
        ++self.runs;
        while (counter() - begin < kRunTicks) {
        }
        if (!self.over) {
            self.continuation->schedule(context);
        }
    }
    Continuation* continuation = nullptr;
    volatile u32 runs = 0;
    volatile bool over = false;
};

// What the thread saw of the CPU while it computed.
struct Share {
    u64 mine = 0;
    u64 all = 0;
    u64 longest_gap = 0;
};

Share compute_for(u64 ticks) {
    Share share;
    u64 const begin = counter();
    u64 last = begin;
    while (last - begin < ticks) {
        u64 const now = counter();
        u64 const gap = now - last;
        share.mine += gap < 1000 ? gap : 0;
        share.longest_gap = gap > share.longest_gap ? gap : share.longest_gap;
        last = now;
    }
    share.all = last - begin;
    return share;
}

// A callout that is due again and again, also while its level rests.
struct Beat {
    static void run(MayWake const&, Beat& self) { self.runs = self.runs + 1; }
    volatile u32 runs = 0;
    Callout callout = Callout::to<&Beat::run>(*this, "beat");
};
constinit Beat g_beat{};
constexpr u64 kBeatNs = 150'000;

void hog(MayBlock const& context, Ipl level) {
    static constinit Hog self{};
    u64 const budget = Clock::ticks_of_ns(BottomHalf::kBudgetNs);
    u64 const rest = Clock::ticks_of_ns(BottomHalf::kRestNs);
    self.runs = 0;
    self.over = false;
    Continuation continuation = Continuation::to<&Hog::run>(level, self);
    self.continuation = &continuation;
    u64 const begin = counter();
    continuation.schedule(context);
    u64 const first = counter() - begin;
    g_beat.runs = 0;
    g_beat.callout.arm_every_ns(context, kBeatNs);
    Share const share = compute_for(20 * (budget + rest));
    CHECK(g_beat.runs >= 20);  // in each round of budget and rest
    CHECK(first >= budget && first < budget + 3 * kRunTicks);
    CHECK(share.longest_gap < budget + 3 * kRunTicks);
    CHECK(10 * share.mine >= 4 * share.all);        // about a half
    CHECK(kRunTicks * self.runs >= share.all / 3);  // and so has the level
    log("{}: {} ticks before a thread runs, then at most {}; it has {} of 1000", name_of(level),
        first, share.longest_gap, share.mine * 1000 / share.all);
    self.over = true;
    g_beat.callout.cancel_and_wait(context);
    (void)compute_for(2 * rest);
    u32 const runs = self.runs;
    CHECK(continuation.schedule(context));  // caught up: at once, as before
    CHECK_EQUAL(self.runs, runs + 1);
    check_calm();
}

// The thread may sleep meanwhile: time goes on while softclock itself is what is held back.
void sleep_while_softclock_is_busy(MayBlock const& context) {
    static constinit Hog self{};
    Continuation continuation = Continuation::to<&Hog::run>(Ipl::softclock, self);
    self.continuation = &continuation;
    continuation.schedule(context);
    u64 const begin = counter();
    Clock::sleep_ns(context, 5'000'000);
    u64 const slept = counter() - begin;
    CHECK(slept >= Clock::ticks_of_ns(5'000'000));
    CHECK(slept < Clock::ticks_of_ns(5'000'000 + BottomHalf::kBudgetNs + BottomHalf::kRestNs) +
                      3 * kRunTicks);
    self.over = true;
    continuation.cancel_and_wait(context);
    u32 const alarms = this_cpu().lines[Board::kVirtualTimerLine.intid()].count;
    Clock::sleep_ns(context, 5'000'000);
    CHECK(this_cpu().lines[Board::kVirtualTimerLine.intid()].count - alarms <= 2);  // and no more
    check_calm();
}

}  // namespace

void image_main(MayBlock const& context) {
    for (Ipl const level : {Ipl::softclock, Ipl::softbio, Ipl::softnet, Ipl::softserial}) {
        hog(context, level);
    }
    sleep_while_softclock_is_busy(context);
    passed("budgets");
}

}  // namespace pivot
