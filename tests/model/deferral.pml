/* Continuations left on an adaptive mutex by top halves (mutex/deferred.cpp, intr/deferral.cpp).
 *
 * Threads take and release the mutex; lines fire, and their top halves take it or leave their
 * continuation on it; bottom halves run what has been delivered, or leave it again. Shown: one
 * owner at a time; a continuation is never in two places; every line that was left active is let go
 * of, so whatever is left on the mutex is delivered.
 *
 * Each process has a CPU of its own, which is more interleavings than there are. The word is
 * `owner` and `deferred`, read and changed together; the list is a set, for its order does not
 * matter here. All accesses are in one order, which the sources ask for where it matters (LDAR,
 * LDAXR/STLXR). Not modelled: waiters, lending, the bounded spin, cancelling. */

#ifndef THREADS
#define THREADS 2
#endif
#ifndef ROUNDS
#define ROUNDS 1
#endif
#ifndef FIRES
#define FIRES 2
#endif
#define LINES 2
#define FREE 0

byte owner = FREE;
bool deferred;
byte list;              /* a bit a continuation */
bool queued[LINES];     /* in its level's queue */
bool held[LINES];       /* the line is active */
byte inside;

inline be_inside() {
    atomic { inside++; assert(inside == 1) }    /* two own the mutex */
    inside--
}

inline deliver(who) {
    atomic {
        assert(!queued[who]);       /* in two places */
        queued[who] = true;
        taken = taken & ~(1 << who)
    }
}

inline deliver_all() {
    atomic { taken = list; list = 0 }
    do
    :: taken & 1 -> deliver(0)
    :: !(taken & 1) && (taken & 2) -> deliver(1)
    :: taken == 0 -> break
    od
}

inline unlock() {
#ifdef BUG_EXCHANGE_FIRST
    deliver_all();
    atomic { owner = FREE; deferred = false }
#else
    if
    :: atomic { !deferred -> owner = FREE }     /* the fast path, which compares */
    :: deferred ->
        atomic { owner = FREE; deferred = false }
        deliver_all()
    fi
#endif
}

/* With continuation `me`, which is claimed. */
inline leave(me) {
    do
    :: seen = owner;
        if
        :: seen == FREE ->
            atomic { assert(!queued[me]); queued[me] = true }
            break
        :: else
        fi;
#ifdef BUG_BIT_UNCHECKED
        deferred = true; left = true;
#else
        atomic { if :: owner == seen -> deferred = true; left = true :: else fi }
#endif
        if
        :: left ->
            list = list | (1 << me);
#ifndef BUG_NO_SECOND_LOOK
            if
            :: !deferred -> deliver_all()
            :: else
            fi;
#endif
            left = false;
            break
        :: else
        fi
    od;
    seen = FREE
}

active [THREADS] proctype thread() {
    byte round, taken;
    do
    :: round < ROUNDS ->
        atomic { owner == FREE -> owner = _pid + 1 }
        be_inside();
        unlock();
        round++
    :: else -> break
    od
}

proctype line(byte me) {
    byte fired, taken, seen;
    bool left, was;
    do
    :: fired < FIRES ->
        atomic { !held[me] -> held[me] = true }
        if
        :: atomic { owner == FREE -> owner = _pid + 1 }
            be_inside();
            atomic { was = deferred; owner = FREE; deferred = false }
            if
            :: was -> deliver_all()
            :: else
            fi;
            was = false;
            held[me] = false
        :: owner != FREE -> leave(me)
        fi;
        fired++
    :: else -> break
    od;
    !held[me]         /* or else it has been left active for ever */
}

proctype bottom_half(byte me) {
    byte taken, seen;
    bool left;
end:
    do
    :: atomic { queued[me] -> queued[me] = false }
        if
        :: atomic { owner == FREE -> owner = _pid + 1 }
            assert(held[me]);         /* let go of before it has run */
            be_inside();
            unlock();
            held[me] = false
        :: owner != FREE -> leave(me)
        fi
    od
}

init {
    byte n;
    atomic {
        for (n : 0 .. LINES - 1) {
            run line(n);
            run bottom_half(n)
        }
    }
}
