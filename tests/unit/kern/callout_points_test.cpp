// Callouts interrupted everywhere: the timer, and bottom halves that arm and cancel, at every
// memory access of arming, of cancelling and of softclock's loop; random walks beside a sorted
// model; and several CPUs at once.
#include <array>
#include <random>
#include <set>
#include <thread>

#include "tests/unit/kern/test_callout.hpp"
#include "tests/unit/support/ticker.hpp"

namespace pivot {
namespace {

// A callout and what must come of it: each arm that found it idle is a run or a cancel.
class Counted {
  public:
    void arm(MayWake const& context, u64 deadline) {
        bool const moved = callout_->arm(context, deadline);
        sim::Quiet const quiet;
        arms_ += moved ? 0 : 1;
    }
    void cancel(MayWake const& context) {
        Cancelled const found = callout_->cancel(context);
        sim::Quiet const quiet;
        cancels_ += found == Cancelled::cancelled ? 1 : 0;
    }
    [[nodiscard]] bool is_armed() { return callout_->is_armed(); }
    [[nodiscard]] int runs() const { return runs_; }
    void expect_all_accounted_for() {
        EXPECT_FALSE(callout_->is_armed());
        EXPECT_EQ(runs_, arms_ - cancels_);
    }

  private:
    int runs_ = 0, arms_ = 0, cancels_ = 0;
    TestCallout callout_{[this](MayWake const&) {
        sim::Quiet const quiet;
        ++runs_;
    }};
};

constexpr u64 kSoon = 300;

using Meanwhile = void (*)(MayWake const&, Counted& same, Counted& other);

// `operation` with a bottom half that does `meanwhile` asked for at each of its points.
void at_every_point(Meanwhile operation, Meanwhile meanwhile) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        Ticker ticker;
        Counted same, other;
        TestContinuation higher(Ipl::softnet,
                                [&](MayBlock const& inside) { meanwhile(inside, same, other); });
        TestLine<Ipl::high> line(40, [&](auto const& context) { higher.schedule(context); });
        bool injected = false;
        machine.run([&](MayBlock const& context) {
            other.arm(context, kSoon * 2);
            {
                sim::Schedule const schedule([&](u64 point) {
                    if (point == n) {
                        line.pend();
                        injected = true;
                    }
                });
                operation(context, same, other);
            }
            Clock::sleep_ns(context, 10 * kSoon);
            sim::Quiet const quiet;
            same.expect_all_accounted_for();
            other.expect_all_accounted_for();
        });
        EXPECT_EQ(Callout::armed_count(0), 0u);
        EXPECT_EQ(machine.sim().deadline, Clock::kNever) << "point " << n;
        machine.expect_at_rest();
        return injected;
    });
    EXPECT_GE(points, least_points(40));
}

void arm_soon(MayWake const& context, Counted& same, Counted&) {
    same.arm(context, counter() + kSoon);
}
void arm_past(MayWake const& context, Counted& same, Counted&) { same.arm(context, 0); }
void arm_and_move(MayWake const& context, Counted& same, Counted&) {
    same.arm(context, counter() + 3 * kSoon);
    same.arm(context, counter() + kSoon);
}
void arm_and_cancel(MayWake const& context, Counted& same, Counted&) {
    same.arm(context, counter() + kSoon);
    same.cancel(context);
}
void cancel_both(MayWake const& context, Counted& same, Counted& other) {
    same.cancel(context);
    other.cancel(context);
}
void arm_other_past(MayWake const& context, Counted&, Counted& other) { other.arm(context, 0); }

TEST(CalloutPoints, AnotherArmsOrCancelsTheSameOne) {
    for (Meanwhile const operation : {&arm_soon, &arm_past, &arm_and_move, &arm_and_cancel}) {
        for (Meanwhile const meanwhile : {&arm_soon, &arm_past, &cancel_both, &arm_other_past}) {
            at_every_point(operation, meanwhile);
        }
    }
}

// The timer itself fires at every point: what is due, armed or moved just then is not forgotten.
TEST(CalloutPoints, TheTimerFiresAnywhere) {
    for (Meanwhile const operation : {&arm_soon, &arm_past, &arm_and_move, &arm_and_cancel}) {
        for (u64 ahead = 0; ahead < 200; ++ahead) {
            sim::set_seed(ahead);
            Machine machine;
            Ticker ticker;
            Counted same, other;
            machine.run([&](MayBlock const& context) {
                {
                    sim::Schedule const schedule([](u64) {});  // each access takes a tick
                    other.arm(context, counter() + ahead);
                    operation(context, same, other);
                }
                Clock::sleep_ns(context, 10 * kSoon);
            });
            same.expect_all_accounted_for();
            other.expect_all_accounted_for();
            EXPECT_EQ(other.runs(), 1);
            EXPECT_EQ(machine.sim().deadline, Clock::kNever);
            machine.expect_at_rest();
        }
    }
}

// Random arms, moves, cancels and periods beside a sorted set: what runs is what the set says is
// first, never early, and nothing that is due stays behind.
class Walk {
  public:
    explicit Walk(u64 seed) : random_(seed) {
        for (u32 i = 0; i < kCallouts; ++i) {
            callouts_.emplace_back([this, i](MayWake const& context) { ran(context, i); });
        }
    }

    void go() {
        machine_.run([&](MayBlock const& context) {
            for (u32 step = 0; step < 200 && !::testing::Test::HasFailure(); ++step) {
                take_step(context, static_cast<u32>(random_() % kCallouts));
                EXPECT_TRUE(model_.empty() || model_.begin()->deadline >= looked_at_)
                    << "one that was due has not run";
                looked_at_ = counter();
                sim::point();
                sim::Quiet const quiet;  // or one may run between the two counts
                EXPECT_EQ(Callout::armed_count(0), model_.size());
            }
            NoPreemption const hold;
            for (TestCallout& callout : callouts_) {
                (void)callout->cancel(context);
            }
        });
        machine_.expect_at_rest();
        EXPECT_GE(runs_, 20u);
    }

  private:
    static constexpr u32 kCallouts = 24;
    struct Armed {
        u64 deadline;
        u64 age;
        u32 which;
        u64 period;
        bool operator<(Armed const& other) const {
            return std::pair(deadline, age) < std::pair(other.deadline, other.age);
        }
    };

    void put(u32 i, u64 deadline, u64 period) {
        (void)drop(i);
        model_.insert({deadline, age_++, i, period});
    }
    bool drop(u32 i) {
        return std::erase_if(model_, [i](Armed const& armed) { return armed.which == i; }) != 0;
    }

    void take_step(MayWake const& context, u32 i) {
        Callout& callout = *std::next(callouts_.begin(), i)->operator->();
        u64 const ahead = random_() % (random_() % 2 == 0 ? 100 : 5000);
        u64 const deadline = counter() < 50 ? ahead : counter() - 50 + ahead;  // sometimes past
        NoPreemption const hold;  // the model must know before anything runs
        switch (random_() % 5) {
            case 0:
                EXPECT_EQ(callout.cancel(context),
                          drop(i) ? Cancelled::cancelled : Cancelled::not_armed);
                break;
            case 1: {
                u64 const period = 100 + random_() % 40 * kCallouts + i;  // tells whose it is
                EXPECT_EQ(callout.arm_every(context, deadline, period), callout_in_model(i));
                put(i, deadline, period);
                break;
            }
            case 2:
                sim::advance(random_() % 1500);
                break;
            default:
                EXPECT_EQ(callout.arm(context, deadline), callout_in_model(i));
                put(i, deadline, 0);
                break;
        }
    }
    [[nodiscard]] bool callout_in_model(u32 i) const {
        for (Armed const& armed : model_) {
            if (armed.which == i) {
                return true;
            }
        }
        return false;
    }

    // Which of the multiples it is depends on when softclock has looked.
    [[nodiscard]] static u64 next_time_of(u64 period) {
        CalloutView view{};
        while (Callout::next_armed(0, view)) {
            if (view.period == period) {
                return view.deadline;
            }
        }
        ADD_FAILURE() << "a periodic one is not armed again";
        return 0;
    }

    void ran(MayWake const& context, u32 i) {
        ++runs_;
        ASSERT_FALSE(model_.empty());
        Armed const first = *model_.begin();
        ASSERT_EQ(first.which, i) << "not the soonest";
        ASSERT_LE(first.deadline, counter()) << "early";
        model_.erase(model_.begin());
        if (first.period != 0) {
            u64 const next = next_time_of(first.period);
            EXPECT_EQ((next - first.deadline) % first.period, 0u) << "its phase is lost";
            EXPECT_GT(next, first.deadline);
            EXPECT_LE(next, counter() + first.period);
            model_.insert({next, age_++, i, first.period});
        }
        if (random_() % 4 == 0) {
            u64 const deadline = counter() + 1 + random_() % 300;
            EXPECT_EQ((*std::next(callouts_.begin(), i))->arm(context, deadline),
                      first.period != 0);
            put(i, deadline, 0);
        }
    }

    Machine machine_;
    Ticker ticker_;
    std::mt19937_64 random_;
    std::list<TestCallout> callouts_;
    std::set<Armed> model_;
    u64 age_ = 0;
    u64 looked_at_ = 0;
    u32 runs_ = 0;
};

TEST(CalloutProperty, LikeASortedSet) {
    for (u64 seed = 0; seed < 200; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        sim::set_seed(seed);
        Walk(seed).go();
        if (HasFailure()) {
            std::fprintf(stderr, "CalloutProperty failed with seed %llu\n",
                         static_cast<unsigned long long>(seed));
            return;
        }
    }
}

// Host threads as CPUs, unsimulated: they arm, move and cancel the same few callouts, and each runs
// what is due on it.
class Shared {
  public:
    void start_over() { inside_ = 0; }
    void run() {
        EXPECT_EQ(atomic::fetch_add(&inside_, 1), 0) << "it runs twice at a time";
        ++runs_;  // guarded by that
        std::this_thread::yield();
        atomic::fetch_add(&inside_, -1);
    }
    void count(int arms, int cancels, int unsure) {
        atomic::fetch_add(&arms_, arms);
        atomic::fetch_add(&cancels_, cancels);
        atomic::fetch_add(&unsure_, unsure);
    }
    void expect_all_accounted_for() const {
        EXPECT_LE(runs_ + cancels_, arms_);
        EXPECT_GE(runs_ + cancels_ + unsure_, arms_);
    }
    [[nodiscard]] int runs() const { return runs_; }
    Callout callout = Callout::to<&Shared::call>(*this, "shared");

  private:
    static void call(MayWake const&, Shared& self) { self.run(); }
    int inside_ = 0, runs_ = 0, arms_ = 0, cancels_ = 0, unsure_ = 0;
};

void act_as_cpu(u32 id, std::array<Shared, 4>& shared) {
    PerCpu cpu{};
    cpu.id = id;
    port::Cpu::set_this_cpu(&cpu);
    BootThread::run([&](MayBlock const& context) {
        std::mt19937_64 random(id);
        for (u32 i = 0; i < 20'000; ++i) {
            Shared& one = shared[random() % shared.size()];
            switch (random() % 4) {
                case 0: {
                    Cancelled const found = one.callout.cancel(context);
                    one.count(0, found == Cancelled::cancelled ? 1 : 0,
                              found == Cancelled::running ? 1 : 0);
                    break;
                }
                case 1:
                    Clock::run_due(context);  // the counter is 0 here, and so is every deadline
                    break;
                default:
                    one.count(one.callout.arm(context, 0) ? 0 : 1, 0, 0);
                    break;
            }
        }
        Clock::run_due(context);
    });
    port::Cpu::set_this_cpu(nullptr);
}

TEST(CalloutCpus, ArmedMovedAndCancelledFromSeveral) {
    Clock::set_alarm([](u64) {});
    std::array<Shared, 4> shared;
    std::vector<std::thread> cpus;
    for (u32 id = 0; id < kMaxCpus; ++id) {
        cpus.emplace_back(&act_as_cpu, id, std::ref(shared));
    }
    for (std::thread& cpu : cpus) {
        cpu.join();
    }
    PerCpu last{};  // one may have armed on another that had looked for the last time
    port::Cpu::set_this_cpu(&last);
    for (last.id = 0; last.id < kMaxCpus; ++last.id) {
        BootThread::run([](MayBlock const& context) { Clock::run_due(context); });
        EXPECT_EQ(Callout::armed_count(last.id), 0u);
    }
    port::Cpu::set_this_cpu(nullptr);
    for (Shared const& one : shared) {
        one.expect_all_accounted_for();
        EXPECT_GT(one.runs(), 1000);
    }
}

}  // namespace
}  // namespace pivot
