#!/usr/bin/env python3
"""docs/migration.md shows differences between real files: they are in these files as shown."""

import re
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"^```diff (\S+) (\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def faults(old, new, lines):
    """What the block claims of a file that is not so; old, new: the files' texts."""
    for name, text, sign in (("old", old, "-"), ("new", new, "+")):
        claimed = "\n".join(line[1:] for line in lines if line[0] in (" ", sign))
        if f"\n{claimed}\n" not in text:
            yield name


class Migration(unittest.TestCase):
    def test_the_differences_are_those_of_the_files(self):
        blocks = BLOCK.findall((ROOT / "docs" / "migration.md").read_text(encoding="utf-8"))
        self.assertGreater(len(blocks), 4)
        for old, new, text in blocks:
            old, new = ((ROOT / name).read_text(encoding="utf-8") for name in (old, new))
            self.assertEqual(list(faults(old, new, text.splitlines())), [], text)

    def test_a_difference_that_is_none_is_found(self):
        self.assertEqual(list(faults("\na\nb\n", "\na\nc\n", [" a", "-b", "+c"])), [])
        self.assertEqual(list(faults("\na\nb\n", "\na\nc\n", [" a", "-c", "+c"])), ["old"])
        self.assertEqual(list(faults("\na\nb\n", "\na\nc\n", [" a", "-b", "+b"])), ["new"])


if __name__ == "__main__":
    unittest.main()
