#!/usr/bin/env python3
"""The argument, settled by numbers: Pivot's way of handling an interrupt beside its rivals'.

    qemu/argue.py --board qemu-virt --images build/qemu-virt/images --out build/argue

Runs argue.elf in exact mode on CPUs of 1000, 125 and 62.5 million instructions a second, prints the
table and writes OUT/<board>.json and OUT/<board>.svg. Two runs are the same to the byte. Exit
status 1 when a run fails, 2 when it cannot be tried.
"""

import argparse
import shutil
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import argue_picture  # noqa: E402
import argue_protocol  # noqa: E402
import argue_report  # noqa: E402
import argue_trace  # noqa: E402
import machines  # noqa: E402
import say  # noqa: E402
from bench import version_of_source  # noqa: E402
from guest import Guest, GuestError, printable  # noqa: E402

IMAGE = "argue.elf"
SHORT = {"samples": 200, "milliseconds": 20, "traced": 2}
LONG = {"samples": 1000, "milliseconds": 100, "traced": 4}
TIMEOUT = 600


def run_image(board, image, *args, smp, shift, verbose):
    """(served, losses) that the image prints in an exact run."""
    if not image.is_file():
        raise say.Failure(f"no such file: {image}")
    command = machines.qemu_command(board, image, exact=True, shift=shift, smp=smp,
                                    args=("argue", *args))
    say.command_line(command, verbose)
    try:
        with Guest(command, timeout=TIMEOUT) as guest:
            status = guest.wait()
            output = printable(bytes(guest.output))
        if status:
            print(output, flush=True)
            raise GuestError(f"ended with status {status}")
        found, served, losses = argue_protocol.parse(output)
        if found != board:
            raise GuestError(f"says that it is for {found}")
        return served, losses
    except (GuestError, argue_protocol.ProtocolError) as error:
        raise say.Failure(f"{image.name} on {board}: {error}", 1) from None


# An exact run repeats to the instruction but for a race in QEMU (seen in 7.2): its clock may be
# set forward to the next timer before the last instructions of a CPU that has just halted are
# counted, the two of the idle loop, and the interrupt that ends the pause seems to come that much
# later. About one run in twenty has one such sample, never the same.
TRIES = 5


def agreed(run):
    """What two of up to TRIES runs agree on."""
    seen = []
    for _ in range(TRIES):
        result = run()
        if result in seen:
            return result
        seen.append(result)
    raise say.Failure(f"no two of {TRIES} exact runs gave the same figures", 1)


def latencies(board, image, length, *, trace, verbose):
    """One record a scenario and model; the scenarios of one CPU, then those of two."""
    every = []
    for smp in (1, 2):
        served, _ = agreed(lambda smp=smp: run_image(
            board, image, "latency", f"samples={length['samples']}", smp=smp, shift=0,
            verbose=verbose))
        if trace:
            cells = [(one["scenario"], one["model"]) for one in served]
            try:
                work = argue_trace.count(board, image, cells, smp=smp, samples=length["traced"],
                                         timeout=TIMEOUT)
            except GuestError as error:
                raise say.Failure(f"the trace of {image.name} on {board}: {error}", 1) from None
            for one, cell in zip(served, cells, strict=True):
                one["work"] = work[cell]
                one["modelled"] = argue_report.maintenance(work[cell]["served"]["switches"])
        every += served
    return every


def losses(board, image, length, *, full, verbose):
    every = []
    for shift in argue_report.MIPS:
        words = ["loss", f"ms={length['milliseconds']}", *(["full"] if full else [])]
        _, found = run_image(board, image, *words, smp=1, shift=shift, verbose=verbose)
        every += [{"shift": shift, **one} for one in found]
    return every


def gather(board, images, *, full=False, trace=True, verbose=False):
    """All that was measured, as the JSON file has it."""
    length, image = LONG if full else SHORT, images / IMAGE
    return {"board": board, "unit": "instructions", "git": version_of_source(),
            "qemu": ".".join(map(str, machines.qemu_version())), "full": full, **length,
            "served": latencies(board, image, length, trace=trace, verbose=verbose),
            "losses": losses(board, image, length, full=full, verbose=verbose)}


def show(result):
    print()
    for line in argue_report.text(result):
        print(line)
    print(flush=True)


def measure(board, images, out, *, full=False, verbose=False):
    """Prints the table, writes JSON and picture."""
    result = gather(board, images, full=full, verbose=verbose)
    show(result)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{board}.json").write_text(argue_report.as_json(result), encoding="utf-8")
    argue_picture.draw(result, out / f"{board}.svg")
    print(f"written: {out / board}.json, {out / board}.svg", flush=True)


def measure_short(board, images, out, *, verbose=False):
    """The form that is part of the benchmark: no trace, no picture."""
    result = gather(board, images, trace=False, verbose=verbose)
    show(result)
    out.mkdir(parents=True, exist_ok=True)
    (out / f"{board}.argue.json").write_text(argue_report.as_json(result), encoding="utf-8")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--images", required=True, type=Path)
    parser.add_argument("--out", required=True, type=Path)
    parser.add_argument("--full", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    args = parser.parse_args(argv)
    try:
        machines.board(args.board)
        if not shutil.which("gnuplot"):
            raise say.Failure("gnuplot is not in PATH; on Debian and Ubuntu: "
                              "apt-get install gnuplot-nox")
        measure(args.board, args.images, args.out, full=args.full, verbose=args.verbose)
        return 0
    except say.Failure as failure:
        print(f"argue.py: {failure}", file=sys.stderr)
        return failure.status
    except machines.MachineError as error:
        print(f"argue.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
