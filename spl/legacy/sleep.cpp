#include "intr/continuation.hpp"
#include "kern/clock.hpp"
#include "kern/semaphore.hpp"
#include "mutex/spin_mutex.hpp"
#include "spl/legacy/legacy.hpp"

namespace pivot {

constinit SpinMutex<Ipl::high> legacy::sleepers("sleepers");

namespace {

// On the sleeper's stack. In the list until a wakeup takes it out, which then posts once, or its
// time is over and it takes itself out.
struct Sleeper {
    const void* channel;
    Semaphore woken;
    u64 number = 0;
    Sleeper* next = nullptr;
    Sleeper** place = nullptr;  // what points at it; null: not in the list
};

constinit Sleeper* g_sleepers = nullptr;
constinit u64 g_entered = 0;  // how many have, ever

// What wakeup was called for on a CPU and its continuation has not come to.
struct Wakeups {
    static constexpr u32 kMost = 8;
    const void* channel[kMost] = {};
    u32 count = 0;  // above kMost: some were not noted
};

void wake_noted(MayBlock const& context, Wakeups& noted);

struct Waker {
    Wakeups noted;
    Continuation continuation = Continuation::to<&wake_noted>(Ipl::softserial, noted);
};
constinit Waker g_wakers[kMaxCpus]{};

void enter(Sleeper& self) {
    self.number = ++g_entered;
    self.place = &g_sleepers;
    self.next = g_sleepers;
    if (self.next != nullptr) {
        self.next->place = &self.next;
    }
    g_sleepers = &self;
}

void leave(Sleeper& self) {
    *self.place = self.next;
    if (self.next != nullptr) {
        self.next->place = self.place;
    }
    self.place = nullptr;
}

[[nodiscard]] bool is_meant(Wakeups const& noted, const void* channel) {
    for (u32 i = 0; i < noted.count && i < Wakeups::kMost; ++i) {
        if (noted.channel[i] == channel) {
            return true;
        }
    }
    return noted.count > Wakeups::kMost;
}

// One of those that are meant, taken out; null if there is none. Not of those who come after
// `last`: who wakes and sleeps again could go on for ever.
Sleeper* take_one(MayBlock const& context, Wakeups const& noted, u64& last) {
    SpinGuard const guard(legacy::sleepers, context);
    last = last != 0 ? last : g_entered;
    Sleeper* found = g_sleepers;
    while (found != nullptr && (found->number > last || !is_meant(noted, found->channel))) {
        found = found->next;
    }
    if (found != nullptr) {
        leave(*found);
    }
    return found;
}

void wake_noted(MayBlock const& context, Wakeups& noted) {
    Wakeups now;
    {
        SplGuard const guard(Ipl::high);  // this CPU's top halves note, too
        now = noted;
        noted.count = 0;
    }
    u64 last = 0;
    while (Sleeper* const sleeper = take_one(context, now, last)) {
        sleeper->woken.post(context);
    }
}

}  // namespace

struct LegacySleep {
    static bool sleep(Sleeper& self, u64 deadline) {
        bool woken = true;
        ThreadStart::with_token([&](MayBlock const& context) {
            {
                SpinGuard const guard(legacy::sleepers, context);
                enter(self);
            }
            u64 const system = SystemSpl::held_here();
            PIVOT_REQUIRE(spl_current().held == system, "tsleep with the per-CPU SPL raised");
            PIVOT_REQUIRE(system == 0 || SpinMutexBase::last_held(this_cpu()) == nullptr,
                          "tsleep while holding a spin mutex");
            if (system != 0) {
                SystemSpl::lower({Spl{0}, 0});
            }
            woken = wait(context, self, deadline);
            if (system != 0) {
                (void)SystemSpl::raise(level_of(system));
            }
        });
        return woken;
    }

    static void wake(const void* channel) {
        SplGuard const guard(Ipl::high);
        Waker& waker = g_wakers[this_cpu().id];
        Wakeups& noted = waker.noted;
        if (noted.count < Wakeups::kMost) {
            noted.channel[noted.count] = channel;
        }
        if (noted.count <= Wakeups::kMost) {
            ++noted.count;
        }
        ThreadStart::with_token(
            [&](MayWake const& context) { waker.continuation.schedule(context); });
    }

  private:
    static bool wait(MayBlock const& context, Sleeper& self, u64 deadline) {
        if (self.woken.wait_until(context, deadline)) {
            return true;
        }
        {
            SpinGuard const guard(legacy::sleepers, context);
            if (self.place != nullptr) {
                leave(self);
                return false;
            }
        }
        self.woken.wait(context);  // a wakeup has just taken it out, and will not be long
        return true;
    }
};

}  // namespace pivot

int tsleep(const void* channel, int, const char* message, int ticks) {
    using namespace pivot;
    PIVOT_REQUIRE(!on_interrupt_stack() && !current_thread().is_bottom_half(),
                  "tsleep outside an ordinary thread", message);
    constexpr u64 kTickNs = 1'000'000'000 / hz;
    u64 const deadline =
        ticks > 0 ? Clock::deadline_after_ns(static_cast<u64>(ticks) * kTickNs) : kForever;
    Sleeper self{channel, Semaphore(message)};
    return LegacySleep::sleep(self, deadline) ? 0 : EWOULDBLOCK;
}

void wakeup(const void* channel) { pivot::LegacySleep::wake(channel); }
