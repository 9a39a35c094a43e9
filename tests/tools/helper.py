"""What the tests of qemu/*.py share: the import path, and a PATH with chosen programs in it."""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "qemu"))


class ProgramsTest(unittest.TestCase):
    """A test that runs commands with a PATH that holds only what it put there."""

    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.bin = Path(directory.name)
        for name in ("sh", "id", "dirname", "env", "sleep", "cat"):
            self.link(name)
        # The interpreter itself: a manager's shim of that name would look for others in PATH.
        (self.bin / "python3").symlink_to(sys.executable)

    def link(self, name):
        (self.bin / name).symlink_to(shutil.which(name))

    def program(self, name, script="exit 0"):
        path = self.bin / name
        path.unlink(missing_ok=True)
        path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        path.chmod(0o755)

    def qemu(self, script, version="7.2.0"):
        """A qemu-system-aarch64 that says it is of a version, or does what `script` says."""
        says = f'echo "QEMU emulator version {version}"; exit 0'
        self.program("qemu-system-aarch64", f'[ "$1" = --version ] && {{ {says}; }}\n{script}')

    def run_command(self, *words, stdin=""):
        return subprocess.run(list(map(str, words)), capture_output=True, text=True, input=stdin,
                              timeout=60, check=False, env={**os.environ, "PATH": str(self.bin)})

    def assert_one_line(self, done, status, *parts):
        """It ended with this status and said one line, with these parts in it, and nothing else."""
        self.assertEqual(done.returncode, status, done)
        self.assertEqual(done.stdout, "")
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        for part in parts:
            self.assertIn(part, done.stderr)
