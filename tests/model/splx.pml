/* splraise and splx against interrupts at every step, on one CPU.
 *
 * Modelled, access for access: splraise, splx (spl/spl.hpp), pivot_attend, pivot_attend_pass and
 * lower_mask (intr/attend.cpp), and of arch/aarch64/vectors.S the entry with its lagging path
 * (catch_up), both exits, irq_thread_attention with irq_thread_lower, and irq_nested_attention.
 * The controller is a GIC with a priority mask and a running priority, one line at each hard
 * level. A device asks at any moment; a thread and the top halves raise and lower the SPL. Each
 * access of what an interrupt shares is a step, and an interrupt may come between any two while
 * PSTATE allows it. An interrupt is a process, one for each depth of nesting, that alone may move
 * until it returns.
 *
 * Shown: a line is never taken while the SPL holds it off; splx never leaves the controller's mask
 * above the SPL that it returns to; when all is quiet nothing is pending, marked or masked; a
 * bottom half runs only at SPL none.
 *
 * FRAMES interrupts nest at most: what a deeper one would do is not looked at. That they nest no
 * deeper is *not* so: an exit that has a mask to lower lets interrupts in with its frame still
 * there, and if the next one's top half, too, meets a higher line while it holds that off, the
 * same happens on top of it. With -DNEST_BOUNDED that is a violation; with -DSTAYS_MASKED as well,
 * where such an exit returns at once unless something else waits, there is none.
 *
 * Not modelled: several CPUs (an SPL is its CPU's own); the two soft levels between softclock and
 * softserial, which no line sees; what a bottom half does (a flag is its queue;
 * continuation_queue.pml); thread switches. Masked stretches are single steps: within them only
 * the device moves, and what it does then is the same as if it had done it just before. No bound
 * on the number of interrupts or raises; the thread raises two deep, a top half once. TOP is the
 * highest level; three hard levels (TOP=4) take HARD_ONLY: no bottom halves, the thread raises
 * once. Each seeded bug is a macro, BUG_*.
 */
#ifndef TOP
#define TOP 3           /* the highest level; 2, the lowest hard one, is vm */
#endif

#define NONE 0
#define SOFT 1          /* softserial: holds off preemption and bottom halves */
#define VM 2
#ifndef FRAMES
#define FRAMES 3
#endif

/* A level stands for the set of levels that it holds off. The hard half of it is what the
 * controller must enforce. */
#define HARD(level) ((level) >= VM -> (level) : NONE)
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* PerCpu */
byte spl, hardware, mask;
byte attention;         /* a bit a level */
bool work;              /* the soft level's queue is not empty */

/* The controller. A line is given out if it is above both. */
byte priority_mask, running;
byte pending;           /* a bit a level */

/* The CPU */
bool masked;            /* PSTATE.I */
byte on_cpu;            /* 0: the thread; n: the n-th interrupt nested on it */
byte top_halves;        /* how many of those are on the interrupt stack */

#define BIT(level) (1 << (level))
#define ABOVE(set, level) ((set) >> ((level) + 1))
#define MARKED_ABOVE(level) ABOVE(attention, level)
#define HARD_MARKED ABOVE(attention, SOFT)
#define SIGNALLED ABOVE(pending, MAX(priority_mask, running))

#ifdef NEST_BOUNDED
#define CAN_NEST true
#else
#define CAN_NEST (on_cpu < FRAMES)
#endif

inline highest(set, result) {
    result = TOP;
    do
    :: result > NONE && !(set & BIT(result)) -> result--
    :: else -> break
    od
}

/* What the controller gives out, or NONE (INTID 1023). */
inline acknowledge(result) {
    highest(pending, result);
    if
    :: result > MAX(priority_mask, running) ->
        pending = pending & ~BIT(result);
        running = result
    :: else -> result = NONE
    fi
}

/* arch/aarch64/switch.S, on a queue that is a flag: clears the mark before it looks a last time. */
inline run_bottom_half() {
    do
    :: spl = SOFT;
        work = false;
        attention = attention & ~BIT(SOFT);
        if
        :: work
        :: else -> break
        fi
    od
}

/* intr/attend.cpp */
inline lower_mask(held) {
    priority_mask = HARD(held);
    mask = held;
    hardware = held;
#ifndef BUG_MASKED_UNMARKED
    if
    :: HARD(held) != NONE -> attention = attention | BIT(held)
    :: else
    fi
#endif
}

inline attend_soft(held) {
    if
    :: work ->
        assert(held == NONE);           /* a bottom half runs over a raised SPL */
        run_bottom_half();
        spl = MAX(held, SOFT)
    :: else
    fi
}

inline attend_pass(held, level) {
    do
    :: d_step { MARKED_ABOVE(held) -> highest(attention, level) }
#ifndef BUG_UNMARK_AFTER
        attention = attention & ~BIT(level);
#endif
        if
        :: level == SOFT -> attend_soft(held)
        :: level != SOFT && HARD(mask) > HARD(held) -> lower_mask(held)
        :: else
        fi
#ifdef BUG_UNMARK_AFTER
        attention = attention & ~BIT(level)
#endif
    :: else -> break
    od
}

inline attend(held, level) {
    do
    :: spl = MAX(held, SOFT);
        attend_pass(held, level);
        spl = held;
        if
        :: MARKED_ABOVE(held)
        :: else -> break
        fi
    od
}

/* spl/spl.hpp */
inline splraise(to, old) {
    old = spl;
    spl = MAX(old, to)
}

inline splx(old, level) {
#ifdef BUG_SPLX_RACE
    if
    :: MARKED_ABOVE(old) -> attend(old, level)
    :: else -> spl = old
    fi;
#else
    spl = old;
    if
    :: MARKED_ABOVE(old) -> attend(old, level)
    :: else
    fi;
#endif
    assert(priority_mask <= MAX(HARD(old), running))    /* splx leaves a line masked */
}

inline choose(level, above) {
    level = above + 1;
    do
    :: level < TOP -> level++
    :: break
    od
}

/* An interrupt, from the vector to ERET. */
active [FRAMES + 1] proctype interrupt()      /* the first processes: 0 is the first frame */
    provided (on_cpu == _pid + 1 || (on_cpu == _pid && CAN_NEST && !masked && SIGNALLED)) {
    byte line, saved_spl, saved_running, level, old;
    bool lagging;
end:
    do
    :: d_step {             /* entry: masked until the line's level is in force */
            SIGNALLED && !masked && on_cpu == _pid ->
            masked = true;
            on_cpu = _pid + 1;
#ifdef NEST_BOUNDED
            assert(on_cpu <= FRAMES);       /* frames pile up */
#endif
            saved_spl = spl;
            saved_running = running;
            lagging = HARD(spl) != HARD(hardware);
            if
            :: lagging ->
                priority_mask = HARD(spl);
                hardware = spl;
                mask = spl;
                if
                :: HARD(spl) != NONE ->
#ifndef BUG_HELD_OFF_UNMARKED
                    attention = attention | BIT(spl)
#else
                    skip
#endif
                :: else
                fi
            :: else
            fi;
            acknowledge(line);
            assert(line != NONE || lagging);    /* taken for nothing */
            lagging = false;
            if
            :: line != NONE ->
                assert(line > saved_spl);       /* a line is taken that the SPL holds off */
                spl = line;
                hardware = line;
                top_halves++;
                masked = false
            :: else
            fi
        }
        if
        :: line == NONE -> goto leave
        :: else
        fi;

        /* The top half: leaves work for the bottom half, or raises the SPL for a while. */
        if
#ifndef HARD_ONLY
        :: atomic { work = true; attention = attention | BIT(SOFT) }
#endif
        :: line < TOP ->
            atomic { choose(line, line) }
            splraise(line, old);
            splx(old, level)
        :: skip
        fi;

        d_step {            /* masked again; the priority drop; the SPL as it was */
            masked = true;
            top_halves--;
            running = saved_running;
            spl = saved_spl;
            hardware = saved_spl;
            line = 0; level = 0; old = 0
        }
        if
        :: top_halves > 0 ->        /* masked all the way */
            atomic {
                if
                :: MARKED_ABOVE(saved_spl) ->
                    attend_pass(saved_spl, level);
                    spl = saved_spl;
                    hardware = saved_spl
                :: else
                fi
            }
        :: else ->          /* irq_thread_attention */
            do
            :: !MARKED_ABOVE(saved_spl) -> break
            :: MARKED_ABOVE(saved_spl) && saved_spl == NONE && !HARD_MARKED && work ->
                atomic { spl = SOFT; masked = false }   /* the straight way */
                run_bottom_half();
                atomic { masked = true; spl = saved_spl }
            :: MARKED_ABOVE(saved_spl) && !(saved_spl == NONE && !HARD_MARKED && work) ->
                d_step {
                    highest(attention, level);
                    if
                    :: level > MAX(saved_spl, SOFT) ->      /* irq_thread_lower */
                        priority_mask = HARD(saved_spl);
                        hardware = saved_spl;
                        mask = saved_spl;
                        attention = attention & (BIT(MAX(saved_spl, SOFT) + 1) - 1);
                        if
                        :: HARD(saved_spl) != NONE -> attention = attention | BIT(saved_spl)
                        :: else
                        fi
                    :: else
                    fi;
                    level = 0;
                    if
#ifdef STAYS_MASKED
                    :: !MARKED_ABOVE(saved_spl)     /* only the mask was to lower: stay masked */
#endif
                    :: else -> spl = MAX(saved_spl, SOFT); masked = false
                    fi
                }
                if
                :: masked -> break
                :: else
                fi;
                attend_pass(saved_spl, level);
                atomic { masked = true; spl = saved_spl }
            od
        fi;
leave:
        atomic {
            saved_spl = 0; saved_running = 0; level = 0;
            masked = false;             /* ERET; the last step, for it gives the CPU away */
            on_cpu--
        }
    od
}

active proctype thread() provided (on_cpu == 0) {
    byte outer, inner, to, level;
    do
    :: atomic { choose(to, NONE) }
        splraise(to, outer);
        assert(outer == NONE);
        if
#ifndef HARD_ONLY
        :: to < TOP ->
            atomic { choose(to, to) }
            splraise(to, inner);
            splx(inner, level)
#endif
        :: skip
        fi;
        splx(outer, level);
        d_step { outer = 0; inner = 0; to = 0; level = 0 }
    :: break
    od
}

active proctype device() {
    byte line;
    do
    :: atomic { choose(line, SOFT); pending = pending | BIT(line); line = 0 }
    :: break
    od
}

active proctype quiet() {
    timeout;                /* thread and device have stopped, and nothing can come any more */
    assert(on_cpu == 0 && !masked);
    assert(spl == NONE && running == NONE);
    assert(priority_mask == NONE);      /* the mask was not restored */
    assert(attention == 0);             /* a mark that nobody attends to */
    assert(pending == 0);               /* a line is left pending with SPL none */
    assert(!work)                       /* a bottom half was forgotten */
}
