"""The machines: which QEMU command runs an image on a board (the table is boards.json).

Importable by every tool and test: `from machines import qemu_command`.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
QEMU = "qemu-system-aarch64"

# Ubuntu 22.04 ships 6.2, the oldest QEMU on the systems that Pivot supports. An exact run needs a
# settable cntfrq, which came with 5.0; 5.2, 7.2 and 10.0 were seen to give the same figures, but a
# version that no supported system ships is tested by nobody.
MINIMUM_QEMU = (6, 2)


class MachineError(Exception):
    """One line for the user; the tools end with status 2."""


def boards():
    return json.loads((Path(__file__).resolve().parent / "boards.json").read_text())


def board(name):
    table = boards()
    if name not in table:
        raise MachineError(f"no board named '{name}'; there are: {', '.join(table)}")
    return table[name]


def cpus_of(text, *board_names, said_by="--smp", most="cpus"):
    """A number of CPUs as somebody gave it, if every one of these boards can have as many.
    `most`: "kernel_cpus" for as many as the kernel uses, be there more or not."""
    number = int(text) if re.fullmatch(r"[0-9]{1,6}", str(text)) else 0
    for name in board_names:
        if not 1 <= number <= board(name)[most]:
            raise MachineError(f"{said_by} {text}: {name} has 1 to {board(name)[most]} CPUs")
    return number


def usual_cpus(board_name):
    """What a run gets that does not say: PIVOT_SMP, by which ./pivot test --smp tells all tests."""
    return cpus_of(os.environ.get("PIVOT_SMP") or 1, board_name, said_by="PIVOT_SMP")


def qemu_path():
    path = shutil.which(QEMU)
    if not path:
        raise MachineError(f"{QEMU} is not in PATH; on Debian and Ubuntu: "
                           "apt-get install qemu-system-arm")
    return path


def qemu_version():
    """(major, minor, ...) of the QEMU in PATH."""
    text = subprocess.run([qemu_path(), "--version"], capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False).stdout
    found = re.search(r"version (\d+(?:\.\d+)+)", text)
    if not found:
        raise MachineError(f"{qemu_path()} --version says no version: {text[:60]!r}")
    return tuple(int(part) for part in found[1].split("."))


def check_qemu():
    """The version, or MachineError when QEMU is missing or too old."""
    version = qemu_version()
    if version < MINIMUM_QEMU:
        have, least = (".".join(map(str, v)) for v in (version, MINIMUM_QEMU))
        raise MachineError(f"QEMU {have} is too old: Pivot needs {least} or newer "
                           "(the oldest on which exact latencies are supported)")
    return version


def qemu_command(board_name, image, *, exact=False, shift=0, smp=None, multi=False, cpu=(),
                 machine_opts=(), args=(), serial="stdio", bios=None, extra=()):
    """The command line that runs `image` on a board.

    exact         one instruction is one nanosecond of virtual time (icount)
    shift         with exact: it is 2**shift nanoseconds, so the CPU is that much slower
    smp           how many CPUs; without it what PIVOT_SMP says, or one
    multi         each CPU on a thread of the host's, said explicitly: QEMU's own choice depends
                  on the host. Without it and not exact, it is left to QEMU
    cpu           options added to -cpu; an entry without '=' replaces the model
    machine_opts  options added to -M, e.g. ("secure=on", "virtualization=on")
    args          the image's semihosting command line, e.g. ("bench", "samples=8")
    serial        where the UART goes; "stdio", "mon:stdio", "unix:/path,server=on,wait=off", ...
    bios          firmware that is started instead of the image, which then only lies in memory
    extra         anything else
    """
    spec = board(board_name)
    count = usual_cpus(board_name) if smp is None else cpus_of(smp, board_name)
    model, *cpu_opts = spec["cpu"]
    for option in cpu:
        if "=" in option:
            cpu_opts.append(option)
        else:
            model = option
    if exact:
        cpu_opts += spec["exact_cpu"]
    # Without a word QEMU would give the image's path, whose blanks make words of it.
    semihosting = ["enable=on", "target=native", *(f"arg={a}" for a in args or ("",))]
    command = [qemu_path(), "-M", ",".join([*spec["machine"], *machine_opts]),
               "-cpu", ",".join([model, *cpu_opts]), "-smp", str(count), "-m", spec["memory"],
               # No network card: it would want a boot ROM that a lean installation has not got.
               "-nic", "none", "-display", "none", "-monitor", "none", "-serial", serial,
               "-semihosting-config", ",".join(semihosting)]
    if exact and multi:
        raise MachineError("an exact run is one instruction after the other, on one thread: "
                           "--exact and --multi exclude each other")
    if exact:
        command += [word.replace("shift=0", f"shift={shift}") for word in spec["exact"]]
    if multi:
        command += ["-accel", "tcg,thread=multi"]
    command += [*firmware(bios, image), *extra] if bios else ["-kernel", str(image), *extra]
    return command


# Where firmware finds the image: clear of U-Boot and the device tree, 2 MiB aligned as the arm64
# boot protocol asks.
FIRMWARE_LOADS_AT = 0x42000000


def firmware(bios, image):
    return ["-bios", str(bios),
            "-device", f"loader,file={image},addr={FIRMWARE_LOADS_AT:#x},force-raw=on"]
