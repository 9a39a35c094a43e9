#!/usr/bin/env python3
"""Boots t_boot in two ways that need more than a look at what it prints.

    boot_check.py --board qemu-virt --nm NM t_boot.elf parked
        Four CPUs enter at EL3 at once. One boots; each other one must sit in `park`.
    boot_check.py --board qemu-virt --nm NM t_boot.elf dirty
        The raw Image, at EL3, at an address of its own, in RAM that is full of garbage.

Exit status: 0 it holds, 1 it does not (one line says what), 2 the command cannot work.
"""

import argparse
import re
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "qemu"))

from guest import Guest, GuestError, printable  # noqa: E402
from machines import MachineError, qemu_command  # noqa: E402

CPUS = 4
KERNEL_BASE = 0xffffff8000000000
LOADED_AT = 0x40200000  # an ELF
MOVED_TO = 0x43200000
TIMEOUT = 30


class Wrong(Exception):
    """What does not hold, as one line."""


def symbol(nm, elf, name):
    listing = subprocess.run([nm, elf], check=True, capture_output=True, text=True).stdout
    return next(int(a, 16) for a, _, n in map(str.split, listing.splitlines()) if n == name)


class Monitor:
    """QEMU's own console, over a socket that it inherits."""

    def __init__(self):
        self.ours, self.theirs = socket.socketpair()
        self.ours.settimeout(TIMEOUT)
        self.arguments = ["-chardev", f"socket,id=monitor,fd={self.theirs.fileno()}",
                          "-mon", "chardev=monitor,mode=readline"]

    def ask(self, question):
        self._read_to_prompt()
        self.ours.sendall(question.encode() + b"\n")
        return self._read_to_prompt()

    def _read_to_prompt(self):
        text = b""
        while not text.endswith(b"(qemu) "):
            piece = self.ours.recv(65536)
            if not piece:
                raise Wrong(f"QEMU's monitor has ended: {text!r}")
            text += piece
        return text.decode(errors="replace")


def check_parked(args):
    park = symbol(args.nm, args.elf, "park") - KERNEL_BASE + LOADED_AT
    monitor = Monitor()
    command = qemu_command(args.board, args.elf, smp=CPUS, machine_opts=["secure=on"],
                           args=["stay"], extra=monitor.arguments)
    with Guest(command, timeout=TIMEOUT, echo=show, pass_fds=[monitor.theirs.fileno()]) as guest:
        guest.wait_for(rb"entered at EL3.*")
        guest.wait_for(rb"checks, 0 failed")
        registers = monitor.ask("info registers -a")
        if guest.output.count(b"entered at") != 1:
            raise Wrong("more than one CPU has booted")
    places = {int(cpu): int(pc, 16)
              for cpu, pc in re.findall(r"CPU#(\d+)\s+PC=([0-9a-f]+)", registers)}
    if len(places) != CPUS:
        raise Wrong(f"QEMU tells of {len(places)} CPUs, not {CPUS}")
    levels = re.findall(r"PSTATE=\w+ \S+ (?:\S+ )?EL(\d)", registers)
    for cpu in range(1, CPUS):
        if not park <= places[cpu] <= park + 4:
            raise Wrong(f"CPU {cpu} is at {places[cpu]:#x}, not in park ({park:#x})")
    print(f"CPUs 1 to {CPUS - 1} are in park, at EL{', EL'.join(levels[1:])}")


def check_dirty(args):
    image = args.elf.with_suffix(".img")
    behind = MOVED_TO + (image.stat().st_size + 4095 & ~4095)
    with tempfile.NamedTemporaryFile() as garbage:
        garbage.write(b"\xa5" * (1 << 20))
        garbage.flush()
        command = qemu_command(args.board, image, machine_opts=["secure=on"], extra=[
            "-device", f"loader,file={image},addr={MOVED_TO:#x},force-raw=on",
            "-device", f"loader,file={garbage.name},addr={behind:#x},force-raw=on",
            "-device", f"loader,addr={MOVED_TO:#x},cpu-num=0"])
        at = command.index("-kernel")
        del command[at:at + 2]  # QEMU would act as a boot loader and enter the Image at EL1
        with Guest(command, timeout=TIMEOUT, echo=show) as guest:
            guest.wait_for(rb"entered at EL3, image at %x" % MOVED_TO)
            guest.wait_for(rb"checks, 0 failed")
            if guest.wait() != 0:
                raise Wrong("the exit status is not 0")


def show(data):
    sys.stdout.write(printable(data))
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--nm", required=True)
    parser.add_argument("elf", type=Path)
    parser.add_argument("check", choices=["parked", "dirty"])
    args = parser.parse_args()
    try:
        {"parked": check_parked, "dirty": check_dirty}[args.check](args)
    except (Wrong, GuestError) as error:
        print(f"boot_check.py: {args.check}: {error}", file=sys.stderr)
        return 1
    except MachineError as error:
        print(f"boot_check.py: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
