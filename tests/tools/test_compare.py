"""Comparing two results, and the baseline: what is a regression, and what is refused."""

import copy
import json
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import helper  # noqa: F401  (finds the tools)
import baseline
import compare
import report
import say
from test_report import FACTS, run


def result(**medians):
    """A result's data in which `medians` are every sample of their rows."""
    data = json.loads(report.as_json(run(**medians), report.load_rivals(), **FACTS))
    for row in data["rows"]:
        row["min"] = row["p99"] = row["max"] = row["median"]
    return data


def row_of(data, name):
    return next(row for row in data["rows"] if row["name"] == name)


def verdicts(before, after):
    return {one.what: one.verdict for one in compare.compare(before, after)
            if one.verdict != compare.SAME}


class ExactTest(unittest.TestCase):
    def test_the_same_is_the_same(self):
        self.assertEqual(verdicts(result(), result()), {})

    def test_one_instruction_is_seen_in_either_direction(self):
        before, after = result(mutex_pair=13), result(mutex_pair=14)
        self.assertEqual(verdicts(before, after), {"mutex_pair": compare.SLOWER})
        self.assertEqual(verdicts(after, before), {"mutex_pair": compare.FASTER})

    def test_one_slower_sample_is_a_regression_even_if_the_median_is_better(self):
        before, after = result(mutex_pair=13), result(mutex_pair=12)
        row_of(after, "mutex_pair")["max"] = 14
        self.assertEqual(verdicts(before, after), {"mutex_pair": compare.SLOWER})

    def test_a_row_that_is_gone_and_one_that_is_new(self):
        self.assertEqual(verdicts(result(), result(null=None)), {"null": compare.GONE})
        self.assertEqual(verdicts(result(null=None), result()), {"null": compare.NEW})

    def test_injections_holds_and_curves_are_compared(self):
        before, after = result(), result()
        before["curves"] = [{"name": "a", "by": "cpus", "points": [[1, 5], [2, 5]]}]
        after["curves"] = [{"name": "a", "by": "cpus", "points": [[1, 5], [2, 6]]}]
        after["injections"][1]["worst"] += 1
        after["injections"][0]["points"] += 1
        self.assertEqual(verdicts(before, after), {
            "a with 2 cpus": compare.SLOWER, "interrupted push": compare.SLOWER,
            "points of splx": compare.SLOWER})


class NoisyTest(unittest.TestCase):
    def cycles(self, *values):
        data = result()
        data["unit"] = "cycles"
        data["rows"] = [{"name": "a", "median": sorted(values)[len(values) // 2],
                         "histogram": {str(v): values.count(v) for v in set(values)}}]
        return data

    def test_the_interval_of_a_hundred_numbers(self):
        # Ranks 40 and 61 (David and Nagaraja, Order Statistics, 7.1: about n/2 -+ 0.98 sqrt n).
        row, = self.cycles(*range(1, 101))["rows"]
        self.assertEqual(compare.interval(row), (40, 61))

    def test_a_shift_within_the_noise_is_the_same(self):
        self.assertEqual(verdicts(self.cycles(*range(100, 200)), self.cycles(*range(105, 205))), {})

    def test_a_shift_beyond_the_noise_is_not(self):
        slow, fast = self.cycles(*range(200, 300)), self.cycles(*range(100, 200))
        self.assertEqual(verdicts(fast, slow), {"a": compare.SLOWER})
        self.assertEqual(verdicts(slow, fast), {"a": compare.FASTER})

    def test_without_a_histogram_nothing_is_claimed(self):
        fast, slow = self.cycles(1, 2, 3), self.cycles(100, 200, 300)
        del slow["rows"][0]["histogram"]
        self.assertEqual(verdicts(fast, slow), {"a": compare.OPEN})

    def test_of_five_samples_nothing_is_claimed_of_six_it_is(self):
        for count, verdict in ((1, compare.OPEN), (5, compare.OPEN), (6, compare.SLOWER)):
            fast, slow = self.cycles(*range(count)), self.cycles(*range(100, 100 + count))
            self.assertEqual(verdicts(fast, slow), {"a": verdict})

    def test_bytes_are_exact_in_a_noisy_run_too(self):
        before, after = self.cycles(*range(100)), self.cycles(*range(100))
        for data, size in ((before, 40), (after, 44)):
            data["rows"].append({"name": "kernel_size", "median": size, "unit": "bytes"})
        self.assertEqual(verdicts(before, before), {})
        self.assertEqual(verdicts(before, after), {"kernel_size": compare.SLOWER})

    def test_a_row_that_is_gone(self):
        after = self.cycles(1)
        after["rows"] = []
        self.assertEqual(verdicts(self.cycles(1), after), {"a": compare.GONE})


class RefusalTest(unittest.TestCase):
    def test_boards_units_and_clocks_are_not_mixed(self):
        for key in ("board", "unit", "clock_hz"):
            with self.assertRaisesRegex(say.Failure, f"not to be compared: {key} is"):
                compare.compare(result(), result() | {key: "other"})

    def test_a_file_that_is_no_result(self):
        with tempfile.TemporaryDirectory() as there:
            path = Path(there) / "a.json"
            for text in (None, "no", "[]", '{"schema": "pivot-bench/0"}',
                         '{"schema": "pivot-bench/1"}', '{"schema": "pivot-own/1"}'):
                if text is not None:
                    path.write_text(text, encoding="utf-8")
                with self.assertRaises(say.Failure) as refused:
                    compare.load(path)
                self.assertEqual(refused.exception.status, 2)

    def test_a_damaged_file_is_no_regression(self):
        damages = ({}, {"rows": None}, {"rows": [{"name": "null"}]}, {"curves": [1]},
                   {"curves": [{"name": "a", "by": "cpus", "points": [[1]]}]}, {"held": {}},
                   {"clock_hz": "fast"}, {"injections": [{"op": "splx", "points": 3}]},
                   {"rows": [row_of(result(), "null") | {"histogram": {}}]},
                   {"rows": [row_of(result(), "null") | {"histogram": {"1": "2"}}]})
        with tempfile.TemporaryDirectory() as there:
            path = Path(there) / "a.json"
            for damage in damages:
                whole = result() if damage else {"schema": report.SCHEMA}
                path.write_text(json.dumps(whole | damage), encoding="utf-8")
                with self.subTest(damage), self.assertRaises(say.Failure) as refused:
                    compare.main([path, path])
                self.assertEqual(refused.exception.status, 2)

    def test_status_and_text(self):
        with tempfile.TemporaryDirectory() as there:
            paths = [Path(there) / name for name in ("a.json", "b.json")]
            for path, cost in zip(paths, (13, 14), strict=True):
                path.write_text(json.dumps(result(mutex_pair=cost)), encoding="utf-8")
            with mock.patch("builtins.print") as said:
                self.assertEqual(compare.main(paths), 1)
                self.assertIn(mock.call("mutex_pair      13     14  slower"), said.mock_calls)
                self.assertEqual(compare.main(paths[::-1]), 0)


class OwnRowsTest(unittest.TestCase):
    """What `pivot bench IMAGE` writes, of a project's own image."""

    def own(self, image="sampler", **medians):
        records = run()
        records.rows = [row for row in records.rows if row["name"] in ("null", "spl_pair")]
        records.injections, records.held, records.sizes = [], [], {}
        for row in records.rows:
            for key in ("min", "median", "p99", "max"):
                row[key] = medians.get(row["name"], 7)
        return json.loads(report.as_json(records, report.NO_RIVALS, image=image, **FACTS))

    def test_it_has_every_key_and_no_target(self):
        data = self.own()
        self.assertEqual(set(data), set(result()) | {"image"})
        self.assertEqual([row["target"] for row in data["rows"]], [None, None])

    def test_one_instruction_is_seen_in_either_direction(self):
        before, after = self.own(null=7), self.own(null=8)
        self.assertEqual(verdicts(before, after), {"null": compare.SLOWER})
        self.assertEqual(verdicts(after, before), {"null": compare.FASTER})
        self.assertEqual(verdicts(before, before), {})

    def test_two_images_are_compared_and_named(self):
        before, after = self.own(), self.own(image="other")
        differences = compare.compare(before, after)
        self.assertEqual(list(compare.text(before, after, differences)),
                         ["  image: sampler in the first, other in the second",
                          "qemu-virt: 2 of 2 the same"])

    def test_they_are_not_mixed_with_the_kernel_s(self):
        for pair in ((self.own(), result()), (result(), self.own())):
            with self.assertRaisesRegex(say.Failure, "not to be compared: the rows are of .*"
                                        "the image sampler") as refused:
                compare.compare(*pair)
            self.assertEqual(refused.exception.status, 2)


class BaselineTest(unittest.TestCase):
    def test_what_is_kept_is_loadable_and_equal(self):
        data = result(mutex_pair=13)
        kept = json.loads(baseline.compact(baseline.reduced(data)))
        self.assertEqual(kept, baseline.reduced(data))
        self.assertEqual(baseline.changes(kept, data), [])

    def test_every_change_is_one_faster_ones_too(self):
        kept = baseline.reduced(result(mutex_pair=13))
        for cost in (12, 14):
            changes = baseline.changes(kept, result(mutex_pair=cost))
            self.assertEqual([one.what for one in changes], ["mutex_pair"])

    def test_the_size_is_not_in_it(self):
        kept, other = baseline.reduced(result()), result()
        row_of(other, "kernel_size")["median"] += 4
        self.assertEqual(baseline.changes(kept, other), [])

    def test_another_compiler_is_not_compared(self):
        kept = baseline.reduced(result())
        self.assertIsNone(baseline.why_not(kept, result()))
        for key in ("compiler", "qemu", "cpus"):
            other = copy.deepcopy(result()) | {key: "another"}
            self.assertIn(f"the baseline's {key} is", baseline.why_not(kept, other))

    def test_both_boards_have_one(self):
        for board in ("qemu-virt", "qemu-virt-gicv2"):
            kept = compare.load(baseline.path_of(board))
            self.assertEqual(kept["board"], board)
            self.assertEqual(kept["cpus"], 1)

    def test_every_row_that_is_measured_can_be_asked_for(self):
        measured = compare.load(baseline.path_of("qemu-virt"))["rows"]
        listed = {row["name"] for row in report.load_rivals()["rows"]}
        self.assertEqual([row["name"] for row in measured if row["name"] not in listed], [])


if __name__ == "__main__":
    unittest.main()
