// Priority inheritance through adaptive mutexes: who is lent what, by whom, and for how long.
//
// Six workers do as they are told, one step at a time, and the main thread, which outranks them
// all, looks at their effective priorities after each. All scenarios are played with the workers on
// one CPU and, where there are more, with their homes spread over all of them.
#include "kern/clock.hpp"
#include "kern/cpus.hpp"
#include "kern/main.hpp"
#include "kern/semaphore.hpp"
#include "mutex/adaptive_mutex.hpp"
#include "tests/target/check.hpp"

namespace pivot {
namespace {

using namespace test;

constexpr u32 kWorkers = 6;
constexpr u32 kBase[kWorkers] = {3, 4, 5, 6, 20, 10};
constexpr u32 kRounds = 2;
constexpr u64 kStepNs = 1'000'000;  // more than any step takes, under a loaded emulator, too

PIVOT_STACKS(g_stacks, kWorkers* kRounds, 8192);
constinit AdaptiveMutex g_mutexes[4] = {AdaptiveMutex{"m0"}, AdaptiveMutex{"m1"},
                                        AdaptiveMutex{"m2"}, AdaptiveMutex{"m3"}};
constinit Semaphore g_gate{"gate"};

enum class Step : u8 { lock, lock_until, unlock, pass_gate, quit };

struct Worker {
    Thread thread{"worker"};
    Semaphore go{"go"};
    Step step = Step::quit;
    AdaptiveMutex* mutex = nullptr;
    u64 deadline = 0;
    bool done = true;  // the last step
    bool got = false;  // what lock_until said
};
constinit Worker g_workers[kRounds][kWorkers]{};

void work(MayBlock const& context, Worker& self) {
    for (;;) {
        self.go.wait(context);
        switch (self.step) {
            case Step::lock:
                self.mutex->lock(context);
                break;
            case Step::lock_until:
                self.got = self.mutex->lock_until(context, self.deadline);
                break;
            case Step::unlock:
                self.mutex->unlock(context);
                break;
            case Step::pass_gate:
                g_gate.wait(context);
                trace.add(static_cast<char>('0' + self.thread.base_priority()));
                break;
            case Step::quit:
                return;
        }
        atomic::store_release(&self.done, true);
    }
}

class Play {
  public:
    Play(MayBlock const& context, Worker (&workers)[kWorkers]) : context_(context), w_(workers) {}

    // Tells a worker what to do and lets it run until it is done or blocked.
    void tell(u32 worker, Step step, u32 mutex = 0, u64 deadline = kForever) {
        w_[worker].step = step;
        w_[worker].mutex = &g_mutexes[mutex];
        w_[worker].deadline = deadline;
        atomic::store_release(&w_[worker].done, false);
        w_[worker].go.post(context_);
        Clock::sleep_ns(context_, kStepNs);
    }
    void lock(u32 worker, u32 mutex) { tell(worker, Step::lock, mutex); }
    void unlock(u32 worker, u32 mutex) {
        tell(worker, Step::unlock, mutex);
        CHECK(is_done(worker));
    }
    [[nodiscard]] bool is_done(u32 worker) const { return atomic::load_acquire(&w_[worker].done); }
    [[nodiscard]] u32 priority(u32 worker) const { return w_[worker].thread.priority(); }
    void set_priority(u32 worker, u32 priority) {
        CHECK(w_[worker].thread.set_priority(context_, priority) == ThreadError::none);
    }
    void expect_all_back() {
        for (u32 i = 0; i < kWorkers; ++i) {
            CHECK_EQUAL(priority(i), kBase[i]);
            CHECK(is_done(i));
        }
        for (AdaptiveMutex const& mutex : g_mutexes) {
            CHECK(mutex.owner() == nullptr);
        }
        LockOrder::reset();  // the next scenario takes them in another order
    }

    MayBlock const& context_;
    Worker (&w_)[kWorkers];
};

void simple(Play& play) {
    play.lock(0, 0);
    play.lock(4, 0);
    CHECK(!play.is_done(4));
    CHECK_EQUAL(play.priority(0), 20);
    play.unlock(0, 0);
    CHECK_EQUAL(play.priority(0), 3);
    CHECK(play.is_done(4));
    play.unlock(4, 0);
    play.expect_all_back();
}

// 0 owns m0; 1 owns m1 and waits for m0; 2 owns m2 and waits for m1; 3 owns m3 and waits for m2.
void chain_of_four(Play& play) {
    for (u32 i = 0; i < 4; ++i) {
        play.lock(i, i);
    }
    for (u32 i = 1; i < 4; ++i) {
        play.lock(i, i - 1);
        CHECK_EQUAL(play.priority(0), kBase[i]);
    }
    play.lock(4, 3);
    for (u32 i = 0; i < 4; ++i) {
        CHECK_EQUAL(play.priority(i), 20);
    }
    for (u32 i = 0; i < 4; ++i) {
        play.unlock(i, i);  // the next one gets its second mutex and goes on
        CHECK_EQUAL(play.priority(i), kBase[i]);
        CHECK(play.is_done(i + 1));
        if (i < 3) {
            CHECK_EQUAL(play.priority(i + 1), 20);
            play.unlock(i + 1, i);
        }
    }
    play.unlock(4, 3);
    play.expect_all_back();
}

void two_held(Play& play, u32 first, u32 second, u32 between) {
    play.lock(0, 0);
    play.lock(0, 1);
    play.lock(5, 0);
    play.lock(4, 1);
    CHECK_EQUAL(play.priority(0), 20);
    play.unlock(0, first);
    CHECK_EQUAL(play.priority(0), between);
    play.unlock(0, second);
    CHECK_EQUAL(play.priority(0), 3);
    play.unlock(5, 0);
    play.unlock(4, 1);
    play.expect_all_back();
}

void released_in_any_order(Play& play) {
    two_held(play, 0, 1, 20);  // 4, the higher, still waits
    two_held(play, 1, 0, 10);  // only 5 does
}

void priorities_change_meanwhile(Play& play) {
    play.lock(1, 1);
    play.lock(0, 0);
    play.lock(1, 0);
    play.lock(5, 1);  // 5 waits for 1, which waits for 0
    CHECK_EQUAL(play.priority(0), 10);
    play.set_priority(5, 18);
    CHECK_EQUAL(play.priority(0), 18);
    CHECK_EQUAL(play.priority(1), 18);
    play.set_priority(5, 2);
    CHECK_EQUAL(play.priority(0), 4);
    CHECK_EQUAL(play.priority(1), 4);
    play.set_priority(0, 12);  // the owner's own is more than it is lent
    CHECK_EQUAL(play.priority(0), 12);
    play.set_priority(0, 3);
    CHECK_EQUAL(play.priority(0), 4);
    play.set_priority(5, 10);
    play.unlock(0, 0);
    CHECK_EQUAL(play.priority(0), 3);
    CHECK_EQUAL(play.priority(1), 10);
    play.unlock(1, 0);
    play.unlock(1, 1);
    play.unlock(5, 1);
    play.expect_all_back();
}

void a_waiter_times_out(Play& play) {
    play.lock(0, 0);
    play.lock(5, 0);
    u64 const deadline = counter() + Clock::ticks_of_ns(8 * kStepNs);
    play.tell(4, Step::lock_until, 0, deadline);
    CHECK_EQUAL(play.priority(0), 20);
    while (!play.is_done(4)) {
        Clock::sleep_ns(play.context_, kStepNs);
    }
    CHECK(counter() >= deadline);
    CHECK(!play.w_[4].got);
    CHECK_EQUAL(play.priority(0), 10);  // 5 still waits
    play.unlock(0, 0);
    play.tell(4, Step::lock_until, 0, counter() + Clock::ticks_of_ns(kStepNs / 2));
    CHECK(play.is_done(4) && !play.w_[4].got);  // the last waiter is gone: nobody is lent to
    CHECK_EQUAL(play.priority(5), 10);
    play.unlock(5, 0);
    play.tell(4, Step::lock_until, 0, 0);
    CHECK(play.w_[4].got);  // free: a deadline in the past does not matter
    play.unlock(4, 0);
    play.expect_all_back();
}

// Both wait at the gate, 0 behind 1, until 0 is lent more.
void whoever_is_lent_to_overtakes(Play& play) {
    play.lock(0, 0);
    play.tell(1, Step::pass_gate);
    play.tell(0, Step::pass_gate);
    play.lock(4, 0);
    CHECK_EQUAL(play.priority(0), 20);
    g_gate.post(play.context_);
    Clock::sleep_ns(play.context_, kStepNs);
    g_gate.post(play.context_);
    Clock::sleep_ns(play.context_, kStepNs);
    CHECK_TRACE("34");
    play.unlock(0, 0);
    play.unlock(4, 0);
    play.expect_all_back();
}

void play_all(MayBlock const& context, Worker (&workers)[kWorkers], u32 first_stack, u32 cpus) {
    for (u32 i = 0; i < kWorkers; ++i) {
        CHECK(workers[i].thread.start_on<&work>(cpu_of(i % cpus), g_stacks[first_stack + i],
                                                kBase[i], workers[i]) == ThreadError::none);
    }
    Play play{context, workers};
    simple(play);
    chain_of_four(play);
    released_in_any_order(play);
    priorities_change_meanwhile(play);
    a_waiter_times_out(play);
    whoever_is_lent_to_overtakes(play);
    for (u32 i = 0; i < kWorkers; ++i) {
        workers[i].step = Step::quit;
        workers[i].go.post(context);
        CHECK(workers[i].thread.join(context) == ThreadError::none);
    }
}

}  // namespace

void image_main(MayBlock const& context) {
    CHECK(current_thread().set_priority(context, kThreadPriorities - 1) == ThreadError::none);
    play_all(context, g_workers[0], 0, 1);
    u32 const cpus = cpus_online();
    if (cpus > 1) {
        play_all(context, g_workers[1], kWorkers, cpus);
    }
    log("inheritance on {} CPUs", cpus);
    passed("inheritance");
}

}  // namespace pivot
