"""The deepest path from a function, over the call graph and the rules.

A function that is not known, a pointer that no rule explains, a frame without bound and a ring are
faults: they are collected in `faults`, and what could not be followed counts nothing.
"""

import re
from dataclasses import dataclass

import rules


@dataclass(frozen=True)
class Path:
    bytes: int
    functions: tuple     # outermost first: (name, its frame)

    def under(self, name, frame):
        return Path(self.bytes + frame, ((name, frame), *self.functions))


EMPTY = Path(0, ())


class Walk:
    """One way of looking at the graph.

    panics    what a path that ends in a panic counts: None (it does not), or the walk that
              measures the report
    words     the same of what says more before it panics
    polled    the console is the polled one
    never     the symbols that are not called in this context; None: there are none
    spent     indices of rules.REENTRIES that this path has already taken
    """

    def __init__(self, graph, constants, faults, *, panics=None, words=None, polled=False,
                 never=None, spent=frozenset()):
        self.graph, self.constants, self.faults = graph, constants, faults
        self.panics, self.words, self.polled = panics, words, polled
        self.never, self.spent = never, spent
        self._found = {}
        self._open = []
        self._again = {}

    def deepest(self, function):
        if function.key in self._found:
            return self._found[function.key]
        if function in self._open:
            ring = self._open[self._open.index(function):] + [function]
            self.faults.add("recursion: " + " -> ".join(f.name() for f in ring))
            return EMPTY
        if function.unbounded:
            self.faults.add(f"a frame without bound: {function.name()} ({function.source})")
        self._open.append(function)
        below = max(self._below(function), key=lambda path: path.bytes, default=EMPTY)
        self._open.pop()
        found = below.under(function.name(), function.frame)
        self._found[function.key] = found
        return found

    def switch(self, name):
        """What a switch puts on the stack that it leaves."""
        return self.traced_switch().under(name, self.constants["SWITCH_FRAME_SIZE"])

    def traced_switch(self):
        """Of that, the noting of who is current; nothing but in a traced kernel."""
        notes = rules.entries(self.graph, "switch")
        return self.of_all(notes).under("pivot_trace_switch", self.constants["TRACE_FRAME_SIZE"]) \
            if notes else EMPTY

    def of_all(self, functions):
        return max(map(self.deepest, functions), key=lambda path: path.bytes, default=EMPTY)

    def _below(self, function):
        for target, place in function.calls.items():
            if self.never and self.never.search(target):
                continue
            if target in rules.SWITCHES:
                yield self.switch(target)
                continue
            if target in rules.ASSEMBLY:
                continue
            callee = self.graph.find(target)
            if callee is None:
                self.faults.add(f"unknown function {target}, called at {place}")
            else:
                yield self._call(function, callee)
        for place in sorted(function.indirect):
            for callee in self._pointed_at(function, place):
                yield self._call(function, callee)

    def _call(self, caller, callee):
        if rules.is_panic(callee):
            return self.panics.deepest(callee) if self.panics else EMPTY
        if rules.is_last_words(callee):
            return self.words.deepest(callee) if self.words else EMPTY
        for index, again in enumerate(rules.REENTRIES):
            if re.search(again.caller, caller.words) and re.search(again.callee, callee.words):
                return EMPTY if index in self.spent else self._once_more(index).deepest(callee)
        return self.deepest(callee)

    def _once_more(self, index):
        if index not in self._again:
            self._again[index] = Walk(self.graph, self.constants, self.faults, panics=self.panics,
                                      words=self.words, polled=self.polled, never=self.never,
                                      spent=self.spent | {index})
        return self._again[index]

    def _named_by(self, pattern):
        if not isinstance(pattern, rules.Registered):
            return self.graph.matching(pattern)
        return [f for f in self.graph.registered(pattern.list) if re.search(pattern.words, f.words)]

    def _pointed_at(self, function, place):
        pointer = rules.pointer_at(place)
        if pointer is None:
            self.faults.add(f"a call through an unknown pointer in {function.name()}, {place}: "
                            "where it leads is to be said in tests/stack/rules.py, or by --pointer")
            return []
        if rules.THREAD in pointer.to:
            return []
        patterns = rules.POLLED if self.polled and pointer.to is rules.CONSOLE else pointer.to
        found = [f for pattern in patterns for f in self._named_by(pattern)]
        if not found and not pointer.or_none:
            self.faults.add(f"the pointer called at {place} leads to {pointer.to}, and there is "
                            "none in this image")
        return found
