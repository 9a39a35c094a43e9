"""The other formats hold what the JSON file holds, no more and no less."""

import csv
import json
import tempfile
import unittest
from pathlib import Path

import helper  # noqa: F401  (finds the tools)
import export
import protocol
import report
from test_report import FACTS, run


def result():
    records = run()
    records.rows[1]["counts"] = protocol.counts("27x990,31x10")
    return json.loads(report.as_json(records, report.load_rivals(), **FACTS))


class ExportTest(unittest.TestCase):
    def setUp(self):
        self.data = result()
        there = tempfile.TemporaryDirectory()
        self.addCleanup(there.cleanup)
        self.out = Path(there.name)
        export.write(self.out / "qemu-virt", self.data)

    def test_csv_is_the_json(self):
        with open(self.out / "qemu-virt.csv", newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        self.assertEqual(len(rows), len(self.data["rows"]))
        for line, row in zip(rows, self.data["rows"], strict=True):
            self.assertEqual(line["row"], row["name"])
            self.assertEqual(line["schema"], self.data["schema"])
            self.assertEqual(line["unit"], row.get("unit", "instructions"))
            for key in ("min", "median", "p99", "max", "samples"):
                self.assertEqual(line[key], str(row[key]))
            self.assertEqual(line["target"], "" if row["target"] is None else str(row["target"]))

    def test_a_histogram_for_plotters_of_cyclictest(self):
        name = self.data["rows"][1]["name"]
        text = (self.out / "qemu-virt.histograms" / f"{name}.txt").read_text(encoding="utf-8")
        lines = text.splitlines()
        buckets = [line.split() for line in lines if not line.startswith("#")]
        self.assertEqual([int(value) for value, _ in buckets], list(range(32)))
        self.assertEqual({int(v): int(n) for v, n in buckets if int(n)}, {27: 990, 31: 10})
        for line in ("# Total: 000001000", "# Min Latencies: 00027", "# Avg Latencies: 00027",
                     "# Max Latencies: 00031"):
            self.assertIn(line, lines)

    def test_what_took_very_long_is_no_line_but_an_overflow(self):
        lines = list(export.cyclictest({"histogram": {"27": 9, "1000000": 1}}))
        self.assertEqual(len([line for line in lines if line[0] != "#"]), export.MOST_BUCKETS)
        for line in ("# Total: 000000009", "# Avg Latencies: 100024",
                     "# Max Latencies: 1000000", "# Histogram Overflows: 00001"):
            self.assertIn(line, lines)

    def test_rows_of_an_earlier_run_disappear(self):
        del self.data["rows"][1]["histogram"]
        export.write(self.out / "qemu-virt", self.data)
        self.assertEqual(list((self.out / "qemu-virt.histograms").iterdir()), [])


if __name__ == "__main__":
    unittest.main()
