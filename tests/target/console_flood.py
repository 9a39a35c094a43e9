#!/usr/bin/env python3
"""Floods the shell's console and expects it to answer afterwards.

    tests/target/console_flood.py --board qemu-virt build/qemu-virt/images/pivot.elf

Exit status: 0 it always answered, 1 it did not.
"""

import argparse
import os
import random
import re
import sys
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from console_link import PROMPT, Link, LinkError  # noqa: E402

SEED = 20070521
FLOOD_BYTES = 1 << (20 if os.environ.get("PIVOT_FULL") else 18)
LONGEST = 127  # LineEditor::kLongest
SLOW_COMMANDS = 30

# Commands that would end the guest, which is not what is tested here.
DEADLY = (b"panic", b"reboot", b"halt")
LINE_ENDS = re.compile(rb"[\r\n\x03]")


def defuse(data):
    """Random bytes that cannot become a deadly command, and how many of them were changed.

    Editing only ever takes characters out of a line, so what the shell is given is a subsequence of
    what was sent between two line ends. A line that has no such word as a subsequence is harmless.
    """
    data, changed, start = bytearray(data), 0, 0
    for end in [m.start() for m in LINE_ENDS.finditer(data)] + [len(data)]:
        for word in DEADLY:
            while (last := last_of_subsequence(data, start, end, word)) is not None:
                data[last] = ord("x")
                changed += 1
        start = end + 1
    return bytes(data), changed


def last_of_subsequence(data, start, end, word):
    at = start - 1
    for letter in word:
        at = data.find(letter, at + 1, end)
        if at < 0:
            return None
    return at


class Check:
    def __init__(self, link):
        self.link = link
        self.failures = 0

    def that(self, condition, what):
        if not condition:
            print(f"FAILED: {what}", file=sys.stderr)
            self.failures += 1

    def answers(self, after):
        """Whatever state the line is in: ^C gives it up, then two commands must work."""
        self.link.settle()
        self.link.send(b"\x03")
        self.link.wait_for(PROMPT)
        self.that("this list" in self.link.command("help"), f"'help' answers after {after}")
        self.that(re.match(r"CPU 0: SPL none,", self.link.command("spl")),
                  f"the SPL is none after {after}")
        print(f"answers after {after}", flush=True)

    def counters(self):
        text = self.link.command("irq")
        print(text.strip().splitlines()[-1], flush=True)
        return {name: int(n) for name, n in re.findall(r"([a-z][a-z ]*) (\d+)(?:,|$)", text, re.M)}


def flood(check):
    data, changed = defuse(random.Random(SEED).randbytes(FLOOD_BYTES))
    print(f"sending {len(data)} random bytes, seed {SEED}; {changed} changed to 'x', so that none "
          f"of {', '.join(w.decode() for w in DEADLY)} can come of them", flush=True)
    begin = time.monotonic()
    check.link.send(data)
    check.answers(f"{len(data)} random bytes in {time.monotonic() - begin:.1f} s")


def every_byte(check):
    check.link.send(bytes(range(256)))
    check.link.send(bytes(byte for b in range(256) for byte in (b, 255 - b, b)))
    check.answers("every byte value")


def overlong(check):
    for length in (LONGEST, LONGEST + 1, 4096, 100_000):
        check.link.settle(0.1)
        check.link.send(b"z" * length + b"\r")
        wanted = b"no such command" if length <= LONGEST else b"at most 127 characters: ignored"
        check.link.wait_for(wanted)
    check.answers("overlong lines")


def paste(check):
    """56 KB of commands with CR LF, much faster than they run: each is run once, none is lost.

    The first ones take about 10 ms each, so that the receive ring certainly fills behind them.
    """
    lines = [f"number-{i} of the lines of a long paste, which the shell does not know"
             for i in range(800)]
    text = "".join(line + "\r\n" for line in SLOW_COMMANDS * ["bench"] + lines).encode()
    print(f"pasting {len(text)} bytes", flush=True)
    start = len(check.link.output)
    check.link.send(text)
    check.link.wait_for(rb"^number-799: no such command")
    check.link.wait_for(PROMPT)
    printed = bytes(check.link.output[start:]).replace(b"\r", b"")
    check.that(printed.count(b"irq_to_thread") == SLOW_COMMANDS, "every pasted 'bench' is run")
    transcript = "".join(f"{line}\n{line.split()[0]}: no such command; 'help' lists them\npivot> "
                         for line in lines).encode()
    check.that(printed.endswith(b"pivot> " + transcript),
               "each pasted line is run once and in order, with echo, answer and prompt in place")
    check.that(check.counters()["held off"] > 0, "the paste has filled the receive ring")
    check.answers("a paste")


# Words that commands know, beside their names, and some that none does.
WORDS = ("on", "off", "reset", "clear", "measure", "affinity", "every", "stop", "fatal",
         "0", "1", "7", "27", "33", "40", "100", "1019", "1020", "4000", "4294967295", "4294967296",
         "99999999999999999999", "-1", "0x21", "irq_to_thread", "mutex_pair", "x", "~" * 20)
KEYS = (b"\x1b[D", b"\x1b[C", b"\x1b[A", b"\x1b[B", b"\x1b[H", b"\x1b[F", b"\x1b[3~", b"\x7f",
        b"\t", b"\x01", b"\x05", b"\x0b", b"\x17")
LINES = 600


def random_line(dice, names):
    """A command with arguments that may make sense, and the keys of somebody who types it badly."""
    words = [dice.choice(names), *dice.choices(WORDS, k=dice.choice((0, 1, 1, 2, 3, 9)))]
    if words[0] == "top" and len(words) > 1 and dice.random() < 0.9:
        words[1] = "5"      # milliseconds
    line = " ".join(words).encode()
    for _ in range(dice.choice((0, 0, 0, 1, 3))):
        at = dice.randrange(len(line) + 1)
        line = line[:at] + dice.choice(KEYS) + line[at:]
    return line


def commands(check):
    """Commands with arguments of all kinds: each line is answered, whatever it says."""
    dice = random.Random(SEED)
    names = [line.split()[0] for line in check.link.command("help").splitlines()]
    names = [name for name in names if name.encode() not in DEADLY]
    check.that(len(names) > 12, "help lists the commands")
    for i in range(LINES):
        line = random_line(dice, names)
        if any(last_of_subsequence(bytearray(line), 0, len(line), word) for word in DEADLY):
            continue
        check.link.send(line + b"\r")
        check.link.wait_for(PROMPT)
    check.link.command("timers stop")
    check.link.command("defer panic off")
    check.answers(f"{LINES} commands with arguments of all kinds")


def slow_reader(check):
    """Output that leaves far slower than it is made: nothing is lost, and input is held back."""
    check.link.read_slowly(256, 0.002)
    lines = ["help", "ps", "irq", "mem", "cont"] * 8
    start = len(check.link.output)
    check.link.send("".join(line + "\r" for line in [*lines, "no-more"]).encode())
    check.link.wait_for(rb"^no-more: no such command")
    check.link.wait_for(PROMPT)
    check.link.read_slowly(65536, 0)
    printed = bytes(check.link.output[start:]).replace(b"\r", b"").decode()
    answers = re.split(r"(?m)^pivot> ", "pivot> " + printed)[1:-1]
    check.that([answer.split("\n")[0] for answer in answers] == [*lines, "no-more"],
               "each command is run once and in order, for a terminal that is slow")
    for name in ("help", "mem"):
        same = {answer for answer in answers if answer.startswith(name + "\n")}
        check.that(len(same) == 1 and len(same.pop()) > 300, f"every answer to {name} is whole")
    check.answers(f"{len(printed)} bytes read slowly")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--board", required=True)
    args = parser.parse_args()
    with Link(args.board, args.image, timeout=400) as link:
        link.wait_for(PROMPT)
        check = Check(link)
        for part in (every_byte, overlong, commands, slow_reader, paste, flood):
            part(check)
        counters = check.counters()
        check.that(counters["overrun"] == 0, "QEMU's UART does not overrun: it waits")
        check.that(counters["unsent"] == 0, "nothing printed is lost")
        link.send(b"halt\r")
        check.that(link.status() == 0, "'halt' ends the guest with status 0")
    return 1 if check.failures else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except LinkError as error:
        print(f"FAILED: {error}", file=sys.stderr)
        sys.exit(1)
