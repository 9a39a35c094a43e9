/* Calls from other CPUs: a stack that many push onto and the home CPU's drain takes whole.
 *
 * Modelled, access for access: CrossCall::send and CrossCall::run_all (kern/cross_call.cpp).
 * CALLERS other CPUs send any of OBJECTS calls, any number of times, at any speed: a call is
 * claimed by an atomic change of its `next` from null, given its news (what the function will
 * read), and pushed by compare-and-swap of the stack's head, with release; if the stack was empty,
 * the home CPU is sent an interrupt. Its top half schedules the CPU's continuation
 * (continuation_queue.pml; a flag here), and that drains: an exchange of the head with acquire,
 * the list turned round, and of each call `next` read, cleared, and the function run.
 *
 * Memory is weak where barriers stand. A caller's stores of the news and of the call's link land
 * at its next release at the latest, or may otherwise come late. The drain may read the news
 * before its clearing of `next` is seen, back to its last acquire. The words that are changed by
 * atomic operations have one order that all agree on, as in any architecture.
 *
 * Shown: one run a successful send; runs in the order of the pushes; nothing is queued twice or
 * left behind; the run reads the news of its send. A send that was told "still on its way" is
 * promised nothing about its news; with -DCOALESCES it is, and what that takes is a full barrier
 * on either side: "store the news, look at next" against "clear next, look at the news".
 *
 * Not modelled: calls of the home CPU to itself (the same code, by a thread that the drain cannot
 * interrupt half-way); spurious failures of an exclusive pair; that the links are read after the
 * exchange (their addresses come from it). No bound on the number of sends. Each seeded bug is a
 * macro, BUG_*.
 */
#ifndef OBJECTS
#define OBJECTS 2
#endif
#ifndef CALLERS
#define CALLERS 2
#endif

#define NONE 0                  /* a null link, an empty stack; calls are 1..OBJECTS */
#define LAST 7                  /* the link of the call that was pushed first */

byte next[OBJECTS + 1];
byte head;
bool interrupt;                 /* pending at the home CPU */
bool scheduled;                 /* the continuation that drains */
bool stopped;                   /* nobody begins to send any more */

/* What must hold, kept beside the code. */
bool due[OBJECTS + 1];          /* sent, and the run has not started */
bool unseen[OBJECTS + 1];       /* news in memory that no run has read */
bool early[OBJECTS + 1];        /* none have landed since the drain could first have read them */
byte order[OBJECTS];
byte queued;

inline land(me, news) {
    atomic { unseen[me] = true; early[me] = false; news = false }
}

/* The store of the news may land here or later. */
inline may_land(me, news) {
    if
    :: news -> land(me, news)
    :: true
    fi
}

inline must_land(me, news) {
    if
    :: news -> land(me, news)
    :: else
    fi
}

inline claim(me, won) {
#ifdef BUG_CLAIM_IN_TWO_STEPS
    if
    :: next[me] != NONE -> won = false
    :: else -> next[me] = LAST; won = true
    fi
#else
    atomic {
        won = next[me] == NONE;
        if
        :: won -> next[me] = LAST
        :: else
        fi
    }
#endif
}

/* One round of the compare-and-swap; leaves the caller's loop when it succeeds. */
inline try_push(me, old) {
    atomic {
        if
#ifdef BUG_PUSH_BY_STORE
        :: true ->
#else
        :: head == old ->
#endif
            head = me;
            assert(!due[me]);                   /* queued twice */
            due[me] = true;
            assert(queued < OBJECTS);
            order[queued] = me;
            queued++;
            break
        :: else
        fi
    }
}

inline send(me, old, won, news) {
#ifdef COALESCES
    news = true;
#ifdef BUG_CLAIM_WITHOUT_BARRIER
    may_land(me, news);
#else
    must_land(me, news);
#endif
#endif
    claim(me, won);
    if
    :: won ->
#ifndef COALESCES
        news = true;
#endif
        do
        :: old = head;
#ifdef BUG_RELEASE_MISSING
            may_land(me, news);
#else
            next[me] = (old == NONE -> LAST : old);
            must_land(me, news);
#endif
#ifdef BUG_INTERRUPT_BEFORE_PUSH
            if
            :: old == NONE -> interrupt = true
            :: else
            fi;
#endif
            try_push(me, old)
        od;
#ifdef BUG_RELEASE_MISSING
        next[me] = (old == NONE -> LAST : old);
#endif
#ifndef BUG_INTERRUPT_BEFORE_PUSH
        if
#ifdef BUG_INTERRUPT_IF_OTHERS_WAIT
        :: old != NONE -> interrupt = true
#else
        :: old == NONE -> interrupt = true
#endif
        :: else
        fi
#endif
    :: else
    fi;
    must_land(me, news);                        /* some time */
    atomic { me = NONE; old = NONE; won = false }
}

active [CALLERS] proctype caller() {
    byte me, old;
    bool won, news;
end:
    do
    :: atomic {
            !stopped -> me = 1;
            do
            :: me < OBJECTS -> me++
            :: break
            od
        }
        send(me, old, won, news)
    od
}

active proctype top_half() {
end:
    do
    :: atomic { interrupt -> interrupt = false; scheduled = true }
    od
}

inline turn_round() {
    after = LAST;
    do
    :: me != LAST && me != NONE ->
        atomic { before = next[me]; next[me] = after; after = me; me = before }
    :: else -> break
    od;
    atomic { me = after; before = NONE; after = NONE }
}

inline let_go(me) {
    atomic {
        next[me] = NONE;
        assert(queued > 0 && order[0] == me);   /* out of order */
        order[0] = order[1];
#if OBJECTS > 2
        order[1] = order[2];
#endif
        queued--;
        order[queued] = NONE;
        assert(due[me]);                        /* a run that nobody is owed */
        due[me] = false
    }
}

inline read_news(me) {
#ifdef BUG_ACQUIRE_MISSING
    if
    :: early[me] -> unseen[me] = false
    :: else
    fi
#else
    unseen[me] = false
#endif
}

/* What the home CPU reads from here on it may have read already. */
inline all_early() {
    atomic {
        me = 1;
        do
        :: me <= OBJECTS -> early[me] = true; me++
        :: else -> break
        od;
        me = NONE
    }
}

active proctype home() {
    byte me, before, after;
end:
    do
    :: !stopped -> stopped = true
    :: scheduled ->
#ifndef BUG_LOOK_BEFORE_LET_GO
        scheduled = false;
#endif
#ifdef BUG_ACQUIRE_MISSING
        all_early();
#endif
        atomic { me = head; head = NONE }
#ifdef BUG_LOOK_BEFORE_LET_GO
        scheduled = false;
#endif
#ifndef BUG_PUSHED_LAST_RUNS_FIRST
        if
        :: me != NONE -> turn_round()
        :: else -> me = LAST
        fi;
#else
        if
        :: me == NONE -> me = LAST
        :: else
        fi;
#endif
        do
        :: me != LAST ->
            after = next[me];
#if defined(COALESCES) && !defined(BUG_DRAIN_WITHOUT_BARRIER)
            let_go(me);
            read_news(me);
#else
            if                          /* no barrier orders the two */
            :: let_go(me); read_news(me)
            :: read_news(me); let_go(me)
            fi;
#endif
            atomic { me = after; after = NONE }
        :: else -> break
        od;
        me = NONE
    od
}

active proctype quiet() {
    timeout;
    assert(stopped && !interrupt && !scheduled);
    assert(head == NONE && queued == 0);        /* a call is forgotten */
    byte n = 1;
    do
    :: n <= OBJECTS ->
        assert(next[n] == NONE && !due[n]);
        assert(!unseen[n]);                     /* news that no run has read */
        n++
    :: else -> break
    od
}
