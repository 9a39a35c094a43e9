"""The records of a trace (kern/trace_report.cpp prints them) and the Chrome trace made of them."""

import re
from dataclasses import dataclass, field

KINDS = ("irq_enter", "irq_exit", "let_in", "schedule", "send", "begin", "end", "run", "wake",
         "contend", "acquire", "gave_up", "release", "spl", "ipi", "sample")
EVENT = re.compile(r"@event cpu=(\d+) t=(\d+) kind=(\w+) detail=(\d+) a=(\d+) b=(\d+) name=(.*)")
THREAD = re.compile(r"@thread at=(\d+) name=(.*)")
KEPT = re.compile(r"@kept sample=(\d+) ticks=(\d+) of=(\d+)")
CPUS, THREADS, WAITS = 1, 2, 3      # the processes of the picture
TRACKS = ("threads", "interrupts", "samples")
LEVELS = {0: "none", 1: "softclock", 2: "softbio", 3: "softnet", 4: "softserial"}


class TraceError(Exception):
    """One line for the user."""


@dataclass(frozen=True)
class Event:
    cpu: int
    time: int
    kind: str
    detail: int
    a: int
    b: int
    name: str


@dataclass(frozen=True)
class Kept:
    """The worst sample, or the one at which recording stopped."""
    sample: int     # its number, from 1
    ticks: int
    of: int         # so many samples were taken


@dataclass
class Recorded:
    hz: int = 0
    order: str = ""
    kept: Kept | None = None
    threads: dict = field(default_factory=dict)     # address: name
    events: list = field(default_factory=list)      # each CPU's in its order


def parse(output):
    """What an image has printed; an error unless it goes from @trace to @end."""
    found, lines = Recorded(), [line for line in output.splitlines() if line.startswith("@")]
    for line in lines:
        if event := EVENT.fullmatch(line):
            if event[3] not in KINDS:
                raise TraceError(f"unknown kind of event: {line!r}")
            cpu, time, detail, a, b = (int(event[i]) for i in (1, 2, 4, 5, 6))
            found.events.append(Event(cpu, time, event[3], detail, a, b, event[7]))
        elif thread := THREAD.fullmatch(line):
            found.threads[int(thread[1])] = thread[2]
        elif line.startswith("@trace hz="):
            found.hz = int(line.partition("=")[2])
        elif line.startswith("@order"):
            found.order = line[7:].strip()
        elif kept := KEPT.fullmatch(line):
            found.kept = Kept(*map(int, kept.groups()))
        elif not line.startswith(("@ring", "@end", "@cost")):
            raise TraceError(f"unknown record: {line!r}")
    if not found.hz or lines[-1] != "@end":
        raise TraceError("the run broke off: its records do not go from @trace to @end")
    return found


def function(name):
    """run_calls of pivot::ThreadStart::continue_with<&pivot::run_calls, int>."""
    inner = re.search(r"<&(?:pivot::)?(?:\(anonymous namespace\)::)?([\w:]+)", name)
    return (inner[1] if inner else name).removeprefix("pivot::")


def level(held):
    """The level of a thermometer (spl/ipl.hpp): its highest byte, hard ones in the low half."""
    hard, soft = held & 0xffffffff, held >> 32
    if hard:
        return 4 + (hard.bit_length() + 7) // 8
    return bin(soft).count("1") // 8


class Chrome:
    """Fed with one CPU's events after the other's; `events` is what the file has."""

    def __init__(self, recorded):
        self.recorded = recorded
        self.events = []
        self._open = {}         # (pid, tid): names of the slices that are open
        self._last = {}         # (pid, tid): time
        self._flows = 0
        self._tids = {}

    def put(self, phase, pid, tid, time, name="", **more):
        one = {"ph": phase, "pid": pid, "tid": tid, "ts": time * 1e6 / self.recorded.hz}
        if name:
            one["name"] = name
        self.events.append(one | more)

    def begin(self, pid, tid, time, name, **args):
        self._open.setdefault((pid, tid), []).append(name)
        self.put("B", pid, tid, time, name, cat="pivot", args=args)

    def end(self, pid, tid, time):
        """Of what began before the trace there is nothing to end."""
        if self._open.get((pid, tid)):
            self._open[pid, tid].pop()
            self.put("E", pid, tid, time)

    def flow(self, name, source, target):
        """An arrow; each end is (pid, tid, time) within a slice."""
        self._flows += 1
        self.put("s", *source, name, cat="flow", id=self._flows)
        self.put("f", *target, name, cat="flow", id=self._flows, bp="e")

    def tid(self, pid, key, name):
        if (pid, key) not in self._tids:
            self._tids[pid, key] = len(self._tids) + 100
            self.name_track(pid, self._tids[pid, key], name)
        return self._tids[pid, key]

    def name_track(self, pid, tid, name):
        self.put("M", pid, tid, 0, "thread_name", args={"name": name})


def cpu_track(cpu, which):
    return 10 * cpu + TRACKS.index(which) + 1


class Walk:
    """All events in the order of time."""

    def __init__(self, recorded):
        self.out = Chrome(recorded)
        self.threads = recorded.threads
        self.current = {}       # CPU: thread
        self.depth = {}         # CPU: top halves
        self.scheduled = {}     # (owner, function): where from
        self.woken = {}         # thread: where from
        self.sent = {}          # CPU: where an IPI to it comes from
        self.waiting = {}       # (who, lock): track
        for pid, name in ((CPUS, "CPUs"), (THREADS, "continuations"), (WAITS, "lock waits")):
            self.out.put("M", pid, 0, 0, "process_name", args={"name": name})
        for cpu in sorted({event.cpu for event in recorded.events}):
            for track in TRACKS:
                self.out.name_track(CPUS, cpu_track(cpu, track), f"CPU {cpu} {track}")

    def thread(self, address):
        return self.threads.get(address, f"thread {address:x}")

    def place(self, event):
        """Where an arrow begins: in the top half that runs, or in the thread."""
        which = "interrupts" if self.depth.get(event.cpu) else "threads"
        return CPUS, cpu_track(event.cpu, which), event.time

    def feed(self, event):
        getattr(self, event.kind)(event, cpu_track(event.cpu, "threads"))

    def run(self, event, tid):
        if self.current.get(event.cpu) == event.a:
            return
        self.out.end(CPUS, tid, event.time)
        self.current[event.cpu] = event.a
        self.out.begin(CPUS, tid, event.time, self.thread(event.a))
        if event.a in self.woken:
            self.out.flow("wake", self.woken.pop(event.a), (CPUS, tid, event.time))
        self.count_spl(event, event.b)

    def wake(self, event, _):
        self.woken[event.a] = self.place(event)

    def irq_enter(self, event, _):
        tid = cpu_track(event.cpu, "interrupts")
        self.depth[event.cpu] = self.depth.get(event.cpu, 0) + 1
        self.out.begin(CPUS, tid, event.time, f"line {event.a} {event.name}", level=event.detail)
        if event.a == 0 and event.cpu in self.sent:
            self.out.flow("ipi", self.sent.pop(event.cpu), (CPUS, tid, event.time))

    def irq_exit(self, event, _):
        self.depth[event.cpu] = max(0, self.depth.get(event.cpu, 0) - 1)
        self.out.end(CPUS, cpu_track(event.cpu, "interrupts"), event.time)

    def let_in(self, event, _):
        tid = self.out.tid(WAITS, ("spl", event.cpu), f"CPU {event.cpu}: held off by the SPL")
        # The record is of the last one held off: of several, the earlier ones are not known.
        if self.out._last.get((WAITS, tid), 0) <= event.a:
            self.out.begin(WAITS, tid, event.a, f"held off in {function(event.name)}")
            self.out.end(WAITS, tid, event.time)
            self.out._last[WAITS, tid] = event.time

    def schedule(self, event, _):
        self.scheduled.setdefault((event.a, event.b), self.place(event))

    def send(self, event, _):
        self.scheduled[event.a, event.b] = self.place(event)

    def begin(self, event, _):
        who = self.current.get(event.cpu)
        tid = self.out.tid(THREADS, (event.cpu, who), f"{self.thread(who or 0)}, CPU {event.cpu}")
        self.out.begin(THREADS, tid, event.time, function(event.name))
        if (event.a, event.b) in self.scheduled:
            self.out.flow("continuation", self.scheduled.pop((event.a, event.b)),
                          (THREADS, tid, event.time))

    def end(self, event, _):
        who = self.current.get(event.cpu)
        tid = self.out.tid(THREADS, (event.cpu, who), f"{self.thread(who or 0)}, CPU {event.cpu}")
        self.out.end(THREADS, tid, event.time)

    def waiter(self, event):
        depth = self.depth.get(event.cpu, 0)
        who = self.current.get(event.cpu)
        return ((event.cpu, depth), f"CPU {event.cpu}, top half") if depth else \
            ((who, 0), self.thread(who or 0))

    def contend(self, event, _):
        key, name = self.waiter(event)
        tid = self.out.tid(WAITS, key, name)
        self.waiting[key, event.a] = tid
        self.out.begin(WAITS, tid, event.time, f"waits for {event.name}")

    def waited(self, event):
        key, _ = self.waiter(event)
        if (key, event.a) in self.waiting:
            self.out.end(WAITS, self.waiting.pop((key, event.a)), event.time)

    def mark(self, event, what):
        which, track, time = self.place(event)
        self.out.put("i", which, track, time, f"{what} {event.name}", s="t")

    def acquire(self, event, _):
        self.waited(event)
        self.mark(event, "has")

    def gave_up(self, event, _):
        self.waited(event)
        self.mark(event, "gives up")

    def release(self, event, _):
        self.mark(event, "releases")

    def count_spl(self, event, held):
        self.out.put("C", CPUS, 0, event.time, f"CPU {event.cpu} SPL", args={"level": level(held)})

    def spl(self, event, _):
        self.count_spl(event, event.b)

    def ipi(self, event, _):
        self.sent[event.detail] = self.place(event)

    def sample(self, event, _):
        self.out.put("X", CPUS, cpu_track(event.cpu, "samples"), event.a, "sample",
                     dur=(event.b - event.a) * 1e6 / self.out.recorded.hz,
                     args={"ticks": event.b - event.a})


def chrome(recorded):
    """The object that the file holds: the JSON of Perfetto's and Chrome's Trace Event Format."""
    walk = Walk(recorded)
    events = sorted(recorded.events, key=lambda event: event.time)
    for event in events:
        walk.feed(event)
    last = events[-1].time if events else 0
    for (pid, tid), names in list(walk.out._open.items()):
        for _ in list(names):
            walk.out.end(pid, tid, last)
    rank = {"M": -1}
    ordered = sorted(walk.out.events, key=lambda one: (rank.get(one["ph"], 0), one["ts"]))
    return {"displayTimeUnit": "ns", "traceEvents": ordered}


def timeline(recorded):
    """The same as text, a line an event."""
    events = sorted(recorded.events, key=lambda event: event.time)
    start = events[0].time if events else 0
    depth = {}
    for event in events:
        if event.kind == "irq_exit":
            depth[event.cpu] = max(0, depth.get(event.cpu, 0) - 1)
        what = recorded.threads.get(event.a, "?") if event.kind in ("run", "wake") else \
            function(event.name)
        if event.kind == "sample":
            what = f"{event.b - event.a} ticks"
        yield (f"{event.time - start:>10}  CPU {event.cpu}  "
               f"{'  ' * depth.get(event.cpu, 0)}{event.kind} {what}".rstrip())
        if event.kind == "irq_enter":
            depth[event.cpu] = depth.get(event.cpu, 0) + 1
