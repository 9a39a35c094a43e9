// SpinMutex: its SPL, its chain, its order of release, its fairness between CPUs.
#include "mutex/spin_mutex.hpp"

#include <array>
#include <atomic>
#include <memory>
#include <random>
#include <thread>
#include <vector>

#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

// The word, as the header draws it.
constexpr u64 kCounted = u64{1} << 32;
constexpr u64 queue(u64 serving, u64 next) { return serving << 33 | next << 49; }
u64 word_of(SpinMutexBase const& mutex) {
    return __atomic_load_n(reinterpret_cast<u64 const*>(&mutex), __ATOMIC_ACQUIRE);
}
void set_word(SpinMutexBase& mutex, u64 word) {
    __atomic_store_n(reinterpret_cast<u64*>(&mutex), word, __ATOMIC_RELEASE);
}
u32 next_of(u64 word) { return static_cast<u32>(word >> 49); }

TEST(SpinMutex, RaisesTheSplToItsLevelAndRestoresIt) {
    Machine machine;
    SpinMutex<Ipl::sched> mutex("m");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        EXPECT_TRUE(mutex.is_locked());
        EXPECT_EQ(spl_current().held, held_at(Ipl::sched));
        EXPECT_EQ(machine.cpu().held, &mutex);
        mutex.unlock();
        EXPECT_FALSE(mutex.is_locked());
    });
    machine.expect_at_rest();
}

TEST(SpinMutex, TwoOfALevelNest) {
    Machine machine;
    SpinMutex<Ipl::vm> outer("outer"), inner("inner");
    machine.run([&](MayBlock const& context) {
        SpinGuard const first(outer, context);
        {
            SpinGuard const second(inner, context);
            EXPECT_EQ(inner.previous(), &outer);
        }
        EXPECT_EQ(spl_current().held, held_at(Ipl::vm));
        EXPECT_EQ(machine.cpu().held, &outer);
    });
    machine.expect_at_rest();
}

TEST(SpinMutex, AThreadThatHasRaisedFurtherStaysThere) {
    Machine machine;
    SpinMutex<Ipl::vm> mutex("m");
    machine.run([&](MayBlock const& context) {
        SplGuard const high(Ipl::high);
        SpinGuard const guard(mutex, context);
        EXPECT_EQ(spl_current().held, held_at(Ipl::high));
    });
    machine.expect_at_rest();
}

TEST(SpinMutex, HoldsOffItsLevelAndLetsHigherLinesIn) {
    Machine machine;
    Trace trace;
    SpinMutex<Ipl::sched> mutex("m");
    TestLine<Ipl::sched> same(40, [&](auto const&) { trace.add("same"); });
    TestLine<Ipl::high> above(41, [&](auto const&) { trace.add("above"); });
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        same.fire();
        above.fire();
        trace.add("unlock");
        mutex.unlock();
    });
    EXPECT_EQ(trace.text(), "above unlock same");
    machine.expect_at_rest();
}

TEST(SpinMutex, ReleasedOutOfOrderTheSplFallsAtTheLast) {
    Machine machine;
    SpinMutex<Ipl::vm> first("first");
    SpinMutex<Ipl::high> second("second");
    machine.run([&](MayBlock const& context) {
        first.lock(context);
        second.lock(context);
        EXPECT_EQ(second.previous(), &first);
        first.unlock();
        EXPECT_EQ(spl_current().held, held_at(Ipl::high));
        EXPECT_EQ(machine.cpu().held, &second);
        EXPECT_EQ(second.previous(), nullptr);
        second.unlock();
    });
    machine.expect_at_rest();
}

// Any order of release: the SPL covers what is still held, and is restored when nothing is.
TEST(SpinMutex, AnyOrderOfRelease) {
    for (u64 seed = 0; seed < 300; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(seed);
        Machine machine;
        SpinMutex<Ipl::vm> a("a"), b("b");
        SpinMutex<Ipl::sched> c("c"), d("d");
        SpinMutex<Ipl::high> e("e");
        Ipl const base = seed % 2 == 0 ? Ipl::none : Ipl::vm;
        machine.run([&](MayBlock const& context) {
            SplGuard const hold(base);
            a.lock(context);
            b.lock(context);
            c.lock(context);
            d.lock(context);
            e.lock(context);
            std::vector<std::pair<SpinMutexBase*, Ipl>> held = {
                {&a, Ipl::vm}, {&b, Ipl::vm}, {&c, Ipl::sched}, {&d, Ipl::sched}, {&e, Ipl::high}};
            std::shuffle(held.begin(), held.end(), random);
            while (!held.empty()) {
                held.back().first->unlock();
                held.pop_back();
                for (auto const& [mutex, level] : held) {
                    EXPECT_EQ(held_at(level) & ~spl_current().held, 0u) << mutex->name();
                }
            }
            EXPECT_EQ(machine.cpu().held, nullptr);
            EXPECT_EQ(spl_current().held, held_at(base));
        });
        machine.expect_at_rest();
    }
}

// A top half that takes the very mutex, at every memory access of the pair.
TEST(SpinMutex, ATopHalfAtItsLevelNeverMeetsItHeld) {
    u64 const points = for_each_point([&](u64 n) {
        Machine machine;
        SpinMutex<Ipl::vm> mutex("m");
        u32 runs = 0;
        TestLine<Ipl::vm> line(40, [&](auto const& context) {
            SpinGuard const guard(mutex, context);
            ++runs;
        });
        bool injected = false;
        machine.run([&](MayBlock const& context) {
            sim::Schedule const schedule([&](u64 point) {
                if (point == n) {
                    line.pend();
                    injected = true;
                }
            });
            mutex.lock(context);
            mutex.unlock();
        });
        sim::point();
        EXPECT_EQ(runs, injected ? 1u : 0u) << "point " << n;
        machine.expect_at_rest();
        return injected;
    });
    EXPECT_GE(points, least_points(5));
}

TEST(SpinMutex, ATryTakesWhatIsFreeAndElseLeavesTheSplAlone) {
    Machine machine;
    SpinMutex<Ipl::vm> mutex("m");
    TestLine<Ipl::vm> line(40, [&](auto const&) {});
    machine.run([&](MayBlock const& context) {
        for (int i = 0; i < 2; ++i) {  // its first use, and the fast path
            ASSERT_TRUE(mutex.try_lock(context));
            mutex.assert_held();
            EXPECT_EQ(spl_current().held, held_at(Ipl::vm));
            mutex.unlock();
        }
        for (u64 const word : {u64{1}, queue(0, 1)}) {  // held elsewhere; free, but wanted
            set_word(mutex, word);
            EXPECT_FALSE(mutex.try_lock(context));
            EXPECT_EQ(word_of(mutex), word);
            EXPECT_EQ(spl_current().held, 0u);
            EXPECT_EQ(machine.cpu().held, nullptr);
        }
    });
    machine.expect_at_rest();
}

TEST(SpinMutexDeathTest, TakenTwice) {
    Machine machine;
    SpinMutex<Ipl::vm> mutex("uart");
    machine.run([&](MayBlock const& context) {
        mutex.lock(context);
        EXPECT_DEATH(mutex.lock(context), "a spin mutex is taken twice by its CPU .uart");
        mutex.unlock();
    });
}

TEST(SpinMutexDeathTest, ReleasedWithoutBeingHeld) {
    Machine machine;
    SpinMutex<Ipl::vm> mutex("uart");
    EXPECT_DEATH(mutex.unlock(), "a spin mutex is not held by this CPU .uart");
    EXPECT_DEATH(mutex.assert_held(), "a spin mutex is not held by this CPU .uart");
}

// Code that runs above a mutex's level could have interrupted its holder.
TEST(SpinMutexDeathTest, TakenByCodeThatRunsAboveIt) {
    Machine machine;
    SpinMutex<Ipl::vm> hard("uart");
    SpinMutex<Ipl::softclock> soft("timers");
    TestLine<Ipl::vm> line(40, [&](auto const& context) {
        SplGuard const raised(Ipl::high);
        hard.lock(context);
    });
    TestContinuation next(Ipl::softnet, [&](auto const& context) { soft.lock(context); });
    machine.run([&](MayBlock const& context) {
        EXPECT_DEATH(line.fire(), "a spin mutex is taken below the SPL .uart");
        EXPECT_DEATH(next.schedule(context), "a spin mutex is taken below the SPL .timers");
    });
}

// -- several CPUs: a host thread each, with a PerCpu of its own

// The token of a thread on another CPU.
template <typename F>
void on_another_cpu(F&& body) {
    auto const cpu = std::make_unique<PerCpu>();
    port::Cpu::set_this_cpu(cpu.get());
    BootThread::run(body);
    EXPECT_EQ(cpu->spl, 0u);
    EXPECT_EQ(cpu->held, nullptr);
    port::Cpu::set_this_cpu(nullptr);
}

TEST(SpinMutexCpus, ExcludeEachOther) {
    constexpr int kCpus = 4;
    constexpr int kRounds = 3000;
    SpinMutex<Ipl::high> mutex("m");
    int inside = 0;
    int total = 0;
    std::vector<std::thread> cpus;
    for (int i = 0; i < kCpus; ++i) {
        cpus.emplace_back([&] {
            on_another_cpu([&](MayBlock const& context) {
                for (int round = 0; round < kRounds; ++round) {
                    SpinGuard const guard(mutex, context);
                    EXPECT_EQ(++inside, 1);
                    ++total;
                    EXPECT_EQ(--inside, 0);
                }
            });
        });
    }
    for (std::thread& cpu : cpus) {
        cpu.join();
    }
    EXPECT_EQ(total, kCpus * kRounds);
    EXPECT_EQ(word_of(mutex), 0u) << "nobody waits: the queue reads 0 again";
}

// Holds the mutex by its word alone, as another CPU would, lets `waiters` CPUs queue one after the
// other behind `word`, releases, and returns the order in which they got it.
std::vector<int> order_behind(SpinMutex<Ipl::vm>& mutex, u64 word, int waiters) {
    set_word(mutex, word);
    std::vector<int> order;  // guarded by the mutex
    std::vector<std::thread> cpus;
    for (int i = 0; i < waiters; ++i) {
        cpus.emplace_back([&, i] {
            on_another_cpu([&](MayBlock const& context) {
                SpinGuard const guard(mutex, context);
                order.push_back(i);
            });
        });
        u32 const expected = (next_of(word) + static_cast<u32>(i) + 1) & 0x7fff;
        while (next_of(word_of(mutex)) != expected) {
            std::this_thread::yield();  // until it has drawn its ticket
        }
    }
    EXPECT_TRUE(order.empty());
    __atomic_store_n(reinterpret_cast<u32*>(&mutex), 0u, __ATOMIC_RELEASE);  // the holder's release
    for (std::thread& cpu : cpus) {
        cpu.join();
    }
    EXPECT_EQ(word_of(mutex), 0u);
    return order;
}

TEST(SpinMutexCpus, AreServedInTheOrderOfArrival) {
    for (int round = 0; round < 20; ++round) {
        SpinMutex<Ipl::vm> mutex("m");
        EXPECT_EQ(order_behind(mutex, 1, 4), (std::vector<int>{0, 1, 2, 3}));
    }
}

TEST(SpinMutexCpus, TicketsWrapAround) {
    SpinMutex<Ipl::vm> mutex("m");
    u64 const almost = 1 | queue(0x7ffe, 0x7ffe);
    EXPECT_EQ(order_behind(mutex, almost, 4), (std::vector<int>{0, 1, 2, 3}));
}

TEST(SpinMutexCpus, ANewcomerDoesNotOvertakeTheQueue) {
    SpinMutex<Ipl::vm> mutex("m");
    set_word(mutex, queue(0, 1));  // free, but ticket 0 waits for its turn
    std::atomic<bool> taken = false;
    std::thread cpu([&] {
        on_another_cpu([&](MayBlock const& context) {
            SpinGuard const guard(mutex, context);
            taken = true;
        });
    });
    while (next_of(word_of(mutex)) != 2) {
        std::this_thread::yield();
    }
    for (int i = 0; i < 100; ++i) {
        std::this_thread::yield();
        EXPECT_FALSE(taken) << "took a free mutex before the one who waited";
    }
    set_word(mutex, queue(1, 2));  // ticket 0 has had it and released
    cpu.join();
    EXPECT_TRUE(taken);
    EXPECT_EQ(word_of(mutex), 0u);
}

}  // namespace
}  // namespace pivot
