#!/usr/bin/env python3
"""Runs one image on one board under QEMU and holds it to what a test expects.

    qemu/run.py --board qemu-virt build/qemu-virt/images/t_nest.elf --expect 'nested 8 deep'

The console's output is printed (made printable). Exit status: 0 everything held, 1 something did
not (one line on stderr per failure), 2 the command itself cannot work.
"""

import argparse
import os
import re
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from guest import Guest, GuestError, end_with_us, printable  # noqa: E402
from machines import MachineError, qemu_command  # noqa: E402


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0],
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    add = parser.add_argument
    add("image", type=Path, help="kernel image, ELF or arm64 Image")
    add("--board", required=True, help="a name in qemu/boards.json")
    add("--exact", action="store_true", help="one instruction is one nanosecond (icount)")
    add("--timeout", type=float, default=400, metavar="S",
        help="seconds until it is ended (400): it hangs, or the host is very busy")
    add("--expect-status", default="0", metavar="N", help="QEMU's exit status, or 'any' (0)")
    add("--expect", action="append", default=[], metavar="REGEX",
        help="must be printed, after what the --expect before it matched")
    add("--reject", action="append", default=[], metavar="REGEX", help="must never be printed")
    add("--until-expected", action="store_true",
        help="end the guest once every --expect was seen; its status is then not looked at")
    add("--input", metavar="FILE", help="bytes typed at the console from the start; - is stdin")
    add("--send", nargs=2, action="append", default=[], metavar=("REGEX", "TEXT"),
        help="type TEXT (with \\n, \\xNN) when REGEX has been printed; in the order given")
    add("--arg", action="append", default=[], help="a word of the image's command line")
    add("--smp", metavar="N", help="CPUs (what PIVOT_SMP says, or 1)")
    add("--multi", action="store_true",
        help="the CPUs run at the same time, each on a thread of the host's (not with --exact)")
    add("--cpu", action="append", default=[], metavar="OPT", help="model, or option=value")
    add("--machine-opt", action="append", default=[], metavar="OPT", help="e.g. secure=on")
    add("--bios", type=Path, metavar="FILE", help="firmware; the image then lies at 0x42000000")
    add("--qemu-arg", action="append", default=[], metavar="X",
        help="one more word for QEMU (--qemu-arg=-global)")
    add("--full-only", action="store_true",
        help="skip (status 77) unless this is ./pivot test --full")
    add("--quiet", action="store_true", help="print the console only when something failed")
    add("--verbose", action="store_true", help="print the QEMU command first")
    return parser.parse_args(argv)


def command_for(args):
    for file, mend in ((args.image, ": build it first"), (args.bios, "")):
        if file and not file.is_file():
            raise MachineError(f"no such file: {file}{mend}")
    return qemu_command(args.board, args.image, exact=args.exact, smp=args.smp,
                        multi=args.multi, cpu=args.cpu,
                        machine_opts=args.machine_opt, args=args.arg, bios=args.bios,
                        extra=args.qemu_arg)


def bytes_of(text):
    """A regex or typed text from the command line as bytes, one a character below 256."""
    return text.encode("utf-8", "surrogateescape")


def unescape(text):
    return bytes_of(text).decode("unicode_escape").encode("latin-1")


def show(data):
    sys.stdout.write(printable(data))
    sys.stdout.flush()


def unmet(args, output):
    """The expectations about the output that do not hold, one line each."""
    failures, at = [], 0
    for pattern in args.expect:
        match = re.compile(bytes_of(pattern), re.MULTILINE).search(output, at)
        if match:
            at = match.end()
        else:
            where = " after the --expect before it" if at else ""
            failures.append(f"not printed{where}: /{pattern}/")
    for pattern in args.reject:
        match = re.search(bytes_of(pattern), output, re.MULTILINE)
        if match:
            failures.append(f"printed, but must not be: /{pattern}/ "
                            f"(found: {printable(match[0])[:80]})")
    return failures


def converse(args, guest):
    """Types, waits, and returns what went wrong as lines (empty: nothing)."""
    if args.input:
        guest.send(sys.stdin.buffer.read() if args.input == "-"
                   else Path(args.input).read_bytes())
    for pattern, text in args.send:
        guest.wait_for(bytes_of(pattern))
        guest.send(unescape(text))
    if args.until_expected:
        guest.rewind()
        for pattern in args.expect:
            guest.wait_for(bytes_of(pattern))
        return []
    status = guest.wait()
    if args.expect_status not in ("any", str(status)):
        return [f"QEMU's exit status is {status}, expected {args.expect_status}"]
    return []


def run(args):
    with Guest(command_for(args), timeout=args.timeout,
               echo=None if args.quiet else show) as guest:
        try:
            failures = converse(args, guest)
        except GuestError as error:
            failures = [str(error)]
        output = bytes(guest.output)
    failures += [line for line in unmet(args, output) if line not in failures]
    if failures and args.quiet:
        show(output)
    if output and not output.endswith(b"\n") and not args.quiet:
        print(flush=True)
    for line in failures:
        print(f"run.py: {args.image.name} on {args.board}: {line}", file=sys.stderr)
    return 1 if failures else 0


def main(argv=None):
    args = arguments(argv)
    if args.full_only and not os.environ.get("PIVOT_FULL"):
        print("run.py: part of ./pivot test --full only")
        return 77  # CTest: skipped
    end_with_us()
    try:
        if args.verbose:
            print("+", *command_for(args), flush=True)
        return run(args)
    except MachineError as error:
        print(f"run.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    sys.exit(main())
