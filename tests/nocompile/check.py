#!/usr/bin/env python3
"""Holds the compiler to refusing a misuse, in the words that its case states.

    tests/nocompile/check.py --compiler g++ --compiler clang++ [--include DIR]... case.cpp...
    tests/nocompile/check.py --compiler g++ --self-test

A case is one file with one mistake in it and comments that say what must be reported:

    // expect: REGEX           an error's text; expect-gcc and expect-clang where the two differ
    // only: gcc               or clang: the other one cannot see it
    // explains: REGEX         somewhere in the output: the reason, in the kernel's own words

Compiled with -DPIVOT_VALID the same file holds the corrected code, which must compile without a
word: so the mistake is refused for itself and not for something else in the file. Every error that
is reported must be one that the case expects. Exit status: 0 all held, 1 one did not, 2 bad usage.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["-std=c++20", "-fsyntax-only", "-Wall", "-Wextra", "-Werror", "-fno-exceptions",
         "-fno-rtti", "-ffreestanding", "-fdiagnostics-color=never", "-DPIVOT_MAX_CPUS=4"]
FLAGS_OF = {
    "gcc": ["-Wno-volatile"],
    "clang": ["-Wno-deprecated-volatile", "-Wthread-safety"],
}


def family(compiler):
    """gcc or clang: whose messages this compiler speaks, whatever its file is called."""
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    return "clang" if "clang" in version.stdout else "gcc"


def compile_case(compiler, kind, includes, case, *defines):
    command = [compiler, *FLAGS, *FLAGS_OF[kind], *(f"-D{name}" for name in defines),
               *(f"-I{path}" for path in [ROOT, *includes]), str(case)]
    # The messages are matched in English, with plain quotes.
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C"})


def stated(case, kind):
    """What the case says: patterns for errors, and for the output as a whole."""
    text = case.read_text()
    errors = re.findall(rf"^// expect(?:-{kind})?: (.+)$", text, re.MULTILINE)
    reasons = re.findall(r"^// explains: (.+)$", text, re.MULTILINE)
    return errors, reasons


def faults(compiler, kind, includes, case):
    """What is wrong with this case under this compiler, a line each (empty: nothing)."""
    errors, reasons = stated(case, kind)
    if not errors:
        return [f"states no expected error for {kind}"]
    valid = compile_case(compiler, kind, includes, case, "PIVOT_VALID")
    if valid.returncode != 0 or valid.stderr:
        return ["its corrected code does not compile:\n" + valid.stderr]
    wrong = compile_case(compiler, kind, includes, case)
    if wrong.returncode == 0:
        return ["the mistake compiles"]
    found = re.findall(r"^.*?: (?:fatal )?error: (.*)$", wrong.stderr, re.MULTILINE)
    lines = [f"no error matches /{pattern}/" for pattern in errors
             if not any(re.search(pattern, error) for error in found)]
    lines += [f"an error that was not expected: {error}" for error in found
              if not any(re.search(pattern, error) for pattern in errors)]
    lines += [f"the reason is not shown: /{pattern}/" for pattern in reasons
              if not re.search(pattern, wrong.stderr)]
    return lines + ["the compiler said:\n" + wrong.stderr] if lines else []


def check(compilers, includes, cases, say=print):
    failed = 0
    for compiler in compilers:
        kind = family(compiler)
        for case in cases:
            only = re.search(r"^// only: (\w+)$", case.read_text(), re.MULTILINE)
            if only and only[1] != kind:
                continue
            lines = faults(compiler, kind, includes, case)
            failed += bool(lines)
            say(f"{'FAIL' if lines else 'ok  '} {case.stem} ({compiler})", *lines, sep="\n     ")
    return failed


GOOD = "#ifdef PIVOT_VALID\nint n = 1;\n#else\nint n = nothing;\n#endif\n"
UNDECLARED = "// expect-gcc: was not declared\n// expect-clang: use of undeclared identifier\n"
# What each file is for, its text, and whether the check must be content with it.
SELF_TEST = [
    ("refused as stated", UNDECLARED + GOOD, True),
    ("not refused", UNDECLARED + "int n = 1;\n", False),
    ("refused for another reason", "// expect: deleted function\n" + GOOD, False),
    ("one error more than stated",
     UNDECLARED + GOOD.replace("#endif", "int m = \"\";\n#endif"), False),
    ("reason not shown", UNDECLARED + "// explains: no such words\n" + GOOD, False),
    ("corrected code refused too", UNDECLARED + GOOD.replace("= 1", "= nothing"), False),
    ("corrected code warns", UNDECLARED + "void f() { int unused; }\n" + GOOD, False),
    ("states nothing", GOOD, False),
]


def self_test(compilers):
    """The check itself, on files of which all but the first are defective."""
    missed = 0
    with tempfile.TemporaryDirectory() as directory:
        for number, (what, text, content) in enumerate(SELF_TEST):
            case = Path(directory) / f"case{number}.cpp"
            case.write_text(text)
            for compiler in compilers:
                held = check([compiler], [], [case], say=lambda *_, **__: None) == 0
                missed += held != content
                verdict = "ok  " if held == content else "FAIL"
                print(f"{verdict} {what}: {'passed' if held else 'caught'} ({compiler})")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--compiler", action="append", required=True)
    parser.add_argument("--include", action="append", default=[], type=Path)
    parser.add_argument("--self-test", action="store_true")
    parser.add_argument("cases", nargs="*", type=Path)
    args = parser.parse_args()
    if args.self_test == bool(args.cases):
        parser.error("give cases, or --self-test")
    if args.self_test:
        return 1 if self_test(args.compiler) else 0
    return 1 if check(args.compiler, args.include, args.cases) else 0


if __name__ == "__main__":
    sys.exit(main())
