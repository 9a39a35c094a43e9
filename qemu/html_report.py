"""The latency report as one HTML file: all that was measured, for reading and for handing on.

Its figures are those of the JSON files, its verdicts report.py's. Nothing is loaded from elsewhere,
and the same data gives the same bytes.
"""

from pathlib import Path

import curves
import html_chart
import html_detail
import html_strip
import machines
import report
from html_rows import Rows, rows_without_rivals, rows_with_rivals, tiles
from html_tags import Html, join, section, table, tag
from protocol import Records

STYLE = Path(__file__).resolve().parent / "html_report.css"
ENVIRONMENT = {"board": "board", "describe": "machine", "unit": "unit", "clock_hz": "clock, Hz",
               "cpus": "CPUs", "qemu": "QEMU", "git": "version", "compiler": "compiler",
               "config": "configuration"}


def records_of(data, detail):
    """What the images have said, as far as the files keep it, to be judged by report.py."""
    sizes = data.get("kernel_bytes") or {}
    grown = [{"name": c["name"], "by": c["by"], "x": x, "value": value}
             for c in data.get("curves", []) if c["name"] != curves.WORST
             for x, value in c["points"]]
    return Records(board=data["board"], unit=data["unit"], clock_hz=data["clock_hz"],
                   rows=[row for row in data["rows"]
                         if row["name"] not in ("kernel_size", curves.WORST)],
                   skips=detail.get("skipped", []), injections=detail.get("injections", []),
                   held=detail.get("held", []), curves=grown, worst=detail.get("worst", []),
                   sizes=sizes)


def heading(data, rows):
    missed, known = rows.missed, rows.forgiven
    if missed:
        verdict = f"{len(missed)} miss{'' if len(missed) == 1 else 'es'}"
    else:
        verdict = "Every row is within its target"
    listed = [tag("li", tag("strong", "missed "), line, class_="miss") for line in missed]
    listed += [tag("li", tag("strong", "known miss "),
                   f"{name}: {rows.about[name]['known_miss']['why']}") for name in known]
    state = "bad" if missed else "good"
    return tag("header", tag("p", f"Pivot · interrupt latency · {data['board']}", class_="over"),
               tag("h1", verdict if missed or not known else f"{verdict}, but for a known miss"),
               tag("p", rows.summary(), class_="lead"),
               tag("ul", *listed, class_="verdicts") if listed else None, class_=state)


def histograms(data, rows):
    """A picture of each row that has its samples counted; the figures in words of the others."""
    drawn, alike, told = [], [], []
    for row in data["rows"]:
        if row["samples"] == 1 or row["name"] == curves.WORST:
            continue    # of which no sample is kept
        said = (f"min {row['min']}, median {row['median']}, p99 {row['p99']}, max {row['max']} "
                f"of {row['samples']} samples")
        counts = {int(value): count for value, count in row.get("histogram", {}).items()}
        if not counts:
            same = row["min"] == row["max"]
            told.append([tag("td", tag("code", row["name"])),
                         tag("td", f"each of {row['samples']} samples took {row['min']}" if same
                             else said)])
            continue
        picture = html_chart.histogram(f"h{len(drawn) + len(alike)}", counts, row["target"],
                                       f"Histogram of {row['name']}: {said}")
        (alike if len(counts) == 1 else drawn).append(tag("figure", tag(
            "figcaption", tag("code", row["name"]), " ", tag("small", said)), picture))
    if not drawn and not alike and not told:
        return None
    folded = f"The histograms of {len(alike)} rows whose samples are all the same"
    fold = tag("details", tag("summary", folded), tag("div", *alike, class_="grid"))
    scale = ("The scale of the counts is logarithmic, so that a single outlier shows; the dashed "
             "line is the target.")
    lead = f"How many samples took how many {rows.unit}. {scale if drawn or alike else ''}"
    return section("spread", "Spread of the samples",
                   tag("div", *drawn, class_="grid") if drawn else None, fold if alike else None,
                   table(["row", "samples"], told, left=(0, 1)) if told else None,
                   lead=lead.strip())


def scaling(data, rivals):
    """A chart for each thing that there are many of, and its figures."""
    found = {}
    for one in data.get("curves", []):
        found.setdefault(one["by"], []).append(one)
    if not found:
        return None
    names = list(dict.fromkeys(one["name"] for one in data["curves"]))
    figures = []
    for by, lines in found.items():
        xs = sorted({x for one in lines for x, _ in one["points"]})
        body, drawn = [], []
        for one in lines:
            at, which = dict(one["points"]), names.index(one["name"])
            judged = curves.Curve(one["name"], by, tuple(map(tuple, one["points"])),
                                  one["target"], one["name"] == curves.WORST)
            drawn.append((which, one["points"], one["target"]))
            body.append(html_detail.curve_row(one["name"], html_chart.series(which),
                                              [at.get(x) for x in xs], judged))
        picture = html_chart.scaling(f"c{len(figures)}", drawn, f"Figures by {by}")
        figures.append(tag("figure", tag("figcaption", "by ", tag("b", by)), picture,
                           table([by, *xs, ""], body)))
    notes = tag("ul", *(tag("li", note) for note in rivals["curves"]["notes"]), class_="notes")
    return section("scaling", "What grows with the system", tag("div", *figures, class_="grid two"),
                   notes, lead="A figure that does not depend on how much there is, is a flat "
                   "line. Dotted: the targets.")


def environment(data, rivals):
    known = {**data, "describe": machines.boards().get(data["board"], {}).get("describe")}
    lines = [[tag("th", name, scope="row"), tag("td", known[key])]
             for key, name in ENVIRONMENT.items() if known.get(key) is not None]
    lines.append([tag("th", "the rivals", scope="row"), tag("td", rivals["measured_on"])])
    return section("environment", "Environment", table(["", ""], lines, class_="plain"))


def page(data, detail, rivals):
    records = records_of(data, detail)
    rows = Rows(data, detail, rivals, records)
    told = list(report.notes(records, rivals))
    notes = tag("details", tag("summary", f"{len(told)} notes on these rows"),
                tag("ul", *(tag("li", line.strip()) for line in told), class_="notes"))
    parts = (heading(data, rows), tiles(rows), rows_with_rivals(rows), rows_without_rivals(rows),
             notes if told else None, histograms(data, rows), scaling(data, rivals),
             html_detail.worst_case(records, rivals), html_strip.strips(detail),
             html_detail.mixes(data, detail),
             html_detail.held(detail), html_detail.sizes(data), environment(data, rivals))
    head = tag("head", Html('<meta charset="utf-8">\n<meta name="viewport" '
                            'content="width=device-width, initial-scale=1">\n'),
               tag("title", f"Pivot on {data['board']}"), "\n",
               Html(f"<style>\n{STYLE.read_text(encoding='utf-8')}</style>"))
    body = tag("body", tag("main", "\n", join((p for p in parts if p is not None), "\n"), "\n"))
    return f"<!DOCTYPE html>\n{tag('html', head, Html(chr(10)), body, lang='en')}\n"


def write(path, data, detail, rivals):
    """Writes the report of one board. `data`, `detail`: what its two JSON files hold."""
    path.write_text(page(data, detail, rivals), encoding="utf-8")
