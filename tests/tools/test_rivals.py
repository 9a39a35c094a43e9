#!/usr/bin/env python3
"""./pivot rivals without a download: the archive, the parser, the table, and what is refused."""

import stat
import subprocess
import tempfile
import unittest
from pathlib import Path

import helper
import cpio
import rivals
import rivals_linux
import say

RUN = """[    0.000000] something
@linux load=idle release=6.1.0-56-rt-arm64
# /dev/cpu_dma_latency set to 0us
@status 0
@running 0.00 0.00 0.00 1/50 90
# Histogram
004835 000990
005003 000010
# Total: 000001000
# Histogram Overflows: 00000
@end
[    6.0] reboot: Power down
"""


def read_archive(data):
    """[(name, mode, data, device)] of a newc archive."""
    found, at = [], 0
    while True:
        assert data[at:at + 6] == b"070701", at
        fields = [int(data[at + 6 + 8 * i:at + 14 + 8 * i], 16) for i in range(13)]
        mode, size, length = fields[1], fields[6], fields[11]
        name = data[at + 110:at + 110 + length - 1].decode()
        start = (at + 110 + length + 3) // 4 * 4
        at = (start + size + 3) // 4 * 4
        if name == "TRAILER!!!":
            return found
        found.append((name, mode, data[start:start + size], tuple(fields[9:11])))


class Archive(unittest.TestCase):
    ENTRIES = [cpio.directory("dev"), cpio.character_device("dev/console", 5, 1),
               cpio.file("init", b"12345"), cpio.file("x", b"")]

    def test_reads_back_as_it_was_written(self):
        console, init = read_archive(cpio.archive(self.ENTRIES))[1:3]
        self.assertEqual(console, ("dev/console", stat.S_IFCHR | 0o600, b"", (5, 1)))
        self.assertEqual(init, ("init", stat.S_IFREG | 0o755, b"12345", (0, 0)))

    def test_the_same_entries_give_the_same_bytes(self):
        self.assertEqual(cpio.archive(self.ENTRIES), cpio.archive(self.ENTRIES))

    def test_cpio_itself_lists_it(self):
        if not helper.shutil.which("cpio"):
            self.skipTest("no cpio here")
        done = subprocess.run(["cpio", "-t", "--quiet"], input=cpio.archive(self.ENTRIES),
                              capture_output=True, check=True)
        self.assertEqual(done.stdout.split(), [b"dev", b"dev/console", b"init", b"x"])

    def test_a_file_before_its_directory_is_refused(self):
        for wrong in ([cpio.file("a/b", b"")], [cpio.file("/a", b"")], [cpio.file("a", b"")] * 2):
            with self.assertRaises(ValueError):
                cpio.archive(wrong)


class Parser(unittest.TestCase):
    def test_a_whole_run(self):
        self.assertEqual(rivals_linux.parse(RUN, "idle"), {4835: 990, 5003: 10})

    def test_a_run_that_is_not_whole_is_refused(self):
        for old, new in (("@end\n", ""), ("@status 0", "@status 127"), ("load=idle", "load=loaded"),
                         ("004835 000990\n", ""), ("Overflows: 00000", "Overflows: 00001"),
                         ("# Total: 000001000\n", "")):
            with self.assertRaises(say.Failure) as refused:
                rivals_linux.parse(RUN.replace(old, new), "idle")
            self.assertEqual(refused.exception.status, 1)

    def test_fewer_samples_than_asked_for_are_refused(self):
        few = RUN.replace("000990", "000001").replace("000001000", "000000011")
        with self.assertRaises(say.Failure):
            rivals_linux.parse(few, "idle")

    def test_the_kernel_behind_the_metapackage_is_the_first_shown(self):
        shown = ("Package: linux-image-rt-arm64\n"
                 "Depends: linux-image-6.1.0-56-rt-arm64 (= 6.1.192-2)\n\n"
                 "Depends: linux-image-6.1.0-50-rt-arm64 (= 6.1.176-1)\n")
        self.assertEqual(rivals_linux.kernel_package(shown), "linux-image-6.1.0-56-rt-arm64")
        self.assertIsNone(rivals_linux.kernel_package(None))


class Table(unittest.TestCase):
    def test_statistics(self):
        of = rivals.statistics({10: 98, 20: 1, 31: 1})
        self.assertEqual([of[c] for c in rivals.COLUMNS], [10, 10, 10, 31, 31])
        self.assertEqual(of["samples"], 100)

    def test_side_by_side(self):
        one = {load: rivals.statistics({7: 1}) for load in rivals.LOADS}
        lines = rivals.table({"Pivot": one, "Linux RT": one})
        self.assertEqual([line.split()[0] for line in lines],
                         ["kernel", "Pivot", "Linux", "Pivot", "Linux"])
        self.assertEqual(lines[1].split()[2:], ["7"] * 5)


class Fetching(helper.ProgramsTest):
    def setUp(self):
        super().setUp()
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.out = Path(directory.name)
        path = helper.os.environ["PATH"]
        self.addCleanup(helper.os.environ.__setitem__, "PATH", path)
        helper.os.environ["PATH"] = str(self.bin)

    def refused(self, *parts):
        with self.assertRaises(say.Failure) as refusal:
            rivals_linux.fetch(self.out)
        self.assertEqual(refusal.exception.status, 2)
        self.assertEqual(list(self.out.iterdir()), [], "something half done")
        for part in parts:
            self.assertIn(part, str(refusal.exception))

    def test_not_debian(self):
        self.refused("apt-get", "it runs on Debian")

    def test_no_network(self):
        for tool in ("apt-get", "apt-cache", "dpkg-deb"):
            self.program(tool, "exit 100")
        self.refused("is there a network?")

    def test_no_such_package_and_a_download_that_fails(self):
        self.program("dpkg-deb")
        self.program("apt-get", '[ "$2" = update ]')
        self.program("apt-cache", "exit 100")
        self.refused("have no linux-image-rt-arm64")
        self.program("apt-cache", "echo 'Depends: linux-image-6.1.0-1-rt-arm64 (= 1)'")
        self.refused("could not download linux-image-6.1.0-1-rt-arm64")

    def test_what_is_there_is_not_fetched_again(self):
        (self.out / "linux-rt").mkdir()
        self.assertEqual(rivals_linux.fetch(self.out), self.out / "linux-rt")

    def test_another_rival_is_refused(self):
        done = self.run_command("python3", helper.ROOT / "qemu" / "cli.py", "rivals", "windows")
        self.assert_one_line(done, 2, "no rival 'windows': there is linux-rt")


if __name__ == "__main__":
    unittest.main()
