#!/usr/bin/env python3
"""A trace of a scenario: Chrome's and Perfetto's JSON, and a timeline as text.

    qemu/trace.py --board qemu-virt --images build/qemu-virt/images --out build/trace interrupt

Runs trace.elf in exact mode and writes OUT/<board>.<scenario>.json, which ui.perfetto.dev opens,
and OUT/<board>.<scenario>.txt. Exit status 1 when a run fails, 2 when it cannot be tried.
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import machines  # noqa: E402
import say  # noqa: E402
import trace_events  # noqa: E402
from guest import Guest, GuestError, printable  # noqa: E402

IMAGE, BENCH = "trace.elf", "bench_traced.elf"
ROW = "row:"
TIMEOUT = 120
SCENARIOS = {       # name: (CPUs, what it shows)
    "interrupt": (1, "interrupts, their continuation, and the thread that it wakes"),
    "contention": (1, "a thread waits in the turnstile for a mutex, and gets it"),
    "held-off": (1, "a raised SPL holds a line off; a higher one comes through"),
    "across": (2, "a thread of another CPU is woken"),
    "worst": (1, "what led to the worst of 100 samples, kept when it came"),
    "cost": (1, "what an event costs, in instructions"),
}


def run_image(board, images, scenario, *, on=True, verbose=False):
    row = scenario.removeprefix(ROW) if scenario.startswith(ROW) else None
    image = images / (BENCH if row else IMAGE)
    if not image.is_file():
        raise say.Failure(f"no such file: {image}")
    command = machines.qemu_command(board, image, exact=True,
                                    smp=1 if row else SCENARIOS[scenario][0],
                                    args=("bench", "worst", row, "samples=50") if row else
                                    ("trace", scenario, *(() if on else ("off",))))
    say.command_line(command, verbose)
    try:
        with Guest(command, timeout=TIMEOUT) as guest:
            status = guest.wait()
            output = printable(bytes(guest.output))
    except GuestError as error:
        raise say.Failure(f"{image.name} on {board}: {error}", 1) from None
    if status:
        print(output, flush=True)
        raise say.Failure(f"{image.name} on {board} ended with status {status}", 1)
    return kept(output, row) if row else output


def kept(output, row):
    """What the benchmark says of that row's worst sample."""
    begin, end = output.find("@worst "), output.find("@end")
    if begin < 0:
        raise say.Failure(f"the benchmark has no samples of a row '{row}'")
    return output[begin:end] + "@end\n"


def record(board, images, scenario, *, on=True, verbose=False):
    try:
        return trace_events.parse(run_image(board, images, scenario, on=on, verbose=verbose))
    except trace_events.TraceError as error:
        raise say.Failure(f"{IMAGE} on {board}: {error}", 1) from None


def chosen(name):
    if name not in SCENARIOS and not name.startswith(ROW):
        raise say.Failure(f"no scenario '{name}': it is one of {', '.join(SCENARIOS)}, or "
                          f"{ROW}NAME, the worst sample of a row of the benchmark")
    return name


def listing():
    return [*(f"{name:12}{what}" for name, (_, what) in SCENARIOS.items()),
            f"{ROW + 'NAME':12}what led to the worst sample of that row of the benchmark"]


def measure(board, images, out, scenario, *, verbose=False):
    """Prints the timeline and writes both files."""
    if chosen(scenario) == "cost":
        for line in run_image(board, images, "cost", verbose=verbose).splitlines():
            if line.startswith("@cost "):
                print(line[6:])
        return
    recorded = record(board, images, scenario, verbose=verbose)
    lines = list(trace_events.timeline(recorded))
    print("\n".join(lines))
    out.mkdir(parents=True, exist_ok=True)
    stem = out / f"{board}.{scenario.replace(':', '-')}"
    Path(f"{stem}.json").write_text(json.dumps(trace_events.chrome(recorded)), encoding="utf-8")
    Path(f"{stem}.txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    print(f"written: {stem}.json (open it in ui.perfetto.dev), {stem}.txt", flush=True)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", default="qemu-virt")
    parser.add_argument("--images", type=Path, default=Path("build/qemu-virt/images"))
    parser.add_argument("--out", type=Path, default=Path("build/trace"))
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("scenario", nargs="?", default="interrupt")
    args = parser.parse_args(argv)
    try:
        measure(args.board, args.images, args.out, args.scenario, verbose=args.verbose)
        return 0
    except say.Failure as failure:
        print(f"trace.py: {failure}", file=sys.stderr)
        return failure.status
    except machines.MachineError as error:
        print(f"trace.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
