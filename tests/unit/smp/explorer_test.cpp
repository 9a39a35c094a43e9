// The explorer itself: a seed is a schedule, and verdicts are what they say. With CPUs that take
// turns only.
#include "tests/unit/support/explorer.hpp"

#include <gtest/gtest-spi.h>

#include <set>

#include "kern/semaphore.hpp"
#include "tests/unit/support/chooser.hpp"

namespace pivot {
namespace {

constexpr u64 kLimit = 100'000;
constexpr Length kLength{900, 450};

// Which CPU was on when, of a run that ends as it should.
std::string order_of(u64 seed) {
    auto const chooser = chooser_of(seed, kLength);
    SmpMachine machine(3, chooser.get(), kLimit);
    std::string order;
    u32 shared = 0;
    machine.on_each([&](u32 number, MayBlock const&) {
        for (int i = 0; i < 4; ++i) {
            for (int part = 0; part < 20; ++part) {  // or most of the run would be start and end
                atomic::fetch_add(&shared, 1u);
            }
            sim::Quiet const quiet;
            order += static_cast<char>('0' + number);
        }
    });
    machine.run();
    return order + " in " + std::to_string(machine.points());
}

TEST(Explorer, ASeedIsASchedule) {
    for (u64 seed = 1; seed < 50; ++seed) {
        EXPECT_EQ(order_of(seed), order_of(seed));
    }
}

TEST(Explorer, OtherSeedsAreOtherSchedules) {
    std::set<std::string> seen;
    for (u64 seed = 1; seed <= 200; ++seed) {
        seen.insert(order_of(seed));
    }
    EXPECT_GT(seen.size(), 50u);
}

// Runs `scenario` to its bitter end and returns what the machine said.
std::string verdict(u32 cpus, Scenario const& scenario) {
    auto const chooser = chooser_of(1, kLength);
    ::testing::TestPartResultArray failures;
    {
        ::testing::ScopedFakeTestPartResultReporter const catcher(
            ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &failures);
        SmpMachine machine(cpus, chooser.get(), kLimit);
        scenario(machine);
        EXPECT_FALSE(machine.run());
    }
    return failures.size() == 1 ? failures.GetTestPartResult(0).message() : "not one failure";
}

TEST(Explorer, EveryCpuIdleAndNothingArmedIsADeadlock) {
    Semaphore never("never");
    std::string const text = verdict(2, [&](SmpMachine& machine) {
        machine.on(1, [&](MayBlock const& context) { never.wait(context); });
    });
    EXPECT_NE(text.find("deadlock"), std::string::npos) << text;
    EXPECT_NE(text.find("cpu 1: \"idle\""), std::string::npos) << text;
    EXPECT_NE(text.find("\"main\", priority 8, blocked"), std::string::npos) << text;
}

TEST(Explorer, ACpuThatSpinsForEverIsStopped) {
    std::string const text = verdict(2, [](SmpMachine& machine) {
        machine.on(1, [&](MayBlock const&) {
            for (;;) {
                cpu_relax();
            }
        });
    });
    EXPECT_NE(text.find("no end after 100000 points"), std::string::npos) << text;
}

TEST(Explorer, APanicIsAFailureOfTheRun) {
    std::string const text = verdict(2, [](SmpMachine& machine) {
        machine.on(1, [&](MayBlock const&) { panic("on purpose"); });
    });
    EXPECT_NE(text.find("the kernel has panicked"), std::string::npos) << text;
    EXPECT_NE(text.find("cpu 1: \"main\""), std::string::npos) << text;
}

}  // namespace
}  // namespace pivot
