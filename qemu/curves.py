"""How rows grow with threads, lines and CPUs, and the worst case with threads and timers.

A row's curve is *flat* if every point is the same. One that is not, but never leaves the row's
target, is marked in the table; above the target, or without one to hold it to, it is missed. The
worst case has to be the same number throughout: that it does not grow is the claim.
"""

from collections import defaultdict
from dataclasses import dataclass

WORST = "worst_irq_to_handler"


@dataclass(frozen=True)
class Curve:
    name: str
    by: str
    points: tuple            # (x, value), by x
    limit: int | None
    must_be_flat: bool

    def flat(self):
        return len({value for _, value in self.points}) == 1

    def highest(self):
        return max(value for _, value in self.points)

    def missed(self):
        """Why it is not as it should be; None if it is."""
        shown = ", ".join(f"{value} at {x}" for x, value in self.points)
        if self.limit is not None and self.highest() > self.limit:
            return f"{shown}, target <= {self.limit}"
        if not self.flat() and (self.must_be_flat or self.limit is None):
            return f"{shown}, target: the same everywhere"
        return None

    def verdict(self):
        if self.missed():
            return "MISS"
        return "flat" if self.flat() else f"varies, <= {self.limit}"


def of_records(records, limits):
    """The curves, worst cases last. `limits`: {row: the most it may take}"""
    points = defaultdict(list)
    for one in records.curves:
        points[one["name"], one["by"], False].append((one["x"], one["value"]))
    for one in records.worst:
        points[WORST, one["by"], True].append((one["x"], one["value"]))
    return [Curve(name, by, tuple(sorted(found)), limits.get(name), worst)
            for (name, by, worst), found in points.items()]


def wanted(rivals):
    """(skip's name, row, by, from, to) of each curve that a complete run has."""
    asked = rivals["curves"]
    for by, (first, last) in asked["from_to"].items():
        for name in asked["rows"]:
            yield f"curve:{name}:{by}", name, by, first, last
    for by, (first, last) in asked["worst"].items():
        yield f"worst:{by}", WORST, by, first, last


def missed(records, rivals, limits):
    """One line for each curve that is not as it should be, or not there."""
    curves = of_records(records, limits)
    if not curves:
        return      # an image that measures none is no incomplete one
    reached = {(c.name, c.by): (c.points[0][0], c.points[-1][0]) for c in curves}
    skipped = {skip["name"] for skip in records.skips}
    for skip, name, by, first, last in wanted(rivals):
        low, high = reached.get((name, by), (None, None))
        if skip not in skipped and (low is None or low > first or high < last):
            yield (f"{name} by {by}: neither measured from {first} to {last} nor skipped with a "
                   "reason")
    for curve in curves:
        why = curve.missed()
        if why:
            yield f"{curve.name} by {curve.by}: {why}"


def tables(records, limits):
    """A table for each thing that there are many of, as lists of cells; the first is its head."""
    by = defaultdict(list)
    for curve in of_records(records, limits):
        by[curve.by].append(curve)
    for what, curves in by.items():
        xs = sorted({x for curve in curves for x, _ in curve.points})
        lines = [[f"with so many {what}", *xs, ""]]
        for curve in curves:
            at = dict(curve.points)
            lines.append([curve.name, *(at.get(x, "-") for x in xs), curve.verdict()])
        yield lines


def as_data(records, limits):
    """For the JSON file."""
    return [{"name": curve.name, "by": curve.by, "points": [list(p) for p in curve.points],
             "flat": curve.flat(), "target": curve.limit}
            for curve in of_records(records, limits)]
