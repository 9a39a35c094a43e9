#!/usr/bin/env python3
"""Traces of the image trace.elf, judged.

    check.py --board B --images DIR scenario NAME  well formed, with all that it should show
    check.py --board B --images DIR alike NAME      recording changes no order
    check.py --board B --images DIR worst NAME  the kept trace is the worst sample's
    check.py --board B --images DIR row row:R  the same of a row of the benchmark
    check.py --board B --images DIR above NAME  a threshold stops at the first sample above it
    check.py --board B --images DIR absent  the release image has nothing of it
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "qemu"), str(ROOT / "tests" / "trace")]

import elf  # noqa: E402
import format as trace_format  # noqa: E402
import say  # noqa: E402
import trace  # noqa: E402
import trace_events  # noqa: E402

# What a scenario's picture must have: arrows by name, and slices that begin so, and how often.
SHOWS = {
    "interrupt": ({"continuation": 3, "wake": 4}, {"line 200 probe": 3, "continue_and_wake": 3}),
    "contention": ({"wake": 2}, {"waits for shared": 1}),
    "read-write": ({"wake": 4}, {"waits for table": 3}),
    "held-off": ({}, {"held off in held_off": 2, "line 201 probe": 2, "line 202 probe": 2}),
    "across": ({"ipi": 6, "wake": 6}, {"line 0 call": 6}),
}
# All that becomes of a lock there, in this order.
LOCKS = {
    "contention": ("shared", "acquire contend release acquire release"),
    # The reader; the writer, who gives up; it is let in; it is now the writer; the other one reads.
    "read-write": ("table", "acquire contend gave_up contend release acquire release "
                            "acquire contend release acquire release"),
}
# What lies between a sample's beginning and its end; the top half's first statement comes after
# irq_enter, whose time is that of its being noted.
WITHIN = {"row:irq_to_handler": ("irq_enter",),
          "row:irq_to_bottom_half": ("irq_enter", "schedule", "irq_exit", "run", "begin"),
          "row:irq_to_thread": ("irq_enter", "schedule", "irq_exit", "begin", "wake", "end", "run")}


def check_scenario(board, images, name):
    recorded = trace.record(board, images, name)
    picture = trace_events.chrome(recorded)
    yield from trace_format.complaints(json.dumps(picture))
    events = picture["traceEvents"]
    arrows, slices = SHOWS[name]
    for wanted, phase in ((arrows, "s"), (slices, "B")):
        for what, least in wanted.items():
            seen = sum(one["ph"] == phase and one["name"] == what for one in events)
            if seen < least:
                yield f"{name}: '{what}' comes {seen} times, not {least}"
    lock, wanted = LOCKS.get(name, (None, ""))
    seen = [one.kind for one in recorded.events if one.name == lock]
    if seen != wanted.split():
        yield f"{name}: of the lock '{lock}' there are {' '.join(seen)}"


def check_alike(board, images, name):
    on, off = (trace.record(board, images, name, on=on) for on in (True, False))
    if not on.order or on.order != off.order:
        yield f"{name}: it went {on.order!r} recorded, and {off.order!r} not"
    if not on.events or off.events:
        yield f"{name}: {len(on.events)} events recorded, and {len(off.events)} when off"


def check_row(board, images, name):
    """Of a row that measures from an interrupt's deadline on."""
    yield from check_worst(board, images, name, WITHIN[name])


def check_worst(board, images, name, kinds=("let_in", "spl")):
    recorded = trace.record(board, images, name)
    samples = [event for event in recorded.events if event.kind == "sample"]
    last = recorded.events[-1]
    if last.kind != "sample" or last.b - last.a != recorded.kept.ticks:
        yield f"the trace ends with {last}, not with the worst sample, {recorded.kept}"
    if any(one.b - one.a >= last.b - last.a for one in samples[:-1]):
        yield "an earlier sample of the trace is as bad: it is not the worst one's"
    within = [event.kind for event in recorded.events if last.a <= event.time <= last.b]
    if not set(kinds) <= set(within):
        yield f"within the worst sample there are only {within}"


def check_above(board, images, name):
    """Half as long as the worst is another sample's threshold; one tick less is its own."""
    worst = trace.record(board, images, name).kept
    for above in (worst.ticks // 2, worst.ticks - 1):
        recorded = trace.record(board, images, name, above=above)
        if not recorded.events:
            yield f"above {above}: nothing is recorded, but {recorded.kept}"
            continue
        kept, last = recorded.kept, recorded.events[-1]
        ticks = [one.b - one.a for one in recorded.events if one.kind == "sample"]
        if last.kind != "sample" or ticks[-1] != kept.ticks or kept.ticks <= above:
            yield f"above {above}: the trace ends with {last}, and is said to be of {kept}"
        if any(one > above for one in ticks[:-1]):
            yield f"above {above}: an earlier sample was above, too: {ticks}"
        # So short a run is in the ring from its first sample on.
        if not kept.sample == kept.of == len(ticks):
            yield f"above {above}: {kept}, and the trace has {len(ticks)} samples"
    if (recorded.kept.sample, recorded.kept.ticks) != (worst.sample, worst.ticks):
        yield f"above {above}: it stopped at {recorded.kept}, not at the worst, {worst}"
    none = trace.record(board, images, name, above=worst.ticks)
    if none.events or none.kept != worst:
        yield f"none is above {worst}, but there are {len(none.events)} events of {none.kept}"


def check_absent(_, images):
    for name, wanted in (("pivot.elf", False), ("bench.elf", False), ("trace.elf", True)):
        names = {symbol.name for symbol in elf.read(images / name).symbols}
        traces = sorted(n for n in names if "EventTrace" in n or "pivot_trace" in n)
        if bool(traces) != wanted:
            yield f"{name}: {', '.join(traces) or 'nothing of the trace'}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--images", required=True, type=Path)
    parser.add_argument("what", choices=("scenario", "alike", "worst", "row", "above", "absent"))
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    check = globals()[f"check_{args.what}"]
    try:
        found = list(check(args.board, args.images, *args.names))
    except (say.Failure, elf.ElfError) as failure:
        found = [str(failure)]
    print(*(found or ["as it should be"]), sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
