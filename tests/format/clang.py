"""Which clang-format and clang-tidy decide: those of one version.

Versions lay some code out differently and know different checks, so that a tree which is clean
under one need not be under the next. This is the version of Debian 12 and Ubuntu 22.04.
"""

import re
import shutil
import subprocess

VERSION = 14
SKIPPED = 77  # what CTest is told to read as "not run"


def find(name):
    """The program of that version, or None."""
    for candidate in (f"{name}-{VERSION}", name):
        program = shutil.which(candidate)
        if program:
            said = subprocess.run([program, "--version"], capture_output=True, text=True,
                                  check=False)
            if re.search(rf"version {VERSION}\.", said.stdout):
                return program
    return None


def skip(name):
    print(f"skipped: no {name} of version {VERSION}, which this tree is kept clean with")
    return SKIPPED
