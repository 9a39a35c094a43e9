#include "kern/thread.hpp"

#include "kern/cpus.hpp"
#include "kern/sched.hpp"

namespace pivot {
namespace {

constexpr u64 kUnusedStack = 0x5a5a'5a5a'5a5a'5a5a;

}  // namespace

void Thread::paint_stack(uptr bottom, uptr top) {
    for (uptr at = bottom; at < top; at += sizeof(u64)) {
        *reinterpret_cast<volatile u64*>(at) = kUnusedStack;
    }
}

Thread* Thread::all() { return atomic::load_acquire(&all_); }

void Thread::enlist() {
    Thread* before = Thread::all();
    do {
        all_next_ = before;
    } while (!atomic::release_replace_or_load(&all_, before, this));
}

// What a thread is from the beginning, whoever makes it one.
void Thread::settle(PerCpu& cpu, uptr bottom, uptr top, u32 priority) {
    if (LockList* const list = known(locks_owned_); list != nullptr) {
        list->limits = nullptr;  // it may have exited under a guard
    }
    priority_ = turn_.base = turn_.effective = priority;
    affinity_ = u64{1} << cpu.id;
    suspended_ = turn_.suspended = false;
    moves_to_ = nullptr;
    stack_bottom_ = bottom;
    stack_top_ = top;
    atomic::store_release(&cpu_, &cpu);  // from here on it may be changed
}

usize Thread::stack_used() const {
    uptr at = stack_bottom_;
    while (at < stack_top_ && *reinterpret_cast<u64 const volatile*>(at) == kUnusedStack) {
        at += sizeof(u64);
    }
    return stack_top_ - at;
}

// As a number: not every compiler has atomic operations on enumerations.
bool Thread::claim_from(ThreadState state) {
    return atomic::replace(reinterpret_cast<u8*>(&state_), static_cast<u8>(state),
                           static_cast<u8>(ThreadState::ready));
}

ThreadError Thread::start_erased(PerCpu& cpu, uptr bottom, uptr top, u32 priority,
                                 void (*entry)(void*), void* argument) {
    if (priority >= kThreadPriorities) {
        return ThreadError::bad_priority;
    }
    if (!is_online(cpu.id) && &cpu != &this_cpu()) {
        return ThreadError::no_such_cpu;
    }
    if (claim_from(ThreadState::unstarted)) {
        enlist();
    } else if (!claim_from(ThreadState::exited)) {
        return ThreadError::already_started;  // of several that start one thread, one does
    }
    wake_call_.function = &ThreadStart::wake_with<&Thread::wake_here, Thread>;  // if it has exited
    entry_ = entry;
    argument_ = argument;
    paint_stack(bottom, top);
    settle(cpu, bottom, top, priority);
    sp_ = prepare_stack(this, top, [](Thread* self) {
        splx(Spl{0});
        self->entry_(self->argument_);
        Scheduler::exit_current();
    });
    Spl const old = splraise(Ipl::softserial);
    if (priority == kIdlePriority) {
        cpu.run->add_last(*this);
        splx(old);
    } else {
        Scheduler::wake_and_leave_generally(old, *this);
    }
    return ThreadError::none;
}

// -- the end

void Scheduler::exit_current() {
    assert_may_block("exit");
    Thread& self = current_thread();
    if (LockList const* const owned = known(self.locks_owned_);
        owned != nullptr && owned->count != 0) {
        LockOrder::fail("a thread ends owning a lock", *owned->lock[0]);
    }
    (void)splraise(Ipl::softserial);
    // Announced by a call to this CPU, which runs when we are off our stack: whoever joins may use
    // it for something else.
    self.wake_call_.function = &ThreadStart::wake_with<&Thread::announce_exit, Thread>;
    send_to(this_cpu(), self);
    self.waiting_on_ = nullptr;
    self.state_ = ThreadState::blocked;  // in no queue: no change makes it ready again
    block();
    panic("an exited thread was switched to");
}

void Thread::announce_exit(MayWake const&, Thread& thread) {
    Spl const old = splraise(Ipl::softserial);
    Thread* const joiners = WaitQueue::take_all(thread.joiners_.lock());
    atomic::store_relaxed(&thread.state_, ThreadState::exited);
    thread.joiners_.unlock(nullptr);  // and from here on the thread may be gone
    Scheduler::wake_all_and_leave(joiners, old);
}

ThreadError Thread::join(MayBlock const& context) {
    assert_may_block(name_);
    if (this == &current_thread()) {
        return ThreadError::joins_itself;
    }
    if (state() == ThreadState::unstarted) {
        return ThreadError::not_started;
    }
    NoPreemption const hold;
    Thread* const first = joiners_.lock();
    if (state() == ThreadState::exited) {
        joiners_.unlock(first);
    } else {
        joiners_.sleep_and_unlock(context, first);
    }
    return ThreadError::none;
}

// -- what is wanted of a thread

// Stores it in a field that the turnstiles' lock guards, has the home CPU act on it, and sleeps
// until that has been done: if it spun, two bottom halves that each wait for the other's CPU would
// spin for ever.
ThreadError Thread::change(MayBlock const& context, Wanted what, u64 value) {
    assert_may_block(name_);
    if (atomic::load_acquire(&cpu_) == nullptr) {
        return ThreadError::not_started;
    }
    if (is_bottom_half() || base_priority() == kIdlePriority) {
        return ThreadError::kernel_thread;
    }
    u32 mine;
    {
        SpinGuard const guard(g_turnstiles, context);
        if (state() == ThreadState::exited) {
            return ThreadError::exited;
        }
        switch (what) {
            case Wanted::suspension:
                turn_.suspended = value != 0;
                break;
            case Wanted::affinity:
                atomic::store_relaxed(&affinity_, value);
                break;
            case Wanted::priority:
                atomic::store_relaxed(&turn_.base, static_cast<u32>(value));
                Turnstile::update(*this);
                break;
        }
        mine = ++changes_wanted_;
        Scheduler::change(*this);
        Turnstile::pass_on(*this);
    }
    NoPreemption const hold;
    for (;;) {
        Thread* const first = changers_.lock();
        if (static_cast<i32>(atomic::load_relaxed(&changes_made_) - mine) >= 0) {
            changers_.unlock(first);
            return ThreadError::none;
        }
        changers_.sleep_and_unlock(context, first);
    }
}

// Whoever waits for a change finds it made. At home; g_turnstiles is held.
void Thread::note_changes_made() {
    if (changes_made_ == changes_wanted_) {
        return;  // of the effective priority only
    }
    Thread* const first = changers_.lock();
    atomic::store_relaxed(&changes_made_, changes_wanted_);
    Thread* const done = WaitQueue::take_all(first);
    changers_.unlock(nullptr);
    Scheduler::wake_all_and_leave(done, spl_current());
}

ThreadError Thread::suspend(MayBlock const& context) {
    return change(context, Wanted::suspension, 1);
}

ThreadError Thread::resume(MayBlock const& context) {
    return change(context, Wanted::suspension, 0);
}

ThreadError Thread::set_priority(MayBlock const& context, u32 priority) {
    if (priority == kIdlePriority || priority >= kThreadPriorities) {
        return ThreadError::bad_priority;
    }
    return change(context, Wanted::priority, priority);
}

ThreadError Thread::set_affinity(MayBlock const& context, u64 cpus) {
    if ((cpus & online_set()) == 0) {
        return ThreadError::no_such_cpu;
    }
    return change(context, Wanted::affinity, cpus);
}

void Thread::set_time_slice(MayWake const&, u64 ticks) { atomic::store_relaxed(&slice_, ticks); }

void Thread::wake_here(MayWake const&, Thread& thread) {
    NoPreemption const hold;
    Scheduler::ready(thread);
}

void Thread::change_here(MayWake const& context, Thread& thread) {
    SpinGuard const guard(g_turnstiles, context);
    Scheduler::change(thread);  // it may have moved on meanwhile
}

}  // namespace pivot
