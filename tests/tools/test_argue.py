"""./pivot argue's tools: the records, the counting in QEMU's log, the report, the picture."""

import json
import shutil
import sys
import unittest
from pathlib import Path
from unittest import mock

from helper import ROOT, ProgramsTest

import argue
import argue_picture
import argue_report
import argue_trace
import say
from argue_protocol import parse
from mix import Instruction
from protocol import ProtocolError

sys.path.insert(0, str(ROOT / "tests" / "bench"))

import argue_check  # noqa: E402

HEAD = "@bench board=qemu-virt unit=instructions clock_hz=1000000000\n"
SERVED = ("@served model=a scenario=free min=40 median=41 p99=42 max=43 samples=9 "
          "handed_median=245 handed_max=246\n")
LOSS = ("@loss model=a baud=115200 fifo=1 sent=230 overrun=20 ring_full=10 received=200 "
        "missed=29 rounds=40\n")


def result():
    """What argue.gather gives, of a small run."""
    served = [{"model": m, "scenario": s, "min": 39, "median": 40 + i, "p99": 300, "max": 400,
               "samples": 9, "handed_median": 500, "handed_max": 600,
               "work": {until: dict.fromkeys(argue_trace.COUNTS, 40 + i)
                        for until in ("served", "over")},
               "modelled": argue_report.maintenance(i)}
              for i, m in enumerate(("a", "b", "c")) for s in argue_report.SCENARIOS]
    losses = [{"shift": shift, "model": m, "baud": baud, "fifo": fifo, "sent": 1000,
               "overrun": 100 * i + shift, "ring_full": 0, "received": 0, "missed": 0,
               "rounds": 0 if fifo == 1 else 400}
              for i, m in enumerate(("a", "b", "c")) for shift in argue_report.MIPS
              for baud in (115200, 4000000) for fifo in (1, 16)]
    return {"board": "qemu-virt", "unit": "instructions", "git": "x", "qemu": "7.2", "full": False,
            "samples": 9, "milliseconds": 20, "traced": 2, "served": served, "losses": losses}


class Records(unittest.TestCase):
    def test_a_whole_run(self):
        board, served, losses = parse("boots\r\n" + HEAD + SERVED + LOSS + "@end\nbye")
        self.assertEqual(board, "qemu-virt")
        self.assertEqual((served[0]["median"], served[0]["handed_max"]), (41, 246))
        self.assertEqual((losses[0]["overrun"], losses[0]["rounds"]), (20, 40))

    def test_what_is_refused(self):
        for text, part in ((SERVED + "@end", "out of place"), (HEAD + SERVED, "broke off"),
                           ("nothing", "no @bench"), (HEAD + HEAD + "@end", "out of place"),
                           (HEAD + "@row name=x\n@end", "unknown record"),
                           (HEAD + SERVED.replace("min=40 ", "") + "@end", "has the fields"),
                           (HEAD + LOSS.replace("=20", "=x") + "@end", "not a number"),
                           (HEAD + LOSS.replace("received=200", "received=201") + "@end",
                            "neither received nor lost"),
                           (HEAD + LOSS.replace("missed=29", "missed=31") + "@end",
                            "neither received nor lost")):
            with self.subTest(part=part), self.assertRaisesRegex(ProtocolError, part):
                parse(text)


class Agreement(unittest.TestCase):
    """QEMU lets about one exact run in twenty differ in a sample."""

    def test_one_run_that_differs_does_not_count(self):
        for runs in ("aa", "aba", "abb", "abcdb"):
            with self.subTest(runs=runs):
                self.assertEqual(argue.agreed(iter(runs).__next__), runs[-1])

    def test_runs_that_never_agree_are_an_error(self):
        with self.assertRaisesRegex(say.Failure, "no two of 5 exact runs"):
            argue.agreed(iter("abcdea").__next__)


class Trace(unittest.TestCase):
    """A program of one instruction each, at its address."""

    CODE = {0x00: Instruction("nop", "nop", "spin"),                            # armed
            0x10: Instruction("stp", "stp x0, x1, [sp, #-208]!", "vector_irq_thread"),
            0x14: Instruction("str", "str x19, [sp, #16]", "pivot_switch_threads"),
            0x18: Instruction("stp", "stp x0, x1, [sp, #16]", "somebody"),      # not a save
            0x20: Instruction("str", "str x0, [x18, #72]", "resume"),
            0x24: Instruction("mov", "mov sp, x9", "resume"),
            0x30: Instruction("str", "str x0, [x18, #72]", "take_all"),
            0x34: Instruction("mov", "mov sp, x11", "take_all"),
            0x40: Instruction("mrs", "mrs x0, cntpct_el0", "look"),             # served
            0x50: Instruction("subs", "subs x0, x0, #0x1", "hold"),             # computes
            0x54: Instruction("b.ne", "b.ne 50", "hold"),
            0x60: Instruction("mrs", "mrs x0, cntpct_el0", "hand_on"),          # handed
            0x70: Instruction("wfi", "wfi", "idle"),
            0x80: Instruction("ret", "ret", "spin")}                            # back
    NM = ("0000000000000000 t mark_argue_armed.1\n0000000000000040 t mark_argue_served.17\n"
          "0000000000000050 t mark_argue_compute.3\n0000000000000060 t mark_argue_handed.4\n"
          "0000000000000080 t mark_argue_back.5\n0000000000000010 T vector_irq_thread\n")

    def counted(self, *addresses):
        counter = argue_trace.Counter(argue_trace.places_of(self.NM, self.CODE))
        for address in addresses:
            counter.feed(address)
        return counter.samples

    def test_what_is_counted_until_served_and_until_over(self):
        sample, = self.counted(0x0, 0x10, 0x14, 0x18, 0x30, 0x34, 0x40, 0x20, 0x24, 0x60, 0x80)
        self.assertEqual(sample["served"], {"switches": 0, "stack_switches": 1, "saved": 24,
                                            "instructions": 5})
        self.assertEqual(sample["over"], {"switches": 1, "stack_switches": 1, "saved": 24,
                                          "instructions": 9})

    def test_nothing_before_the_line_is_taken_counts(self):
        sample, = self.counted(0x14, 0x20, 0x0, 0x14, 0x20, 0x10, 0x40, 0x60, 0x80)
        self.assertEqual(sample["over"]["switches"], 0)
        self.assertEqual(sample["over"]["saved"], 16)

    def test_what_others_compute_does_not_count(self):
        sample, = self.counted(0x0, 0x10, *([0x50, 0x54] * 9), 0x40, 0x60, 0x80)
        self.assertEqual(sample["served"]["instructions"], 1)

    def test_idling_ends_it_only_once_the_byte_is_handed_on(self):
        self.assertEqual(self.counted(0x0, 0x10, 0x70, 0x40), [])
        self.assertEqual(len(self.counted(0x0, 0x10, 0x70, 0x40, 0x60, 0x70)), 1)

    def test_the_assembly_has_the_labels_that_are_looked_for(self):
        found = argue_trace.labels()
        for label in ("vector_irq_thread", "vector_irq_nested", "irq_nested_entry", "resume",
                      "pivot_switch_threads", "take_all"):
            self.assertIn(label, found)


class Report(unittest.TestCase):
    def test_the_table_is_that_of_the_json_file(self):
        text = "\n".join(argue_report.text(result()))
        again = json.loads(argue_report.as_json(result()))
        self.assertEqual(list(argue_check.unfounded(again, text)), [])

    def test_a_figure_that_differs_is_found(self):
        text = "\n".join(argue_report.text(result()))
        for kind, key in (("served", "p99"), ("losses", "overrun")):
            other = result()
            other[kind][4][key] += 1
            self.assertEqual(len(list(argue_check.unfounded(other, text))), 1)

    def test_a_cell_that_is_left_out_is_found(self):
        less = result()
        del less["losses"][5]
        text = "\n".join(argue_report.text(result()))
        self.assertEqual(len(list(argue_check.unfounded(less, text))), 1)

    def test_a_broken_promise_is_found(self):
        good = result()
        for one in good["losses"]:
            one["overrun"] = 0
        for one in good["served"]:
            one["max"] = 43 if one["model"] == "a" else 400
            one["work"]["served"].update(switches=0, stack_switches=0, instructions=one["median"])
        self.assertEqual(list(argue_check.broken(good)), [])
        for spoil in (lambda r: r["served"][0].update(max=100),
                      lambda r: r["served"][0]["work"]["served"].update(switches=1),
                      lambda r: r["served"][1]["work"]["served"].update(instructions=99),
                      lambda r: r["losses"][0].update(overrun=1)):
            bad = json.loads(json.dumps(good))
            spoil(bad)
            self.assertEqual(len(list(argue_check.broken(bad))), 1)

    def test_a_starved_owner_is_marked(self):
        text = "\n".join(argue_report.text(result()))
        self.assertRegex(text, r"(?m)^1000 +1 +115200 +1000 +0\* +100\* +200\*$")
        self.assertRegex(text, r"(?m)^1000 +16 +115200 +1000 +0 +100 +200$")

    def test_modelled_maintenance(self):
        self.assertEqual(argue_report.maintenance(0), {"arm926": (0, 0), "a53": (0, 0)})
        self.assertEqual(argue_report.maintenance(2), {"arm926": (10, 1034), "a53": (4, 4)})


class Picture(ProgramsTest):
    def test_every_model_is_in_every_panel(self):
        script = argue_picture.script(result(), "out.svg")
        self.assertEqual(script.count("\nplot "), 6)  # three CPUs, two depths
        self.assertEqual(script.count("$m0 << END"), 6)
        self.assertIn("115200 10.00", script)

    @unittest.skipUnless(shutil.which("gnuplot"), "gnuplot is not installed")
    def test_two_pictures_of_the_same_are_identical(self):
        first, second = Path(self.bin) / "1.svg", Path(self.bin) / "2.svg"
        argue_picture.draw(result(), first)
        argue_picture.draw(result(), second)
        self.assertEqual(first.read_bytes(), second.read_bytes())
        self.assertIn(b"</svg>", first.read_bytes())

    def test_what_gnuplot_says_is_passed_on(self):
        self.program("gnuplot", "echo 'no such terminal' >&2; exit 1")
        with mock.patch.dict("os.environ", {"PATH": str(self.bin)}), \
                self.assertRaisesRegex(say.Failure, "no such terminal"):
            argue_picture.draw(result(), Path(self.bin) / "x.svg")


class Refusals(ProgramsTest):
    def setUp(self):
        super().setUp()
        for name in ("cmake", "ninja", "aarch64-linux-gnu-g++", "git", "gnuplot"):
            self.program(name, f"echo {name} was run; exit 9")
        self.qemu("echo QEMU was run; exit 9")

    def tool(self, board, images="i"):
        return self.run_command("python3", ROOT / "qemu/argue.py", "--board", board,
                                "--images", images, "--out", "o")

    def test_a_wrong_board(self):
        self.assert_one_line(self.run_command(ROOT / "pivot", "argue", "--board", "raspi9"), 2,
                             "no board named 'raspi9'")
        self.assert_one_line(self.tool("raspi9"), 2, "raspi9")

    def test_gnuplot_is_missing(self):
        (self.bin / "gnuplot").unlink()
        self.assert_one_line(self.run_command(ROOT / "pivot", "argue", "--no-install"), 2,
                             "gnuplot-nox (draws the reports' pictures)")
        self.assert_one_line(self.tool("qemu-virt"), 2, "gnuplot-nox")

    def test_a_missing_image(self):
        self.assert_one_line(self.tool("qemu-virt", self.bin), 2, "no such file", argue.IMAGE)


if __name__ == "__main__":
    unittest.main()
