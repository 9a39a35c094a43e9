#!/usr/bin/env python3
"""Runs a program in ./pivot test --full only; otherwise a skipped test (status 77).

    full_only.py [--build DIRECTORY TARGET] PROGRAM [ARGUMENT ...]

With --build that target of CMake's is built first, which the ordinary build leaves out.
"""

import os
import subprocess
import sys


def main():
    words = sys.argv[1:]
    if not os.environ.get("PIVOT_FULL"):
        print("part of ./pivot test --full only")
        return 77
    if words[0] == "--build":
        built = subprocess.run(["cmake", "--build", words[1], "--target", words[2]], check=False)
        if built.returncode:
            return built.returncode
        words = words[3:]
    return subprocess.run(words, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
