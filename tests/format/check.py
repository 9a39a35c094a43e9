#!/usr/bin/env python3
"""Holds the tree to its form: what a reader sees before reading a word.

    tests/format/check.py                 lines, files, headers, documents; status 1 if one is wrong
    tests/format/check.py --clang-format  C++ as .clang-format lays it out; 77: no clang-format
    tests/format/check.py --self-test     a small tree with one fault of each kind in turn
"""

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
import clang  # noqa: E402

CPP = {".hpp", ".cpp"}
CODE = CPP | {".h", ".S", ".ld", ".py", ".cmake", ".pml"}
TEXT = CODE | {".md", ".json", ".txt"}
COLUMNS = 100
LINES = 400
DOCUMENTS = ["README.md", "LICENSE", "CONTRIBUTING.md", "docs/style.md", "docs/glossary.md"]


def files_of(root, suffixes):
    for path in sorted(root.rglob("*")):
        within = path.relative_to(root)
        if path.suffix in suffixes and within.parts[0] not in ("build", ".git", ".cache"):
            if path.is_file():
                yield within.as_posix(), path


def line_faults(name, text):
    for number, line in enumerate(text.splitlines(), 1):
        if line != line.rstrip():
            yield f"{name}:{number}: blanks at the end of the line"
        if "\t" in line:
            yield f"{name}:{number}: a tab"
        if len(line) > COLUMNS and Path(name).suffix in CODE:
            yield f"{name}:{number}: {len(line)} columns, at most {COLUMNS}"
    if text and not text.endswith("\n"):
        yield f"{name}: the last line does not end"
    if text.endswith("\n\n"):
        yield f"{name}: blank lines at the end"


def header_faults(name, text):
    """A header opens with what it is, who may call it and its place in the lock order."""
    if "#pragma once" not in text and "#ifndef" not in text:
        yield f"{name}: nothing keeps it from being included twice"
    opening = "\n".join(line for line in text.split("#pragma once")[0].splitlines()
                        if line.startswith(("//", "/*", " *")))
    for word in ("Who:", "Lock order:"):
        if word not in opening and not name.startswith("tests/"):
            yield f"{name}: its opening comment does not say \"{word}\""


def faults(root):
    for document in DOCUMENTS:
        if not (root / document).is_file():
            yield f"{document}: missing"
    for name, path in files_of(root, TEXT):
        text = path.read_text(encoding="utf-8")
        yield from line_faults(name, text)
        if path.suffix in CODE and text.count("\n") > LINES:
            yield f"{name}: {text.count(chr(10))} lines, at most {LINES}"
        if path.suffix == ".hpp":
            yield from header_faults(name, text)


def clang_format(root):
    program = clang.find("clang-format")
    if not program:
        return clang.skip("clang-format")
    paths = [str(path) for _, path in files_of(root, CPP)]
    result = subprocess.run([program, "--dry-run", "-Werror", "--style=file", *paths],
                            capture_output=True, text=True, check=False)
    verdict = "run it with -i on what it names" if result.returncode else "as laid out"
    print(f"{result.stderr}{len(paths)} files, {program}: {verdict}")
    return 1 if result.returncode else 0


HEADER = "// What.\n//\n// Who: both. Lock order: none.\n#pragma once\n"
SOUND = {**{name: "Text.\n" for name in DOCUMENTS},
         "spl/spl.hpp": HEADER, "spl/spl.cpp": "int n;\n"}
SEEDED = [
    ("blanks at the end of the line", "spl/a.cpp", "int n; \n"),
    ("a tab", "spl/a.cpp", "\tint n;\n"),
    ("101 columns", "arch/a.S", "// " + "x" * 98 + "\n"),
    ("401 lines", "spl/a.cpp", "int n;\n" * 401),
    ("does not end", "docs/a.md", "word"),
    ("blank lines at the end", "qemu/a.py", "n = 1\n\n"),
    ("included twice", "spl/a.hpp", HEADER.replace("#pragma once\n", "")),
    ("does not say \"Who:\"", "spl/a.hpp", HEADER.replace("Who", "By")),
    ("does not say \"Lock order:\"", "spl/a.hpp", HEADER.replace("Lock order: none.", "")
     .replace(" \n", "\n")),
    ("LICENSE: missing", "LICENSE", None),
]
STYLE = "BasedOnStyle: Google\n"


def plant(root, files):
    for name, text in files.items():
        if text is not None:
            (root / name).parent.mkdir(parents=True, exist_ok=True)
            (root / name).write_text(text)


def self_test():
    missed = 0
    for words, name, text in [("", "spl/spl.cpp", "int n;\n"), *SEEDED]:
        with tempfile.TemporaryDirectory() as directory:
            plant(Path(directory), {**SOUND, name: text})
            found = list(faults(Path(directory)))
        held = len(found) == 1 and words in found[0] if words else not found
        missed += not held
        print("ok  " if held else "FAIL", f"{words or 'the sound tree'}:", found)
    if clang.find("clang-format"):
        with tempfile.TemporaryDirectory() as directory:
            plant(Path(directory), {".clang-format": STYLE, "a.cpp": "int  n;\n"})
            held = clang_format(Path(directory)) == 1
            missed += not held
            print("ok  " if held else "FAIL", "code that is laid out otherwise")
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--clang-format", action="store_true")
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return self_test()
    if args.clang_format:
        return clang_format(args.root)
    found = list(faults(args.root))
    print(*found, f"{len(found)} faults", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
