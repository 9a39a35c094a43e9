"""The HTML report: its figures are the JSON's, it is well formed, and it needs nothing else."""

import json
import re
import tempfile
import unittest
from html.parser import HTMLParser
from pathlib import Path
from unittest import mock

import helper  # noqa: F401  (sets the import path)
import html_chart
import html_report
import report
from protocol import parse

FACTS = {"git": "abc123", "qemu": "7.2.0", "cpus": 1, "compiler": "GCC 12"}
SIZES = {"proper": 11000, "diagnostics": 9000, "boot": 800, "drivers": 700,
         "proper, in bench.elf": 10000}
VOID = {"meta", "br", "hr", "img", "link", "input"}
EVIL = "<script>alert('1')</script>&\""
RECORDS = """\
@inject op=splx points=5 min=27 worst=29 pc=0x10 fn=a
@inject op=push points=7 min=11 worst=60 pc=0x20 fn=guilty
@held op=spl_pair_vm level=vm points=15 longest=71
@curve name=irq_to_handler by=threads x=1 value=27
@curve name=irq_to_handler by=threads x=1000 value=28
@worst by=threads x=1 value=60 points=5 pc=0x20 fn=guilty
@worst by=threads x=1000 value=60 points=50 pc=0x30 fn=also_guilty
@skip name=cross_cpu_wake reason=no-second-CPU
@skip name=cross_cpu_wake_busy reason=no-second-CPU
"""


def measured(more=RECORDS, **medians):
    """(data, detail): every row measured at its target, but for what is given."""
    rivals = report.load_rivals()
    limits = report.targets(rivals, "qemu-virt")
    skipped = set(re.findall("@skip name=(\\w+)", more))
    values = {row["name"]: limits.get(row["name"], 350) for row in rivals["rows"]
              if row["name"] not in {"worst_irq_to_handler", "kernel_size", *skipped}}
    values.update(medians)
    lines = ["@bench board=qemu-virt unit=instructions clock_hz=1000000000"]
    lines += [f"@row name={n} min={v - 1} median={v} p99={v + 2} max={v + 3} samples=1000"
              for n, v in values.items()]
    records = parse("\n".join([*lines, more, "@end"]))
    records.sizes = dict(SIZES)
    mix = dict.fromkeys(report.MIX_COLUMNS, 0)
    detail = {"mix": {"spl_pair": {**mix, "instructions": 8, "memory": 5, "rest": 3}},
              "injections": records.injections, "held": records.held, "worst": records.worst,
              "skipped": records.skips}
    return json.loads(report.as_json(records, rivals, **FACTS)), detail


def without_curves(detail):
    """Excuses the curves that RECORDS has not got."""
    rivals = report.load_rivals()
    names = [f"curve:{row}:{by}" for by in rivals["curves"]["from_to"]
             for row in rivals["curves"]["rows"]]
    names += [f"worst:{by}" for by in rivals["curves"]["worst"]]
    detail["skipped"] += [{"name": name, "reason": "a-test"} for name in names]


class Element:
    def __init__(self, tag, attributes):
        self.tag, self.attributes, self.children = tag, attributes, []

    def text(self):
        return "".join(c if isinstance(c, str) else c.text() for c in self.children)

    def all(self, tag=None, **wanted):
        """Every element within it of that tag and with those attributes, in order."""
        for child in self.children:
            if not isinstance(child, str):
                have = child.attributes
                if tag in (None, child.tag) and all(have.get(k.strip("_").replace("_", "-")) == v
                                                    for k, v in wanted.items()):
                    yield child
                yield from child.all(tag, **wanted)

    def one(self, tag=None, **wanted):
        found = list(self.all(tag, **wanted))
        if len(found) != 1:
            raise AssertionError(f"{len(found)} of {tag} {wanted}")
        return found[0]


class Page(HTMLParser):
    """Reads the page into elements, and complains if its tags do not match."""

    def __init__(self, text):
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]
        self.feed(text)
        self.close()
        if len(self.open) != 1:
            raise AssertionError(f"not closed: {[e.tag for e in self.open[1:]]}")

    def handle_starttag(self, tag, attrs):
        self.handle_startendtag(tag, attrs)
        if tag not in VOID:
            self.open.append(self.open[-1].children[-1])

    def handle_startendtag(self, tag, attrs):
        if len({name for name, _ in attrs}) != len(attrs):
            raise AssertionError(f"<{tag}> has an attribute twice: {attrs}")
        self.open[-1].children.append(Element(tag, dict(attrs)))

    def handle_endtag(self, tag):
        if self.open.pop().tag != tag:
            raise AssertionError(f"</{tag}> closes something else, at {self.getpos()}")

    def handle_data(self, data):
        self.open[-1].children.append(data)


class HtmlTest(unittest.TestCase):
    def setUp(self):
        self.rivals = report.load_rivals()

    def bytes_of(self, data, detail):
        with tempfile.TemporaryDirectory() as directory:
            path = Path(directory) / "x.html"
            html_report.write(path, data, detail, self.rivals)
            return path.read_bytes()

    def page(self, data, detail):
        return Page(self.bytes_of(data, detail).decode("utf-8")).root

    def assert_shown(self, page, data):
        """Every row's figures are the JSON's."""
        for row in data["rows"]:
            line = page.one("tr", data_row=row["name"])
            spread = row["samples"] > 1
            for key, value in (("value", row["median"]), ("min", row["min"] if spread else None),
                               ("p99", row["p99"] if spread else None),
                               ("max", row["max"] if spread else None)):
                shown = line.one("td", data_key=key).text()
                self.assertEqual(shown, "–" if value is None else str(value), (row["name"], key))
            limit = "–" if row["target"] is None else f"≤ {row['target']}"
            self.assertEqual(line.one("td", data_key="target").text(), limit, row["name"])


class RowsTest(HtmlTest):
    def test_the_figures_are_those_of_the_json(self):
        data, detail = measured(other=9)
        self.assert_shown(self.page(data, detail), data)

    def test_rivals_stand_beside_it_and_the_best_is_marked(self):
        line = self.page(*measured()).one("tr", data_row="irq_to_handler")
        for figure, who in zip((30, 44, 51, 63, 296), self.rivals["rivals"], strict=True):
            self.assertEqual(line.one("td", data_label=who).text(), str(figure))
        self.assertEqual([c.text() for c in line.all("td", class_="n best")], ["30"])

    def test_every_figure_stands_below_its_head(self):
        table = self.page(*measured()).one("section", id="rows").one("table")
        heads = [head.text() for head in table.one("thead").all("th")]
        line = [c for c in table.one("tr", data_row="irq_to_handler").children]
        self.assertEqual(len(heads), len(line))
        for head, cell in zip(heads[2:7] + heads[9:], line[2:7] + line[9:], strict=True):
            self.assertEqual(cell.attributes["data-label"], head)

    def test_who_is_ahead(self):
        for mine, words in ((15, "50 % less"), (30, "even"), (60, "100 % more")):
            line = self.page(*measured(irq_to_handler=mine)).one("tr", data_row="irq_to_handler")
            self.assertEqual(line.one("td", data_label="against the best").text(), words)

    def test_the_summary_counts_who_is_behind(self):
        data, detail = measured(spl_pair=8, spin_pair=16)
        text = self.page(data, detail).one("header").text()
        self.assertIn("even with it in 2 (null, spin_pair)", text)
        self.assertIn("behind it in 2 (spl_pair, kernel_size)", text)

    def test_a_miss_is_shown_first_and_marked(self):
        data, detail = measured(irq_to_handler=29)
        without_curves(detail)
        page = self.page(data, detail)
        self.assertEqual(page.one("h1").text(), "1 miss")
        self.assertEqual(page.one("ul", class_="verdicts").one("li").text(),
                         "missed irq_to_handler: 29, target <= 28")
        self.assertEqual(page.one("header").attributes["class"], "bad")
        line = page.one("tr", data_row="irq_to_handler")
        self.assertEqual(line.attributes["class"], "miss")
        self.assertEqual(line.one("em", class_="pill").text(), "MISS")
        others = [l for l in page.all("tr", class_="miss") if l is not line]
        self.assertEqual(others, [])

    def test_the_strips_are_those_of_the_campaign(self):
        data, detail = measured()
        one = {"op": "<op>", "points": 5, "min": 27, "worst": 61, "held_off": False,
               "strip": [[27, 2], [61, 1], [60, 1], [27, 1]], "masked": None}
        detail["strips"] = [one, {**one, "op": "long", "worst": 37, "points": 2000,
                                  "strip": [[27, 1999], [37, 1]]}, {**one, "strip": None}]
        page = self.page(data, detail)
        strips = list(page.all("svg", class_="points"))
        self.assertEqual([s.attributes["viewbox"] for s in strips], ["0 0 5 10", "0 0 480 10"])
        told = [(r.attributes["x"], r.attributes["width"], r.attributes["fill-opacity"],
                 r.one("title").text()) for r in strips[0].all("rect")]
        self.assertEqual(told, [("2", "1", "1.00", "61"), ("3", "1", "0.97", "60")])
        last, = strips[1].all("rect")       # the worst of a column's points, at the end
        self.assertEqual((last.attributes["x"], last.one("title").text()), ("479", "37"))

    def test_without_a_miss_it_says_so(self):
        data, detail = measured()
        without_curves(detail)
        page = self.page(data, detail)
        self.assertEqual(page.one("h1").text(), "Every row is within its target")
        self.assertEqual(page.one("header").attributes["class"], "good")

    def test_a_known_miss_is_no_miss_and_no_success(self):
        with mock.patch.dict(SIZES, {"proper": 12289}):
            data, detail = measured()
        without_curves(detail)
        page = self.page(data, detail)
        self.assertEqual(page.one("h1").text(),
                         "Every row is within its target, but for a known miss")
        self.assertIn("docs/decisions/kernel-size.md", page.one("header").text())
        self.assertEqual(page.one("tr", data_row="kernel_size").one("em", class_="pill").text(),
                         "known miss")

    def test_a_row_that_is_not_measured_says_why(self):
        line = self.page(*measured()).one("tr", data_row="cross_cpu_wake")
        self.assertIn("not measured here: no second CPU", line.text())
        data, detail = measured()
        data["rows"] = [row for row in data["rows"] if row["name"] != "null"]
        page = self.page(data, detail)
        self.assertIn("neither measured nor skipped", page.one("tr", data_row="null").text())
        self.assertIn("null: neither measured", page.one("ul", class_="verdicts").text())

    def test_the_worst_case_is_a_row(self):
        line = self.page(*measured()).one("tr", data_row="worst_irq_to_handler")
        self.assertEqual(line.one("td", data_key="value").text(), "60")
        self.assertEqual(line.one("td", data_key="target").text(), "≤ 64")


class SectionsTest(HtmlTest):
    def rows_of(self, section, **page_of):
        page = self.page(*measured(**page_of)).one("section", id=section)
        return [[cell.text() for cell in line.children if not isinstance(cell, str)]
                for line in page.all("tr")]

    def test_the_worst_cases_by_operation(self):
        lines = self.rows_of("worst")[1:]
        self.assertEqual([line[0] for line in lines], ["1 threads", "1000 threads", "push", "splx"])
        self.assertEqual(lines[2], ["push", "7", "11", "60", "", "guilty0x20"])
        data, detail = measured(RECORDS.replace("worst=60", "worst=65"))
        page = self.page(data, detail)
        self.assertEqual([line.one("th").text() for line in
                          page.one("section", id="worst").all("tr", class_="miss")], ["push"])
        self.assertIn("missed worst_irq_to_handler: 65", page.one("header").text())

    def test_many_operations_are_all_there(self):
        more = "".join(f"@inject op=op{i} points=1 min=1 worst={i} pc=0x1 fn=f{i}\n"
                       for i in range(40))
        data, detail = measured(RECORDS + more)
        section = self.page(data, detail).one("section", id="worst")
        self.assertEqual(len([r for r in section.all("th", scope="row")]), 44)

    def test_the_curves(self):
        section = self.page(*measured()).one("section", id="scaling")
        lines = [[cell.text() for cell in line.children] for line in section.all("tr")]
        self.assertEqual(lines[0], ["threads", "1", "1000", ""])
        self.assertEqual(lines[1], ["● irq_to_handler", "27", "28", "varies, <= 28"])
        self.assertEqual(lines[2], ["● worst_irq_to_handler", "60", "60", "flat"])

    def test_a_curve_that_grows_is_missed(self):
        page = self.page(*measured(RECORDS.replace("x=1000 value=60", "x=1000 value=61")))
        self.assertIn("MISS", [e.text() for e in page.one("section", id="scaling").all("em")])
        self.assertIn("worst_irq_to_handler by threads", page.one("header").text())

    def test_the_mix_what_is_held_off_and_the_sizes(self):
        self.assertEqual(self.rows_of("mix")[1],
                         ["spl_pair", "8", "", "0", "0", "0", "0", "5", "3"])
        self.assertEqual(self.rows_of("held")[1], ["spl_pair_vm", "7115 points"])
        self.assertEqual([line[:2] for line in self.rows_of("size")[1:]],
                         [[name, str(size)] for name, size in SIZES.items()])

    def test_the_environment(self):
        data, detail = measured()
        text = self.page(data, detail).one("section", id="environment")
        for said in ("qemu-virt", "1000000000", "abc123", "7.2.0", "Cortex-A53", "GCC 12"):
            self.assertIn(said, text.text())

    def test_a_file_of_rows_alone_will_do(self):
        data, _ = measured()
        for key in ("kernel_bytes", "curves", "cpus"):
            del data[key]
        self.assert_shown(self.page(data, {}), data)


class PictureTest(HtmlTest):
    def with_histograms(self):
        data, detail = measured()
        data["rows"][1]["histogram"] = {"27": 990, "28": 9, "31": 1}
        data["rows"][2]["histogram"] = {"28": 1000}
        return data, detail

    def test_a_row_without_a_histogram_has_words_and_no_picture(self):
        data, detail = measured()
        section = self.page(data, detail).one("section", id="spread")
        self.assertEqual(list(section.all("svg")), [])
        self.assertIn("min 0, median 1, p99 3, max 4 of 1000 samples", section.text())

    def test_a_histogram_is_drawn(self):
        data, detail = self.with_histograms()
        section = self.page(data, detail).one("section", id="spread")
        self.assertEqual(len(list(section.all("svg"))), 2)
        self.assertEqual([f.one("code").text() for f in section.all("figcaption")],
                         [row["name"] for row in data["rows"][1:3]])
        # 3 values are 3 bars, one for each
        first, second = section.all("svg")
        self.assertEqual([len(list(svg.all("polygon"))) for svg in (first, second)], [3, 1])

    def test_an_outlier_far_away_is_seen(self):
        drawn = html_chart.histogram("h", {27: 999, 60000: 1}, 28, "an outlier")
        bars = [[float(point.split(",")[0]) for point in bar.split()]
                for bar in re.findall(r"<polygon[^>]*points\s*=\s*'([^']*)'", drawn)]
        self.assertEqual(len(bars), 2)
        for bar in bars:
            self.assertGreater(max(bar) - min(bar), 1)

    def test_no_name_is_there_twice(self):
        page = self.page(*self.with_histograms())
        names = [e.attributes["id"] for e in page.all() if "id" in e.attributes]
        self.assertEqual(len(names), len(set(names)))
        for element in page.all():
            if element.attributes.get("href", "").startswith("#"):
                self.assertIn(element.attributes["href"][1:], names)

    def test_pictures_follow_the_readers_mode(self):
        text = self.bytes_of(*self.with_histograms()).decode("utf-8")
        svgs = "".join(re.findall("<svg.*?</svg>", text, re.DOTALL))
        self.assertIn("var(--c1)", svgs)
        self.assertNotRegex(svgs, "rgb\\(|black|GNUPLOT")

    def test_without_gnuplot_it_says_what_is_missing(self):
        with mock.patch("html_chart.shutil.which", lambda name: None):
            data, detail = self.with_histograms()
            page = self.page(data, detail)
        self.assertEqual(list(page.all("svg")), [])
        self.assertEqual({p.text() for p in page.all("p", class_="nopicture")},
                         {html_chart.MISSING})
        self.assertIn("gnuplot-nox", html_chart.MISSING)
        self.assert_shown(page, data)

    def test_a_picture_that_gnuplot_cannot_draw_is_told(self):
        drawn = html_chart.draw("x", ["plot nothing"], "a")
        self.assertIn("gnuplot could not draw this", drawn)


class FileTest(HtmlTest):
    def pages(self):
        yield from (measured(), PictureTest.with_histograms(self))

    def test_the_same_input_gives_the_same_bytes(self):
        for data, detail in self.pages():
            self.assertEqual(self.bytes_of(data, detail), self.bytes_of(data, detail))

    def test_nothing_is_loaded_from_elsewhere(self):
        for data, detail in self.pages():
            text = self.bytes_of(data, detail).decode("utf-8")
            self.assertNotRegex(text, "(?i)https?:|@import|url\\((?!#)|//[a-z]+\\.")
            for element in Page(text).root.all():
                self.assertNotIn(element.tag, ("script", "link", "img", "iframe", "object"))
                for name in ("src", "href", "srcset", "data"):
                    self.assertRegex(element.attributes.get(name, "#"), "^#")

    def test_what_others_have_written_is_text(self):
        data, detail = measured()
        data.update(git=EVIL, board=EVIL, unit=EVIL)
        data["rows"].append({**data["rows"][0], "name": EVIL})
        data["curves"][0]["name"] = EVIL
        data["kernel_bytes"][EVIL] = 1
        detail["injections"][1].update(op=EVIL, fn=EVIL, pc=EVIL)
        detail["worst"][0].update(by=EVIL, fn=EVIL)
        detail["held"][0].update(op=EVIL, level=EVIL)
        detail["skipped"][0].update(name="x" + EVIL, reason=EVIL)
        detail["mix"][EVIL] = dict(detail["mix"]["spl_pair"])
        text = self.bytes_of(data, detail).decode("utf-8")
        self.assertNotIn("<script", text)
        page = Page(text).root
        self.assertIn(EVIL, [e.text() for e in page.all("code")])
        self.assertEqual(page.one("tr", data_row=EVIL).one("code").text(), EVIL)

    def test_it_says_how_wide_it_is_and_what_it_is_written_in(self):
        page = self.page(*measured())
        self.assertEqual(page.one("html").attributes["lang"], "en")
        self.assertEqual(page.one("meta", name="viewport").attributes["content"],
                         "width=device-width, initial-scale=1")
        self.assertEqual(page.one("meta", charset="utf-8").tag, "meta")
        self.assertIn("prefers-color-scheme: dark", page.one("style").text())


if __name__ == "__main__":
    unittest.main()
