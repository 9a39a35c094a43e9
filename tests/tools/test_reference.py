"""The API reference: no public name is without a word, and what the filter makes of a header.

The whole tree's takes Doxygen; the filter's rules are tried on small headers, which Doxygen reads,
too: what counts is what it then calls undocumented.
"""

import contextlib
import io
import re
import shutil
import tempfile
import textwrap
import unittest
from pathlib import Path

from helper import ROOT

import reference
import reference_filter

DOXYGEN = unittest.skipUnless(shutil.which("doxygen"), "no doxygen")
SOUND = """\
// A box of things. It holds them.
//
// Who: both. Lock order: none.
#pragma once

namespace pivot {

// What may go wrong.
enum class BoxError { none, full };

class Box {
  public:
    constexpr explicit Box(int size) : size_(size) {}
    ~Box();
    Box(Box const&) = delete;

    // How many it holds, and how many it could.
    int count() const { return count_; }
    int size() const { return size_; }

    int odd;  // one behind
    // With a body, in which nothing is a declaration.
    void turn() {
        int local = 0;
        struct Inner { int x; } inner{local};
        (void)inner;
    }

  protected:
    void inner();

  private:
    int count_;
    int size_;
};

// A macro of two lines.
#define BOX_OF(n) \\
    ::pivot::Box box { n }

// Behind the macro.
struct After {
    // Its field.
    int field;
};

}  // namespace pivot
"""


def pages(headers, **text):
    """What Doxygen warns of in a tree of these headers, and where it wrote its pages."""
    with tempfile.TemporaryDirectory(prefix="pivot docs ") as directory:
        root = Path(directory)
        for name, body in headers.items():
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(body, encoding="utf-8")
        (root / "docs").mkdir()
        (root / "docs/reference.md").write_text("# Reference\n", encoding="utf-8")
        shutil.copy(ROOT / "docs/Doxyfile", root / "docs")
        shutil.copytree(ROOT / "qemu", root / "qemu",
                        ignore=shutil.ignore_patterns("__pycache__"))
        settings = [f"{key} = {value}" for key, value in text.items()]
        warnings = reference.generate(root / "out", root=root,
                                      settings=["INPUT = kern docs/reference.md", *settings])
        html = "".join(page.read_text(encoding="utf-8", errors="replace")
                       for page in sorted((root / "out/html").glob("*.html"))
                       if not page.name.endswith("_source.html"))
        return reference.undocumented(warnings), html


class FilterTest(unittest.TestCase):
    def filtered(self, body):
        return reference_filter.filtered(textwrap.dedent(body), "box").splitlines()

    def test_no_line_is_added_or_taken_away(self):
        headers = [path for folder in ("kern", "intr", "mutex", "spl", "arch/contract")
                   for path in (ROOT / folder).rglob("*.hpp")]
        self.assertGreater(len(headers), 50)
        for path in headers:
            text = path.read_text(encoding="utf-8")
            made = reference_filter.filtered(text, path.stem)
            self.assertEqual(made.count("\n"), text.count("\n"), path)

    def test_a_comment_is_about_those_that_follow_without_a_blank_line(self):
        made = self.filtered("// Both.\nint one();\nint two();\n\nint three();\n")
        self.assertEqual(made, ["/// Both.", "int one();", "/** Both. */ int two();", "",
                                "int three();"])

    def test_a_comment_behind_is_about_its_line_and_may_go_on(self):
        made = self.filtered("int one;  // first\n          // and more\nint two;\n")
        self.assertEqual(made[0], "int one;  ///< first")
        self.assertIn("///< and more", made[1])
        self.assertEqual(made[2], "int two;")

    def test_what_nobody_is_to_call_is_hidden(self):
        made = self.filtered("// A box.\nclass Box {\n  protected:\n    // Ours.\n    void in();\n"
                             "};\n// No.\nvoid never() = delete;\n")
        self.assertIn("private:", made[2])
        self.assertEqual(made[-1], "")

    def test_what_ends_a_scope_and_what_is_for_a_tool_is_about_nothing(self):
        made = self.filtered("// Ours.\n// clang-format off\nint n;\n\nnamespace a {\n"
                             "}  // namespace a\n\nint m;\n")
        self.assertEqual(made, ["/// Ours.", "", "int n;", "", "namespace a {", "}", "", "int m;"])

    def test_text_is_no_command(self):
        self.assertEqual(self.filtered("// Use @x, <y> and a\\b.\nint n;\n")[0],
                         "/// Use \\@x, \\<y\\> and a\\\\b.")

    def test_a_string_is_no_comment(self):
        self.assertEqual(self.filtered('const char* url = "http://x";\n'),
                         ['const char* url = "http://x";'])

    def test_a_macro_of_several_lines_is_left_alone(self):
        made = self.filtered("// M.\n#define M(x) \\\n    struct { x\n\n// N.\nint n;\n")
        self.assertEqual(made[1:3], ["#define M(x) \\", "    struct { x"])
        self.assertEqual(made[4:], ["/// N.", "int n;"])


@DOXYGEN
class ReferenceTest(unittest.TestCase):
    def test_no_public_name_of_the_tree_is_undocumented(self):
        with tempfile.TemporaryDirectory() as out:
            warnings = reference.generate(out)
            self.assertEqual(warnings, [], "\n" + "\n".join(warnings))
            html = Path(out, "html")
            page = (html / "classpivot_1_1AdaptiveMutex.html").read_text(encoding="utf-8")
            self.assertIn("lock_until", page)
            self.assertRegex((html / "index.html").read_text(encoding="utf-8"), "Where to begin")
            self.assertIn('href="line_8hpp.html"', (html / "index.html").read_text("utf-8"))

    def test_what_a_small_header_says_is_on_its_page(self):
        found, html = pages({"kern/box.hpp": SOUND})
        self.assertEqual(found, [])
        for words in ("A box of things.", "How many it holds", "one behind", "What may go wrong",
                      "Its field."):
            self.assertIn(words, html)
        self.assertNotIn("inner()", re.sub(r"<[^>]*>", "", html))

    def test_each_name_without_a_word_is_told_with_its_line(self):
        for said, name in (("    // How many it holds, and how many it could.\n", "count()"),
                           ("  // one behind", "odd"),
                           ("// What may go wrong.\n", "BoxError"),
                           ("    // Its field.\n", "field"),
                           ("// Behind the macro.\n", "After"),
                           ("// A macro of two lines.\n", "BOX_OF")):
            with self.subTest(name=name):
                self.assertIn(said, SOUND)
                text = SOUND.replace(said, "\n" if said.endswith("\n") else "")
                found, _ = pages({"kern/box.hpp": text})
                self.assertTrue(any(re.match(r"kern/box\.hpp:\d+: .*" + re.escape(name), line)
                                    for line in found), found)

    def test_the_pages_are_where_the_command_says(self):
        with tempfile.TemporaryDirectory() as out, contextlib.redirect_stdout(io.StringIO()):
            reference.generate(Path(out, "a b"))
            self.assertTrue(Path(out, "a b/html/index.html").is_file())


class ExcludedTest(unittest.TestCase):
    def test_what_is_left_out_exists_and_the_example_needs_none_of_it(self):
        excluded = reference.excluded()
        self.assertGreater(len(excluded), 10)
        for name in excluded:
            self.assertTrue((ROOT / name).is_file(), name)
        for source in (ROOT / "docs/examples").rglob("*.cpp"):
            included = re.findall(r'#include "([^"]+)"', source.read_text(encoding="utf-8"))
            self.assertEqual(set(included) & set(excluded), set(), source)


if __name__ == "__main__":
    unittest.main()
