"""The report: who misses a target, what the JSON file holds, what people see."""

import json
import unittest
from unittest import mock

import helper
import machines
import report
from protocol import parse

FACTS = {"git": "abc123", "qemu": "7.2.0", "cpus": 1, "compiler": "GCC 12"}


UP_TO = report.known_misses(report.load_rivals())["kernel_size"]
SIZES = {"proper": 11000, "diagnostics": 9000, "boot": 800, "drivers": 700,
         "proper, in bench.elf": 10000}


def injected(worst):
    return (f"@inject op=splx points=5 min=27 worst=29 pc=0x10 fn=a\n"
            f"@inject op=push points=7 min=27 worst={worst} pc=0x20 fn=guilty")


def run(board="qemu-virt", injections=injected(60), **medians):
    """Records in which every row is measured at its target, but for what is given."""
    rivals = report.load_rivals()
    limits = report.targets(rivals, board)
    values = {row["name"]: limits.get(row["name"], 350) for row in rivals["rows"]
              if row["name"] not in ("worst_irq_to_handler", "kernel_size")}
    values.update(medians)
    lines = [f"@bench board={board} unit=instructions clock_hz=1000000000"]
    lines += [f"@row name={n} min=1 median={v} p99={v} max={v} samples=1000"
              for n, v in values.items() if v is not None]
    records = parse("\n".join([*lines, injections, "@end"]))
    records.sizes = dict(SIZES)
    return records


class TargetTest(unittest.TestCase):
    def setUp(self):
        self.rivals = report.load_rivals()

    def missed(self, *arguments, **medians):
        return report.missed(run(*arguments, **medians), self.rivals)

    def test_at_the_target_is_within_it(self):
        for board in machines.boards():
            self.assertEqual(self.missed(board), [])

    def test_one_above_is_missed(self):
        for name, limit in report.targets(self.rivals, "qemu-virt").items():
            if name not in ("worst_irq_to_handler", "kernel_size"):
                self.assertEqual(self.missed(**{name: limit + 1}),
                                 [f"{name}: {limit + 1}, target <= {limit}"])

    def test_gicv2_may_cost_four_more_where_the_controller_is_touched(self):
        v3, v2 = (report.targets(self.rivals, b) for b in ("qemu-virt", "qemu-virt-gicv2"))
        dearer = {name for name in v3 if v2[name] == v3[name] + 4}
        self.assertEqual(dearer, {"irq_to_handler", "handler_to_return", "whole_interruption",
                                  "irq_to_bottom_half", "irq_to_thread", "irq_to_high_again",
                                  "worst_irq_to_handler"})
        self.assertEqual({n for n in v3 if v2[n] == v3[n]}, set(v3) - dearer)

    def test_the_targets_are_those_of_the_plan(self):
        self.assertEqual(report.targets(self.rivals, "qemu-virt"), {
            "null": 1, "irq_to_handler": 28, "handler_to_return": 28, "whole_interruption": 58,
            "irq_to_bottom_half": 90, "irq_to_thread": 160, "mutex_pair": 24, "spin_pair": 20,
            "spl_pair": 8, "continuation_push": 16, "thread_switch": 56, "sem_pingpong": 100,
            "irq_to_high_again": 28, "spl_pair_high": 8, "worst_irq_to_handler": 64,
            "kernel_size": 12288})

    def test_without_an_injection_the_worst_case_is_missing(self):
        self.assertEqual(self.missed("qemu-virt", ""),
                         ["worst_irq_to_handler: neither measured nor skipped with a reason"])

    def test_a_row_that_is_not_there_is_missed_unless_it_says_why(self):
        self.assertEqual(self.missed(null=None),
                         ["null: neither measured nor skipped with a reason"])
        skip = "@skip name=null reason=x\n" + injected(60)
        self.assertEqual(self.missed("qemu-virt", skip, null=None), [])

    def test_the_worst_injection_is_judged(self):
        self.assertEqual(self.missed("qemu-virt", injected(64)), [])
        self.assertEqual(self.missed("qemu-virt", injected(65)),
                         ["worst_irq_to_handler: 65, target <= 64"])

    def test_the_kernel_proper_is_judged(self):
        for size, missed in ((12288, []), (UP_TO, []),
                             (UP_TO + 1, [f"kernel_size: {UP_TO + 1}, target <= 12288"])):
            with mock.patch.dict(SIZES, {"proper": size}):
                self.assertEqual(self.missed(), missed)
                self.assertEqual(report.forgiven(run(), report.load_rivals()),
                                 ["kernel_size"] if 12288 < size <= UP_TO else [])

    def test_without_objects_the_size_is_missing(self):
        with mock.patch.dict(SIZES, clear=True):
            self.assertEqual(self.missed(),
                             ["kernel_size: neither measured nor skipped with a reason"])

    def test_a_pair_that_tells_the_controller_is_missed(self):
        def missed(**more):
            mix = dict.fromkeys(report.MIX_COLUMNS, 0) | {"sysreg": 1} | more
            return report.missed(run(), self.rivals, {"spl_pair": mix})

        self.assertEqual(missed(memory=4, rest=3), [])
        self.assertEqual(missed(device=2), ["spl_pair: 2 of device, target <= 0"])
        self.assertEqual(missed(sysreg=3), ["spl_pair: 3 of sysreg, target <= 1"])
        self.assertEqual(report.missed(run(), self.rivals, {}),
                         ["spl_pair: its instruction mix is not known"])

    def test_every_row_names_every_rival(self):
        for row in self.rivals["rows"]:
            self.assertEqual(len(row["rivals"]), len(self.rivals["rivals"]), row["name"])
            self.assertLessEqual(set(row.get("notes", {})), {"Pivot", *self.rivals["rivals"]})


class JsonTest(unittest.TestCase):
    def test_schema(self):
        text = report.as_json(run(irq_to_handler=27), report.load_rivals(), **FACTS)
        data = json.loads(text)
        self.assertEqual(list(data), ["schema", "board", "unit", "clock_hz", "git", "qemu",
                                      "compiler", "cpus", "rows", "kernel_bytes", "curves",
                                      "injections", "held"])
        self.assertEqual(data["rows"][1], {"name": "irq_to_handler", "min": 1, "median": 27,
                                           "p99": 27, "max": 27, "samples": 1000, "target": 28})

    def test_the_size_has_a_unit_of_its_own(self):
        data = json.loads(report.as_json(run(), report.load_rivals(), **FACTS))
        self.assertEqual(data["rows"][-2], {"name": "kernel_size", "min": 11000, "median": 11000,
                                            "p99": 11000, "max": 11000, "samples": 1,
                                            "target": 12288, "unit": "bytes"})
        self.assertEqual(data["kernel_bytes"], SIZES)

    def test_the_worst_case_is_a_row(self):
        data = json.loads(report.as_json(run(), report.load_rivals(), **FACTS))
        points = sum(one["points"] for one in data["injections"])
        self.assertEqual(data["rows"][-1], {"name": "worst_irq_to_handler", "min": 60, "median": 60,
                                            "p99": 60, "max": 60, "samples": points, "target": 64})

    def test_the_same_run_gives_the_same_bytes(self):
        first, second = (report.as_json(run(), report.load_rivals(), **FACTS) for _ in range(2))
        self.assertEqual(first, second)


class TextTest(unittest.TestCase):
    def lines(self, records, **more):
        return list(report.text(records, report.load_rivals(), **FACTS, **more))

    def test_rows_stand_beside_the_rivals(self):
        lines = self.lines(run(irq_to_handler=27))
        row = next(line for line in lines if line.startswith("irq_to_handler "))
        self.assertEqual(row.split(), ["irq_to_handler", "1", "27", "27", "27", "<=", "28", "ok",
                                       "30", "44", "51", "63", "296"])
        self.assertIn("Linux RT", next(line for line in lines if line.startswith("row ")))
        self.assertIn("  spin_pair, LK: unfair", lines)

    def test_the_number_of_cpus_is_told(self):
        self.assertIn("1 CPU,", self.lines(run())[0])
        with mock.patch.dict(FACTS, {"cpus": 4}):
            self.assertIn("4 CPUs,", self.lines(run())[0])

    def test_the_size_is_told_with_and_without_diagnostics(self):
        lines = self.lines(run())
        row = next(line for line in lines if line.startswith("kernel_size "))
        self.assertEqual(row.split()[:8],
                         ["kernel_size", "-", "11000", "-", "-", "<=", "12288", "ok"])
        self.assertIn("  kernel_size, Pivot: everything there is, of which 10000 are in bench.elf",
                      lines)
        self.assertIn("  kernel_size, Pivot: with diagnostics 20000; beside that boot 800, "
                      "drivers 700", lines)

    def test_a_miss_is_marked(self):
        row = next(line for line in self.lines(run(null=2)) if line.startswith("null "))
        self.assertIn("MISS", row)

    def test_a_row_without_target_or_rivals(self):
        row = next(line for line in self.lines(run(other=9)) if line.startswith("other "))
        self.assertEqual(row.split(), ["other", "1", "9", "9", "9", "-", "-", "-", "-", "-"])

    def test_a_skipped_row_says_why(self):
        lines = self.lines(run("qemu-virt", "@skip name=x reason=no-second-CPU"))
        self.assertIn("x: not measured here: no second CPU", lines)

    def test_the_mix(self):
        mix = dict.fromkeys(report.MIX_COLUMNS, 0) | {"barriers": 2, "rest": 5, "instructions": 7}
        lines = self.lines(run(), mixes={"null": mix}, problems=["spl_pair: no such sample"])
        shown = [line for line in lines if line.startswith(("null ", "mutex_pair "))][2:]
        self.assertEqual(shown[0].split(), ["null", "7", "2", "0", "0", "0", "0", "5"])
        self.assertEqual(shown[1].split()[1:], ["?"] * 7)
        self.assertIn("  no mix: spl_pair: no such sample", lines)

    def test_the_mix_of_a_divided_row_is_of_the_whole_sample(self):
        records = run()
        next(r for r in records.rows if r["name"] == "sem_pingpong")["divisor"] = 2
        self.assertIn("sem_pingpong x 2", "\n".join(self.lines(records, mixes={})))

    def test_the_worst_injection_is_named_with_its_function(self):
        lines = self.lines(run("qemu-virt", injected(65)))
        self.assertIn("worst_irq_to_handler 65, in guilty during push; target <= 64  MISS", lines)

    def test_what_is_held_off_is_no_latency(self):
        held = "@held op=spl_pair_high level=vm points=15 longest=157\n" + injected(60)
        self.assertEqual(report.missed(run("qemu-virt", held), report.load_rivals()), [])
        self.assertIn(["spl_pair_high", "vm", "15", "157"],
                      [line.split() for line in self.lines(run("qemu-virt", held))])

    def test_no_line_is_wider_than_a_terminal(self):
        for line in self.lines(run("qemu-virt", injected(65))):
            self.assertLessEqual(len(line), 100, line)


if __name__ == "__main__":
    unittest.main()
