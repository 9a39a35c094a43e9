// A level that always finds more to do leaves threads their share, and gets its own.
#include "intr/continuation.hpp"
#include "tests/unit/support/machine.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

class BudgetOf : public testing::TestWithParam<Ipl> {};

// The continuation schedules itself for ever; the thread counts how far it gets meanwhile.
TEST_P(BudgetOf, ALevelThatFindsMoreForEver) {
    Machine machine;
    Ticker const ticker;
    u64 runs = 0;
    bool ended = false;
    TestContinuation* self = nullptr;
    TestContinuation more(GetParam(), [&](MayBlock const& context) {
        ++runs;
        for (int i = 0; i < 1000; ++i) {
            sim::point();  // a tick each
        }
        if (!ended) {
            self->schedule(context);
        }
    });
    self = &more;
    machine.run([&](MayBlock const& context) {
        u64 const begin = counter();
        more.schedule(context);
        u64 const first_stretch = counter() - begin;
        EXPECT_GE(first_stretch, Clock::ticks_of_ns(BottomHalf::kBudgetNs));
        EXPECT_LE(first_stretch, 2 * Clock::ticks_of_ns(BottomHalf::kBudgetNs));
        EXPECT_GE(runs, 2u);
        u64 mine = 0;
        u64 const before = runs;
        u64 const watched = counter();
        while (mine < Clock::ticks_of_ns(BottomHalf::kRestNs) * 5 / 4) {
            u64 const from = counter();
            sim::point();
            u64 const step = counter() - from;
            mine += step < 100 ? step : 0;  // longer: it was not ours
        }
        u64 const all = counter() - watched;
        EXPECT_GT(runs, before);  // it is not forgotten while a thread computes
        EXPECT_GE(3 * mine, all);
        ended = true;
        u64 const end = counter() + Clock::ticks_of_ns(BottomHalf::kRestNs) * 5 / 4;
        while (counter() < end) {
            sim::point();
        }
        u64 const last = runs;
        EXPECT_TRUE(more.schedule(context));  // caught up: it runs at once again
        EXPECT_EQ(runs, last + 1);
    });
    machine.expect_at_rest();
}

INSTANTIATE_TEST_SUITE_P(Levels, BudgetOf,
                         testing::Values(Ipl::softclock, Ipl::softbio, Ipl::softnet,
                                         Ipl::softserial),
                         [](auto const& level) { return std::string(name_of(level.param)); });

struct Hog {
    static void run(MayWake const& context, Hog& self) {
        for (int i = 0; i < 5000; ++i) {
            sim::point();
        }
        ++self.runs;
        self.callout.arm(context, counter());  // due again at once
    }
    u64 runs = 0;
    Callout callout = Callout::to<&Hog::run>(*this, "hog");
};

TEST(Budget, ACalloutThatIsAlwaysDue) {
    Machine machine;
    Ticker const ticker;
    Hog hog;
    machine.run([&](MayBlock const& context) {
        hog.callout.arm(context, counter());
        u64 mine = 0;
        u64 const begin = counter();
        while (mine < Clock::ticks_of_ns(Callout::kBudgetNs) * 5 / 4) {
            u64 const from = counter();
            sim::point();
            u64 const step = counter() - from;
            mine += step < 100 ? step : 0;
        }
        EXPECT_GE(5 * mine, 2 * (counter() - begin));
        EXPECT_GE(hog.runs, 100u);
        while (hog.callout.cancel(context) == Cancelled::not_armed) {
            sim::point();
        }
    });
    machine.expect_at_rest();
}

}  // namespace
}  // namespace pivot
