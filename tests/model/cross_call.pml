/* Calls from other CPUs: a stack that many push onto and the home CPU's drain takes whole.
 *
 * Modelled: CALLERS other CPUs make any of OBJECTS calls, any number of times, at any speed. A call
 * is claimed by an atomic change of its `next` from null; pushed by compare-and-swap of the stack's
 * head, with release; then the home CPU is sent an interrupt. Its top half schedules the one
 * continuation of that CPU (continuation_queue.pml; a flag here), and that drains: an exchange of
 * the head with acquire, the list turned round, and of each call `next` read, cleared, and the
 * function run. Before it pushes, a caller stores news for the function; the run reads them.
 *
 * Memory is weak where barriers stand: a caller's store of news, and of the call's link, lands no
 * later than its next release or full barrier, but may otherwise come late; the drain's read of the
 * news may come before its clearing of `next` unless a barrier is between. The words that are
 * changed by atomic operations have one order that all agree on, as they have in any architecture.
 *
 * Why a full barrier before the claim and one behind the clearing of `next`: a claim that fails
 * stores nothing, so a release would order nothing. "Store news, look at next" against "clear next,
 * look at the news" is the pattern in which both may look too early.
 *
 * Shown: one run a successful push; runs in the order of the pushes; nothing is queued twice or left
 * behind; news are read by a run that starts later, also when the push was told that the call is
 * queued already.
 *
 * Not modelled: pushes by the home CPU itself; the exclusive pair's spurious failures; the acquire of
 * the exchange (all that the drain reads before its barrier it reaches through the address that the
 * exchange returned). No bound on the number of pushes. Each seeded bug is a macro, BUG_*.
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
bool stopped;                   /* nobody begins to call any more */

/* What must hold, kept beside the code. */
bool due[OBJECTS + 1];          /* pushed, and the run has not started */
bool unseen[OBJECTS + 1];       /* news in memory that no run has read */
byte order[OBJECTS];
byte queued;

inline land(me, news) {
    atomic { unseen[me] = true; news = false }
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

inline push(me, old, won, news) {
    news = true;
#ifdef BUG_CLAIM_WITHOUT_BARRIER
    may_land(me, news);
#else
    must_land(me, news);
#endif
#ifdef BUG_CLAIM_IN_TWO_STEPS
    if
    :: next[me] != NONE -> won = false
    :: else -> next[me] = LAST; won = true
    fi;
#else
    atomic {
        won = next[me] == NONE;
        if
        :: won -> next[me] = LAST
        :: else
        fi
    }
#endif
    if
    :: won ->
        do
        :: old = head;
#ifndef BUG_RELEASE_MISSING
            next[me] = (old == NONE -> LAST : old);
            must_land(me, news);
#endif
#ifdef BUG_INTERRUPT_BEFORE_PUSH
            interrupt = true;
#endif
            atomic {
                if
#ifdef BUG_PUSH_BY_STORE
                :: true ->
#else
                :: head == old ->
#endif
                    head = me;
                    assert(!due[me]);           /* queued twice */
                    due[me] = true;
                    assert(queued < OBJECTS);
                    order[queued] = me;
                    queued++;
                    break
                :: else
                fi
            }
        od;
#ifdef BUG_RELEASE_MISSING
        next[me] = (old == NONE -> LAST : old);
#endif
#ifndef BUG_INTERRUPT_BEFORE_PUSH
        interrupt = true
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
        push(me, old, won, news)
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
    unseen[me] = false
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
#ifdef BUG_DRAIN_WITHOUT_BARRIER
            if
            :: read_news(me); let_go(me)
            :: let_go(me); read_news(me)
            fi;
#else
            let_go(me);
            read_news(me);
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
