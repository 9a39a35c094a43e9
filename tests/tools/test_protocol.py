"""The benchmark's records: what is read, and that nothing unreadable is passed over."""

import unittest

import helper  # noqa: F401  (sets the import path)
from protocol import ProtocolError, merge, parse

HEAD = "@bench board=qemu-virt unit=instructions clock_hz=1000000000\n"
ROW = "@row name=null min=1 median=1 p99=2 max=3 samples=1000\n"
CURVE = "@curve name=irq_to_handler by=threads x=1000 value=27\n"
WORST = "@worst by=threads x=1000 value=61 pc=0xffffff8000001234 fn=pivot::splx\n"
INJECT = "@inject op=splx points=9 min=27 worst=31 pc=0xffffff8000001234 fn=pivot::splx\n"


class ProtocolTest(unittest.TestCase):
    def test_a_whole_run(self):
        records = parse("Pivot boots\r\n" + HEAD + "for people\n" + ROW
                        + "@skip name=other reason=not-on-this-board\n" + INJECT + "@end\n bye")
        self.assertEqual((records.board, records.unit, records.clock_hz),
                         ("qemu-virt", "instructions", 10**9))
        self.assertEqual(records.rows, [{"name": "null", "min": 1, "median": 1, "p99": 2, "max": 3,
                                         "samples": 1000, "divisor": 1, "counts": {}}])
        self.assertEqual(records.skips, [{"name": "other", "reason": "not-on-this-board"}])
        self.assertEqual(records.injections[0]["fn"], "pivot::splx")
        self.assertEqual(records.injections[0]["pc"], "0xffffff8000001234")

    def test_points_of_curves(self):
        records = parse(HEAD + CURVE + CURVE.replace("1000", "1") + WORST + "@end\n")
        self.assertEqual(records.curves[0],
                         {"name": "irq_to_handler", "by": "threads", "x": 1000, "value": 27})
        self.assertEqual([one["x"] for one in records.curves], [1000, 1])
        self.assertEqual(records.worst, [{"by": "threads", "x": 1000, "value": 61, "points": 0,
                                          "pc": "0xffffff8000001234", "fn": "pivot::splx"}])

    def test_runs_are_merged_and_the_first_one_counts(self):
        skip = "@skip name=null reason=one-CPU\n@skip name=other reason=one-CPU\n"
        records = parse(HEAD + skip + CURVE + "@end\n")
        merge(records, parse(HEAD + ROW + CURVE.replace("27", "28") + CURVE.replace("1000", "2")
                             + WORST + INJECT + "@skip name=other reason=no\n@end\n"))
        merge(records, parse(HEAD + ROW.replace("max=3", "max=9") + "@end\n"))
        self.assertEqual([(row["name"], row["max"]) for row in records.rows], [("null", 3)])
        self.assertEqual(records.skips, [{"name": "other", "reason": "one-CPU"}])
        self.assertEqual([(one["x"], one["value"]) for one in records.curves],
                         [(1000, 27), (2, 27)])
        self.assertEqual((len(records.worst), len(records.injections)), (1, 1))

    def test_a_divisor(self):
        records = parse(HEAD + ROW.replace("=1000", "=1000 divisor=2") + "@end\n")
        self.assertEqual(records.rows[0]["divisor"], 2)

    def test_how_often_each_figure_came(self):
        records = parse(HEAD + ROW.replace("\n", " counts=3x1,1x999\n") + "@end\n")
        self.assertEqual(list(records.rows[0]["counts"].items()), [(1, 999), (3, 1)])

    def test_what_is_refused(self):
        for text, why in (("", "no @bench"),
                          (HEAD + ROW, "broke off"),
                          (ROW + HEAD + "@end\n", "out of place"),
                          (HEAD + HEAD + "@end\n", "out of place"),
                          (HEAD + "@end\n" + ROW, "out of place"),
                          (HEAD + "@rowe name=x\n@end\n", "unknown record"),
                          (HEAD + ROW.replace(" max=3", "") + "@end\n", "has the fields"),
                          (HEAD + ROW.replace("max=3", "max=3 max=4") + "@end\n", "has the fields"),
                          (HEAD + ROW.replace("max=3", "max") + "@end\n", "not a number"),
                          (HEAD + ROW.replace("max=3", "max=x") + "@end\n", "not a number"),
                          (HEAD + INJECT.replace("0xffff", "here") + "@end\n", "not a number"),
                          (HEAD + ROW.replace("\n", " counts=1x9\n") + "@end\n", "not 1000 samp"),
                          (HEAD + ROW.replace("\n", " counts=1x9,1x991\n") + "@end\n",
                           "not a number"),
                          (HEAD + CURVE.replace("x=1000", "x=many") + "@end\n", "not a number"),
                          (HEAD + CURVE.replace(" by=threads", "") + "@end\n", "has the fields"),
                          (HEAD + WORST.replace("0xffff", "here") + "@end\n", "not a number"),
                          (HEAD + CURVE + CURVE + "@end\n",
                           "two records for the curve irq_to_handler threads 1000"),
                          (HEAD + WORST + WORST + "@end\n", "two records for the worst threads"),
                          (HEAD + ROW + ROW + "@end\n", "two records for the row null"),
                          (HEAD + ROW + "@skip name=null reason=x\n@end\n", "two records")):
            with self.subTest(text=text), self.assertRaisesRegex(ProtocolError, why):
                parse(text)


if __name__ == "__main__":
    unittest.main()
