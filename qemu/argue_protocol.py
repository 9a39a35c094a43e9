"""The records of the image `argue` (tests/bench/argue.cpp), as protocol.py has the benchmark's.

    @bench board=qemu-virt unit=instructions clock_hz=1000000000
    @served model=a scenario=free min=40 median=40 p99=40 max=40 samples=200
            handed_median=245 handed_max=245
    @loss model=b baud=921600 fifo=1 sent=1843 overrun=300 ring_full=0 received=1543 missed=300
          rounds=400
    @end

One record a line. `served` and `handed` are ticks after the line's assertion; `overrun` is what the
device lost, `ring_full` what the driver lost, `missed` how many the receiver noticed (those after
the last byte that it got, it cannot), `rounds` how often the lock's owner had it while the stream
lasted. A stream whose bytes are not all accounted for is an error.
"""

import protocol
from protocol import ProtocolError

FIELDS = {
    "bench": protocol.FIELDS["bench"],
    "served": {"model": str, "scenario": str, "min": int, "median": int, "p99": int, "max": int,
               "samples": int, "handed_median": int, "handed_max": int},
    "loss": {"model": str, "baud": int, "fifo": int, "sent": int, "overrun": int,
             "ring_full": int, "received": int, "missed": int, "rounds": int},
    "end": {},
}


def check_loss(one, line):
    lost = one["overrun"] + one["ring_full"]
    if one["received"] + lost != one["sent"] or one["missed"] > lost:
        raise ProtocolError(f"bytes are neither received nor lost: {line!r}")


def parse(text):
    """(board, [served], [loss]) of one complete run, in the order printed."""
    found, begun, ended = {"bench": [], "served": [], "loss": []}, False, False
    for line in text.replace("\r", "").split("\n"):
        if not line.startswith("@"):
            continue
        kind, values = protocol.fields_of(line, FIELDS)
        if (kind == "bench") == begun or ended:
            raise ProtocolError(f"a record out of place: {line!r}")
        begun, ended = True, kind == "end"
        if kind == "loss":
            check_loss(values, line)
        if not ended:
            found[kind].append(values)
    if not ended:
        raise ProtocolError("the run broke off: no @end" if begun else "no @bench record")
    return found["bench"][0]["board"], found["served"], found["loss"]
