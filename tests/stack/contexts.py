"""The contexts in which the kernel runs, each with its stack and the most that it can use of it."""

import re
from dataclasses import dataclass

import rules
from depth import EMPTY, Walk


@dataclass(frozen=True)
class Use:
    context: str
    stack: str
    size: int
    bytes: int
    parts: tuple         # (what, Path)

    def fits(self):
        return self.bytes <= self.size


def calls_thread(function):
    """Whether this is what every thread begins with, which calls its own function."""
    pointers = map(rules.pointer_at, function.indirect)
    return any(pointer is not None and rules.THREAD in pointer.to for pointer in pointers)


def level_of(function):
    """What a top half nests with; one that does not say so nests with all others."""
    found = re.search(rules.LEVEL, function.words)
    if re.search(rules.STOP, function.words):
        return "stop"
    return found[1] if found else function.name()


class Contexts:
    def __init__(self, graph, constants):
        self.graph, self.constants, self.faults = graph, constants, set()
        report = self._walk(polled=True)
        ends = {"panics": report, "words": self._walk(polled=True, panics=report)}
        self._usual = self._walk()
        self._panicking = self._walk(**ends)
        never = rules.NEVER_IN_A_TOP_HALF
        self._top = self._walk(never=never)
        self._top_panicking = self._walk(never=never, **ends)
        self._report = report
        self.interruption = self._interruption()

    def _walk(self, **how):
        return Walk(self.graph, self.constants, self.faults, **how)

    def uses(self):
        """All of them; what cannot be told is in `faults` afterwards."""
        self._check_entries()
        return [*self._boot(), *self._threads(), self._bottom_halves(), self._interrupts(),
                *self._fault_reports()]

    def _check_entries(self):
        known = {name for names in rules.ENTRIES.values() for name in names}
        for name in sorted(self.graph.from_assembly):
            if name in self.graph.functions and name not in known:
                self.faults.add(f"{name} is called from assembly, in which context is to be said "
                                "in tests/stack/rules.py")

    def _entries(self, context):
        return rules.entries(self.graph, context)

    def _stack(self, pattern):
        found = sorted((size, name) for name, (_, size) in self.graph.stacks.items()
                       if re.search(pattern, name))
        if not found:
            self.faults.add(f"no stack is named {pattern}")
            return "?", 0
        return found[0][1], found[0][0]

    def _interruption(self):
        """The most that interrupts add to a thread's stack: the frame and exit's pass over what
        waits, during which one more may come. That one finds the soft levels covered, and a third
        would have to find a line that the second one's pass held off, which it does not."""
        frame = self.constants["FRAME_SIZE"]
        first = self._usual.of_all(self._entries("interrupt exit"))
        # The straight way into a bottom half leaves a SwitchFrame instead.
        first = max(first, self._usual.switch("straight"), key=lambda path: path.bytes)
        second = self._top.of_all(self._entries("interrupt exit"))
        return second.under("InterruptFrame", frame).bytes + \
            first.under("InterruptFrame", frame).bytes

    def _on_a_thread(self, context, stack, size, roots, base=EMPTY):
        usual, panicking = self._usual.of_all(roots), self._panicking.of_all(roots)
        # A panic masks interrupts; but it may be the pass of one that panics.
        late = (usual.bytes + self.constants["FRAME_SIZE"]
                + self._panicking.of_all(self._entries("interrupt exit")).bytes)
        most = base.bytes + max(usual.bytes + self.interruption, panicking.bytes, late)
        return Use(context, stack, size, most,
                   (("deepest", usual), ("ending in a panic", panicking)))

    def _boot(self):
        """Before the MMU is on: interrupts masked, on a stack that start.S reserves."""
        sizes = [size for (_, name), size in self.graph.sections.items()
                 if name == ".bss.boot_stack"]
        roots = self._entries("boot")
        if sizes and roots:
            path = self._usual.of_all(roots)
            # start.S keeps two registers there.
            yield Use("boot, MMU off", ".bss.boot_stack", sizes[0], path.bytes + 16,
                      (("deepest", path),))

    def _threads(self):
        yield self._on_a_thread("thread main", *self._stack("boot_thread_stack"),
                                self._entries("main"))
        # What a CPU that did not boot begins with becomes its idle thread.
        yield self._on_a_thread("thread idle, from the CPU's start", *self._stack("idle_stack"),
                                self._entries("idle"))
        starts = [f for f in self.graph.functions.values() if calls_thread(f)]
        head = max((f.frame for f in starts), default=0)
        for function in sorted(self.graph.matching(rules.THREAD_FUNCTION), key=lambda f: f.name()):
            stacks = sorted((size, name) for name, (source, size) in self.graph.stacks.items()
                            if source == function.source)
            if not stacks:
                self.faults.add(f"no stack is defined in {function.source}, beside the thread's "
                                f"function {function.name()}")
                continue
            name = re.sub(r".*<(.*)>", r"\1", function.name())
            yield self._on_a_thread(f"thread {name}", stacks[0][1], stacks[0][0], [function],
                                    EMPTY.under("before", head))
        if starts:
            # Any thread; so the smallest stack that one can have.
            yield self._on_a_thread("any thread, as it begins and ends",
                                    *self._stack("idle_stack"), starts)

    def _bottom_halves(self):
        """A continuation does not say of which level it is, so each level gets the deepest."""
        roots = self.graph.matching(rules.CONTINUATION) + self._entries("bottom half")
        # Among their paths is a switch: more than the drain loop's own ways out can need.
        return self._on_a_thread("bottom half, each level",
                                 *self._stack(rules.BOTTOM_HALF_STACKS), roots)

    def _interrupts(self):
        """One top half of each level, nested, the stop of another CPU's panic above them all; and
        one of them panics, the one that costs most. The first frame lies on a thread's stack."""
        frame, levels = self.constants["FRAME_SIZE"], {}
        watched = self.graph.matching(rules.WATCHED)
        for function in self.graph.matching(rules.TOP_HALF):
            if function not in watched:
                levels.setdefault(level_of(function), []).append(function)
        head = max((f.frame for f in watched), default=0) + rules.HOLDING
        exits = self._entries("interrupt exit")
        total, worse, parts = -frame, 0, []
        for level, functions in sorted(levels.items()):
            usual = self._top.of_all(functions + watched + exits)
            panicking = self._top_panicking.of_all(functions + watched + exits)
            total += usual.bytes + head + frame
            worse = max(worse, panicking.bytes - usual.bytes)
            parts += [(f"level {level}", usual), (f"level {level}, ending in a panic", panicking)]
        name, size = self._stack("interrupt_stack")
        return Use(f"top halves: {' + '.join(sorted(levels))}", name, size, total + worse,
                   tuple(parts))

    def _fault_reports(self):
        """A fault's report starts where the interrupt stack leaves REPORT_BYTES, or else on the
        emergency stack (vectors.S)."""
        path = self._report.of_all(self._entries("fault"))
        path = path.under("TrapFrame", self.constants["FAULT_SIZE"])
        yield Use("report of a fault", "REPORT_BYTES", self.constants["REPORT_BYTES"], path.bytes,
                  (("deepest", path),))
        name, size = self._stack("emergency_stack")
        yield Use("report of a fault", name, size, path.bytes, (("deepest", path),))
