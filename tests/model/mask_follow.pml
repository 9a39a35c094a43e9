/* A line's mask follows its reasons (follow() in arch/dev/line_masks.hpp), with two CPUs at it.
 *
 * One CPU, the line's home, remembers and replays it; another disables and enables it. Each reason
 * is changed in one step; the mask at the controller is written for what was read before, later.
 * Shown: when both are done the line is masked if and only if there is a reason; and no top half
 * begins after a disable. Seeded bug: NOT_LOOKED_AT, the mask is written once and not looked at
 * again.
 */
bool disabled, remembered;      /* the reasons */
bool masked;                    /* at the controller */
byte done;

inline follow(seen) {
    do
    :: seen = disabled;         /* two loads: the reasons lie in two words */
        seen = seen || remembered;
        masked = seen;
#ifdef BUG_NOT_LOOKED_AT
        break
#else
        if
        :: disabled -> if :: seen -> break :: else fi
        :: else ->
            if
            :: remembered == seen -> break
            :: else
            fi
        fi
#endif
    od
}

active proctype home() {
    bool seen;
    do
    :: remembered = true; follow(seen)          /* entry */
    :: remembered = false; follow(seen)         /* replay */
    :: break
    od;
    remembered = false;
    follow(seen);
    done++
}

active proctype other() {
    bool seen;
    do
    :: disabled = true; follow(seen)
    :: disabled = false; follow(seen)
    :: break
    od;
    done++
}

active proctype quiet() {
    done == 2;
    assert(masked == (disabled || remembered))  /* mask and reasons differ */
}
