#!/usr/bin/env python3
"""A trace of a scenario: Chrome's and Perfetto's JSON, and a timeline as text.

    qemu/trace.py --board qemu-virt --images build/qemu-virt/images --out build/trace interrupt

Runs trace.elf in exact mode and writes OUT/<board>.<scenario>.json, which ui.perfetto.dev opens,
and OUT/<board>.<scenario>.txt. With --above N, of the scenarios that have samples, what led to the
first that takes more than N ticks, and nothing if there is none. Exit status 1 when a run fails,
2 when it cannot be tried.
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
ROW, WORST = "row:", "worst"       # those that have samples
MOST_ABOVE = 10**9
TIMEOUT = 120
SCENARIOS = {       # name: (CPUs, what it shows)
    "interrupt": (1, "interrupts, their continuation, and the thread that it wakes"),
    "contention": (1, "a thread waits in the turnstile for a mutex, and gets it"),
    "read-write": (1, "a writer waits for a reader, gives up, waits again; then a reader for it"),
    "held-off": (1, "a raised SPL holds a line off; a higher one comes through"),
    "across": (2, "a thread of another CPU is woken"),
    WORST: (1, "what led to the worst of 100 samples, kept when it came"),
    "cost": (1, "what an event costs, in instructions"),
}


def run_image(board, images, scenario, *, on=True, above=None, verbose=False):
    row = scenario.removeprefix(ROW) if scenario.startswith(ROW) else None
    image = images / (BENCH if row else IMAGE)
    if not image.is_file():
        raise say.Failure(f"no such file: {image}")
    command = machines.qemu_command(board, image, exact=True,
                                    smp=1 if row else SCENARIOS[scenario][0],
                                    args=(*(("bench", "worst", row, "samples=50") if row else
                                            ("trace", scenario, *(() if on else ("off",)))),
                                          *((f"above={above}",) if above else ())))
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
    """What the benchmark says of that row's sample."""
    begin, end = output.find("@kept "), output.find("@end")
    if begin < 0:
        raise say.Failure(f"the benchmark has no samples of a row '{row}'")
    return output[begin:end] + "@end\n"


def record(board, images, scenario, *, on=True, above=None, verbose=False):
    try:
        return trace_events.parse(run_image(board, images, scenario, on=on, above=above,
                                            verbose=verbose))
    except trace_events.TraceError as error:
        raise say.Failure(f"{IMAGE} on {board}: {error}", 1) from None


def chosen(name, above=None):
    """The scenario, if there is one, and if it has samples where a threshold is given."""
    if name not in SCENARIOS and (not name.startswith(ROW) or name == ROW):
        raise say.Failure(f"no scenario '{name}': it is one of {', '.join(SCENARIOS)}, or "
                          f"{ROW}NAME, the worst sample of a row of the benchmark")
    if above is not None and name != WORST and not name.startswith(ROW):
        raise say.Failure(f"--above goes with {WORST} and {ROW}NAME, not with {name}")
    if above is not None and not 1 <= above <= MOST_ABOVE:
        raise say.Failure(f"--above {above}: it is 1 to {MOST_ABOVE}")
    return name


def listing():
    return [*(f"{name:12}{what}" for name, (_, what) in SCENARIOS.items()),
            f"{ROW + 'NAME':12}what led to the worst sample of that row of the benchmark"]


def which_sample(kept, above):
    """In words, of which sample the trace is."""
    if above is None:
        return f"the worst of {kept.of} samples is number {kept.sample}, with {kept.ticks} ticks"
    if kept.ticks > above:
        return f"stopped at sample {kept.sample}, which took {kept.ticks} ticks, above {above}"
    return (f"none of {kept.of} samples took more than {above} ticks: the worst, number "
            f"{kept.sample}, took {kept.ticks}; no trace is written")


def measure(board, images, out, scenario, *, above=None, verbose=False):
    """Prints the timeline and writes both files; neither if there is no sample above `above`."""
    if chosen(scenario, above) == "cost":
        for line in run_image(board, images, "cost", verbose=verbose).splitlines():
            if line.startswith("@cost "):
                print(line[6:])
        return
    recorded = record(board, images, scenario, above=above, verbose=verbose)
    stem = f"{board}.{scenario.replace(':', '-')}" + (f".above-{above}" if above else "")
    files = [out / f"{stem}.{suffix}" for suffix in ("json", "txt")]
    if above is not None and recorded.kept.ticks <= above:
        for file in files:
            file.unlink(missing_ok=True)    # an older kernel's
        print(which_sample(recorded.kept, above), flush=True)
        return
    lines = list(trace_events.timeline(recorded))
    print("\n".join(lines))
    out.mkdir(parents=True, exist_ok=True)
    picture = json.dumps(trace_events.chrome(recorded))
    for file, text in zip(files, (picture, "\n".join(lines) + "\n"), strict=True):
        file.write_text(text, encoding="utf-8")
    if recorded.kept:
        print(which_sample(recorded.kept, above))
    print(f"written: {files[0]} (open it in ui.perfetto.dev), {files[1]}", flush=True)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", default="qemu-virt")
    parser.add_argument("--images", type=Path, default=Path("build/qemu-virt/images"))
    parser.add_argument("--out", type=Path, default=Path("build/trace"))
    parser.add_argument("--above", type=int)
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("scenario", nargs="?", default="interrupt")
    args = parser.parse_args(argv)
    try:
        measure(args.board, args.images, args.out, args.scenario, above=args.above,
                verbose=args.verbose)
        return 0
    except say.Failure as failure:
        print(f"trace.py: {failure}", file=sys.stderr)
        return failure.status
    except machines.MachineError as error:
        print(f"trace.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
