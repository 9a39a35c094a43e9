"""The injection campaign's tool: what is asked for, what the image says, shards put together."""

import copy
import io
import itertools
import json
import os
import sys
import tempfile
import time
import unittest
from contextlib import redirect_stdout
from pathlib import Path
from unittest import mock

import helper  # noqa: F401  (sets the import path)
import inject
import inject_masks
import inject_records as records
import say
from guest import Guest

LISTED = [{"name": f"op{i}", "pairs": i % 2} for i in range(20)]
LISTED += [{"name": "op3,by-unconverted", "pairs": 0}]
OUTPUT = """\
@bench board=qemu-virt unit=instructions clock_hz=1000000000
@inject op=a points=5 min=27 worst=37 pc=0x10 fn=f
@before op=a level=high pc=0xc fn=e
@strip op=a level=high first=0 values=27x3,37
@strip op=a level=high first=4 values=27
for people
@held op=a level=vm points=2 longest=197
@where op=a level=vm min=190 pc=0x20 fn=g
@strip op=a level=vm first=0 values=190,197
@skip name=inject:b reason=no-interrupt-came-while-it-ran
@end
"""


def campaign(operations=20):
    found = [records.blank(f"op{i}", "high") | {"index": i, "points": 3, "min": 27, "worst": 27 + i,
                                               "pc": "0x10", "fn": "f", "strip": [[27, 3]]}
             for i in range(operations)]
    return {"schema": inject.SCHEMA, "board": "qemu-virt", "unit": "instructions",
            "clock_hz": 1000000000, "git": "abc", "image": "0123", "qemu": "7.2.0", "cpus": 1,
            "pairs": False, "selection": [], "shard": None, "operations": found}


def shards_of(whole, count):
    """What the shards of the same campaign write."""
    every = []
    for index in range(1, count + 1):
        ran = [whole["operations"][i] for first, many in
               inject.batches(len(whole["operations"]), (index, count))
               for i in range(first, first + many)]
        told = {} if ran else {"unit": None, "clock_hz": None}
        every.append(copy.deepcopy(whole) | told | {"shard": {"index": index, "of": count},
                                                    "operations": ran})
    return every


class Refusing(unittest.TestCase):
    def refused(self, status, part, function, *arguments):
        with self.assertRaises(say.Failure) as caught:
            function(*arguments)
        self.assertEqual(caught.exception.status, status)
        self.assertIn(part, str(caught.exception))
        self.assertNotIn("\n", str(caught.exception))


class SelectionTest(Refusing):
    def test_shards_are_counted_from_one(self):
        self.assertEqual(inject.shard_of("1/3"), (1, 3))
        self.assertEqual(inject.shard_of("3/3"), (3, 3))
        for text in ("0/3", "4/3", "1", "1/0", "-1/3", "a/b", "", "1/3/5", "1 / 3"):
            with self.subTest(text=text):
                self.refused(2, f"--shard {text}: wanted is I/N", inject.shard_of, text)

    def test_the_environment_counts_from_zero(self):
        def asked(index, count):
            return inject.shard_of_environment({"GTEST_SHARD_INDEX": index,
                                                "GTEST_TOTAL_SHARDS": count})

        self.assertEqual(asked("0", "3"), (1, 3))
        self.assertEqual(asked("2", "3"), (3, 3))
        self.assertIsNone(asked("0", "1"))
        self.assertIsNone(inject.shard_of_environment({"PATH": "/"}))
        for index, count in (("3", "3"), ("-1", "3"), ("x", "3"), ("0", "0"), ("0", "")):
            with self.subTest(index=index, count=count):
                self.refused(2, "GTEST_TOTAL_SHARDS", asked, index, count)
        for alone in ("GTEST_SHARD_INDEX", "GTEST_TOTAL_SHARDS"):
            self.refused(2, "GTEST", inject.shard_of_environment, {alone: "1"})

    def test_every_operation_is_in_one_shard(self):
        for operations, shards in itertools.product((0, 1, 7, 8, 9, 156), (1, 2, 3, 50)):
            with self.subTest(operations=operations, shards=shards):
                ran = [i for index in range(1, shards + 1)
                       for first, many in inject.batches(operations, (index, shards))
                       for i in range(first, first + many)]
                self.assertEqual(sorted(ran), list(range(operations)))

    def test_a_shard_has_whole_batches_of_the_campaign(self):
        whole = inject.batches(156, None)
        for index in (1, 2, 3):
            self.assertLessEqual(set(inject.batches(156, (index, 3))), set(whole))

    def test_a_name_takes_all_that_is_injected_into_it(self):
        self.assertEqual(inject.selected(LISTED, ["op3"], False), ["op3", "op3,by-unconverted"])
        self.assertEqual(inject.selected(LISTED, ["op5", "op1"], False), ["op1", "op5"])
        self.assertEqual(len(inject.selected(LISTED, [], False)), 21)
        self.assertEqual(len(inject.selected(LISTED, [], True)), 10)

    def test_an_unknown_name(self):
        self.refused(2, "no operation is named 'op99'; pivot inject --list", inject.selected,
                     LISTED, ["op1", "op99"], False)

    def test_pairs_run_on_one_cpu(self):
        self.assertEqual(inject.smp_for(True, None), "1")
        self.assertEqual(inject.smp_for(False, "2"), "2")
        self.refused(2, "--smp 2 does not go with --pairs", inject.smp_for, True, "2")


class RecordsTest(Refusing):
    def test_what_a_run_says(self):
        (first, held, skipped), before = records.operations_of(records.records_of(OUTPUT))
        self.assertEqual(before, {0: ("0xc", "e")})
        self.assertEqual([first[key] for key in ("op", "points", "min", "worst", "pc", "fn")],
                         ["a", 5, 27, 37, "0x10", "f"])
        self.assertEqual(first["strip"], [[27, 3], [37, 1], [27, 1]])
        self.assertEqual([held[key] for key in ("level", "held_off", "min", "worst", "pc")],
                         ["vm", True, 190, 197, "0x20"])
        self.assertEqual((skipped["op"], skipped["points"], skipped["worst"]), ("b", 0, None))

    def test_strips(self):
        self.assertEqual(records.values_of("27x3,28"), [[27, 3], [28, 1]])
        for text in ("", "27,", "x3", "27x", "a"):
            with self.subTest(text=text):
                self.refused(1, "no strip", records.values_of, text)

    def operations(self, *change):
        return records.operations_of(records.records_of(OUTPUT.replace(*change)))

    def test_strips_with_a_part_missing(self):
        self.refused(1, "a part of the strip of a is missing", self.operations, "first=4",
                     "first=5")
        self.refused(1, "not as many points", self.operations, "points=5", "points=6")
        self.refused(1, "the strip of b comes with a", self.operations,
                     "@strip op=a level=high first=0", "@strip op=b level=high first=0")

    def test_a_run_that_breaks_off(self):
        self.refused(1, "broke off", records.records_of, OUTPUT.replace("@end\n", ""))
        self.refused(1, "broke off", records.records_of, "")
        self.refused(1, "unknown record", records.records_of, OUTPUT + "@what\n")

    def test_what_is_held_off_is_not_the_worst(self):
        operations, _ = records.operations_of(records.records_of(OUTPUT))
        self.assertEqual(inject.worst_of(operations)["worst"], 37)
        self.assertIsNone(inject.worst_of(operations[1:]))


class MaskedTest(unittest.TestCase):
    def test_how_long_from_the_strip(self):
        for strip, long in (([[30, 9], [40, 1], [39, 1], [38, 1], [27, 5]], 2),
                            ([[27, 3], [29, 1], [28, 1], [27, 9]], 2),      # down to the usual
                            ([[27, 3], [37, 4], [27, 2]], None),            # a longer way in
                            ([[27, 3], [37, 2], [36, 1], [35, 1]], None),   # the first is the worst
                            ([[5, 1]], None), ([[6, 1], [5, 1], [9, 1], [8, 1]], 1)):
            with self.subTest(strip=strip):
                self.assertEqual(inject_masks.stretch(strip), long)

    def test_by_what(self):
        for text, by in (("msr daifset, #0x2", "DAIF.I"), ("msr icc_pmr_el1, x0", "ICC_PMR_EL1"),
                         ("msr s3_0_c4_c6_0, x1", "ICC_PMR_EL1"),
                         ("str w0, [x1]", "GICC_PMR, or DAIF.I by an exception taken there"),
                         ("msr daifclr, #0x2", "DAIF.I, by an exception taken there"),
                         ("add x0, x0, #1", "DAIF.I, by an exception taken there")):
            with self.subTest(text=text):
                self.assertEqual(inject_masks.masked_by(text), by)

    def test_what_an_operation_is_given(self):
        every = [records.blank("a", "high") | {"worst": 29, "strip": [[27, 2], [29, 1], [28, 2]]},
                 records.blank("b", "high") | {"strip": [[27, 2]]},
                 records.blank("c", "vm") | {"strip": [[29, 1], [28, 1]], "held_off": True}]
        with mock.patch.object(inject_masks, "instruction_at", lambda *_: "msr daifset, #2"):
            inject_masks.add(every, "image", {i: ("0x8", "f") for i in range(3)}, {"0x8": "v.S:1"})
        self.assertEqual([one["masked"] is not None for one in every], [True, False, False])
        self.assertEqual(inject_masks.cell(every[0]), "1, DAIF.I")
        self.assertIn("DAIF.I, for 1 instructions, from 0x8 on, in f (v.S:1: msr daifset, #2)",
                      inject_masks.sentence(every[0]))
        self.assertIn("Nothing was masked", inject_masks.sentence(every[1]))


class BatchesTest(unittest.TestCase):
    def ran(self, jobs):
        """The batches as they come back, and the cores on which they ran."""
        cores = []

        def run_image(_board, _image, words, *, core, **_):
            cores.append(core)
            time.sleep(0.05 if words[-2] == "first=0" else 0)   # the first one ends last
            return OUTPUT

        with mock.patch.object(inject, "run_image", run_image):
            found = list(inject.in_batches("b", "i", [], [(0, 8), (8, 8), (16, 2)], jobs=jobs,
                                           smp="1", verbose=False))
        return [one[:2] for one in found], set(cores)

    def test_they_come_in_order_each_on_a_core(self):
        cores = os.sched_getaffinity(0)
        order, used = self.ran(None)
        self.assertEqual(order, [(0, 8), (8, 8), (16, 2)])
        self.assertLessEqual(used, cores)
        order, used = self.ran(1)
        self.assertEqual((order, len(used)), ([(0, 8), (8, 8), (16, 2)], 1))

    def test_a_guest_stays_on_its_core(self):
        core = max(os.sched_getaffinity(0))
        with Guest([sys.executable, "-c", "import os, time; time.sleep(0.3); "
                    "print(*os.sched_getaffinity(0))"], timeout=20, core=core) as guest:
            self.assertEqual(guest.wait(), 0)
            self.assertEqual(guest.output.split(), [str(core).encode()])


class MergeTest(Refusing):
    def setUp(self):
        self.whole = campaign()

    def test_in_any_order_it_is_the_campaign(self):
        for count in (1, 2, 3, 5):
            for order in itertools.islice(itertools.permutations(shards_of(self.whole, count)), 24):
                result = inject.merged(list(order), [str(o["shard"]) for o in order])
                self.assertEqual(inject.as_json(result), inject.as_json(self.whole))

    def test_files(self):
        with tempfile.TemporaryDirectory() as directory, redirect_stdout(io.StringIO()) as said:
            paths = []
            for shard in shards_of(self.whole, 3):
                paths.append(Path(directory) / inject.file_name(shard))
                paths[-1].write_text(inject.as_json(shard), encoding="utf-8")
            inject.merge(list(map(str, reversed(paths))), None, Path(directory) / "out")
            text = (Path(directory) / "out" / "qemu-virt.json").read_text(encoding="utf-8")
            self.assertEqual(text, inject.as_json(self.whole))
            self.assertEqual(paths[0].name, "qemu-virt.shard-1-of-3.json")
            paths[0].write_text("{}", encoding="utf-8")
            self.refused(2, "no file of pivot-inject/1", inject.read, paths[0])
            for damage in ({"shard": 5}, {"operations": None}, {"operations": [{"index": 0}]}):
                damaged = json.dumps({**shards_of(self.whole, 3)[0], **damage})
                paths[0].write_text(damaged, encoding="utf-8")
                self.refused(2, "no file of pivot-inject/1", inject.read, paths[0])
            paths[0].write_text("{", encoding="utf-8")
            self.refused(2, "no JSON", inject.read, paths[0])
            self.refused(2, "No such file", inject.read, Path(directory) / "none.json")
        self.assertIn("The worst instruction of the kernel: 46 instructions", said.getvalue())

    def merge_refused(self, part, shards):
        self.refused(2, part, inject.merged, shards, [f"{i}.json" for i in range(len(shards))])

    def test_missing_and_doubled_shards(self):
        one, two, three = shards_of(self.whole, 3)
        self.merge_refused("missing: shard 2 of 3", [one, three])
        self.merge_refused("missing: shard 2, 3 of 3", [one])
        self.merge_refused("doubled: shard 2 of 3", [one, two, two, three])
        self.merge_refused("different numbers of shards", [one, *shards_of(self.whole, 2)])
        self.merge_refused("1.json: no shard, but a whole campaign", [one, self.whole])
        two["operations"].pop()
        self.merge_refused("do not add up", [one, two, three])

    def test_shards_of_different_campaigns(self):
        for key, value in (("board", "qemu-virt-gicv2"), ("git", "def"), ("image", "4567"),
                           ("qemu", "8.0.0"), ("cpus", 2), ("pairs", True), ("selection", ["op1"])):
            with self.subTest(key=key):
                shards = shards_of(self.whole, 3)
                shards[1][key] = value
                self.merge_refused(f"0.json and 1.json differ in {key}", shards)

    def test_the_file_has_no_time_in_it(self):
        self.assertEqual(tuple(json.loads(inject.as_json(self.whole))), inject.KEYS)
        self.assertIn("a second", inject.rate(self.whole["operations"], 2.0))
        self.assertNotIn("a second", inject.as_json(self.whole))

    def test_a_shard_in_which_nothing_runs(self):
        empty = shards_of(self.whole, 5)[4]
        self.assertEqual(json.loads(inject.as_json(empty))["operations"], [])
        self.assertIn("No latency", list(inject.text(empty))[-1])


if __name__ == "__main__":
    unittest.main()
