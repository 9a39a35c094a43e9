"""The benchmark's records: what its images print for the report to read.

    @bench board=qemu-virt unit=instructions clock_hz=1000000000
    @row name=irq_to_handler min=27 median=27 p99=27 max=27 samples=1000 divisor=1 counts=27x1000
    @skip name=foo reason=words-with-dashes
    @inject op=spin_pair points=123 min=27 worst=40 pc=0xffffff8000001234 fn=symbol
    @held op=spl_pair_vm level=vm points=60 longest=71
    @curve name=irq_to_handler by=threads x=1000 value=27
    @worst by=threads x=1000 value=61 points=9000 pc=0xffffff8000001234 fn=f
    @end

The figures are a sample's instructions divided by `divisor` (1 when it is left out), which halves a
round trip. `counts` says how often each figure came, for a histogram. A @held is an injected
interrupt of a level that the operation holds off: no latency of the kernel's, but it came, once,
from every point. A @curve is one point of how a row grows with something that there are x of
(threads, lines, cpus), a @worst the same of the worst case over an injection of so many points;
what cannot be measured here is skipped as curve:irq_to_handler:threads or worst:threads. One record
a line; a line that does not start with @ is for people. A record that cannot be read is an error
and never left out: a report with a row missing would look like a report.
"""

from dataclasses import dataclass, field


def hexadecimal(text):
    """Kept as it was written, once it is known to be a number."""
    int(text, 16)
    return text


def counts(text):
    """{27: 998, 28: 2} of 27x998,28x2, in the order of the figures."""
    found = {}
    for word in text.split(",") if text else ():
        value, _, times = word.partition("x")
        if int(value) in found:
            raise ValueError(word)
        found[int(value)] = int(times)
    return dict(sorted(found.items()))


FIELDS = {
    "bench": {"board": str, "unit": str, "clock_hz": int},
    "row": {"name": str, "min": int, "median": int, "p99": int, "max": int, "samples": int,
            "divisor": int, "counts": counts},
    "skip": {"name": str, "reason": str},
    "inject": {"op": str, "points": int, "min": int, "worst": int,
               "pc": hexadecimal, "fn": str},
    "held": {"op": str, "level": str, "points": int, "longest": int},
    "curve": {"name": str, "by": str, "x": int, "value": int},
    "worst": {"by": str, "x": int, "value": int, "points": int, "pc": hexadecimal, "fn": str},
    "end": {},
}
# Fields that a record may leave out, and what they then are.
DEFAULTS = {"row": {"divisor": "1", "counts": ""}, "worst": {"points": "0"}}


class ProtocolError(Exception):
    """The output is not a benchmark's; the message quotes the line."""


@dataclass
class Records:
    board: str = ""
    unit: str = ""
    clock_hz: int = 0
    rows: list = field(default_factory=list)
    skips: list = field(default_factory=list)
    injections: list = field(default_factory=list)
    held: list = field(default_factory=list)
    curves: list = field(default_factory=list)
    worst: list = field(default_factory=list)
    sizes: dict = field(default_factory=dict)    # of the kernel's parts: no record, size.py's

    def of(self, kind):
        return {"row": self.rows, "skip": self.skips, "inject": self.injections,
                "held": self.held, "curve": self.curves, "worst": self.worst}[kind]


def fields_of(line, known=FIELDS):
    """("row", {"name": ..., ...}) of one record."""
    kind, *words = line[1:].split()
    wanted = known.get(kind)
    if wanted is None:
        raise ProtocolError(f"unknown record: {line!r}")
    pairs = dict(word.partition("=")[::2] for word in words)
    if len(pairs) != len(words) or set(DEFAULTS.get(kind, {}) | pairs) != set(wanted):
        raise ProtocolError(f"a @{kind} record has the fields {', '.join(wanted)}: {line!r}")
    try:
        values = DEFAULTS.get(kind, {}) | pairs
        return kind, {key: convert(values[key]) for key, convert in wanted.items()}
    except ValueError:
        raise ProtocolError(f"not a number: {line!r}") from None


def parse(text):
    """The records of one complete run."""
    records, begun, ended = Records(), False, False
    for line in text.replace("\r", "").split("\n"):
        if not line.startswith("@"):
            continue
        kind, values = fields_of(line)
        if (kind == "bench") == begun or ended:
            raise ProtocolError(f"a record out of place: {line!r}")
        if kind == "bench":
            begun = True
            records.board, records.unit = values["board"], values["unit"]
            records.clock_hz = values["clock_hz"]
        elif kind == "end":
            ended = True
        else:
            records.of(kind).append(values)
    if not ended:
        raise ProtocolError("the run broke off: no @end" if begun else "no @bench record")
    check_unique(records)
    return records


# What two records of a run may not have in common.
KEYS = {"row": ("name",), "skip": ("name",), "curve": ("name", "by", "x"), "worst": ("by", "x")}


def key_of(kind, record):
    # A row is either measured or skipped, so these two share their names.
    return ("row" if kind == "skip" else kind, *(record[field] for field in KEYS[kind]))


def check_unique(records):
    seen = set()
    for row in records.rows:
        if row["counts"] and sum(row["counts"].values()) != row["samples"]:
            raise ProtocolError(f"the counts of row {row['name']} are not {row['samples']} samples")
    for kind in KEYS:
        for record in records.of(kind):
            key = key_of(kind, record)
            if key in seen:
                raise ProtocolError(f"two records for the {' '.join(map(str, key))}")
            seen.add(key)


def merge(records, more):
    """Adds what another run of the same board has; what both have measured, the first one has."""
    records.injections += more.injections
    records.held += more.held
    for kind in ("row", "curve", "worst"):
        had = {key_of(kind, record) for record in records.of(kind)}
        records.of(kind).extend(r for r in more.of(kind) if key_of(kind, r) not in had)
    told = {record["name"] for record in records.rows + records.skips}
    records.skips += [skip for skip in more.skips if skip["name"] not in told]
    measured = {row["name"] for row in records.rows}
    records.skips[:] = [skip for skip in records.skips if skip["name"] not in measured]
