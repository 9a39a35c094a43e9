#!/usr/bin/env python3
"""Passes if unit tests fail by their own checks: proof that a seeded bug is caught.

    expect_failure.py EXECUTABLE FILTER

At least one test must match, run and be reported as failed. A crash, a hang or a panic is not that.
"""

import re
import subprocess
import sys


def main():
    executable, pattern = sys.argv[1:]
    try:
        run = subprocess.run(
            [executable, f"--gtest_filter={pattern}", "--gtest_color=no"],
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False)
    except subprocess.TimeoutExpired:
        print("the tests hang: that proves nothing")
        return 1
    print(run.stdout[-4000:])
    failed = re.findall(r"^\[  FAILED  \] (\S+\.\S+)", run.stdout, re.MULTILINE)
    if run.returncode != 1 or not failed:
        print(f"status {run.returncode}, failed tests: {sorted(set(failed)) or 'none'}: "
              "the bug is not caught by a check")
        return 1
    print(f"caught by {', '.join(sorted(set(failed)))}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
