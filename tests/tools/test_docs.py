#!/usr/bin/env python3
"""The documents point at what is there: links, anchors, paths in backticks, symbols' files.

Every Markdown file of the tree is read. A link to a file of this tree must lead to one; a link to a
heading must find it; `path/name.ext` or `dir/` in backticks that begins with a folder of the tree
must exist; every page must be reached from the README.
"""

import json
import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MADE_HERE = {"build", ".git", ".cache"}
COLUMNS = 110

FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\[[^\]\n]*(?:\n[^\]\n]*)?\]\(([^)\s]+)\)")
CODE = re.compile(r"`([^`\n]+)`")
HEADING = re.compile(r"^#+ +(.+?)\s*$", re.MULTILINE)
PLACE = re.compile(r"[.\w-]+(?:/[.\w-]+)*/?")


def documents():
    return [path for path in sorted(ROOT.rglob("*.md"))
            if not MADE_HERE & set(path.relative_to(ROOT).parts)]


def prose(text):
    """The text without its fenced blocks, which quote commands and other people's output."""
    return FENCE.sub("", text)


def anchors(text):
    """The names that a heading can be reached by: lower case, blanks as hyphens, no punctuation."""
    names = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in HEADING.findall(prose(text)))
    return {name.strip().replace(" ", "-") for name in names}


def broken_links(path, text):
    for target in LINK.findall(prose(text)):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (path.parent / name).resolve() if name else path
        if not place.exists():
            yield f"{target}: no such file"
        elif ROOT not in place.parents and place != ROOT:
            yield f"{target}: leads out of the tree"
        elif anchor and anchor not in anchors(place.read_text(encoding="utf-8")):
            yield f"{target}: no such heading"


def top_folders():
    return {path.name for path in ROOT.iterdir() if path.is_dir()} - MADE_HERE


def missing_places(_, text):
    """What stands in backticks, looks like a place in this tree and is none."""
    folders = top_folders()
    for code in CODE.findall(prose(text)):
        if not PLACE.fullmatch(code) or "/" not in code or code.split("/")[0] not in folders:
            continue
        if not (ROOT / code).exists():
            yield f"`{code}`: no such file or folder"


def wide_lines(_, text):
    """Lines that do not fit beside the code; tables and quoted output may be wider."""
    unquoted = FENCE.sub(lambda fence: "\n" * fence[0].count("\n"), text)
    for number, line in enumerate(unquoted.split("\n"), 1):
        if len(line) > COLUMNS and not line.startswith(("|", "    ")):
            yield f"line {number} has {len(line)} columns"


class Documents(unittest.TestCase):
    def nothing(self, found):
        lines = [f"{path.relative_to(ROOT)}: {what}" for path in documents()
                 for what in found(path, path.read_text(encoding="utf-8"))]
        self.assertEqual(lines, [], "\n" + "\n".join(lines))

    def test_links_lead_somewhere(self):
        self.nothing(broken_links)

    def test_places_in_backticks_exist(self):
        self.nothing(missing_places)

    def test_lines_fit_the_page(self):
        self.nothing(wide_lines)

    def test_readme_names_the_two_commands(self):
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        for command in ("./pivot bench", "./pivot test"):
            self.assertIn(command, text)

    def test_readme_shows_the_figures_that_the_tests_hold_the_kernel_to(self):
        file = ROOT / "tests/bench/baseline/qemu-virt.json"
        told = {row["name"]: [row[key] for key in ("min", "median", "p99", "max")]
                for row in json.loads(file.read_text(encoding="utf-8"))["rows"]}
        text = (ROOT / "README.md").read_text(encoding="utf-8")
        table = text[text.index("\nrow  "):text.index("\nNotes:")]
        shown = {name: list(map(int, figures.split())) for name, figures
                 in re.findall(r"^(\w+) +((?:\d+ +){3}\d+) ", table, re.MULTILINE)}
        worst = re.search(r"^worst_irq_to_handler (\d+), in ", text, re.MULTILINE)[1]
        self.assertEqual(shown | {"worst_irq_to_handler": [int(worst)] * 4}, told)

    def test_every_page_is_reached_from_the_readme(self):
        reached, queue = set(), [ROOT / "README.md"]
        while queue:
            path = queue.pop()
            if path in reached or path.suffix != ".md" or not path.exists():
                continue
            reached.add(path)
            for target in LINK.findall(prose(path.read_text(encoding="utf-8"))):
                if not re.match(r"[a-z]+:", target):
                    queue.append((path.parent / target.partition("#")[0]).resolve())
        self.assertEqual([str(p.relative_to(ROOT)) for p in documents() if p not in reached], [])


class TheChecksThemselves(unittest.TestCase):
    """On pages that are wrong in each way."""

    def faults(self, found, text):
        return [fault.split(":")[0] for fault in found(ROOT / "docs" / "page.md", text)]

    def test_a_broken_link_is_found(self):
        text = "[a](style.md) [b](none.md) [c](../README.md#no-such-heading) [d](https://arm.com)"
        self.assertEqual(self.faults(broken_links, text),
                         ["none.md", "../README.md#no-such-heading"])

    def test_a_link_out_of_the_tree_is_found(self):
        self.assertEqual(self.faults(broken_links, "[a](../../.)"), ["../../."])

    def test_a_missing_place_is_found(self):
        text = "`docs/style.md` `docs/none.md` `arch/` `arch/none/` `arch/<cpu>` `and/or` `./pivot`"
        self.assertEqual(self.faults(missing_places, text), ["`docs/none.md`", "`arch/none/`"])

    def test_a_wide_line_is_found(self):
        text = f"{'x' * COLUMNS}\n{'x' * 121}\n| {'x' * 121} |\n```\n{'x' * 121}\n```\n"
        self.assertEqual(self.faults(wide_lines, text), ["line 2 has 121 columns"])

    def test_a_fence_is_not_prose(self):
        self.assertEqual(prose("a\n```\n[x](none.md)\n```\nb"), "a\n\nb")

    def test_a_link_is_found_across_a_line_end(self):
        self.assertEqual(LINK.findall("see [one\ntwo](three.md#four)"), ["three.md#four"])

    def test_headings_become_anchors(self):
        self.assertEqual(anchors("# Top half, bottom half: read this first\n"),
                         {"top-half-bottom-half-read-this-first"})


if __name__ == "__main__":
    unittest.main()
