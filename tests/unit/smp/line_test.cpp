// Lines released, moved and shared by one CPU while they fire on another.
#include "intr/line_share.hpp"
#include "intr/storm.hpp"
#include "intr/threaded_line.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

constexpr LineId kFirstLine(40);  // of the first device of a machine

// What a top half uses, and somebody takes away.
struct Used {
    void use() {
        EXPECT_EQ(atomic::fetch_add(&inside, 1u), 0u) << "on two CPUs at a time";
        EXPECT_FALSE(atomic::load_acquire(&gone)) << "used after the release";
        atomic::fetch_add(&runs, 1u);
        atomic::fetch_add(&inside, ~0u);
    }
    void take_away() { atomic::store_release(&gone, true); }
    u32 inside = 0;
    u32 runs = 0;
    bool gone = false;
};

TEST(LineSmp, ReleasedFromElsewhereItsTopHalfIsOver) {
    explore(2, [](SmpMachine& machine) {
        Used used;
        machine.device<Ipl::vm>(1, 4, [&](TopHalf<Ipl::vm> const&) { used.use(); });
        machine.on(0, [&](MayBlock const& context) {
            EXPECT_EQ(SimLines::release(context, kFirstLine), LineError::none);
            used.take_away();
        });
        machine.run();
        EXPECT_EQ(line_info(40).name, nullptr);
    });
}

TEST(LineSmp, MovedWhileItFiresEachRequestIsOneRun) {
    explore(2, [](SmpMachine& machine) {
        Used used;
        machine.device<Ipl::vm>(1, 5, [&](TopHalf<Ipl::vm> const&) { used.use(); });
        machine.on(0, [&](MayBlock const& context) {
            for (u32 const cpu : {0u, 1u, 0u}) {
                EXPECT_EQ(SimLines::move_to(context, kFirstLine, cpu), LineError::none);
                EXPECT_EQ(line_info(40).cpu, cpu);
            }
        });
        machine.run();
        EXPECT_EQ(used.runs, 5u);
        machine.expect_at_rest();
    });
}

struct Sharer {
    static Served top_half(TopHalf<Ipl::vm> const&, Sharer& self) {
        self.used.use();
        return Served::yes;
    }
    Used used;
    LineShare share;
};

// The first one's request, on the CPU that is to have the line; a device there asks.
TEST(LineSmp, ADeviceLeavesASharedLineWhileItFires) {
    explore(2, [](SmpMachine& machine) {
        Sharer stays, leaves;
        using Shared = SharedLines<SimController>;
        u32 other = 0;
        machine.device<Ipl::vm>(1, 4, [&](TopHalf<Ipl::vm> const&) { ++other; });
        machine.on(1, [&](MayBlock const& context) {
            EXPECT_EQ(SimLines::release(context, kFirstLine), LineError::none);
            while (Shared::join<&Sharer::top_half>(kFirstLine, "stays", stays.share, stays) !=
                   LineError::none) {
                cpu_relax();  // the other one is just leaving, the last
            }
            EXPECT_EQ(SimLines::enable(kFirstLine), LineError::none);
        });
        machine.on(0, [&](MayBlock const& context) {
            LineError const joined =
                Shared::join<&Sharer::top_half>(kFirstLine, "leaves", leaves.share, leaves);
            if (joined == LineError::none) {  // else it was too early
                EXPECT_EQ(Shared::leave(context, kFirstLine, leaves.share), LineError::none);
                leaves.used.take_away();
            }
        });
        machine.run();
        EXPECT_LE(stays.used.runs + other, 4u);
    });
}

// Quiesced means that no poll lets it in any more.
TEST(LineSmp, ALimitedLineIsQuiescedInAStorm) {
    explore(2, [](SmpMachine& machine) {
        Used used;
        LineLimit limit;
        machine.device<Ipl::vm>(1, 20, [&](TopHalf<Ipl::vm> const&) { used.use(); });
        machine.on(0, [&](MayBlock const& context) {
            EXPECT_EQ(LineLimits<SimController>::limit(context, kFirstLine, limit,
                                                       {.interrupts = 2, .window_ns = 600}),
                      LineError::none);
            while (limit.polls() < 2 && atomic::load_acquire(&used.runs) < 12) {
                cpu_relax();  // if the requests come too slowly for a storm, without one
            }
            EXPECT_EQ(SimLines::quiesce(context, kFirstLine), LineError::none);
            used.take_away();
        });
        machine.run();
        EXPECT_FALSE(limit.is_polling());
        machine.expect_at_rest();
    });
}

struct Driver {
    static void top_half(TopHalf<Ipl::vm> const&, Driver& self) { self.used.use(); }
    static void serve(MayBlock const& context, Driver& self) {
        AdaptiveGuard const guard(self.mutex, context);
        self.used.use();
    }
    Used used;
    AdaptiveMutex mutex{"driver"};
};

// The line interrupts the owner of its driver's mutex, or does not; another CPU releases it all.
void threaded(SmpMachine& machine, LineModel model) {
    using Models = LineModels<SimController>;
    Driver driver;
    ThreadedLine line("threaded");
    StackMemory<4096> stack;
    bool requested = false;
    u32 other = 0;
    machine.device<Ipl::vm>(1, 3, [&](TopHalf<Ipl::vm> const&) { ++other; });
    machine.on(1, [&](MayBlock const& context) {
        EXPECT_EQ(SimLines::release(context, kFirstLine), LineError::none);
        LineError const error = Models::request<&Driver::top_half, &Driver::serve>(
            context, model, kFirstLine, line, stack, driver);
        EXPECT_EQ(error, LineError::none);
        EXPECT_EQ(SimLines::enable(kFirstLine), LineError::none);
        atomic::store_release(&requested, true);
        AdaptiveGuard const guard(driver.mutex, context);
    });
    machine.on(0, [&](MayBlock const& context) {
        while (!atomic::load_acquire(&requested)) {
            cpu_relax();
        }
        EXPECT_EQ(Models::release(context, kFirstLine, line), LineError::none);
        driver.used.take_away();
        EXPECT_EQ(line_holds(40), 0u);
    });
    machine.run();
    machine.expect_at_rest();
}

TEST(LineSmp, AnInterruptThreadIsOverWhenItsLineIsReleased) {
    explore(2, [](SmpMachine& machine) { threaded(machine, LineModel::thread); });
}

TEST(LineSmp, ABorrowedStackIsGivenBackWhenItsLineIsReleased) {
    explore(2, [](SmpMachine& machine) { threaded(machine, LineModel::borrowed); });
}

}  // namespace
}  // namespace pivot
