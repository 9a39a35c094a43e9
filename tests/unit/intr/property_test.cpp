// Everything at once: random operations of a thread, random interrupts at random memory accesses
// whose top halves do random things themselves, against a small reference model. A failure names
// its seed.
//
// The model: what a level promises (nobody runs at or below it), that every pended line and every
// successful push is served exactly as often as it must be, and that the machine comes to rest.
#include <array>
#include <list>
#include <memory>
#include <random>
#include <vector>

#include "mutex/adaptive_mutex.hpp"
#include "mutex/spin_mutex.hpp"
#include "tests/unit/support/machine.hpp"

namespace pivot {
namespace {

constexpr u32 kLines = 3;  // one a hard level
constexpr u32 kFirstLine = 40;
constexpr u32 kContinuations = 8;  // two a soft level

class Storm {
  public:
    explicit Storm(u64 seed) : random_(seed) {
        for (u32 i = 0; i < kContinuations; ++i) {
            Ipl const level = static_cast<Ipl>(1 + i % kSoftLevels);
            continuations_.emplace_back(level,
                                        [this, i, level](auto const& c) { run(c, i, level); });
        }
        vm_ = line<Ipl::vm>();
        sched_ = line<Ipl::sched>();
        high_ = line<Ipl::high>();
    }

    void go() {
        machine_.run([&](MayBlock const& context) {
            TestThread high("high", kMainPriority + 3, [&](MayBlock const& c) { serve(c); });
            {
                sim::Schedule const schedule([this](u64) { maybe_interrupt(); });
                for (int i = 0; i < 25; ++i) {
                    step(context);
                }
                settle(context);
            }
            sim::point();
            stop_ = true;
            work_.post(context);
            check_end();
            EXPECT_EQ(high.state(), ThreadState::exited);
        });
    }

  private:
    // A number without an interrupt in the generator.
    u32 roll(u32 below) {
        sim::Quiet const quiet;
        return static_cast<u32>(random_() % below);
    }
    template <typename T>
    void change(T& counter, int by) {
        sim::Quiet const quiet;
        counter += static_cast<T>(by);
    }

    void maybe_interrupt() {
        if (left_ != 0 && random_() % 24 == 0) {
            --left_;
            u32 const i = static_cast<u32>(random_() % kLines);
            pended_[i] = true;
            SimController::pend(kFirstLine + i);
        }
    }

    // Runs `body` with `level` promised to be held off.
    template <typename F>
    void promise(Ipl level, F&& body) {
        Ipl const before = promised_;
        {
            sim::Quiet const quiet;
            promised_ = level > promised_ ? level : promised_;
        }
        body();
        sim::Quiet const quiet;
        promised_ = before;
    }

    void step(MayBlock const& context) {
        switch (roll(7)) {
            case 0:
                raise(context, static_cast<Ipl>(1 + roll(7)));
                break;
            case 1:
                push(context);
                break;
            case 2:
                lock(context, vm_mutex_);
                break;
            case 3:
                lock(context, high_mutex_);
                break;
            case 4:
                work_.post(context);
                break;
            case 5:
                lock_adaptive(context);
                break;
            default:
                sim::point();
                break;
        }
    }

    void raise(MayBlock const& context, Ipl level) {
        Spl const old = splraise(level);
        promise(level, [&] {
            sim::point();
            if (level < Ipl::vm && roll(2) == 0) {
                push(context);
            }
        });
        splx(old);
    }

    template <Ipl L, typename C>
    void lock(C const& context, SpinMutex<L>& mutex) {
        mutex.lock(context);
        promise(L, [&] { sim::point(); });
        mutex.unlock();
    }

    void lock_adaptive(MayBlock const& context) {
        mutex_.lock(context);
        change(owners_, 1);
        EXPECT_EQ(owners_, 1);
        sim::point();
        change(owners_, -1);
        mutex_.unlock(context);
    }

    template <typename C>
    void push(C const& context) {
        u32 const i = roll(kContinuations);
        bool const queued = std::next(continuations_.begin(), i)->schedule(context);
        change(pushed_[i], queued ? 1 : 0);
    }

    // A continuation: at its level, never under a promise that covers it; sometimes it blocks.
    void run(MayBlock const& context, u32 i, Ipl level) {
        change(ran_[i], 1);
        EXPECT_GT(level, promised_);
        EXPECT_EQ(spl_current().held, held_at(level));
        switch (roll(4)) {
            case 0:
                work_.post(context);
                break;
            case 1:
                if (level != Ipl::softclock) {
                    lock_adaptive(context);  // may block
                }
                break;
            case 2:
                promise(level, [] { sim::point(); });
                break;
            default:
                break;
        }
    }

    template <Ipl L>
    void top_half(TopHalf<L> const& context) {
        u32 const i = static_cast<u32>(L) - static_cast<u32>(Ipl::vm);
        {
            sim::Quiet const quiet;
            pended_[i] = false;
            ++served_[i];
            EXPECT_GT(L, promised_);
        }
        promise(L, [&] {
            if constexpr (L == Ipl::vm) {
                lock(context, vm_mutex_);
            }
            if (roll(3) == 0) {
                lock(context, high_mutex_);
            }
            push(context);
        });
    }

    template <Ipl L>
    std::unique_ptr<TestLine<L>> line() {
        return std::make_unique<TestLine<L>>(
            kFirstLine + static_cast<u32>(L) - static_cast<u32>(Ipl::vm),
            [this](TopHalf<L> const& context) { top_half(context); });
    }

    // The thread above main, woken by whoever posts.
    void serve(MayBlock const& context) {
        while (!stop_) {
            work_.wait(context);
            EXPECT_EQ(promised_, Ipl::none) << "preempted under a raised SPL";
            lock_adaptive(context);
        }
    }

    // Until no interrupt is left to come.
    void settle(MayBlock const& context) {
        for (int i = 0; i < 5000 && left_ != 0; ++i) {
            step(context);
        }
    }

    void check_end() {
        sim::Quiet const quiet;
        for (u32 i = 0; i < kLines; ++i) {
            EXPECT_FALSE(pended_[i]) << "line " << kFirstLine + i << " was never served";
            EXPECT_EQ(machine_.cpu().lines[kFirstLine + i].count, served_[i]);
        }
        for (u32 i = 0; i < kContinuations; ++i) {
            EXPECT_EQ(ran_[i], pushed_[i]) << "continuation " << i;
        }
        machine_.expect_at_rest();
    }

    Machine machine_;
    std::mt19937_64 random_;
    u32 left_ = 60;
    bool stop_ = false;
    Ipl promised_ = Ipl::none;
    int owners_ = 0;
    std::array<bool, kLines> pended_{};
    std::array<u32, kLines> served_{};
    std::array<int, kContinuations> pushed_{}, ran_{};
    std::list<TestContinuation> continuations_;
    std::unique_ptr<TestLine<Ipl::vm>> vm_;
    std::unique_ptr<TestLine<Ipl::sched>> sched_;
    std::unique_ptr<TestLine<Ipl::high>> high_;
    SpinMutex<Ipl::vm> vm_mutex_{"vm"};
    SpinMutex<Ipl::high> high_mutex_{"high"};
    AdaptiveMutex mutex_{"m"};
    Semaphore work_{"work"};
};

TEST(Property, RandomStorms) {
    for (u64 seed = 0; seed < 400; ++seed) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        sim::set_seed(seed);
        Storm storm(seed);
        storm.go();
        if (HasFailure()) {
            std::fprintf(stderr, "Property.RandomStorms failed with seed %llu\n",
                         static_cast<unsigned long long>(seed));
            return;
        }
    }
}

}  // namespace
}  // namespace pivot
