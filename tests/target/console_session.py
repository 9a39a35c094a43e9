#!/usr/bin/env python3
"""One session with the shell: every command, its answer, and the two ways a guest ends.

    tests/target/console_session.py --board qemu-virt build/qemu-virt/images/pivot.elf

Exit status: 0 all was as it should be, 1 not.
"""

import argparse
import re
import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from console_link import PROMPT, Link  # noqa: E402

COMMANDS = ("help", "irq", "cpus", "ps", "spl", "timers", "lockstat", "defer", "lockorder",
            "masked", "trace", "panic", "reboot", "halt", "bench", "inject", "mem", "cont", "stack",
            "top")
LEVELS = ("none", "softclock", "softbio", "softnet", "softserial", "vm", "sched", "high")
ARGS = None


def line_counts(text):
    """{line: (name, count, longest)} of `irq`."""
    rows = re.findall(r"^(?:SGI|PPI|SPI) (\d+) +(\S+) +\w+ +(\d+) +\d+ +\d+ +(-|\d+ ns)$", text,
                      re.M)
    return {int(line): (name, int(count), longest) for line, name, count, longest in rows}


def is_checked():
    return "checked" in ARGS.image.name


class Session(unittest.TestCase):
    def setUp(self):
        self.link = self.boot()

    def boot(self, **machine):
        link = Link(ARGS.board, ARGS.image, timeout=200, **machine)
        self.addCleanup(link.__exit__)
        link.wait_for(PROMPT)
        return link

    def test_banner_is_one_line(self):
        before = self.link.output.split(b"pivot> ")[0].decode().splitlines()
        self.assertEqual(before, [f"Pivot on {ARGS.board}; 'help' lists the commands"])

    def test_help_names_every_command(self):
        lines = self.link.command("help").splitlines()
        listed = [line.split()[0] for line in lines]
        self.assertEqual(sorted(listed), sorted(COMMANDS))  # the registered have no order
        page = (Path(__file__).resolve().parents[2] / "docs" / "shell.md").read_text("utf-8")
        self.assertEqual([name for name in listed if f"| `{name}" not in page], [])
        for line in lines:
            self.assertNotRegex(line, r"\]\S", "its arguments end before what it does")

    def test_ps_shows_the_threads(self):
        rows = [line.split() for line in self.link.command("ps").splitlines()]
        self.assertEqual(rows[0], ["thread", "cpu", "priority", "base", "state", "stack", "used",
                                   "waits", "for"])
        threads = {row[0]: row[1:] for row in rows[1:]}
        self.assertEqual(threads["main"][:-1], ["0", "8", "8", "running", "16384"])
        self.assertEqual(threads["idle"][:4], ["0", "0", "0", "ready"])
        for level in LEVELS[1:5]:
            self.assertEqual(threads[level][3:5], ["waiting", "8192"])
        for name, row in threads.items():
            self.assertLess(int(row[-1]), int(row[-2]), f"{name} has some stack left")
        self.assertGreater(int(threads["main"][-1]), 0)
        self.assertGreater(int(threads["softserial"][-1]), 0, "our bytes come by it")

    def test_cpus_shows_each_once(self):
        link = self.boot(smp=3)
        rows = [line.split() for line in link.command("cpus").splitlines()]
        self.assertEqual(rows[0], ["cpu", "affinity", "state", "thread", "SPL", "interrupts"])
        self.assertEqual([row[:5] for row in rows[1:]],
                         [["0", "0000000000", "online", "main", "none"],
                          ["1", "0000000001", "online", "idle", "none"],
                          ["2", "0000000002", "online", "idle", "none"]])

    def test_spl_shows_the_levels(self):
        lines = self.boot(smp=1).command("spl").splitlines()
        self.assertRegex(lines[0], r"^CPU 0: SPL none, system-wide none; \d+ interrupts")
        self.assertEqual([line.split()[0] for line in lines[2:]], list(LEVELS))
        lines = self.boot(smp=3).command("spl").splitlines()
        self.assertEqual([line.split(";")[0] for line in lines[:3]],
                         [f"CPU {n}: SPL none, system-wide none" for n in range(3)])

    def test_irq_counts_go_up(self):
        first = line_counts(self.link.command("irq"))
        second = line_counts(self.link.command("irq"))
        self.assertEqual(first[33][0], "uart")
        self.assertGreater(first[33][1], 0)
        self.assertGreater(second[33][1], first[33][1])
        self.assertEqual(first[27][0], "clock")

    def test_irq_measures_a_line(self):
        self.assertEqual(line_counts(self.link.command("irq"))[33][2], "-")
        self.assertEqual(self.link.command("irq measure 33 on"), "")
        self.assertRegex(line_counts(self.link.command("irq"))[33][2], r"^\d+ ns$")
        self.assertEqual(self.link.command("irq measure 33 off"), "")
        self.assertEqual(line_counts(self.link.command("irq"))[33][2], "-")

    def test_irq_refuses_what_makes_no_sense(self):
        usage = "usage: irq [measure N on|off|affinity N CPU]\n"
        for words in ("x", "measure", "measure 33", "measure x on", "measure 33 maybe",
                      "measure 99999999999 on", "measure 33 on now", "1 2 3 4 5 6 7 8 9"):
            self.assertEqual(self.link.command(f"irq {words}"), usage)
        self.assertIn("nobody has requested", self.link.command("irq measure 40 on"))
        self.assertIn("no such line", self.link.command("irq measure 4000 on"))

    def test_irq_affinity_moves_a_line(self):
        self.assertEqual(self.link.command("irq affinity 33 0"), "")
        self.assertIn("that CPU is not online", self.link.command("irq affinity 33 99"))
        self.assertIn("of another kind", self.link.command("irq affinity 27 0"))
        self.assertIn("nobody has requested", self.link.command("irq affinity 40 0"))

    def test_mem_has_nothing_writable_and_executable(self):
        text = self.link.command("mem")
        rows = re.findall(r"^([0-9a-f]{16}) ([0-9a-f]{16}) +\d+ KiB  (r[w-][x-])  (\w+) +(.*)$",
                          text, re.M)
        self.assertEqual(len(rows), len(text.splitlines()) - 1)
        told = [(may, memory, what.partition(",")[0]) for _, _, may, memory, what in rows]
        self.assertEqual(told, [("r-x", "normal", "code"), ("r--", "normal", "constants"),
                                ("rw-", "normal", "data and stacks"), ("rw-", "device", "devices")])
        for (_, end, *_), (first, *_) in zip(rows, rows[1:]):
            self.assertLessEqual(int(end, 16), int(first, 16))
        self.assertRegex(rows[2][4], r", \d\d+ pages unmapped")     # the guards of the stacks

    def test_cont_shows_every_bottom_half(self):
        rows = [line.split() for line in self.link.command("cont").splitlines()[1:]]
        self.assertEqual([row[1] for row in rows if row[0] == "0"],
                         ["softserial", "softnet", "softbio", "softclock"])
        for _, _, *queue, priority, demoted in rows:
            self.assertIn(" ".join(queue), ("idle", "has work", "away"))
            self.assertIn(priority, ("32", "33", "34", "35"))
            self.assertEqual(demoted, "0")

    def test_stack_shows_what_was_used(self):
        rows = [line.split() for line in self.link.command("stack").splitlines()[1:]]
        used = {(name, cpu): int(bytes_used) for name, cpu, bytes_used, *_ in rows}
        self.assertGreater(used["main", "0"], 500)
        self.assertGreater(used["(interrupts)", "0"], 0)
        for *_, most, size, percent in rows:
            self.assertLess(int(most), int(size))
            self.assertEqual(int(percent), int(most) * 100 // int(size))

    def test_top_shows_who_had_the_cpus(self):
        rows = [line.split() for line in self.link.command("top 100").splitlines()]
        self.assertGreater(int(rows[0][3]), 50)
        shares = [float(share) for _, cpu, share in rows[1:] if cpu == "0"]
        self.assertTrue(99 < sum(shares) < 101)
        self.assertIn("idle", [row[0] for row in rows[1:]])
        for words in ("0", "60001", "-1", "1 2"):
            self.assertEqual(self.link.command(f"top {words}"), "usage: top [MS]\n")

    def test_tab_completes_and_up_brings_back(self):
        self.link.send(b"lock\to\t\r")
        self.link.wait_for(rb"lock\x07order \r?\n(0 violations|this kernel)")
        self.link.wait_for(PROMPT)
        self.link.send(b"\x1b[A\r")
        self.link.wait_for(rb"lockorder \r?\n(0 violations|this kernel)")
        self.link.wait_for(PROMPT)

    def test_a_line_is_changed_within(self):
        self.link.send(b"p ow\x1b[D\x1b[D\x1b[D\x1b[Ds\x1b[C\x1b[3~\x05\x08\x08s\x01\x04p\r")
        self.link.wait_for(rb"no such command; 'help' lists them\r?\n")
        self.link.wait_for(PROMPT)
        self.link.send(b"zp now\x1b[H\x1b[3~\x06s\x0b\r")
        self.link.wait_for(rb"(?m)^thread +cpu")
        self.link.wait_for(PROMPT)

    def test_defer_shows_what_top_halves_have_got(self):
        head = "line  name             taken   spun for   deferred\n"
        self.assertEqual(self.link.command("defer"), head + "a deferral is counted\n")
        self.assertEqual(self.link.command("defer panic on"), "")
        self.assertEqual(self.link.command("defer"), head + "a deferral is a panic\n")
        self.assertEqual(self.link.command("defer panic off"), "")
        self.assertIn("counted", self.link.command("defer"))
        for words in ("x", "panic", "panic maybe", "panic on now"):
            self.assertEqual(self.link.command(f"defer {words}"), "usage: defer [panic on|off]\n")
        self.assertRegex(self.link.command("irq"),
                         r"(?m)^adaptive mutexes for top halves: taken 0, spun for 0, deferred 0$")

    def test_panic_on_defer_is_a_word_of_the_command_line(self):
        link = self.boot(args=("panic-on-defer",))
        self.assertIn("a deferral is a panic", link.command("defer"))

    def test_timers_shows_what_is_armed(self):
        head = ["cpu", "due", "in", "us", "period", "us", "callout", "function"]
        self.assertEqual(self.link.command("timers").split(), head)
        self.assertEqual(self.link.command("timers every 20"), "")
        row = self.link.command("timers").splitlines()[1]
        cpu, due, period, name, function = row.split(maxsplit=4)
        self.assertEqual((cpu, period, name), ("0", "20000", "beat"))
        self.assertLessEqual(int(due), 20000)
        self.assertIn("&pivot::beat", function)
        self.assertEqual(self.link.command("timers every 1"), "")
        self.link.command("bench")
        self.assertRegex(self.link.command("timers stop"),
                         r"^the beat ran \d+ times, at most \d+ ns late\n$")
        self.assertEqual(self.link.command("timers").split(), head)
        for words in ("x", "every", "every 0", "every x", "stop now"):
            self.assertEqual(self.link.command(f"timers {words}"),
                             "usage: timers [every MS|stop]\n")

    def test_lockstat_counts_while_it_is_on(self):
        def counted():
            rows = re.findall(r"^console \(vm, 1 lock\)\n +(\d+) +(\d+)(?: +\d+){4} +(\d+)$"
                              r"((?:\n +\d+ +\d+  [0-9a-f]{16} .*)+)",
                              self.link.command("lockstat"), re.M)
            return [(int(taken), int(held), callers) for taken, _, held, callers in rows]

        self.assertRegex(self.link.command("lockstat"), r"^lock statistics are off; \d+ classes")
        self.assertEqual(counted(), [])
        self.assertEqual(self.link.command("lockstat on"), "")
        self.link.command("ps")
        (first, held, callers), = counted()
        self.assertGreater(first, 0)
        self.assertGreater(held, 0)
        self.assertIn("pivot::write+", callers)
        self.assertGreater(counted()[0][0], first)
        self.assertEqual(self.link.command("lockstat reset"), "")
        self.assertEqual(self.link.command("lockstat off"), "")
        last = counted()
        self.assertEqual(counted(), last)
        for words in ("x", "on on", "of"):
            self.assertEqual(self.link.command(f"lockstat {words}"),
                             "usage: lockstat [on|off|reset]\n")

    def test_lockorder_shows_what_a_checked_kernel_has_seen(self):
        text = self.link.command("lockorder")
        if not is_checked():
            self.assertEqual(text, "this kernel keeps no such record: only a checked build does\n")
            return
        self.assertEqual(text.splitlines()[0], "0 violations; a new one panics")
        self.assertEqual(self.link.command("lockorder fatal off"), "")
        self.assertIn("0 violations; a new one is kept", self.link.command("lockorder"))
        self.assertEqual(self.link.command("lockorder fatal on"), "")
        for words in ("x", "fatal", "fatal maybe"):
            self.assertEqual(self.link.command(f"lockorder {words}"),
                             "usage: lockorder [fatal on|off]\n")

    def test_masked_shows_the_longest_times(self):
        text = self.link.command("masked")
        if not is_checked():
            self.assertEqual(text, "this kernel keeps no such record: only a checked build does\n")
            return
        rows = re.findall(r"^(\w+) +(\d+)  (pivot.*) to (pivot.*)$", text, re.M)
        longest = {level: int(ns) for level, ns, *_ in rows}
        for level in ("softclock", "softserial", "vm"):
            self.assertGreater(longest[level], 0)
        self.assertEqual(self.link.command("masked reset"), "")
        self.assertIn("CPU 0:", self.link.command("masked"))
        self.assertEqual(self.link.command("masked x"), "usage: masked [reset]\n")

    def test_bench_prints_its_rows(self):
        for _ in range(2):
            rows = [line.split() for line in self.link.command("bench").splitlines()]
            self.assertEqual(rows[0], ["ns", "min", "median", "p99", "max"])
            self.assertEqual({row[0] for row in rows[1:]},
                             {"irq_to_handler", "irq_to_bottom_half", "irq_to_thread"})
            for _, least, median, high, most, *_ in rows[1:]:
                self.assertTrue(0 < int(least) <= int(median) <= int(high) <= int(most))
        self.assertEqual(self.link.command("bench irq_to_thread").split()[5], "irq_to_thread")
        self.assertEqual(self.link.command("bench nosuch").splitlines()[1],
                         "nosuch: no such row; 'bench' measures all")
        self.assertEqual(self.link.command("bench a b"), "usage: bench [ROW]\n")

    def test_inject_prints_its_operations(self):
        rows = [line.split() for line in self.link.command("inject").splitlines()]
        self.assertEqual(rows[0], ["ns", "points", "min", "worst"])
        self.assertEqual({row[0] for row in rows[1:]}, {"mutex_pair", "spl_pair"})
        self.assertIn("nosuch: no such operation", self.link.command("inject nosuch"))
        self.assertEqual(self.link.command("inject a b"), "usage: inject [OPERATION]\n")

    def test_unknown_command(self):
        self.assertEqual(self.link.command("nosuch thing"),
                         "nosuch: no such command; 'help' lists them\n")

    def test_commands_take_no_arguments_that_they_do_not_know(self):
        for name in ("ps", "spl", "mem", "cont", "stack", "panic", "reboot", "halt"):
            self.assertEqual(self.link.command(f"{name} now"), f"usage: {name} \n")

    def test_empty_line_prompts_again(self):
        self.link.send(b"\r")
        self.link.wait_for(rb"^\r?\n?pivot> ")

    def test_typed_ahead_is_echoed_behind_its_prompt(self):
        self.link.send(b"spl\rps\rnosuch\r")
        self.link.wait_for(rb"nosuch: no such")
        self.link.wait_for(PROMPT)
        text = self.link.output.decode().replace("\r", "")
        self.assertRegex(text, r"(?s)pivot> spl\nCPU 0: SPL.*\npivot> ps\nthread.*"
                               r"\npivot> nosuch\nnosuch: ")

    def test_panic_ends_with_status_3(self):
        self.link.send(b"panic\r")
        self.link.wait_for(rb"panic: on purpose")
        self.assertEqual(self.link.status(), 3)

    def test_halt_ends_with_status_0_and_all_its_output(self):
        self.link.send(b"help\rhalt\r")
        self.assertEqual(self.link.status(), 0)
        self.assertTrue(self.link.output.replace(b"\r", b"").endswith(b"pivot> halt\nhalted\n"))

    def test_reboot(self):
        self.link.send(b"reboot\r")
        self.link.wait_for(rb"^rebooting")
        self.link.wait_for(rb"^Pivot on ")
        self.link.wait_for(PROMPT)
        self.assertIn("this list", self.link.command("help"))

    def test_reboot_with_el2(self):
        self.link = self.boot(machine_opts=["virtualization=on"])
        self.test_reboot()

    def test_reboot_says_so_when_nobody_answers(self):
        link = self.boot(machine_opts=["secure=on"])
        self.assertIn("not rebooted: nobody answers PSCI", link.command("reboot"))
        self.assertIn("this list", link.command("help"))


def main():
    global ARGS
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("image", type=Path)
    parser.add_argument("--board", required=True)
    ARGS, rest = parser.parse_known_args()
    unittest.main(argv=[sys.argv[0], *rest])


if __name__ == "__main__":
    main()
