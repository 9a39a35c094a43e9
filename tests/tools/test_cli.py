"""./pivot refuses in one line and with status 2, before it has done anything."""

import io
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from helper import ROOT, ProgramsTest

import inject
import say

TOOLS = ("cmake", "ninja", "g++", "aarch64-linux-gnu-g++", "git", "clang++", "clang-format",
         "clang-tidy", "gdb-multiarch")


class CliTest(ProgramsTest):
    def setUp(self):
        super().setUp()
        # None of them may be reached: a refusal comes before any work.
        for name in TOOLS:
            self.program(name, f"echo {name} was run; exit 9")
        self.program("apt-get", "echo apt-get was run; exit 9")
        self.qemu("echo QEMU was run; exit 9")

    def pivot(self, *words):
        return self.run_command(ROOT / "pivot", *words)

    def test_bad_board_names_the_boards(self):
        for command in ([], ["bench"], ["inject"], ["run"], ["debug"]):
            with self.subTest(command=command):
                self.assert_one_line(self.pivot(*command, "--board", "raspi9"), 2,
                                     "no board named 'raspi9'", "qemu-virt, qemu-virt-gicv2")

    def test_a_number_of_cpus_that_makes_no_sense(self):
        for given in ("0", "-1", "four", "", "4.5", "124", "99999999"):
            for command, most in (("bench", 64), ("run", 123)):
                with self.subTest(given=given, command=command):
                    self.assert_one_line(self.pivot(command, "--smp", given), 2,
                                         f"--smp {given}: qemu-virt has 1 to {most} CPUs")

    def test_more_cpus_than_the_kernel_uses_are_not_measured(self):
        for command in ("bench", "inject"):
            self.assert_one_line(self.pivot(command, "--smp", "65", "--gic", "3"), 2,
                                 "--smp 65: qemu-virt has 1 to 64 CPUs")

    def test_more_cpus_than_the_board_has(self):
        board = ("--board", "qemu-virt-gicv2")
        for words in (("run", *board), ("bench", *board), ("bench",), ("test",)):
            with self.subTest(words=words):
                self.assert_one_line(self.pivot(*words, "--smp", "9"), 2,
                                     "--smp 9: qemu-virt-gicv2 has 1 to 8 CPUs")

    def test_the_environment_is_held_to_the_same(self):
        with mock.patch.dict("os.environ", {"PIVOT_SMP": "many"}):
            self.assert_one_line(self.pivot("run"), 2, "PIVOT_SMP many: qemu-virt has 1 to 123")

    def test_missing_qemu(self):
        (self.bin / "qemu-system-aarch64").unlink()
        for command in ("bench", "run"):
            with self.subTest(command=command):
                self.assert_one_line(self.pivot(command, "--no-install"), 2,
                                     "missing: qemu-system-arm (runs the kernel)")

    def test_old_qemu(self):
        self.qemu("exit 9", version="5.2.0 (Debian 1:5.2+dfsg-11)")
        for command in ("bench", "test", "run"):
            with self.subTest(command=command):
                self.assert_one_line(self.pivot(command), 2, "QEMU 5.2.0 is too old",
                                     "6.2 or newer")

    def test_old_qemu_is_refused_before_anything_is_installed(self):
        self.qemu("exit 9", version="5.2.0")
        (self.bin / "cmake").unlink()
        self.assert_one_line(self.pivot("bench"), 2, "too old")

    def test_qemu_without_a_version(self):
        self.program("qemu-system-aarch64", "echo hello")
        self.assert_one_line(self.pivot("bench"), 2, "says no version")

    def test_no_install_lists_everything_that_is_missing(self):
        for name in ("cmake", "git"):
            (self.bin / name).unlink()
        self.assert_one_line(self.pivot("--no-install"), 2, "cmake (configures the build)",
                             "git (names the measured version)", "--no-install")

    def test_only_what_the_sub_command_needs_is_missed(self):
        for name in ("clang++", "clang-format", "gdb-multiarch", "g++", "ninja"):
            (self.bin / name).unlink()
        done = self.pivot("bench", "--no-install")
        self.assert_one_line(done, 2, "ninja-build")
        self.assertNotIn("clang", done.stderr)
        self.assertNotIn("gdb", done.stderr)

    def test_the_reference_needs_no_qemu(self):
        (self.bin / "qemu-system-aarch64").unlink()
        self.assert_one_line(self.pivot("docs", "--no-install"), 2, "missing: doxygen (makes the")
        self.program("doxygen", "exit 9")
        done = self.pivot("docs")
        self.assertEqual((done.returncode, done.stderr),
                         (1, "pivot: doxygen failed: it says nothing\n"))

    def test_any_of_the_three_cross_compilers_will_do(self):
        for compiler in ("aarch64-none-elf-g++", "aarch64-elf-g++"):
            with self.subTest(compiler=compiler):
                for name in ("aarch64-linux-gnu-g++", "git"):
                    (self.bin / name).unlink(missing_ok=True)
                self.program(compiler)
                done = self.pivot("bench", "--no-install")
                self.assertNotIn("aarch64", done.stderr)
                (self.bin / compiler).unlink()

    def test_unknown_words(self):
        for words, part in ((["fly"], "no sub-command 'fly'"),
                            (["bench", "--colour"], "--colour"),
                            (["bench", "extra"], "extra"),
                            (["bench", "--board"], "--board"),
                            (["run", "--smp"], "--smp"),
                            (["clean", "--smp", "4"], "--smp does not go with clean"),
                            (["test", "--board", "qemu-virt"], "--board does not go with test"),
                            (["bench", "--full"], "--full does not go with bench"),
                            (["run", "--rows", "null"], "--rows does not go with run"),
                            (["test", "--list"], "--list does not go with test"),
                            (["bench", "--samples", "1001"], "--samples 1001: it is 1 to 1000"),
                            (["bench", "--samples", "some"], "--samples some: it is 1 to 1000"),
                            (["bench", "--repeat", "0"], "--repeat 0: it is 1 to 100"),
                            (["bench", "--repeat", ""], "--repeat : it is 1 to 100"),
                            (["bench", "--gic", "4"], "--gic 4: it is 2 or 3"),
                            (["run", "--gic", "2", "--board", "qemu-virt"],
                             "--gic 2 is qemu-virt-gicv2, not qemu-virt"),
                            (["compare", "a.json"], "compare wants two files"),
                            (["test", "--panic-on-defer"], "--panic-on-defer does not go with"),
                            (["run", "--pairs"], "--pairs does not go with run"),
                            (["bench", "--merge", "a.json"], "--merge does not go with bench"),
                            (["run", "--", "-batch"], "-- does not go with run")):
            with self.subTest(words=words):
                self.assert_one_line(self.pivot(*words), 2, part, "./pivot help")

    def test_an_unknown_row(self):
        self.assert_one_line(self.pivot("bench", "--rows", "null,nul"), 2, "no row named 'nul'",
                             "./pivot bench --list")

    def test_no_row_is_not_every_row(self):
        for given in ("", ",", "null,"):
            with self.subTest(given=given):
                self.assert_one_line(self.pivot("bench", "--rows", given), 2, "no row named ''")

    def test_options_may_come_first(self):
        for words in (["trace", "--board", "qemu-virt", "nosuch"],
                      ["--board", "qemu-virt", "trace", "nosuch"]):
            with self.subTest(words=words):
                self.assert_one_line(self.pivot(*words), 2, "no scenario 'nosuch'")
        self.assert_one_line(self.pivot("compare", "--verbose", "/no/a.json", "/no/b.json"), 2,
                             "/no/a.json: No such file")

    def test_the_list_needs_nothing(self):
        done = self.pivot("bench", "--list")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertRegex(done.stdout, r"(?m)^mutex_pair +<= 24 +\S")

    def test_compare_names_the_file_that_is_none(self):
        self.assert_one_line(self.pivot("compare", "/nowhere/a.json", "/nowhere/b.json"), 2,
                             "/nowhere/a.json: No such file")

    def test_shards_that_do_not_exist(self):
        for shard in ("0/3", "4/3", "3", ""):
            with self.subTest(shard=shard):
                self.assert_one_line(self.pivot("inject", "--shard", shard), 2,
                                     f"--shard {shard}: wanted is I/N")
        with mock.patch.dict("os.environ", {"GTEST_SHARD_INDEX": "3", "GTEST_TOTAL_SHARDS": "3"}):
            self.assert_one_line(self.pivot("inject"), 2, "GTEST_SHARD_INDEX=3")

    def test_files_that_cannot_be_merged(self):
        self.assert_one_line(self.pivot("inject", "--merge", "/no/such.json"), 2, "/no/such.json")
        self.assert_one_line(self.pivot("inject", "-o", "a.json"), 2, "-o goes with --merge")

    def test_a_place_that_cannot_be_written_to(self):
        with tempfile.TemporaryDirectory() as there:
            shard = {**dict.fromkeys(inject.KEYS), "schema": inject.SCHEMA, "pairs": False,
                     "shard": {"index": 1, "of": 1}, "operations": []}
            path = Path(there) / "shard.json"
            path.write_text(inject.as_json(shard), encoding="utf-8")
            for out, why in ((there, "Is a directory"), (path / "all.json", "File exists")):
                done = self.pivot("inject", "--merge", path, "-o", out)
                with self.subTest(out=out):
                    self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done)
                    self.assertIn(why, done.stderr)

    def test_who_ends_pivot_ends_the_guest(self):
        guest = self.bin / "guest"
        self.qemu(f"echo $$ > {guest}.new; mv {guest}.new {guest}; exec sleep 50")
        self.link("mv")
        code = ("import bench, cli, pathlib; cli.prepare = lambda _: None\n"
                "cli.do_bench = lambda _: "
                "bench.run_image('qemu-virt', pathlib.Path('/bin/sh'), smp=None, verbose=False)\n"
                "cli.main(['bench'])")
        pivot = subprocess.Popen([sys.executable, "-c", code], env={
            **os.environ, "PATH": str(self.bin), "PYTHONPATH": str(ROOT / "qemu")})
        while not guest.exists() and pivot.poll() is None:
            time.sleep(0.01)
        pivot.terminate()
        self.assertEqual(pivot.wait(20), 128 + signal.SIGTERM)
        with self.assertRaises(ProcessLookupError):
            os.kill(int(guest.read_text(encoding="utf-8")), 0)

    def test_a_scenario_that_is_none(self):
        for name in ("nosuch", "row:"):
            self.assert_one_line(self.pivot("trace", name), 2, f"no scenario '{name}'")
        self.assert_one_line(self.pivot("trace", "interrupt", "across"), 2,
                             "trace takes no 'across'")
        self.assertIn("contention", self.pivot("trace", "--list").stdout)

    def test_a_threshold_that_is_none(self):
        for given in ("0", "-1", "many", "", "1.5", "1000000001"):
            with self.subTest(given=given):
                self.assert_one_line(self.pivot("trace", "worst", f"--above={given}"), 2,
                                     f"--above {given}: it is 1 to 1000000000", "./pivot help")
        for words in (["contention"], ["cost"], []):
            with self.subTest(words=words):
                self.assert_one_line(self.pivot("trace", *words, "--above", "5"), 2,
                                     "--above goes with worst and row:NAME, not with")
        self.assert_one_line(self.pivot("bench", "--above", "5"), 2,
                             "--above does not go with bench")
        self.assert_one_line(self.pivot("trace", "worst", "--above"), 2, "--above")

    def test_help(self):
        for word in ("help", "--help", "-h"):
            done = self.pivot(word)
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertIn("usage: ./pivot", done.stdout)
            self.assertNotIn("\x1b", done.stdout)

    def test_a_bar_only_on_a_terminal(self):
        class Terminal(io.StringIO):
            def isatty(self):
                return True

        for stream, shown in ((Terminal(), True), (io.StringIO(), False)):
            with mock.patch.object(sys, "stderr", stream), mock.patch.dict("os.environ",
                                                                           {"TERM": "xterm"}):
                say.progress(1, 3, "inject")
                say.progress(3, 3, "")
            self.assertEqual("[##########....................] 1/3 inject" in stream.getvalue(),
                             shown)
            self.assertTrue(stream.getvalue().endswith("\r\x1b[K" if shown else ""))
        self.assertEqual(stream.getvalue(), "")

    def test_no_python(self):
        (self.bin / "python3").unlink()
        self.assert_one_line(self.pivot("bench", "--no-install"), 2, "missing: python3")
        (self.bin / "apt-get").unlink()
        self.assert_one_line(self.pivot("bench"), 2, "Python 3.10 or newer")


if __name__ == "__main__":
    unittest.main()
