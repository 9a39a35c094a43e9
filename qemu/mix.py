#!/usr/bin/env python3
"""What a row's instructions are: barriers, system registers, devices, exclusives, loads, stores.

QEMU runs bench.elf in exact mode, one instruction at a time, and logs every address executed. The
image's symbols say where a sample begins and ends (mark_begin.ROW, mark_end.ROW; a row without a
beginning begins at the interrupt vector), objdump says what is at each address. The sample that
is taken is the first whose number of instructions is the row's median: a row for which there is
none is reported, so the log also checks the counter.

By hand it lists the instructions themselves, for whoever wants to make a row faster:

    qemu/mix.py --board qemu-virt --image build/qemu-virt/images/bench.elf --row irq_to_handler=27
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import threading
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from guest import Guest, GuestError  # noqa: E402
from machines import MachineError, qemu_command, qemu_version  # noqa: E402
from names import short  # noqa: E402

LOGGED = "exec,nochain,trace:memory_region_ops_read,trace:memory_region_ops_write"
VECTOR = "vector_irq_thread"
CROSS = ("aarch64-none-elf-", "aarch64-linux-gnu-", "aarch64-elf-")

# By mnemonic. What is not named here and is no load or store is "rest".
BARRIERS = re.compile(r"(dsb|dmb|isb|sb)$")
# Also the PSTATE fields (msr daifset) and the maintenance instructions, which are encoded alike.
SYSREG = re.compile(r"(mrs|msr|sys|sysl|at|dc|ic|tlbi)$")
LOAD_EXCLUSIVE = re.compile(r"lda?x[rp][bh]?$")
STORE_EXCLUSIVE = re.compile(r"stl?x[rp][bh]?$")
# One instruction that does a pair's work (FEAT_LSE).
ATOMIC = re.compile(r"(casp?|swp|(ld|st)(add|clr|eor|set|[su]max|[su]min))(a|l|al)?[bh]?$")
MEMORY = re.compile(r"(ld|st|prfm)")


@dataclass(frozen=True)
class Instruction:
    mnemonic: str
    text: str
    function: str


@dataclass
class Marks:
    begins: dict = field(default_factory=lambda: defaultdict(list))     # address: rows
    ends: dict = field(default_factory=lambda: defaultdict(list))
    vectors: set = field(default_factory=set)
    devices: set = field(default_factory=set)

    def rows_from_vector(self):
        begun = {row for rows in self.begins.values() for row in rows}
        return {row for rows in self.ends.values() for row in rows} - begun


def read_marks(nm_output):
    marks = Marks()
    for line in nm_output.splitlines():
        words = line.split()
        if len(words) != 3:
            continue
        address, name = int(words[0], 16), words[2]
        # The compiler may copy a mark; the copies are numbered: mark_end.ROW.17.
        kind, _, row = re.sub(r"\.\d+$", "", name).partition(".")
        if kind == "mark_begin":
            marks.begins[address].append(row)
        elif kind == "mark_end":
            marks.ends[address].append(row)
        elif name.startswith("dev_access."):
            marks.devices.add(address)
        elif name == VECTOR:
            marks.vectors.add(address)
    return marks


# A label that is a mark is no function: what follows it still belongs to the function around it.
FUNCTION = re.compile(r"^[0-9a-f]+ <(?!mark_|dev_access\.)(.+)>:$")
CODE_LINE = re.compile(r"^\s*([0-9a-f]+):\t(?:[0-9a-f]{8} ?)+\s*\t(\S+)\s*(.*)$")


def read_code(objdump_output):
    """{address: Instruction}"""
    code, function = {}, "?"
    for line in objdump_output.splitlines():
        named = FUNCTION.match(line)
        if named:
            function = short(named[1])
            continue
        found = CODE_LINE.match(line)
        if found:
            operands = re.sub(r"\s*(<|//).*", "", found[3])    # where a branch goes, in words
            text = f"{found[2]} {operands}".strip()
            code[int(found[1], 16)] = Instruction(found[2], text, function)
    return code


def executed(lines, devices, cpu=None):
    """The addresses that QEMU's `-d exec` log says were executed (by that CPU), in order.

    QEMU logs an address before it runs it, and takes it back when a deadline or a device makes it
    stop and start again there; so each is held until the next line. What reached a device is in the
    log too, behind its instruction, and is added to `devices`.
    """
    held, begin = None, b"Trace " if cpu is None else b"Trace %d:" % cpu
    for line in lines:
        if line.startswith(begin):
            if held is not None:
                yield held
            held = int(line.split(b"/", 2)[1], 16)
        elif line.startswith(b"memory_region_ops"):
            if held is not None:
                devices.add(held)
        elif line.startswith((b"Stopped execution", b"cpu_io_recompile")):
            held = None
    if held is not None:
        yield held


class Sampler:
    """Watches the executed addresses; keeps one sample a row of exactly the wanted length."""

    LONGEST = 20000

    def __init__(self, marks, wanted):
        """`wanted`: {row: (median, divisor)}, as protocol.py has them."""
        self.samples = {}                  # row: addresses
        self.lengths = defaultdict(Counter)
        self._marks = marks
        self._wanted = wanted
        self._from_vector = marks.rows_from_vector()
        self._recent = []                  # addresses, the latest last
        self._dropped = 0                  # how many came before those
        self._begun = {}                   # row: position of its first instruction

    def feed(self, address):
        if address in self._marks.vectors:
            for row in self._from_vector:
                self._begun[row] = self._dropped + len(self._recent)
        self._recent.append(address)
        if address in self._marks.ends:
            for row in self._marks.ends[address]:
                self._end(row)
        if address in self._marks.begins:
            for row in self._marks.begins[address]:
                self._begun[row] = self._dropped + len(self._recent)
        if len(self._recent) > 4 * self.LONGEST:
            self._dropped += len(self._recent) - self.LONGEST
            del self._recent[:-self.LONGEST]

    def _end(self, row):
        start = self._begun.pop(row, -1) - self._dropped
        if start < 0:
            return
        sample = self._recent[start:]
        self.lengths[row][len(sample)] += 1
        median, divisor = self._wanted.get(row, (-1, 1))
        if -(-len(sample) // divisor) == median:    # rounded up, as the image does
            self.samples.setdefault(row, sample)

    def problems(self):
        for row, (median, divisor) in self._wanted.items():
            if row not in self.samples:
                seen = ", ".join(map(str, sorted(self.lengths[row])[:6])) or "none at all"
                times = f" x {divisor}" if divisor != 1 else ""
                yield f"{row}: its median is {median}{times}, but the log's samples have {seen}"


def mix_of(sample, code, devices):
    """{kind: count}, kinds as in report.MIX_COLUMNS; an exclusive pair is two instructions."""
    count, stores, loads, atomics = Counter(), 0, 0, 0
    for address in sample:
        mnemonic = code[address].mnemonic if address in code else ""
        if address in devices:
            count["device"] += 1
        elif BARRIERS.match(mnemonic):
            count["barriers"] += 1
        elif SYSREG.match(mnemonic):
            count["sysreg"] += 1
        elif LOAD_EXCLUSIVE.match(mnemonic):
            loads += 1
        elif STORE_EXCLUSIVE.match(mnemonic):
            stores += 1
        elif ATOMIC.match(mnemonic):
            atomics += 1
        elif MEMORY.match(mnemonic):
            count["memory"] += 1
        else:
            count["rest"] += 1
    pairs = min(loads, stores)
    return {"instructions": len(sample), "barriers": count["barriers"],
            "sysreg": count["sysreg"], "device": count["device"],
            "exclusive_pairs": pairs + atomics,
            "memory": count["memory"] + loads + stores - 2 * pairs, "rest": count["rest"]}


def unreadable(samples, code):
    """A line for each row with an address that the disassembly has no instruction for."""
    for row, sample in samples.items():
        missing = next((a for a in sample if a not in code or code[a].mnemonic[0] == "."), None)
        if missing is not None:
            yield f"{row}: no instruction is known at {missing:#x}"


def by_function(sample, code):
    """[(function, instructions)] in the order first entered."""
    count = Counter(code[a].function if a in code else "?" for a in sample)
    return list(count.items())


def tool_output(tool, *words):
    path = next(filter(None, (shutil.which(prefix + tool) for prefix in CROSS)), None)
    if not path:
        raise MachineError(f"no {tool} for AArch64 in PATH (it comes with the cross compiler)")
    return subprocess.run([path, *words], capture_output=True, text=True, check=True,
                          stdin=subprocess.DEVNULL).stdout


def one_at_a_time():
    """QEMU's option for one instruction a translation block, so that each is logged."""
    if qemu_version() >= (8, 1):
        return ["-accel", "tcg,one-insn-per-tb=on"]
    return ["-singlestep"]


def trace(board, image, sampler, devices, *, smp=None, args=("bench", "samples=8"), cpu=None,
          timeout=300):
    """Runs the image and feeds the sampler. The log goes through a pipe: it can be gigabytes."""
    read_end, write_end = os.pipe()
    command = qemu_command(board, image, exact=True, smp=smp, args=args,
                           extra=[*one_at_a_time(), "-d", LOGGED, "-D", f"/dev/fd/{write_end}"])
    outcome = []

    def finish(guest):
        # Beside the log, or a full console would stop QEMU while we wait for its log.
        try:
            outcome.append(guest.wait())
        except GuestError as error:
            outcome.append(error)
            guest.kill()

    with os.fdopen(read_end, "rb", buffering=1 << 20) as log, \
            Guest(command, timeout=timeout, pass_fds=(write_end,)) as guest:
        os.close(write_end)
        waiter = threading.Thread(target=finish, args=(guest,))
        waiter.start()
        try:
            for address in executed(log, devices, cpu):
                sampler.feed(address)
        except BaseException:
            guest.kill()    # the waiter must have ended before the guest is put away
            raise
        finally:
            waiter.join()
    if outcome != [0]:
        raise GuestError(f"the logged run ended with: {outcome[0]}")


@dataclass
class Result:
    samples: dict
    code: dict
    devices: set
    problems: list

    def mixes(self):
        return {row: mix_of(s, self.code, self.devices) for row, s in self.samples.items()}


def collect(board, image, wanted, *, smp=None):
    """A typical sample of each row in `wanted` ({row: (median, divisor)})."""
    marks = read_marks(tool_output("nm", str(image)))
    code = read_code(tool_output("objdump", "-d", "-C", str(image)))
    sampler = Sampler(marks, wanted)
    trace(board, image, sampler, marks.devices, smp=smp)
    problems = [*sampler.problems(), *unreadable(sampler.samples, code)]
    return Result(sampler.samples, code, marks.devices, problems)


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--board", required=True)
    parser.add_argument("--image", required=True, type=Path)
    parser.add_argument("--smp", metavar="N", help="CPUs (what PIVOT_SMP says, or 1)")
    parser.add_argument("--row", required=True, action="append", metavar="NAME=MEDIAN",
                        help="the row and how long its sample is (all of it: not divided)")
    args = parser.parse_args(argv)
    try:
        rows = (r.partition("=") for r in args.row)
        wanted = {name: (int(length), 1) for name, _, length in rows}
        result = collect(args.board, args.image, wanted, smp=args.smp)
    except (MachineError, GuestError, ValueError) as error:
        print(f"mix.py: {error}", file=sys.stderr)
        return 2
    for row, sample in result.samples.items():
        print(f"{row}: {len(sample)} instructions, {mix_of(sample, result.code, result.devices)}")
        for address in sample:
            one = result.code.get(address, Instruction("?", "?", "?"))
            device = "  ; device" if address in result.devices else ""
            print(f"  {address:#x}  {one.function:40.40}  {one.text}{device}")
    for problem in result.problems:
        print(problem)
    return 1 if result.problems else 0


if __name__ == "__main__":
    sys.exit(main())
