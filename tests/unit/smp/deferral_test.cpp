// lock_or_defer, in every order that the explorer finds: the owner running, preempted, asleep, at
// its end, in the middle of its release; here and on other CPUs. Each time that a line asks it is
// served, by its top half or by a continuation, alone; a line that was left active stays so until
// then; and what was lent is given back.
#include "intr/deferral.hpp"

#include <array>

#include "tests/unit/support/explorer.hpp"

namespace pivot {
namespace {

// What the mutex guards: who is inside, and how much there is to do.
struct Shared {
    explicit Shared(const char* name = "m") : mutex(name) {}
    AdaptiveMutex mutex;
    u32 inside = 0;

    void enter() {
        EXPECT_EQ(atomic::fetch_add(&inside, 1u), 0u);
        EXPECT_EQ(mutex.owner(), &current_thread());
        EXPECT_EQ(atomic::fetch_add(&inside, ~u32{0}), 1u);
    }
    void expect_free() const {
        EXPECT_EQ(mutex.owner(), nullptr);
        EXPECT_EQ(mutex.info().word, 0u);
        EXPECT_EQ(inside, 0u);
    }
};

// A device whose top half wants a mutex, or else leaves the work to its continuation.
class Device {
  public:
    explicit Device(Shared& shared, Ipl level = Ipl::softserial)
        : shared_(shared),
          after_(LockedContinuation::to<&Device::serve>(level, shared.mutex, *this)) {}

    template <Ipl L>
    LineEnd top_half(TopHalf<L> const& context) {
        EXPECT_EQ(waiting_, 0u) << "the line has come although it is still to be served";
        ++asked_;
        intid_ = line_of(context).number;
        cpu_ = this_cpu().id;
        atomic::fetch_add(&waiting_, 1u);
        auto const lock = lock_or_defer(context, shared_.mutex, after_);
        if (lock.is_taken()) {
            shared_.enter();
            served_ += atomic::exchange(&waiting_, 0u);
        }
        return lock.end();
    }
    template <Ipl L>
    void attach(SmpMachine& machine, u32 cpu, u32 times) {
        machine.holding_device<L>(cpu, times,
                                  [this](TopHalf<L> const& context) { return top_half(context); });
    }
    void schedule(MayWake const& context) { after_.schedule(context); }
    void expect_served() const {
        EXPECT_EQ(served_ + cancelled_, asked_);
        EXPECT_EQ(waiting_, 0u);
        EXPECT_FALSE(after_.is_queued());
    }
    void cancel(MayBlock const& context) {
        after_.cancel_and_wait(context);
        sim::Quiet const quiet;
        cancelled_ += waiting_;
        waiting_ = 0;
    }
    [[nodiscard]] u32 asked() const { return asked_; }
    std::function<void(MayBlock const&)> within;

  private:
    static void serve(MayBlock const& context, Device& self) {
        self.shared_.enter();
        if (u32 const waiting = atomic::exchange(&self.waiting_, 0u); waiting != 0) {
            if (self.cpu_ == this_cpu().id) {
                EXPECT_TRUE(SimController::is_active(self.intid_)) << "deactivated before it ran";
            }
            self.served_ += waiting;
        }
        if (self.within) {
            self.within(context);
        }
    }

    Shared& shared_;
    LockedContinuation after_;
    u32 asked_ = 0, served_ = 0, cancelled_ = 0, waiting_ = 0;
    u32 intid_ = 0, cpu_ = 0;
};

void expect_no_holds(SmpMachine& machine) {
    for (u32 number = 0; number < machine.cpus(); ++number) {
        machine.on_cpu(number, [&](MayBlock const&) {
            for (u32 line = 32; line < 50; ++line) {
                EXPECT_EQ(line_holds(line), 0u) << "line " << line;
                EXPECT_FALSE(SimController::is_active(line)) << "line " << line;
            }
        });
    }
    machine.expect_at_rest();
}

void twice(MayBlock const& context, Shared& shared) {
    for (int round = 0; round < 2; ++round) {
        AdaptiveGuard const guard(shared.mutex, context);
        shared.enter();
    }
}

TEST(DeferralSmp, AnOwnerOnAnotherCpuOrUnderTheLineItself) {
    explore(2, [](SmpMachine& machine) {
        Shared shared;
        Device first(shared), second(shared, Ipl::softnet);
        first.attach<Ipl::vm>(machine, 0, 2);
        second.attach<Ipl::vm>(machine, 1, 2);
        machine.on_each([&](u32, MayBlock const& context) { twice(context, shared); });
        machine.run();
        first.expect_served();
        second.expect_served();
        shared.expect_free();
        expect_no_holds(machine);
    });
}

// Threads wait in the turnstile while continuations wait on the mutex.
TEST(DeferralSmp, AnOwnerThatSleepsOrIsPreempted) {
    explore(3, [](SmpMachine& machine) {
        Shared shared;
        Device device(shared), other(shared, Ipl::softbio);
        device.attach<Ipl::vm>(machine, 0, 2);
        other.attach<Ipl::sched>(machine, 2, 1);
        std::array<Thread*, 2> threads{};
        threads[0] = &machine.thread(0, "low", 3, [&](MayBlock const& context) {
            AdaptiveGuard const guard(shared.mutex, context);
            shared.enter();
            Clock::sleep_ns(context, 60);
            shared.enter();
        });
        threads[1] = &machine.thread(1, "high", 12,
                                     [&](MayBlock const& context) { twice(context, shared); });
        machine.on_each([&](u32, MayBlock const& context) { twice(context, shared); });
        machine.run();
        device.expect_served();
        other.expect_served();
        shared.expect_free();
        for (Thread const* thread : threads) {
            EXPECT_EQ(thread->priority(), thread->base_priority()) << thread->name();
        }
        expect_no_holds(machine);
    });
}

// The continuation itself sleeps with the mutex, and another line wants it meanwhile.
TEST(DeferralSmp, AContinuationThatSleepsOwnsIt) {
    explore(2, [](SmpMachine& machine) {
        Shared shared;
        Device slow(shared), quick(shared, Ipl::softnet);
        slow.within = [&](MayBlock const& context) {
            Clock::sleep_ns(context, 40);
            shared.enter();
        };
        slow.attach<Ipl::vm>(machine, 0, 2);
        quick.attach<Ipl::high>(machine, 0, 2);
        machine.on_each([&](u32, MayBlock const& context) { twice(context, shared); });
        machine.run();
        slow.expect_served();
        quick.expect_served();
        shared.expect_free();
        expect_no_holds(machine);
    });
}

TEST(DeferralSmp, AnOwnerThatExits) {
    explore(2, [](SmpMachine& machine) {
        Shared shared;
        Device device(shared);
        device.attach<Ipl::vm>(machine, 0, 3);
        for (u32 i = 0; i < 3; ++i) {
            machine.thread(i % 2, "brief", 9 + i, [&](MayBlock const& context) {
                AdaptiveGuard const guard(shared.mutex, context);
                shared.enter();
            });
        }
        machine.run();
        device.expect_served();
        shared.expect_free();
        expect_no_holds(machine);
    });
}

// Each top half wants what the thread under the other one owns.
TEST(DeferralSmp, TopHalvesThatSpinForEachOtherGetOut) {
    explore(2, [](SmpMachine& machine) {
        Shared left("left"), right("right");
        Device wants_right(right), wants_left(left);
        wants_right.attach<Ipl::vm>(machine, 0, 2);
        wants_left.attach<Ipl::vm>(machine, 1, 2);
        machine.on_each([&](u32 number, MayBlock const& context) {
            twice(context, number == 0 ? left : right);
        });
        machine.run();
        wants_right.expect_served();
        wants_left.expect_served();
        left.expect_free();
        right.expect_free();
        expect_no_holds(machine);
    });
}

// A line that nests on another's top half, both after one mutex, beside a thread elsewhere.
TEST(DeferralSmp, ATopHalfThatHasItIsInterruptedByOneThatWantsIt) {
    explore(2, [](SmpMachine& machine) {
        Shared shared;
        Device low(shared), high(shared);
        low.attach<Ipl::vm>(machine, 0, 2);
        high.attach<Ipl::high>(machine, 0, 2);
        machine.on(1, [&](MayBlock const& context) { twice(context, shared); });
        machine.run();
        low.expect_served();
        high.expect_served();
        shared.expect_free();
        expect_no_holds(machine);
    });
}

// Scheduled by threads of both CPUs, too: whoever runs it lets go of the line where it was held.
TEST(DeferralSmp, AContinuationThatOthersScheduleAsWell) {
    explore(2, [](SmpMachine& machine) {
        Shared shared;
        Device device(shared, Ipl::softnet);
        device.attach<Ipl::vm>(machine, 0, 2);
        machine.on_each([&](u32, MayBlock const& context) {
            device.schedule(context);
            twice(context, shared);
        });
        machine.run();
        device.expect_served();
        shared.expect_free();
        expect_no_holds(machine);
    });
}

// A driver goes away while its line may be firing: disabled, then cancelled. No run comes after.
TEST(DeferralSmp, CancelledAndWaitedForWhileTheLineFires) {
    explore(2, [](SmpMachine& machine) {
        Shared shared;
        Device device(shared, Ipl::softnet);
        bool gone = false;
        device.within = [&](MayBlock const&) { EXPECT_FALSE(gone); };
        device.attach<Ipl::vm>(machine, 0, 1);
        machine.thread(1, "owner", kMainPriority, [&](MayBlock const& context) {
            AdaptiveGuard const guard(shared.mutex, context);
            Clock::sleep_ns(context, 50);
            shared.enter();
        });
        machine.on(0, [&](MayBlock const& context) {
            twice(context, shared);
            SimController::disable(40);
            device.cancel(context);
            gone = true;
        });
        machine.run();
        device.expect_served();
        shared.expect_free();
        expect_no_holds(machine);
    });
}

}  // namespace
}  // namespace pivot
