#!/usr/bin/env python3
"""arch/aarch64/symbols.py: from nm's listing to the table of names that an image carries."""

import sys
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "arch/aarch64"))

import symbols  # noqa: E402

BASE = 0xffffff8000000000
LISTING = [
    (BASE, "T", "__image_start"),
    (BASE, "t", "_head"),
    (BASE + 0x40, "T", "start"),
    (BASE + 0x80, "t", "local_alias"),
    (BASE + 0x80, "T", "pivot::panic(char const*, char const*)"),
    (BASE + 0x84, "t", "dev_access.3"),
    (BASE + 0x88, "t", "mark_begin.null"),
    (BASE + 0x90, "t", "mark_end.null"),
    (BASE + 0x1000, "R", "__text_end"),
    (BASE + 0x1008, "r", "pivot::kNames"),
]


class NamesTest(unittest.TestCase):
    def test_parameters_and_unnamed_namespaces_go(self):
        for full, short in {
            "pivot_main": "pivot_main",
            "pivot::(anonymous namespace)::dig(unsigned long)": "pivot::dig",
            "pivot::AdaptiveMutex::owner() const": "pivot::AdaptiveMutex::owner",
            "void pivot::print<char const*>(char const*, char const* const&)":
                "pivot::print<char const*>",
            "void pivot::TopHalfEntry::run<&pivot::(anonymous namespace)::tick, (pivot::Ipl)6, int>"
            "(void*, void*)": "pivot::TopHalfEntry::run<&pivot::tick, 6, int>",
            "pivot::f(int)::{lambda(pivot::MayBlock const&)#1}::_FUN(pivot::MayBlock const&)":
                "pivot::f::{lambda#1}::_FUN",
            "pivot::Job::operator()(int) const": "pivot::Job::operator()",
            "pivot::report(int) [clone .constprop.0]": "pivot::report",
        }.items():
            self.assertEqual(symbols.without_parameters(full), short)


class TableTest(unittest.TestCase):
    def test_functions_only_and_the_global_name_of_two(self):
        table, base = symbols.functions(LISTING)
        self.assertEqual(base, BASE)
        others = [name for _, name in table if name.startswith(("mark", "dev", "local"))]
        self.assertEqual(others, [])
        self.assertIn((0x40, "start"), table)
        self.assertIn((0x80, "pivot::panic"), table)
        self.assertEqual(table[-1], (0x1000, ""))

    def test_assembly_stores_each_name_once(self):
        text = "".join(symbols.assembly([(0, "f"), (4, "g"), (8, "f"), (12, "")]))
        self.assertEqual(text.count('.asciz "f"'), 1)
        self.assertEqual(text.count(".long"), 4)
        self.assertIn(".long 0x8, 0\n", text)

    def test_a_function_that_moved_is_found(self):
        self.assertIsNone(symbols.check(LISTING, LISTING))
        data_moved = [*LISTING[:-1], (BASE + 0x2008, "r", "pivot::kNames")]
        self.assertIsNone(symbols.check(LISTING, data_moved))
        moved = [(a + 4 if n == "start" else a, k, n) for a, k, n in LISTING]
        self.assertIn("start was at", symbols.check(LISTING, moved))
        self.assertIn("have become", symbols.check(LISTING, LISTING[:2]))


if __name__ == "__main__":
    unittest.main()
