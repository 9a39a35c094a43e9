"""Another kernel, booted here and measured beside Pivot: `./pivot rivals linux-rt`.

Both run on the same board in exact mode: a nanosecond of virtual time is an instruction. What is
measured is what cyclictest measures: how late a thread is that sleeps until a time.
"""

import json

import machines
import protocol
import rivals_linux
import say
from guest import Guest, GuestError, printable

SCHEMA = 1
LOADS = ("idle", "loaded")
COLUMNS = ("min", "avg", "median", "p99", "max")
IMAGE = "cyclic.elf"


def statistics(counts):
    """min, avg (rounded), median, p99 and max of {figure: how often}, as tests/bench does."""
    values = [value for value, times in sorted(counts.items()) for _ in range(times)]
    number = len(values)
    return {"min": values[0], "avg": (2 * sum(values) + number) // (2 * number),
            "median": values[number // 2], "p99": values[number * 99 // 100], "max": values[-1],
            "samples": number}


def run_pivot(board, images, verbose=False):
    """{load: counts} of Pivot's own image."""
    command = machines.qemu_command(board, images / IMAGE, exact=True, smp=1)
    say.command_line(command, verbose)
    try:
        with Guest(command, timeout=60) as guest:
            guest.wait()
            records = protocol.parse(printable(bytes(guest.output)))
    except (GuestError, protocol.ProtocolError) as error:
        raise say.Failure(f"{IMAGE} on {board}: {error}", 1) from None
    rows = {row["name"]: row["counts"] for row in records.rows}
    return {load: rows[f"cyclic_{load}"] for load in LOADS}


def table(measured):
    """Lines of text of {kernel: {load: statistics}}."""
    lines = [f"{'kernel':10}{'load':8}" + "".join(f"{name:>9}" for name in COLUMNS)]
    for load in LOADS:
        for kernel, of in measured.items():
            lines.append(f"{kernel:10}{load:8}" + "".join(f"{of[load][c]:>9}" for c in COLUMNS))
    return lines


def chosen(*names):
    if names != ("linux-rt",):
        raise say.Failure(f"no rival '{' '.join(names)}': there is linux-rt")
    return names[0]


def measure(board, images, out, *, fresh=False, verbose=False):
    out.mkdir(parents=True, exist_ok=True)
    directory = rivals_linux.fetch(out, fresh)
    archive = out / "initrd.cpio"
    archive.write_bytes(rivals_linux.initrd(directory / "root"))
    counts = {"Pivot": run_pivot(board, images, verbose), "Linux RT": {}}
    for load in LOADS:
        say.step(f"Booting Linux RT, {load}")
        counts["Linux RT"][load] = rivals_linux.run(board, directory, archive, load, verbose)
    measured = {kernel: {load: statistics(of[load]) for load in LOADS}
                for kernel, of in counts.items()}
    print(f"{board}: how late a thread wakes that sleeps until a time; instructions (= ns), 1 CPU, "
          f"{rivals_linux.SAMPLES} samples {rivals_linux.INTERVAL_US} us apart")
    print("\n".join(table(measured)))
    print("The loads are not the same program: docs/rivals.md says what each figure contains.")
    result = {"schema": SCHEMA, "board": board, "unit": "instructions", "rival": "linux-rt",
              "qemu": ".".join(map(str, machines.qemu_version())), "icount_shift": 0,
              "packages": rivals_linux.packages_of(directory),
              "kernels": {kernel: {load: {**measured[kernel][load], "counts": of[load]}
                                   for load in LOADS} for kernel, of in counts.items()}}
    path = out / f"{board}.linux-rt.json"
    path.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    print(f"written: {path}")
