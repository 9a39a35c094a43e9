#!/usr/bin/env python3
"""Runs clang-tidy (.clang-tidy) over everything that names no architecture.

    tests/format/tidy.py              the tree; status 1 if something was found, 77: no clang-tidy
    tests/format/tidy.py --self-test  a file with a known mistake, which must be found

The port is the host's: the target's per-CPU register is a language extension of GCC alone. The
options are given here and not taken from a build, so that no build is needed.
"""

import argparse
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
import clang  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ["kern/base", "kern", "kern/shell", "kern/console", "spl", "mutex", "intr", "arch/dev",
           "kern/trace"]
NEEDS_A_BOARD = {"kern/main.cpp", "kern/panic.cpp", "kern/secondary.cpp"}
FLAGS = ["-std=c++20", f"-I{ROOT}", f"-I{ROOT / 'arch/host'}", "-DPIVOT_CHECKED=1",
         "-DPIVOT_MAX_CPUS=4", "-Wno-deprecated-volatile"]
MISTAKE = "int half(bool b) { if (b) return 1; if (b) { return 1; } else { return 1; } }\n"


def sources():
    for folder in FOLDERS:
        for file in sorted((ROOT / folder).glob("*.cpp")):
            if file.relative_to(ROOT).as_posix() not in NEEDS_A_BOARD:
                yield file


def tidy(program, file):
    """What was found in one file; empty when it is clean."""
    command = [program, "--quiet", f"--config-file={ROOT / '.clang-tidy'}", str(file), "--", *FLAGS]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if result.returncode == 0 else result.stdout + result.stderr


def self_test(program):
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "mistake.cpp"
        file.write_text(MISTAKE)
        found = tidy(program, file)
    print(found)
    return 0 if "readability-else-after-return" in found else 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    program = clang.find("clang-tidy")
    if not program:
        return clang.skip("clang-tidy")
    if args.self_test:
        return self_test(program)
    files = list(sources())
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = [text for text in pool.map(lambda file: tidy(program, file), files) if text]
    print(*found, f"{len(files)} files, {len(found)} with something to say", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
