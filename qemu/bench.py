#!/usr/bin/env python3
"""Measures one board: runs the benchmark images in exact mode, prints the report, writes it.

    qemu/bench.py --board qemu-virt --images build/qemu-virt/images --out build/bench

Writes OUT/<board>.json (rows and targets), the same as OUT/<board>.csv and as histograms for
cyclictest's plotters in OUT/<board>.histograms/, and OUT/<board>.detail.json (each row's
instruction mix, where the injections met the worst, the rows that were skipped) and all of it for a
browser in OUT/<board>.html. Exit status 1 when a row misses its target.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import elf  # noqa: E402
import export  # noqa: E402
import html_report  # noqa: E402
import html_strip  # noqa: E402
import machines  # noqa: E402
import mix  # noqa: E402
import protocol  # noqa: E402
import report  # noqa: E402
import say  # noqa: E402
import size  # noqa: E402
from guest import Guest, GuestError, printable  # noqa: E402


# The images that measure, and with how many CPUs (None: as many as --smp says). One that is run
# several times reports its own number of CPUs in what it measures by CPUs.
RUNS = (("bench", None), ("inject", None), ("many", None),
        *(("cpus", cpus) for cpus in range(1, 9)))
IMAGES = tuple(dict.fromkeys(image for image, _ in RUNS))
# The one that is run again for the instruction mix; rows of others have none.
MIXED = RUNS[0]


MOST_SAMPLES = 1000          # tests/bench/samples.hpp


def rows_asked_for(words):
    """The rows that --rows names; none without it, which means all."""
    known = [row["name"] for row in report.load_rivals()["rows"]]
    asked = [] if words is None else words.split(",")
    for name in asked:
        if name not in known:
            raise say.Failure(f"--rows: no row named '{name}'; ./pivot bench --list shows them")
    return tuple(asked)


def listing():
    """What --list prints."""
    rows = report.load_rivals()["rows"]
    lines = [[row["name"], f"<= {row['target']}" if "target" in row else "", row["measures"]]
             for row in rows]
    return report.columns([["row", "target", "measures"], *lines], left=(0, 1, 2))


def run_image(board, image, *, smp, verbose, timeout=300, args=()):
    """The records that an image prints in an exact run."""
    if not image.is_file():
        raise say.Failure(f"no such file: {image}")
    command = machines.qemu_command(board, image, exact=True, smp=smp, args=args)
    say.command_line(command, verbose)
    try:
        with Guest(command, timeout=timeout) as guest:
            status = guest.wait()
            output = printable(bytes(guest.output))
    except GuestError as error:
        raise say.Failure(f"{image.name} on {board}: {error}", 1) from None
    if verbose or status:
        print(output, flush=True)
    if status:
        raise say.Failure(f"{image.name} on {board} ended with status {status}", 1)
    try:
        return protocol.parse(output)
    except protocol.ProtocolError as error:
        raise say.Failure(f"{image.name} on {board}: {error}", 1) from None


def version_of_source(folder=machines.ROOT):
    done = subprocess.run(["git", "-C", str(folder), "describe", "--always", "--dirty"],
                          capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout.strip() or "unknown"


def facts_of(board, image, smp=None, source=machines.ROOT):
    """What was measured, on what. `source`: a folder of the tree whose version it is."""
    try:
        compiler = elf.read(image).compiler()
    except elf.ElfError as error:
        raise say.Failure(str(error), 1) from None
    return {"git": version_of_source(source),
            "qemu": ".".join(map(str, machines.qemu_version())), "compiler": compiler,
            "cpus": machines.usual_cpus(board) if smp is None else int(smp)}


def gather(board, images, smp, verbose, samples=None):
    """(what all images print, which rows of it the instruction mix can be asked for)"""
    records, mixed = protocol.Records(board=board), {}
    for done, (image, cpus) in enumerate(RUNS):
        say.progress(done, len(RUNS), image)
        name = f"{image}.elf"
        args = (f"samples={samples}",) if samples is not None else ()
        more = run_image(board, images / name, smp=cpus or smp, verbose=verbose, args=args)
        if more.board != board:
            raise say.Failure(f"{name} says that it is for {more.board}, not {board}", 1)
        records.unit, records.clock_hz = more.unit, more.clock_hz
        protocol.merge(records, more)
        if (image, cpus) == MIXED:
            mixed = {row["name"]: (row["median"], row["divisor"]) for row in more.rows}
    say.progress(len(RUNS), len(RUNS), "")
    try:
        records.sizes = size.measure(images)
    except elf.ElfError as error:
        raise say.Failure(str(error), 1) from None
    return records, mixed


def keep_only(records, rivals, only):
    """Leaves out what was not asked for, also from what a complete run must have."""
    records.rows = [row for row in records.rows if row["name"] in only]
    records.skips = [skip for skip in records.skips if skip["name"] in only]
    records.curves, records.held = [], []
    if "worst_irq_to_handler" not in only:
        records.injections, records.worst = [], []
    if "kernel_size" not in only:
        records.sizes = {}
    rivals["rows"] = [row for row in rivals["rows"] if row["name"] in only]
    rivals["curves"] |= {"rows": [], "worst": {}}


def measure(board, images, out, *, smp=None, verbose=False, samples=None, repeat=1, only=()):
    """Prints and writes the report of one board; False when a row misses its target."""
    records, mixed = gather(board, images, smp, verbose, samples)
    for _ in range(repeat - 1):
        if gather(board, images, smp, verbose, samples) != (records, mixed):
            raise say.Failure(f"{board}: two runs differ: this one is not exact", 1)
    try:
        found = mix.collect(board, images / f"{MIXED[0]}.elf", mixed, smp=smp)
    except GuestError as error:
        raise say.Failure(f"the instruction mix of {board}: {error}", 1) from None
    rivals = report.load_rivals()
    if only:
        keep_only(records, rivals, only)
    facts = facts_of(board, images / f"{MIXED[0]}.elf", smp)
    mixes = found.mixes()
    print()
    for line in report.text(records, rivals, **facts, mixes=mixes, problems=found.problems,
                            paint=paint):
        print(line)
    if only:
        return judge(records, rivals, mixes, found)
    out.mkdir(parents=True, exist_ok=True)
    written = report.as_json(records, rivals, **facts)
    data = json.loads(written)
    (out / f"{board}.json").write_text(written, encoding="utf-8")
    export.write(out / board, data)
    detail = {"mix": mixes, "injections": records.injections,
              "held": records.held, "worst": records.worst,
              "skipped": records.skips}
    detail["strips"] = strips_of(board, images, verbose)
    (out / f"{board}.detail.json").write_text(json.dumps(detail, indent=2) + "\n",
                                              encoding="utf-8")
    html_report.write(out / f"{board}.html", data, detail, rivals)
    within = judge(records, rivals, mixes, found)
    print(f"written: {out / board}.json, .csv, .histograms")
    print(f"report: {out / board}.html", flush=True)
    return within


def strips_of(board, images, verbose):
    """The latency at each point of the kernel's operations; of one CPU, for the points are exact
    then, and what two campaigns agree on (argue.TRIES)."""
    import argue  # noqa: PLC0415  (both need version_of_source)
    import inject  # noqa: PLC0415

    campaign = argue.agreed(lambda: inject.gather(
        board, images / inject.IMAGE, names=[], pairs=False, shard=None, smp="1",
        verbose=verbose)[0])
    worst = [one for one in campaign["operations"] if one["points"] and not one["held_off"]]
    return sorted(worst, key=lambda one: (-one["worst"], one["op"]))[:html_strip.SHOWN]


def judge(records, rivals, mixes, found):
    """Says what misses its target, and where its time goes; False when something does."""
    misses = report.missed(records, rivals, mixes)
    print()
    for line in misses:
        print(say.bad(f"missed: {line}"))
        explain(line.partition(":")[0], found)
    if not misses:
        known = "".join(f", but {name}: a known miss" for name in report.forgiven(records, rivals))
        print(say.good(f"{records.board}: every row is within its target{known}"))
    return not misses


def explain(row, found):
    """Where a row's instructions go, for whoever has to make it faster."""
    if row in found.samples:
        for function, count in mix.by_function(found.samples[row], found.code):
            print(f"   {count:6}  {function}")


def paint(line):
    if line.endswith("MISS") or " MISS " in line:
        return say.bad(line)
    return line


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--images", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--smp", metavar="N", help="CPUs (what PIVOT_SMP says, or 1)")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args(argv)
    try:
        return 0 if measure(args.board, args.images, args.out, smp=args.smp,
                            verbose=args.verbose) else 1
    except say.Failure as failure:
        print(f"bench.py: {failure}", file=sys.stderr)
        return failure.status
    except machines.MachineError as error:
        print(f"bench.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
