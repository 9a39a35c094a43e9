#!/usr/bin/env python3
"""The argument as a test: two runs identical to the byte, and what must hold of their figures.

    tests/bench/argue_check.py --board B --images build/B/images --out build/B/argue

What must hold is what Pivot promises of its own way, model a: the device is served within the bound
of the worst interrupt latency in every scenario, the device loses nothing while the CPU keeps up,
and the table that is printed is that of the JSON file.
"""

import argparse
import filecmp
import json
import re
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "qemu"))

from argue_report import MIPS  # noqa: E402

# worst_irq_to_handler's target, a GICv2's allowance, and the look at the modelled device.
BOUND = 64 + 4 + 16


def run(args, out):
    done = subprocess.run([sys.executable, str(ROOT / "qemu" / "argue.py"), "--board", args.board,
                           "--images", args.images, "--out", str(out)], capture_output=True,
                          text=True, stdin=subprocess.DEVNULL, check=False)
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
    return done


def unfounded(result, printed):
    """The lines of the JSON file that the printed table does not have."""
    for one in result["served"]:
        figures = [one[key] for key in ("min", "median", "p99", "max", "handed_median")]
        pattern = rf"^{one['scenario']} +{re.escape(one['model'])} +" + " +".join(map(str, figures))
        if not re.search(pattern + r"\b", printed, re.MULTILINE):
            yield f"{one['scenario']}, {one['model']}: not as in the JSON file"
    told = printed_losses(printed)
    for one in result["losses"]:
        cell = (MIPS[one["shift"]], one["fifo"], one["baud"], one["model"])
        if told.pop(cell, None) != one["overrun"] + one["ring_full"]:
            yield f"{cell}: the printed loss is not that of the JSON file"
    yield from (f"{cell}: printed, but not in the JSON file" for cell in told)


def printed_losses(printed):
    """{(MIPS, FIFO, baud, model): bytes}"""
    head = re.search(r"^MIPS +FIFO +baud +sent.*$", printed, re.MULTILINE)
    models, cells = re.findall(r"(\S+) lost", head[0]), {}
    for mips, fifo, baud, _, rest in re.findall(
            r"^ *([\d.]+) +(\d+) +(\d+) +(\d+)((?: +\d+\*?)+)$", printed[head.end():],
            re.MULTILINE):
        for model, lost in zip(models, rest.split(), strict=True):
            cells[mips, int(fifo), int(baud), model] = int(lost.rstrip("*"))
    return cells


def broken(result):
    """Promises that the figures do not keep."""
    for one in result["served"]:
        if one["model"] == "a" and one["max"] > BOUND:
            yield f"a, {one['scenario']}: served after {one['max']}, the bound is {BOUND}"
        work = one["work"]["served"]
        if one["model"] == "a" and (work["switches"] or work["stack_switches"]):
            yield f"a, {one['scenario']}: switches before the device is served: {work}"
        if one["scenario"] == "free" and abs(work["instructions"] - one["median"]) > 2:
            yield (f"{one['model']}, free: {one['median']} by the counter, but "
                   f"{work['instructions']} instructions in the log")
    for one in result["losses"]:
        byte = 1e10 / one["baud"] / 2 ** one["shift"]       # instructions
        if one["model"] == "a" and one["overrun"] + one["ring_full"] and byte > 300:
            yield f"a loses although it has {byte:.0f} instructions a byte: {one}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("--board", "--images", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    outs = [Path(args.out) / "first", Path(args.out) / "second"]
    runs = [run(args, out) for out in outs]
    if any(done.returncode for done in runs):
        return 1
    faults = [f"two runs differ in {args.board}.{kind} (see {args.out})" for kind in ("json", "svg")
              if not filecmp.cmp(*(out / f"{args.board}.{kind}" for out in outs), shallow=False)]
    result = json.loads((outs[0] / f"{args.board}.json").read_text(encoding="utf-8"))
    faults += [*unfounded(result, runs[0].stdout), *broken(result)]
    for fault in faults:
        print(f"argue_check.py: {fault}", file=sys.stderr)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
