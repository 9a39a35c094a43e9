/* The adaptive mutex: lock, unlock, sleep, wake and time out; three threads on two CPUs.
 *
 * Modelled: mutex/adaptive_mutex.cpp and what it needs of turnstiles and scheduler. The word
 * {owner, waiters bit}, changed by atomic operations; the fast paths; lock_slowly, take_free,
 * enter_turnstile, release_with_waiters, give_up; the turnstile lock (fair); a queue of waiters.
 * Whoever finds it taken spins while the owner is the current thread of another CPU; that is a
 * hint here, which may at any look be found to be wrong. Threads 0 and 1 live on CPU 0, thread 2
 * on CPU 1. A CPU may take itself away before any step that holds nothing (for a bottom half,
 * another thread, idle), and later gives itself to any thread that is ready. A thread is made
 * ready by its own CPU only: others leave a call (cross_call.pml), which that CPU runs when no
 * thread of it holds off preemption. A thread in TIMED has a deadline, which may come at any
 * moment: while it spins; while it sleeps, by a bottom half over whatever its CPU runs; or when it
 * has just been woken. A thread may stop for good between two critical sections, so nothing is
 * saved by somebody else's next unlock.
 *
 * Memory is weak for what the mutex guards: stores go through a buffer of their CPU, which empties
 * at any moment, but in any case at a release; a load may have been satisfied when lock began
 * unless an acquire is between. Only one thing is kept about the data: who holds a copy of what
 * was written last. So the number of critical sections is not bounded. The turnstile lock orders
 * nothing else.
 *
 * Shown: one owner at a time; each reads what was written last; the waiters bit is set if and only
 * if somebody waits, whenever the turnstile lock is released; a thread is woken once a sleep; when
 * nobody moves any more nobody waits (no wake-up is lost, no deadlock). In a second run (progress,
 * weak fairness): while threads want the lock, it is got again and again; nobody spins for ever.
 * That run has no deadlines on CPU 0: with them one thread can give up and come back for ever,
 * before the owner, of the same priority, has its turn.
 *
 * Not modelled: priorities and their inheritance (the queue is a FIFO), that every single thread
 * gets its turn (the lock is not handed over, so that is not promised), migration, spurious
 * failures of an exclusive pair (a compare-and-swap here tries again), the weak order of word,
 * queue and `current` among each other, back-off. Each seeded bug is a macro, BUG_*.
 */
#ifndef TIMED
#define TIMED 5         /* a bit a thread: 0 and 2, one on each CPU */
#endif

#ifndef THREADS
#define THREADS 3       /* or 4 */
#endif
#define NOBODY THREADS  /* no owner; a CPU that has taken itself away */
#define TIMER (THREADS + 1)     /* a CPU's bottom half that ends a wait */
#define HOME(t) ((t) >> 1)
#define IS_TIMED(t) ((TIMED >> (t)) & 1)

/* The word: one atomic object, two fields. */
byte owner = NOBODY;
bool waiters;

byte queue[3];
byte waiting;           /* how many */

#include "adaptive_mutex_cpus.pml"

#ifdef BUG_RELEASE_MISSING
#define RELEASE_FAST
#else
#define RELEASE_FAST store_barrier(HOME(_pid));
#endif
#ifdef BUG_SLOW_RELEASE_MISSING
#define RELEASE_SLOW
#else
#define RELEASE_SLOW store_barrier(HOME(_pid));
#endif
#ifdef BUG_ACQUIRE_MISSING
#define ACQUIRE_FAST
#else
#define ACQUIRE_FAST load_is_fresh[_pid] = true;     /* loads again */
#endif
#ifdef BUG_SLOW_ACQUIRE_MISSING
#define ACQUIRE_SLOW
#else
#define ACQUIRE_SLOW load_is_fresh[_pid] = true;
#endif

inline turnstile_unlock() {
    atomic {
        assert(waiters == (waiting > 0));       /* the waiters bit and the queue differ */
        hand_turnstile_on()
    }
}

inline enqueue() {
    assert(waiting < THREADS - 1);
    queue[waiting] = _pid;
    waiting++
}

/* Takes `t` out if it waits; `was_there` says whether it did. */
inline dequeue(t, was_there) {
    if
    :: waiting > 0 && queue[0] == t ->
        queue[0] = queue[1]; queue[1] = queue[2]; waiting--; was_there = true
    :: waiting > 1 && queue[1] == t -> queue[1] = queue[2]; waiting--; was_there = true
#if THREADS > 3
    :: waiting > 2 && queue[2] == t -> waiting--; was_there = true
#endif
    :: else -> was_there = false
    fi;
    queue[waiting] = 0
}

/* `yes`: it is ours. */
inline take_free() {
    atomic { found = owner; yes = waiters }
    if
    :: found != NOBODY -> yes = false
    :: found == NOBODY && !yes ->
        atomic {
            if
            :: owner == NOBODY && !waiters -> owner = _pid; ACQUIRE_SLOW yes = true
            :: else -> yes = false
            fi
        }
    :: found == NOBODY && yes ->        /* free, but somebody sleeps or is on his way */
        held_off[_pid] = true;
        turnstile_lock();
        atomic {
            if
            :: owner == NOBODY -> owner = _pid; ACQUIRE_SLOW yes = true
            :: else -> yes = false
            fi
        }
        turnstile_unlock();
        held_off[_pid] = false
    fi
}

/* `yes`: it is in the queue and must park. */
inline enter_turnstile() {
    turnstile_lock();
    found = owner;
#ifdef BUG_WAITERS_BY_STORE
    if
    :: found == NOBODY -> yes = false
    :: else -> atomic { owner = found; waiters = true; yes = true }
    fi;
#else
#ifdef BUG_WAITERS_UNCHECKED
    atomic { waiters = true; yes = true }
#else
    if
    :: found != NOBODY ->
        atomic {                        /* compare-and-swap */
            if
            :: owner == found -> waiters = true; yes = true
            :: else -> yes = false
            fi
        }
    :: found == NOBODY || ELSEWHERE(found) -> yes = false
    fi;
#endif
#endif
    if
    :: yes -> enqueue()
    :: else
    fi;
    turnstile_unlock()
}

/* To `got` with the lock, or to `gave_up`. */
inline lock_slowly() {
    do
    :: point();
        found = owner;
        if
        :: found == NOBODY ->
            take_free();
            if
            :: yes -> goto got
            :: else
            fi
        :: found != NOBODY && ELSEWHERE(found)          /* spins */
#ifdef BUG_READY_IS_RUNNING
        :: found != NOBODY && HOME(found) == HOME(_pid) && ready[found]
        :: found != NOBODY && !ready[found] ->
#else
        :: found != NOBODY ->           /* it does not run; or it did not when we looked */
#endif
            held_off[_pid] = true;
            enter_turnstile();
            if
            :: yes ->
#ifdef BUG_PREEMPTED_BEFORE_SLEEP
                held_off[_pid] = false;
                point();
#endif
                block();
                armed[_pid] = false;
                held_off[_pid] = false;
                if
                :: timed_out[_pid] -> timed_out[_pid] = false; goto gave_up
                :: else
                fi
            :: else -> held_off[_pid] = false
            fi
        fi;
        point();
        if
        :: IS_TIMED(_pid) ->            /* the deadline has come meanwhile */
#ifndef BUG_WOKEN_GIVES_UP
            take_free();
            if
            :: yes -> goto got
            :: else -> goto gave_up
            fi
#else
            goto gave_up
#endif
        :: true
        fi
    od
}

inline free_the_word() {
    atomic {
        RELEASE_SLOW
        owner = NOBODY;
#ifdef BUG_UNLOCK_FORGETS_WAITERS
        waiters = false
#else
#ifdef BUG_STORE_AFTER_WAKE
        waiters = yes
#else
        waiters = waiting > 0
#endif
#endif
    }
}

inline unlock_slowly() {
    held_off[_pid] = true;
    turnstile_lock();
    atomic {
        found = NOBODY;
        if
        :: waiting > 0 -> found = queue[0]; dequeue(found, yes)
        :: else
        fi
    }
#ifdef BUG_STORE_AFTER_WAKE
    atomic { yes = waiting > 0; hand_turnstile_on() }
    if
    :: found != NOBODY -> wake(found)
    :: else
    fi;
    free_the_word();
#else
    free_the_word();
    turnstile_unlock();
    if
    :: found != NOBODY -> wake(found)
    :: else
    fi;
#endif
    held_off[_pid] = false
}

/* What the lock guards: read, and written. */
inline critical_section() {
    inside++;
    assert(inside == 1);                        /* two owners */
    assert(load_is_fresh[_pid]);                 /* read before the lock was taken: stale */
    assert(SEEN(HOME(_pid)));                   /* what it reads is not what was written last */
    atomic {
        in_memory = false;
        in_buffer[0] = false;
        in_buffer[1] = false;
        in_buffer[HOME(_pid)] = true;
        buffered[HOME(_pid)] = true;
        load_is_fresh[0] = false; load_is_fresh[1] = false; load_is_fresh[2] = false;
#if THREADS > 3
        load_is_fresh[3] = false
#endif
    }
    point();
    inside--
}

active [THREADS] proctype thread() provided (current[HOME(_pid)] == _pid) {
    byte found;
    bool yes;
    do
    :: point();
        atomic { load_is_fresh[_pid] = SEEN(HOME(_pid)) }
        point();
        if
        :: atomic { owner == NOBODY && !waiters -> owner = _pid; ACQUIRE_FAST goto got }
        :: else -> lock_slowly()
        fi;
got:
        atomic { held_off[_pid] = false; found = 0; yes = false }
        point();
progress:
        critical_section();
        point();
        if
        :: atomic { owner == _pid && !waiters -> RELEASE_FAST owner = NOBODY }
        :: else -> unlock_slowly()
        fi;
        goto again;
gave_up:
        held_off[_pid] = false;
again:
        atomic { found = 0; yes = false }
    :: break
    od;
    atomic { ready[_pid] = false; current[HOME(_pid)] = NOBODY }
}

/* A CPU: gives itself to a thread, runs the calls of others, empties its store buffer. */
#define CPU (_pid - THREADS)
#define CAN_RUN(t) (HOME(t) == CPU && current[CPU] == NOBODY && ready[t])
#define CALLED(t) (HOME(t) == CPU && wake_call[t] && MAY_PREEMPT(CPU))

active [2] proctype cpu() {
end:
    do
    :: atomic { CAN_RUN(0) -> current[CPU] = 0 }
    :: atomic { CAN_RUN(1) -> current[CPU] = 1 }
    :: atomic { CAN_RUN(2) -> current[CPU] = 2 }
    :: atomic { CALLED(0) -> wake_call[0] = false; make_ready(0) }
    :: atomic { CALLED(1) -> wake_call[1] = false; make_ready(1) }
    :: atomic { CALLED(2) -> wake_call[2] = false; make_ready(2) }
#if THREADS > 3
    :: atomic { CAN_RUN(3) -> current[CPU] = 3 }
    :: atomic { CALLED(3) -> wake_call[3] = false; make_ready(3) }
#endif
    :: atomic { buffered[CPU] -> store_barrier(CPU) }
    od
}

/* The timeout of a wait: a bottom half of the thread's CPU. */
active [THREADS] proctype timer() {
    byte pinned;
#define T (_pid - THREADS - 2)
    bool found;
end:
    do
    :: atomic {
            armed[T] && !ready[T] && MAY_PREEMPT(HOME(T)) ->
            armed[T] = false;
            pinned = current[HOME(T)];
            current[HOME(T)] = TIMER
        }
        turnstile_lock();
        atomic {
            dequeue(T, found);
            if
            :: found ->
                timed_out[T] = true;
#ifdef BUG_TIMEOUT_CLEARS_ALWAYS
                waiters = false
#else
#ifndef BUG_TIMEOUT_LEAVES_BIT
                waiters = waiting > 0
#endif
#endif
            :: else
            fi
        }
        turnstile_unlock();
        atomic {
            if
            :: found -> make_ready(T)
            :: else
            fi;
            current[HOME(T)] = pinned;
            pinned = 0;
            found = false
        }
    od
}
