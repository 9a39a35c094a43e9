"""The argument's report: a table for people, JSON for programs, and what the numbers say in words.

What is modelled and what the rivals' rows mean: docs/argument.md.
"""

import json

from report import columns

MODELS = {
    "a": "pivot: the top half serves the device, a continuation takes the driver's lock",
    "a2": "pivot, unstructured: the top half takes the driver's lock, or defers",
    "b": "interrupt thread: woken by every interrupt, takes the lock, serves the device under it",
    "c": "borrowed stack: as b, in the bottom half that interrupt exit enters; blocks in place",
    "b+": "as b, but structured as a is: no lock for the device, a second thread hands on",
    "c+": "as c, structured likewise: a continuation of the level below hands on",
}
SCENARIOS = {
    "idle": "the CPU idles; nobody has the lock",
    "free": "a thread computes; nobody has the lock",
    "elsewhere": "the lock is held by a thread that computes on another CPU (the 2 take turns)",
    "preempted": "held by a thread that a thread of higher priority has preempted, in between",
    "sleeps": "held by a thread that sleeps, as for I/O; the CPU idles",
    "nested": "two top halves of other lines are on the stack, 2,000 and 2,000 instructions to go",
    "crowd": "as free, and 1,000 other threads are ready",
}
# By shift of QEMU's -icount: 2**shift ns an instruction.
MIPS = {0: "1000", 3: "125", 4: "62.5"}

# Operations that one switch into another address space adds, (fewest, most). *Modelled*: counted
# from the manuals' procedures, executed by nobody here.
#   ARM926EJ-S, 16 KiB caches of 32-byte lines (TRM, DDI 0198: 2.3 "Register c7", 4.1): test, clean
#   and invalidate DCache, once at least and once for each dirty line (512 at most, and the last
#   look); drain the write buffer; invalidate the ICache; write TTBR; invalidate the TLB.
#   Cortex-A53: caches are tagged physically and the TLB by ASID, so write TTBR0_EL1 with the new
#   ASID, and ISB (Arm ARM, "Address space identifiers").
MAINTENANCE = {"arm926": (1 + 4, 513 + 4), "a53": (2, 2)}

# Measured elsewhere in the same way (BENCH: null, irq_to_handler, irq_to_thread), instructions.
RIVALS = (
    ("line -> handler's first statement", "a, free", {"FreeRTOS": 30, "ThreadX": 44}),
    ("line -> thread's first statement", "b, free", {"FreeRTOS": 358, "ThreadX": 197}),
)


def maintenance(switches):
    """{machine: (fewest, most)} operations, if each of these switches changes the address space."""
    return {machine: tuple(ops * switches for ops in each)
            for machine, each in MAINTENANCE.items()}


def in_order(served):
    """By scenario, then by model, as the tables above have them."""
    names, models = list(SCENARIOS), list(MODELS)
    return sorted(served, key=lambda s: (names.index(s["scenario"]), models.index(s["model"])))


def between(pair):
    return str(pair[0]) if pair[0] == pair[1] else f"{pair[0]}-{pair[1]}"


def latency_table(result):
    counted = any("work" in one for one in result["served"])
    head = ["scenario", "", "min", "median", "p99", "max", "handed on", "max"]
    if counted:
        head += ["instr.", "switches", "stack sw.", "saved", "ARM926 ops", "A53 ops"]
    lines = [head]
    for one in in_order(result["served"]):
        cells = [one["scenario"], one["model"], one["min"], one["median"], one["p99"], one["max"],
                 one["handed_median"], one["handed_max"]]
        if counted:
            served, over = one["work"]["served"], one["work"]["over"]
            pairs = [f"{served[key]}/{over[key]}"
                     for key in ("instructions", "switches", "stack_switches", "saved")]
            cells += [*pairs, between(one["modelled"]["arm926"]), between(one["modelled"]["a53"])]
        lines.append(cells)
    yield from columns(lines, left=(0, 1))
    if counted:
        yield "  x/y: until the device is served / until the interrupted code goes on; without the"
        yield "  loops in which others compute; saved: bytes of registers stored on stacks"
        yield "  ARM926 ops, A53 ops: *modelled*: cache, TLB and address space operations until the"
        yield "  device is served, if each thread has an address space of its own"


def lost(one):
    return one["overrun"] + one["ring_full"]


# What the lock's owner and its preemptor compute in a round (tests/bench/argue_load.hpp).
ROUND = 60_000


def shown(one, milliseconds):
    """A star: the interrupts left less than a tenth of the CPU to the threads below them."""
    had = one["rounds"] * ROUND * 2 ** one["shift"]
    return f"{lost(one)}{'*' if 10 * had < milliseconds * 1_000_000 else ' '}"


def cells_of(losses):
    """{(shift, fifo, baud): {model: loss}}, fastest CPU first."""
    table = {}
    for one in losses:
        table.setdefault((one["shift"], one["fifo"], one["baud"]), {})[one["model"]] = one
    return dict(sorted(table.items()))


def loss_table(result):
    table = cells_of(result["losses"])
    models = [m for m in MODELS if any(m in cell for cell in table.values())]
    lines = [["MIPS", "FIFO", "baud", "sent", *(f"{m} lost" for m in models)]]
    for (shift, fifo, baud), cell in table.items():
        sent = next(iter(cell.values()))["sent"]
        lines.append([MIPS[shift], fifo, baud, sent,
                      *(shown(cell[m], result["milliseconds"]) for m in models)])
    yield from columns(lines, left=())
    yield "  *: the lock's owner and its preemptor got less than a tenth of the CPU meanwhile"


def name_cell(shift, fifo, baud):
    return f"{baud} baud, FIFO {fifo}, {MIPS[shift]} MIPS"


def verdicts(result):
    """What was expected, and what the numbers say to it."""
    served = {(s["scenario"], s["model"]): s for s in result["served"]}
    free = {m: served["free", m]["median"] for m in ("a", "b", "c")}
    say = "equal" if len(set(free.values())) == 1 else "not equal"
    yield ("lock free: the models are " + say + ": "
           + ", ".join(f"{m} {ticks}" for m, ticks in free.items()))
    worst = {m: max(s["max"] for s in result["served"] if s["model"] == m) for m in free}
    yield "the worst of all scenarios: " + ", ".join(f"{m} {t}" for m, t in worst.items())
    table = cells_of(result["losses"])
    for model in MODELS:
        hit = [key for key, cell in table.items() if model in cell and lost(cell[model])]
        of = sum(model in cell for cell in table.values())
        if of:
            where = "" if not hit else ": " + (
                "; ".join(name_cell(*key) for key in hit) if len(hit) <= 3 else
                f"the lowest rate is {min(key[2] for key in hit)} baud")
            yield f"{model} loses bytes in {len(hit)} of {of} cases{where}"
    for (shift, fifo, baud), cell in table.items():
        for model, one in cell.items():
            if one["ring_full"]:
                yield (f"{model} at {name_cell(shift, fifo, baud)}: {one['ring_full']} of "
                       f"{lost(one)} were lost by the driver, whose ring was full")


def rivals(result):
    served = {(s["scenario"], s["model"]): s["median"] for s in result["served"]}
    lines = [["the same in kernels of the unified kind", "Pivot", "",
              *next(iter(RIVALS))[2]]]
    for what, ours, theirs in RIVALS:
        model, scenario = ours.split(", ")
        lines.append([what, served[scenario, model], f"({ours})", *theirs.values()])
    yield from columns(lines, left=(0, 2))
    yield ("  ours end with the device's first answer, the look at the modelled device included: "
           "about 13 later")


def text(result):
    yield (f"The argument on {result['board']}: {result['unit']} at 1000 MIPS, QEMU "
           f"{result['qemu']}, version {result['git']}")
    models = {one["model"] for one in result["served"]}
    for name, what in MODELS.items():
        if name in models:
            yield f"  {name:3} {what}"
    yield ""
    yield "From the line's assertion to the device being served, and to the byte being handed on"
    yield "under the driver's lock:"
    for name, what in SCENARIOS.items():
        yield f"  {name:10} {what}"
    yield ""
    yield from latency_table(result)
    yield ""
    yield from rivals(result)
    yield ""
    yield (f"Bytes lost of a stream of {result['milliseconds']} ms, while a thread of lower "
           "priority holds the")
    yield "driver's lock for 20,000 instructions of every 40,000 and is preempted meanwhile for"
    yield "20,000 more by a thread that does not want it:"
    yield ""
    yield from loss_table(result)
    yield ""
    yield "What the numbers say:"
    yield from (f"  {line}" for line in verdicts(result))


def as_json(result):
    return json.dumps(result, indent=2) + "\n"
