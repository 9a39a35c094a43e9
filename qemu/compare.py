"""Two results of `./pivot bench`, or two of an image's own rows, figure by figure (`./pivot compare
A.json B.json`).

A run in instructions is exact: a figure differs or it does not. One in cycles or ticks is noisy: a
row has become slower when the 95 % confidence interval of its median (by order statistics, of the
row's histogram) lies above the earlier one. What has no histogram, or too few samples for such an
interval, is shown and not judged; curves and injections are not looked at. A row that has a unit of
its own (bytes) is exact in either.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import report
import say

SLOWER, FASTER, SAME, GONE, NEW, OPEN = "slower", "faster", "same", "gone", "new", "not judged"
REGRESSIONS = (SLOWER, GONE)
ROW = ("min", "median", "p99", "max")
# Half the width of a normal distribution's middle 95 %, in standard deviations.
Z95 = 1.96
# Of five samples even the whole range misses the median more often (2 / 2**5) than 5 %.
FEWEST = 6

# What of a file is looked at, and of which type it is.
FACTS = {"board": str, "unit": str, "clock_hz": int, "compiler": str, "qemu": str, "cpus": int}
LISTS = {"rows": {"name": str, **dict.fromkeys(ROW, int)},
         "curves": {"name": str, "by": str, "points": list},
         "injections": {"op": str, "points": int, "min": int, "worst": int},
         "held": {"op": str, "level": str, "longest": int}}


@dataclass(frozen=True)
class Difference:
    what: str
    before: str
    after: str
    verdict: str


def has(data, types):
    return isinstance(data, dict) and all(isinstance(data.get(k), t) for k, t in types.items())


def is_point(point):
    return isinstance(point, list) and len(point) == 2 and all(isinstance(n, int) for n in point)


def is_histogram(found):
    return bool(found) and isinstance(found, dict) and all(
        key.isdecimal() and isinstance(times, int) and times > 0 for key, times in found.items())


def damaged(data):
    """What of a result is not as the schema has it; None if all is."""
    if not has(data, FACTS):
        return "the header"
    for key, types in LISTS.items():
        if not isinstance(data.get(key), list) or not all(has(one, types) for one in data[key]):
            return key
    if not all(is_point(point) for one in data["curves"] for point in one["points"]):
        return "the points of curves"
    if not all(is_histogram(row["histogram"]) for row in data["rows"] if "histogram" in row):
        return "a histogram"
    return None


def load(path):
    """A result; a Failure if the file is none that this program knows."""
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise say.Failure(f"{path}: {getattr(error, 'strerror', None) or 'not JSON'}") from None
    found = data.get("schema") if isinstance(data, dict) else None
    if found != report.SCHEMA:
        raise say.Failure(f"{path}: its schema is {found or 'unknown'}, not {report.SCHEMA}: "
                          "measure again with pivot bench")
    if wrong := damaged(data):
        raise say.Failure(f"{path}: {wrong} is not as docs/results.md says: the file is damaged")
    return data


def figures(data):
    """{what is said: its figures} of everything that a later run is held to."""
    found = {row["name"]: tuple(row[key] for key in ROW) for row in data["rows"]}
    for curve in data["curves"]:
        for x, value in curve["points"]:
            found[f"{curve['name']} with {x} {curve['by']}"] = (value,)
    for one in data["injections"]:
        found[f"interrupted {one['op']}"] = (one["min"], one["worst"])
        found[f"points of {one['op']}"] = (one["points"],)
    for one in data["held"]:
        found[f"held off by {one['op']}, {one['level']}"] = (one["longest"],)
    return found


def shown(values):
    """Figures in a cell: one number when they agree."""
    return str(values[0]) if len(set(values)) == 1 else "/".join(map(str, values))


def judge_exact(before, after):
    if before == after:
        return SAME
    # A single higher figure is a regression, whatever else has become better.
    return SLOWER if any(b > a for a, b in zip(before, after, strict=True)) else FASTER


def interval(row):
    """The 95 % confidence interval of the median: two of the samples (David, Order Statistics,
    7.1), by the normal approximation of their ranks. None if the samples are unknown or too few."""
    counts = sorted((int(value), times) for value, times in row.get("histogram", {}).items())
    total = sum(times for _, times in counts)
    if total < FEWEST:
        return None
    apart = Z95 * math.sqrt(total) / 2
    ranks = (max(1, math.floor(total / 2 - apart)), min(total, math.ceil(total / 2 + apart) + 1))

    def at(rank):
        for value, times in counts:
            rank -= times
            if rank <= 0:
                return value
        raise AssertionError("a rank beyond the samples")

    return at(ranks[0]), at(ranks[1])


def judge_noisy(old, new):
    """A row that both have."""
    medians = [(row["median"],) for row in (old, new)]
    if "unit" in new:
        return Difference(new["name"], *map(shown, medians), judge_exact(*medians))
    known = interval(old), interval(new)
    if None in known:
        return Difference(new["name"], *map(shown, medians), OPEN)
    (low, high), (low2, high2) = known
    verdict = SLOWER if low2 > high else FASTER if high2 < low else SAME
    return Difference(new["name"], f"{low}..{high}", f"{low2}..{high2}", verdict)


def compare_noisy(before, after):
    earlier = {row["name"]: row for row in before["rows"]}
    for row in after["rows"]:
        old = earlier.pop(row["name"], None)
        if old is None:
            yield Difference(row["name"], "-", shown((row["median"],)), NEW)
        else:
            yield judge_noisy(old, row)
    for name, row in earlier.items():
        yield Difference(name, str(row["median"]), "-", GONE)


def compare_exact(before, after):
    old, new = figures(before), figures(after)
    for what in [*old, *(what for what in new if what not in old)]:
        if what not in new:
            yield Difference(what, shown(old[what]), "-", GONE)
        elif what not in old:
            yield Difference(what, "-", shown(new[what]), NEW)
        else:
            yield Difference(what, shown(old[what]), shown(new[what]),
                             judge_exact(old[what], new[what]))


def compare(before, after):
    """Every figure of the two, with its verdict."""
    for key in ("board", "unit", "clock_hz"):
        if before[key] != after[key]:
            raise say.Failure(f"not to be compared: {key} is {before[key]} in one and "
                              f"{after[key]} in the other")
    if ("image" in before) != ("image" in after):
        one, other = (f"the image {data['image']}" if "image" in data else "Pivot's own benchmark"
                      for data in (before, after))
        raise say.Failure(f"not to be compared: the rows are of {one} in one and of {other} in "
                          "the other")
    kind = compare_exact if before["unit"] == "instructions" else compare_noisy
    return list(kind(before, after))


def text(before, after, differences):
    """What a person is shown: what has changed, and how much has not."""
    for key in ("image", "compiler", "qemu", "cpus"):
        if before.get(key) != after.get(key):
            yield f"  {key}: {before[key]} in the first, {after[key]} in the second"
    changed = [one for one in differences if one.verdict != SAME]
    if changed:
        lines = [["what", "before", "after", ""]]
        lines += [[one.what, one.before, one.after, one.verdict] for one in changed]
        yield from report.columns(lines, left=(0, 3))
    yield f"{before['board']}: {len(differences) - len(changed)} of {len(differences)} the same"


def main(paths):
    before, after = map(load, paths)
    differences = compare(before, after)
    for line in text(before, after, differences):
        print(line)
    return 1 if any(one.verdict in REGRESSIONS for one in differences) else 0
