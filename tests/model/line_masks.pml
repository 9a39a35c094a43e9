/* splraise and splx on a controller without priorities, on one CPU: mask, remember, replay.
 *
 * Modelled, access for access: splraise, splx (spl/spl.hpp), attend and lower_mask
 * (intr/attend.cpp), take, replay_above and deactivate (arch/dev/line_masks.hpp), and an exit that
 * replays before it lets interrupts in. One line at each of two hard levels, which asks at any
 * moment, and withdraws what it asked; a soft level that holds off neither; a thread and the top
 * halves raise and lower the SPL. An interrupt may come between any two steps while it is let in.
 *
 * Shown: a line is never taken while the SPL holds it off, nor while a higher one waits; none is
 * taken that does not ask; when all is quiet nothing is asked, remembered, masked or marked; no
 * more than FRAMES frames lie on each other.
 *
 * Not modelled: other CPUs, which enable, disable and move lines (mask_follow.pml); requests that
 * are made by software. Entry and exit are single steps, for interrupts are masked in them. Each
 * seeded bug is a macro, BUG_*. The order of the replay is none of them: lowest first does no harm,
 * because entry unmasks all that is above the SPL before it looks (without: STRAIGHT_TO_THE_LOOK).
 */
#define NONE 0
#define SOFT 1
#define VM 2
#define TOP 3
#define FRAMES 3        /* one a hard level, and one that finds everything held off */

#define HARD(level) ((level) >= VM -> (level) : NONE)
#define MAX(a, b) ((a) > (b) -> (a) : (b))
#define BIT(level) (1 << (level))
#define ABOVE(set, level) ((set) >> ((level) + 1) << ((level) + 1))

byte spl, mask, attention;      /* PerCpu */
byte remembered, running;        /* the reasons, a bit a line */
byte masked = 0;                /* the controller: masks, */
byte asks;                      /* and what asks */
bool disabled;                  /* PSTATE.I */
byte on_cpu;

#define SIGNALLED (asks & ~masked)

inline highest(set, result) {
    result = TOP;
    do
    :: result > NONE && !((set) & BIT(result)) -> result--
    :: else -> break
    od
}

/* The mask follows the reasons. */
inline follow(lines) {
    masked = (masked & ~(lines)) | ((remembered | running) & (lines))
}

inline note(held) {
    mask = held;
    if
    :: HARD(held) != NONE -> attention = attention | BIT(held)
    :: else
    fi
}

/* Highest first, a line at a time; interrupts may come in between. */
inline replay_above(held, rank) {
    rank = TOP;
    do
    :: rank > MAX(HARD(held), SOFT) ->
        if
        :: remembered & BIT(rank) ->
            remembered = remembered & ~BIT(rank);
#ifdef BUG_FORGOTTEN
            if
            :: rank == TOP -> follow(BIT(rank))
            :: else
            fi
#else
            follow(BIT(rank))
#endif
        :: else
        fi;
        rank--
    :: else -> break
    od;
    rank = 0
}

/* intr/attend.cpp; the soft level has nothing to do. */
inline attend(held, level) {
    do
    :: spl = MAX(held, SOFT);
        do
        :: atomic { ABOVE(attention, held) -> highest(attention, level) }
            attention = attention & ~BIT(level);
            if
            :: HARD(mask) > HARD(held) ->
                replay_above(held, level);
                note(held)
            :: else
            fi
        :: else -> break
        od;
        spl = held;
        if
        :: ABOVE(attention, held)
        :: else -> break
        fi
    od
}

inline splx(old, level) {
    spl = old;
    if
    :: ABOVE(attention, old) -> attend(old, level)
    :: else
    fi
}

inline choose(level, above) {
    level = above + 1;
    do
    :: level < TOP -> level++
    :: break
    od
}

active [FRAMES + 1] proctype interrupt()
    provided (on_cpu == _pid + 1 || (on_cpu == _pid && !disabled && SIGNALLED)) {
    byte line, saved, level, old;
end:
    do
    :: atomic {         /* entry: take() */
            SIGNALLED && !disabled && on_cpu == _pid ->
            on_cpu = _pid + 1;
            assert(on_cpu <= FRAMES);           /* frames pile up */
            saved = spl;
#ifndef BUG_STRAIGHT_TO_THE_LOOK
            if
            :: HARD(mask) > HARD(spl) ->
                level = (spl == VM -> BIT(TOP) : BIT(VM) | BIT(TOP));
                remembered = remembered & ~level;
                follow(level);
                note(spl)
            :: else
            fi;
#endif
            level = SIGNALLED;
            highest(level, line);
            if
            :: line > HARD(spl) ->
                assert(asks & BIT(line));       /* taken for nothing */
                assert(line > saved);           /* a line is taken that the SPL holds off */
                assert(!ABOVE(asks & ~running, line));   /* a higher line has to wait */
                running = running | BIT(line);
                follow(BIT(line));
                asks = asks & ~BIT(line);
                spl = line
            :: else -> line = NONE
            fi;
            level = asks & ~masked;             /* the rest is held off now */
            if
            :: level ->
                remembered = remembered | level;
                follow(level);
#ifndef BUG_UNMARKED
                note(spl)
#endif
            :: else
            fi;
            level = 0
        }
        if
        :: line == NONE -> goto leave
        :: else
        fi;

        if              /* the top half */
        :: line < TOP ->
            atomic { choose(level, line); old = spl; spl = level; level = 0 }
            splx(old, level)
        :: skip
        fi;

        atomic {        /* exit, to its end without interrupts: deactivate, replay */
            disabled = true;
            running = running & ~BIT(line);
            follow(BIT(line));
            spl = saved;
#ifdef BUG_EXIT_LETS_IN
            disabled = false
        }
        if
        :: ABOVE(attention, saved) -> attend(saved, level)
        :: else
        fi;
        atomic {
            skip
#else
            if
            :: ABOVE(attention, saved) -> attend(saved, level)
            :: else
            fi
#endif
        }
leave:
        atomic { line = 0; saved = 0; level = 0; old = 0; disabled = false; on_cpu-- }
    od
}

active proctype thread() provided (on_cpu == 0) {
    byte outer, inner, to, level;
    do
    :: atomic { choose(to, NONE); outer = spl }
        spl = to;
        if
        :: to < TOP ->
            atomic { choose(level, to); inner = spl }
            spl = level;
            level = 0;
            splx(inner, level)
        :: skip
        fi;
        splx(outer, level);
        atomic { outer = 0; inner = 0; to = 0; level = 0 }
    :: break
    od
}

active proctype device() {
    do
    :: asks = asks | BIT(VM)
    :: asks = asks | BIT(TOP)
    :: asks = asks & ~BIT(VM)
    :: break
    od
}

active proctype quiet() {
    timeout;
    assert(on_cpu == 0 && !disabled && spl == NONE);
    assert(asks == 0);                  /* a line asks with SPL none */
    assert(masked == 0 && remembered == 0 && running == 0);      /* a line stays masked */
    assert(HARD(mask) == NONE && attention == 0)        /* a mark that nobody attends to */
}
