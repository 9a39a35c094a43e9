"""The HTML report's rows: each against its target and the rivals, as tiles and as tables."""

import math

import curves
import report
from html_tags import cell, join, number, section, table, tag

TILES = ("irq_to_handler", "irq_to_bottom_half", "irq_to_thread", curves.WORST)
WORDS = {"miss": "MISS", "known": "known miss", "ok": "ok", "none": "", "absent": "not measured"}


class Rows:
    """What is known of every row, in the order of rivals.json; others follow."""

    def __init__(self, data, detail, rivals, records):
        self.unit, self.who = data["unit"], rivals["rivals"]
        self.about = {row["name"]: row for row in rivals["rows"]}
        self.missed = report.missed(records, rivals, detail.get("mix"))
        self.forgiven = report.forgiven(records, rivals)
        self.measured = {row["name"]: row for row in data["rows"]}
        self.skipped = {skip["name"]: skip["reason"] for skip in records.skips}
        self.names = list(dict.fromkeys((*self.about, *self.measured, *self.skipped)))

    def value(self, name):
        """The figure that is judged, or None."""
        return self.measured.get(name, {}).get("median")

    def target(self, name):
        return self.measured.get(name, {}).get("target")

    def rivals(self, name):
        return self.about.get(name, {}).get("rivals", [None] * len(self.who))

    def best(self, name):
        """(figure, who) of the best rival, or None."""
        known = [(figure, who) for figure, who in zip(self.rivals(name), self.who, strict=True)
                 if figure is not None]
        return min(known, key=lambda one: one[0], default=None)

    def unit_of(self, name):
        return self.measured.get(name, {}).get("unit", self.unit)

    def state(self, name):
        if any(line.partition(":")[0] == name for line in self.missed):
            return "miss"
        if name in self.forgiven:
            return "known"
        if name not in self.measured:
            return "absent"
        return "none" if self.target(name) is None else "ok"

    def why_absent(self, name):
        return self.skipped.get(name, "neither measured nor skipped with a reason"
                                ).replace("-", " ")

    def compared(self):
        """The measured rows that a rival has a figure for."""
        return [name for name in self.names
                if self.best(name) is not None and self.value(name) is not None]

    def summary(self):
        outcome = {"ahead of it in": [], "even with it in": [], "behind it in": []}
        for name in self.compared():
            mine, theirs = self.value(name), self.best(name)[0]
            outcome[list(outcome)[(mine >= theirs) + (mine > theirs)]].append(name)
        told = [f"{words} {len(names)}" + (f" ({', '.join(names)})" if "ahead" not in words else "")
                for words, names in outcome.items() if names]
        count = len(self.compared())
        return (f"Against the best of {len(self.who)} rivals, {count} rows: {', '.join(told)}."
                if count else "No measured row has a rival's figure beside it.")


def share(value, domain):
    low, high = map(math.log10, domain)
    return 100 * (math.log10(max(value, domain[0])) - low) / (high - low)


def domain(rows, unit):
    """The least and the greatest of all figures of one unit."""
    figures = [f for name in rows.compared() if rows.unit_of(name) == unit
               for f in (rows.value(name), rows.target(name), *rows.rivals(name)) if f]
    return min(figures), max(*figures, min(figures) + 1)


def strip(rows, name):
    """Pivot's dot among the rivals' on a logarithmic scale, the target as a line."""
    mine, best = rows.value(name), rows.best(name)
    if mine is None or best is None:
        return ""
    scale = domain(rows, rows.unit_of(name))
    marks = [tag("i", "", title=f"{who} {figure}", style=f"left:{share(figure, scale):.2f}%")
             for who, figure in zip(rows.who, rows.rivals(name), strict=True) if figure]
    marks.append(tag("b", "", title=f"Pivot {mine}", style=f"left:{share(mine, scale):.2f}%"))
    if rows.target(name):
        marks.append(tag("s", "", title=f"target {rows.target(name)}",
                         style=f"left:{share(rows.target(name), scale):.2f}%"))
    ahead = "ahead" if mine <= best[0] else "behind"
    return tag("span", *marks, class_=f"strip {ahead}")


def factor(mine, best):
    """Pivot against the best rival, in words."""
    if mine == best:
        return "even", "even"
    percent = round(100 * abs(mine - best) / max(1, best))
    return (f"{percent} % less", "ahead") if mine < best else (f"{percent} % more", "behind")


def tile(rows, name):
    mine, best = rows.value(name), rows.best(name)
    if mine is None:
        return None
    words, state = factor(mine, best[0]) if best else ("", "even")
    against = None if best is None else tag(
        "span", tag("em", words, class_=state), f" than {best[1]} ({best[0]})" if state != "even"
        else f" with {best[1]}", class_="than")
    return tag("div", tag("code", name), tag("span", mine, class_="figure"),
               tag("span", rows.unit_of(name), class_="unit"), against,
               class_=f"tile {rows.state(name)}")


def tiles(rows):
    return tag("div", *(tile(rows, name) for name in TILES), class_="tiles")


def first_cells(rows, name):
    about = rows.about.get(name, {}).get("measures")
    return [tag("th", tag("code", name), tag("small", about) if about else None, scope="row"),
            cell(tag("em", WORDS[rows.state(name)], class_="pill") if rows.state(name) != "none"
                 else "", class_="verdict")]


def figures(rows, name):
    """Median, target, min, p99, max: what the JSON has; a single sample has no spread."""
    row = rows.measured[name]
    spread = {key: row.get(key) if row.get("samples", 1) > 1 else None
              for key in ("min", "p99", "max")}
    return [number(rows.value(name), "Pivot", class_="mine", data_key="value"),
            number(row["target"] if row["target"] is None else f"≤ {row['target']}", "target",
                   data_key="target"),
            *(number(value, key, data_key=key) for key, value in spread.items())]


def line(rows, name, width, more):
    """A <tr>; of a row that was not measured, why."""
    if name in rows.measured:
        cells = [*first_cells(rows, name), *figures(rows, name), *more(name)]
    else:
        cells = [*first_cells(rows, name),
                 cell(f"not measured here: {rows.why_absent(name)}", colspan=width - 2,
                      class_="why")]
    return tag("tr", *cells, class_=rows.state(name), data_row=name)


def against(rows, name):
    words, state = factor(rows.value(name), rows.best(name)[0])
    yield cell(strip(rows, name), class_="wide")
    yield cell(tag("em", words, class_=state), "against the best", class_="n against")
    for figure, who in zip(rows.rivals(name), rows.who, strict=True):
        yield number(figure, who, class_="best" if figure == rows.best(name)[0] else None)


def scale_note(rows):
    seen = dict.fromkeys(rows.unit_of(name) for name in rows.compared())
    said = (f"{domain(rows, unit)[0]} to {domain(rows, unit)[1]} {unit}" for unit in seen)
    return join(["The strip is logarithmic, from ", " or from ".join(said), ": ",
                 tag("b", "●", class_="key mine"), " Pivot, ",
                 tag("b", "●", class_="key"), " a rival, ", tag("b", "|", class_="key limit"),
                 " the target. "])


def rows_with_rivals(rows):
    names = [name for name in rows.names if rows.best(name) is not None]
    if not names:
        return None
    heads = ["row", "", "Pivot", "target", "min", "p99", "max", "among the rivals", "to the best",
             *rows.who]
    lines = [line(rows, name, len(heads), lambda name: against(rows, name)) for name in names]
    lead = join([f"Medians, in {rows.unit}: less is better. The worst case is the highest of all. ",
                 scale_note(rows) if rows.compared() else None])
    return section("rows", "Against the rivals", table(heads, lines, class_="cards", left=(0, 1)),
                   lead=lead)


def rows_without_rivals(rows):
    names = [name for name in rows.names if rows.best(name) is None]
    if not names:
        return None
    heads = ["row", "", "Pivot", "target", "min", "p99", "max"]
    lines = [line(rows, name, len(heads), lambda name: ()) for name in names]
    return section("own", "Rows that no rival has", table(heads, lines, class_="cards"))
