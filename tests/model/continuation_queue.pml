/* The queue of a CPU and soft level: pushes that interrupt its drain, and each other, at any step.
 *
 * Modelled, access for access: Continuation::push (intr/continuation.hpp), the drain loop of
 * arch/aarch64/switch.S from take_all to `back`, and the look at `attention` that leads into it:
 * the straight way and attend_soft's. The base context is the thread and the bottom half that runs
 * on it; it pushes with preemption held off, too. Top halves interrupt it and nest DEPTH deep. Any
 * of OBJECTS continuations is pushed by anyone, any number of times. Before it pushes, a context
 * stores news for the function; the run reads them.
 *
 * With -DCANCEL also cancel: what a queued object's run will call is its usual function, or one
 * that does nothing. Cancel changes it, schedule of a queued object changes it back, and the drain
 * lets the object go: each looks at link and function in one step (LDXP/STXP). The former value is
 * what the caller is told. Another CPU cancels, too.
 *
 * Shown: one run for each schedule that returned true (less those cancelled); runs in the order in
 * which the tail was claimed (without cancel); no object is queued twice; a schedule that returned
 * false is seen, with its news, by a run that starts later; after cancel has returned no run
 * starts until the next schedule; nothing is left behind when all is quiet.
 *
 * Not modelled: the way from another CPU (cross_call.pml), several levels, functions that block.
 * An exclusive pair is one step, because an interrupt between its halves makes it fail. Memory is
 * in program order: one CPU, and another one's atomic steps. No bound on the number of pushes. Each
 * seeded bug is a macro, BUG_*.
 */
#ifndef OBJECTS
#define OBJECTS 2
#endif
#ifndef DEPTH
#define DEPTH 2
#endif

#define NONE 0                  /* a null link; objects are 1..OBJECTS */
#define LAST 7                  /* an object's link when it is the last one */
#define HEAD (OBJECTS + 1)      /* soft_first itself, as soft_last points at it */

byte next[OBJECTS + 2];         /* next[HEAD] is soft_first.next */
byte last = HEAD;               /* soft_last */
bool attention;
bool nothing[OBJECTS + 1];      /* its function is the one that does nothing */

byte on_cpu;                    /* 0: the base context; n: the n-th top half nested on it */
bool stopped;                   /* nobody begins to push any more */

/* What must hold, kept beside the code. */
bool due[OBJECTS + 1];          /* a schedule was told true, and the run has not started */
bool unseen[OBJECTS + 1];       /* news that no run has read */
byte order[OBJECTS + 1];        /* the queued objects, by when they claimed the tail */
byte queued;

inline claim(me, won) {
#ifdef BUG_DOUBLE_QUEUE
    if
    :: next[me] != NONE -> won = false
    :: else -> next[me] = LAST; won = true
    fi;
    if
    :: won -> assert(!due[me]); due[me] = true      /* queued twice */
    :: else
    fi
#else
    atomic {
        won = next[me] == NONE;
        if
        :: won -> next[me] = LAST; assert(!due[me]); due[me] = true      /* queued twice */
        :: else
        fi
    }
#endif
}

/* It was queued: its run will come, also if it was cancelled. Let go meanwhile: start over. */
inline schedule_queued(me, over) {
    atomic {
        over = next[me] != NONE;
#ifndef BUG_CANCEL_LOST
        if
        :: over && nothing[me] -> nothing[me] = false; due[me] = true
        :: else
        fi
#endif
    }
}

inline take_order(me) {
    order[queued] = me;
    queued++
}

inline push(me, before, won) {
    unseen[me] = true;          /* the news */
    do
    :: claim(me, won);
        if
        :: won ->
            atomic { before = last; last = me; assert(queued < OBJECTS); take_order(me) }
            next[before] = me;
#ifndef BUG_UNMARKED
            attention = true;
#endif
            break
        :: else
        fi;
#ifdef CANCEL
        schedule_queued(me, won);
        if
        :: won -> break
        :: else
        fi
#else
        break
#endif
    od;
    atomic { before = NONE; won = false }
}

inline cancel(me, won) {
#ifdef BUG_CANCEL_IN_TWO_STEPS
    won = next[me] != NONE;
    atomic {
        if
        :: won && !nothing[me] -> nothing[me] = true; due[me] = false; unseen[me] = false
        :: else
        fi;
        won = false
    }
#else
    atomic {
        if
        :: next[me] != NONE && !nothing[me] ->
            nothing[me] = true;
            due[me] = false;
            unseen[me] = false
        :: else                 /* no run is due, or it has begun */
        fi
    }
#endif
}

inline act(me, before, won) {
    atomic {
        me = 1;
        do
        :: me < OBJECTS -> me++
        :: break
        od
    }
    if
    :: push(me, before, won)
#ifdef CANCEL
    :: cancel(me, won)
#endif
    fi;
    me = NONE
}

/* The function of `me`: reads the news. */
inline run_one(me, runs) {
    if
    :: runs -> unseen[me] = false
    :: else
    fi
}

inline let_go_of(me, runs) {
#ifdef BUG_LET_GO_IN_TWO_STEPS
    runs = !nothing[me];
#endif
    atomic {
        next[me] = NONE;
        assert(queued > 0 && order[0] == me);       /* out of order */
        order[0] = order[1];
#if OBJECTS > 2
        order[1] = order[2];
#endif
        queued--;
        order[queued] = NONE;
#ifndef BUG_LET_GO_IN_TWO_STEPS
        runs = !nothing[me];
#endif
        nothing[me] = false;
        assert(runs == due[me]);                    /* a run that nobody is owed, or none */
        due[me] = false
    }
}

inline drain(first, stop, after, runs) {
    first = next[HEAD];
    do
    :: first != NONE ->
#ifdef BUG_FIRST_CLEARED_LATE
        atomic { stop = last; last = HEAD }
        next[HEAD] = NONE;
#else
        next[HEAD] = NONE;
        atomic { stop = last; last = HEAD }
#endif
        do
        :: assert(first != LAST && first != NONE && first != HEAD);     /* off the end */
            after = next[first];
#ifdef BUG_LET_GO_AFTER          /* `next` is cleared when the function has run */
            run_one(first, true);
            let_go_of(first, runs);
#else
            let_go_of(first, runs);
            run_one(first, runs);
#endif
            if
            :: first == stop -> break
            :: else -> first = after
            fi
        od;
#ifdef BUG_UNMARK_AFTER
        first = next[HEAD];
        if
        :: first == NONE -> attention = false
        :: else
        fi
#else
        attention = false;
        first = next[HEAD]
#endif
    :: else -> break
    od;
    atomic { first = NONE; stop = NONE; after = NONE; runs = false }
}

active [DEPTH] proctype top_half()      /* the first processes: 0 is the first nested */
    provided (on_cpu == _pid + 1 || (on_cpu == _pid && !stopped)) {
    byte me, before;
    bool won;
end:
    do
    :: atomic { on_cpu == _pid -> on_cpu = _pid + 1 };
        act(me, before, won);
        on_cpu = _pid
    od
}

active proctype base() provided (on_cpu == 0) {
    byte first, stop, after, me;
    bool won, runs;
end:
    do
    :: !stopped -> act(me, after, won)
    :: !stopped -> stopped = true
    :: attention ->
        if
        :: next[HEAD] != NONE           /* the straight way: seen while interrupts are masked */
        :: attention = false            /* attend_soft */
        fi;
        if
        :: next[HEAD] != NONE -> drain(first, stop, after, runs)
        :: else
        fi
    od
}

#ifdef CANCEL
active proctype another_cpu() {         /* it cancels whatever, whenever */
    byte me;
    bool won;
end:
    do
    :: !stopped ->
        atomic {
            me = 1;
            do
            :: me < OBJECTS -> me++
            :: break
            od
        }
        cancel(me, won);
        me = NONE
    od
}
#endif

active proctype quiet() {
    timeout;
    assert(stopped && on_cpu == 0 && !attention);
    assert(next[HEAD] == NONE && last == HEAD && queued == 0);      /* a run is forgotten */
    byte n = 1;
    do
    :: n <= OBJECTS ->
        assert(next[n] == NONE);
        assert(!due[n]);                /* a schedule without its run */
        assert(!unseen[n]);             /* news that no run has read */
        n++
    :: else -> break
    od
}
