"""Curves: what is flat, what is missed, how the tables look, what the JSON file holds."""

import json
import unittest

import helper  # noqa: F401  (sets the import path)
import curves
import report
from protocol import parse

FACTS = {"git": "abc123", "qemu": "7.2.0", "cpus": 1, "compiler": "GCC 12"}
HEAD = "@bench board=qemu-virt unit=instructions clock_hz=1000000000\n"
RIVALS = report.load_rivals()
LIMITS = report.targets(RIVALS, "qemu-virt")


def curve(name, by, *points):
    return "".join(f"@curve name={name} by={by} x={x} value={value}\n" for x, value in points)


def worst(*points, by="threads"):
    return "".join(f"@worst by={by} x={x} value={v} pc=0x10 fn=guilty_{x}\n" for x, v in points)


def complete(**changed):
    """Every curve that is wanted, flat at 20, but for what is given as name__by."""
    text = ""
    for _, name, by, first, last in curves.wanted(RIVALS):
        points = changed.get(f"{name}__{by}", ((first, 20), (last, 20)))
        text += worst(*points, by=by) if name == curves.WORST else curve(name, by, *points)
    return parse(HEAD + text + "@end")


class MissedTest(unittest.TestCase):
    def missed(self, records):
        return list(curves.missed(records, RIVALS, LIMITS))

    def test_what_is_flat_and_within_its_target_is_as_it_should_be(self):
        self.assertEqual(self.missed(complete()), [])

    def test_a_row_may_vary_within_its_target(self):
        records = complete(thread_switch__cpus=((1, 48), (8, 56)))
        self.assertEqual(self.missed(records), [])

    def test_above_the_target(self):
        records = complete(irq_to_handler__threads=((1, 27), (1000, 29)))
        self.assertEqual(self.missed(records),
                         ["irq_to_handler by threads: 27 at 1, 29 at 1000, target <= 28"])

    def test_flat_is_not_enough(self):
        records = complete(irq_to_handler__threads=((1, 29), (1000, 29)))
        self.assertEqual(len(self.missed(records)), 1)

    def test_the_worst_case_may_not_vary_at_all(self):
        records = complete(worst_irq_to_handler__threads=((1, 60), (1000, 61)))
        self.assertEqual(self.missed(records), ["worst_irq_to_handler by threads: 60 at 1, "
                                                "61 at 1000, target: the same everywhere"])

    def test_without_a_target_it_has_to_be_flat(self):
        self.assertEqual(self.missed(parse(HEAD + "@end")), [])
        for last, misses in ((5, 0), (6, 1)):
            records = complete()
            records.curves += parse(HEAD + curve("new", "cpus", (1, 5), (8, last)) + "@end").curves
            self.assertEqual(len(self.missed(records)), misses)

    def test_one_that_does_not_go_far_enough_is_missed_unless_it_says_why(self):
        text = "thread_switch by cpus: neither measured from 1 to 8 nor skipped with a reason"
        for points in ((), ((1, 48),), ((2, 48), (8, 48)), ((1, 48), (4, 48))):
            records = complete(thread_switch__cpus=points)
            self.assertEqual(self.missed(records), [text])
            records.skips.append({"name": "curve:thread_switch:cpus", "reason": "x"})
            self.assertEqual(self.missed(records), [])
        self.assertEqual(len(self.missed(complete(worst_irq_to_handler__threads=((1, 60),)))), 1)

    def test_the_report_misses_them_too(self):
        records = complete(irq_to_handler__lines=((1, 27), (224, 29)))
        self.assertIn("irq_to_handler by lines: 27 at 1, 29 at 224, target <= 28",
                      report.missed(records, RIVALS))

    def test_the_worst_of_all_is_judged_as_a_row(self):
        records = complete(worst_irq_to_handler__threads=((1, 65), (1000, 65)))
        self.assertIn("worst_irq_to_handler: 65, target <= 64", report.missed(records, RIVALS))


class TableTest(unittest.TestCase):
    def lines(self, records):
        return list(report.text(records, RIVALS, **FACTS))

    def row(self, records, name):
        return next(line.split() for line in self.lines(records)[1:] if line.startswith(name))

    def test_one_table_for_each_thing_that_there_are_many_of(self):
        lines = self.lines(complete())
        for by, xs in (("threads", ["1", "1000"]), ("lines", ["1", "224"]), ("cpus", ["1", "8"])):
            head = next(i for i, line in enumerate(lines) if line.startswith(f"with so many {by}"))
            self.assertEqual(lines[head].split()[4:], xs)
            self.assertEqual(lines[head + 1].split(), ["irq_to_handler", "20", "20", "flat"])

    def test_points_are_in_order_and_what_is_missing_is_shown(self):
        text = curve("a", "threads", (100, 3), (1, 3)) + curve("b", "threads", (10, 4))
        records = parse(HEAD + text + "@end")
        self.assertEqual(self.row(records, "with"), ["with", "so", "many", "threads", "1", "10",
                                                     "100"])
        self.assertEqual(self.row(records, "a "), ["a", "3", "-", "3", "flat"])
        self.assertEqual(self.row(records, "b "), ["b", "-", "4", "-", "flat"])

    def test_what_is_not_flat_is_marked(self):
        for points, words in ((((1, 27), (9, 28)), ["27", "28", "varies,", "<=", "28"]),
                              (((1, 27), (9, 29)), ["27", "29", "MISS"])):
            records = parse(HEAD + curve("irq_to_handler", "threads", *points) + "@end")
            self.assertEqual(self.row(records, "irq_to_handler"), ["irq_to_handler", *words])

    def test_the_worst_case_says_where(self):
        lines = self.lines(parse(HEAD + worst((1, 61), (1000, 61)) + "@end"))
        self.assertIn("  the worst with 1000 threads: 61, in guilty_1000 (0x10)", lines)

    def test_no_line_is_wider_than_a_terminal(self):
        for line in self.lines(complete()):
            self.assertLessEqual(len(line), 100, line)

    def test_no_curve_no_table(self):
        self.assertFalse(any("so many" in line for line in self.lines(parse(HEAD + "@end"))))


class JsonTest(unittest.TestCase):
    def test_curves(self):
        records = parse(HEAD + curve("thread_switch", "cpus", (8, 49), (1, 48))
                        + worst((1, 61)) + "@end")
        data = json.loads(report.as_json(records, RIVALS, **FACTS))
        self.assertEqual(data["curves"], [
            {"name": "thread_switch", "by": "cpus", "points": [[1, 48], [8, 49]], "flat": False,
             "target": 56},
            {"name": "worst_irq_to_handler", "by": "threads", "points": [[1, 61]], "flat": True,
             "target": 64}])


if __name__ == "__main__":
    unittest.main()
