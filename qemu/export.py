"""The rows of a result (docs/results.md) in other programs' formats: CSV, cyclictest's histograms.

Both are made from the JSON file's data and hold nothing that it has not.
"""

import csv
import shutil
from pathlib import Path

# Lines of a histogram: as with `cyclictest -h`, what took longer is counted at its end.
MOST_BUCKETS = 100_000
COLUMNS = ("schema", "board", "unit", "row", "min", "median", "p99", "max", "samples", "target")


def csv_rows(data):
    """What the CSV file says, a dictionary a line."""
    for row in data["rows"]:
        target = row["target"]
        yield {"schema": data["schema"], "board": data["board"],
               "unit": row.get("unit", data["unit"]), "row": row["name"],
               **{key: row[key] for key in ("min", "median", "p99", "max", "samples")},
               "target": "" if target is None else target}


def cyclictest(row):
    """A row's histogram as `cyclictest -h` prints that of one thread, in the row's unit."""
    counts = {int(value): times for value, times in row["histogram"].items()}
    total = sum(counts.values())
    average = sum(value * times for value, times in counts.items()) // total
    buckets = min(max(counts) + 1, MOST_BUCKETS)
    beyond = sum(times for value, times in counts.items() if value >= buckets)
    yield "# Histogram"
    for value in range(buckets):
        yield f"{value:06} {counts.get(value, 0):06}"
    yield f"# Total: {total - beyond:09}"
    yield f"# Min Latencies: {min(counts):05}"
    yield f"# Avg Latencies: {average:05}"
    yield f"# Max Latencies: {max(counts):05}"
    yield f"# Histogram Overflows: {beyond:05}"
    yield "# Histogram Overflow at cycle number:"
    yield f"# Thread 0: # {beyond:05} others" if beyond else "# Thread 0:"


def write(stem, data):
    """STEM.csv and STEM.histograms/<row>.txt; rows of an earlier run disappear."""
    with open(f"{stem}.csv", "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(csv_rows(data))
    directory = Path(f"{stem}.histograms")
    shutil.rmtree(directory, ignore_errors=True)
    directory.mkdir()
    for row in data["rows"]:
        if "histogram" in row:
            text = "".join(f"{line}\n" for line in cyclictest(row))
            (directory / f"{row['name']}.txt").write_text(text, encoding="utf-8")
