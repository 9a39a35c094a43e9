#!/usr/bin/env python3
"""Builds a target and runs it, in ./pivot test --full only; otherwise a skipped test (status 77).

    full_only.py CMAKE BUILD-DIRECTORY TARGET PROGRAM [ARGUMENT ...]
"""

import os
import subprocess
import sys


def main():
    cmake, build, target, *program = sys.argv[1:]
    if not os.environ.get("PIVOT_FULL"):
        print("part of ./pivot test --full only")
        return 77
    built = subprocess.run([cmake, "--build", build, "--target", target], check=False)
    return built.returncode or subprocess.run(program, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
