// The black box: what it takes for the cause of a loss, and what not.
#include "intr/black_box.hpp"

#include <string>

#include "kern/base/log.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

constexpr u64 kLong = 5000;

// A device that has lost data whenever it is served, on a line at vm.
class LossyDevice {
  public:
    void loses_after(u64 waiting_for_its_lock) { waited_ = waiting_for_its_lock; }
    void is_served_in_time() { in_time_ = true; }
    void fire() { line_.fire(); }
    [[nodiscard]] Delay const& last() const { return box_.last(); }
    [[nodiscard]] BlackBox& box() { return box_; }

  private:
    BlackBox box_{"device", Ipl::vm};
    u64 waited_ = 0;
    bool in_time_ = false;
    TestLine<Ipl::vm> line_{40, [this](TopHalf<Ipl::vm> const& context) {
                                if (!in_time_) {
                                    box_.record(context, "its own", waited_);
                                }
                                in_time_ = false;
                                box_.served(context);
                            }};
};

TEST(BlackBox, NamesTheMutexItsLevelAndTheTime) {
    Machine machine;
    LossyDevice device;
    SpinMutex<Ipl::sched> books("books");
    machine.run([&](MayBlock const& context) {
        SpinGuard const hold(books, context);
        device.fire();
        sim::advance(kLong);
    });
    Delay const& delay = device.last();
    EXPECT_EQ(delay.why, Delay::Why::held_off);
    EXPECT_STREQ(delay.mutex, "books");
    EXPECT_EQ(delay.spl, Ipl::sched);
    EXPECT_STREQ(delay.thread, "main");
    EXPECT_GE(delay.ticks, kLong);
    EXPECT_LT(delay.ticks, 2 * kLong);
    EXPECT_NE(delay.pc, 0u);
    EXPECT_NE(delay.lowered_at, 0u);
    machine.expect_at_rest();
}

TEST(BlackBox, NamesTheOneWhoseReleaseLetTheLineIn) {
    Machine machine;
    LossyDevice device;
    SpinMutex<Ipl::vm> outer("outer");
    SpinMutex<Ipl::sched> middle("middle");
    SpinMutex<Ipl::high> inner("inner");
    machine.run([&](MayBlock const& context) {
        SpinGuard const a(outer, context);
        SpinGuard const b(middle, context);
        {
            SpinGuard const c(inner, context);
            device.fire();
        }
        sim::advance(kLong);
    });
    EXPECT_STREQ(device.last().mutex, "outer");
    EXPECT_EQ(device.last().spl, Ipl::vm);
    EXPECT_GE(device.last().ticks, kLong);
}

// A step down that nobody's release made does not make the box forget the mutex below it.
TEST(BlackBox, NamesTheMutexUnderARaiseByHand) {
    Machine machine;
    LossyDevice device;
    SpinMutex<Ipl::vm> books("books");
    machine.run([&](MayBlock const& context) {
        SpinGuard const hold(books, context);
        {
            SplGuard const raised{Ipl::high};
            device.fire();
        }
        EXPECT_EQ(device.box().count(), 0u);
        sim::advance(kLong);
    });
    EXPECT_STREQ(device.last().mutex, "books");
    EXPECT_EQ(device.last().spl, Ipl::vm);
}

TEST(BlackBox, FollowsAReleaseOutOfOrder) {
    Machine machine;
    LossyDevice device;
    SpinMutex<Ipl::vm> first("first"), second("second");
    machine.run([&](MayBlock const& context) {
        first.lock(context);
        second.lock(context, Nesting::none);
        device.fire();
        first.unlock();  // the SPL stays where it is
        EXPECT_EQ(device.box().count(), 0u);
        second.unlock();
    });
    EXPECT_STREQ(device.last().mutex, "second");
}

TEST(BlackBox, NamesAMutexThatIsCounted) {
    Machine machine;
    LossyDevice device;
    SpinMutex<Ipl::vm> books("books");
    LockStatistics::switch_on();
    machine.run([&](MayBlock const& context) {
        SpinGuard const hold(books, context);
        device.fire();
    });
    LockStatistics::switch_off();
    EXPECT_STREQ(device.last().mutex, "books");
}

TEST(BlackBox, NamesNoMutexIfTheSplWasRaisedByItself) {
    Machine machine;
    LossyDevice device;
    SpinMutex<Ipl::vm> harmless("harmless");
    machine.run([&](MayBlock const& context) {
        SplGuard const raised{Ipl::high};
        {
            SpinGuard const hold(harmless, context);
            device.fire();
        }
        sim::advance(kLong);
    });
    EXPECT_EQ(device.last().why, Delay::Why::held_off);
    EXPECT_EQ(device.last().mutex, nullptr);
    EXPECT_EQ(device.last().spl, Ipl::high);
}

// What held the line off the last time has nothing to do with this time.
TEST(BlackBox, AccusesNobodyOfWhatIsOver) {
    Machine machine;
    LossyDevice device;
    SpinMutex<Ipl::vm> books("books");
    machine.run([&](MayBlock const& context) {
        {
            SpinGuard const hold(books, context);
            device.is_served_in_time();
            device.fire();
            sim::advance(kLong);
        }
        device.fire();
    });
    EXPECT_EQ(device.last().why, Delay::Why::unknown);
    EXPECT_EQ(device.last().mutex, nullptr);
    EXPECT_EQ(device.last().ticks, 0u);
}

// Nor has another line's short wait, long before.
TEST(BlackBox, AccusesNobodyOfAMomentLongAgo) {
    Machine machine;
    TestLine<Ipl::vm> other(41, [](auto const&) {});
    LossyDevice device;
    SpinMutex<Ipl::vm> books("books");
    machine.run([&](MayBlock const& context) {
        {
            SpinGuard const hold(books, context);
            other.fire();
        }
        sim::advance(kLong);
        device.fire();
    });
    EXPECT_EQ(device.last().why, Delay::Why::unknown);
    EXPECT_EQ(device.last().mutex, nullptr);
}

// Nor has what held off lines of a lower level only.
TEST(BlackBox, AccusesNobodyBelowTheLinesLevel) {
    Machine machine;
    TestLine<Ipl::vm> lower(41, [](auto const&) {});
    BlackBox box("device", Ipl::high);
    TestLine<Ipl::high> line(40, [&](TopHalf<Ipl::high> const& context) {
        box.record(context, "its own", 0);
        box.served(context);
    });
    machine.run([&](MayBlock const&) {
        {
            SplGuard const raised{Ipl::high};
            lower.fire();
        }
        SplGuard const raised{Ipl::sched};
        lower.fire();
        line.fire();  // nests over it; what is on record is of the raise before
    });
    EXPECT_EQ(box.last().why, Delay::Why::unknown);
    machine.run([&](MayBlock const&) {
        {
            SplGuard const raised{Ipl::sched};
            lower.fire();
            sim::advance(kLong);
        }
        line.fire();
    });
    EXPECT_EQ(box.last().why, Delay::Why::unknown);
}

TEST(BlackBox, NamesItsOwnLockIfThatWasTheLongerWait) {
    Machine machine;
    LossyDevice device;
    SpinMutex<Ipl::vm> books("books");
    machine.run([&](MayBlock const& context) {
        device.loses_after(kLong);
        {
            SpinGuard const hold(books, context);
            device.fire();
        }
        EXPECT_EQ(device.last().why, Delay::Why::own_lock);
        EXPECT_STREQ(device.last().mutex, "its own");
        EXPECT_EQ(device.last().ticks, kLong);
        device.loses_after(10);
        SpinGuard const hold(books, context);
        device.fire();
        sim::advance(kLong);
    });
    EXPECT_EQ(device.last().why, Delay::Why::held_off);
}

// More losses than there is room for: each is counted, the first ones are told.
TEST(BlackBox, KeepsTheFirstRecordsAndCountsTheOthers) {
    Machine machine;
    LossyDevice device;
    static std::string printed;
    printed.clear();
    ConsoleWrite const before = console();
    set_console([](const char* text, usize length) { printed.append(text, length); });
    SpinMutex<Ipl::vm> books("books");
    machine.run([&](MayBlock const& context) {
        for (int i = 0; i < 11; ++i) {
            SpinGuard const hold(books, context);
            device.fire();
        }
        device.box().report(context);
        EXPECT_NE(printed.find("device: bytes lost: its line was held off for "), printed.npos);
        EXPECT_NE(printed.find("SPL vm, by spin mutex 'books', CPU 0, thread 'main'"),
                  printed.npos);
        EXPECT_TRUE(printed.ends_with("device: and 3 times more\n")) << printed;
        printed.clear();
        device.box().report(context);
        EXPECT_EQ(printed, "") << "all has been said";
    });
    set_console(before);
    EXPECT_EQ(device.box().count(), 11u);
    EXPECT_EQ(device.box().unrecorded(), 3u);
}

}  // namespace
}  // namespace pivot
