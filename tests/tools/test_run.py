"""qemu/run.py and qemu/guest.py against stand-ins for QEMU: shell scripts."""

import os
import signal
import subprocess
import time
import unittest
from unittest import mock

from helper import ROOT, ProgramsTest
from guest import Guest, GuestError, printable
import machines
from machines import MachineError, qemu_command

SHOW_ARGS = 'for word in "$@"; do echo "<$word>"; done'


class RunTest(ProgramsTest):
    def run_image(self, *words, stdin=""):
        return self.run_command(ROOT / "qemu/run.py", "--board", "qemu-virt", self.bin / "sh",
                                *words, stdin=stdin)

    def test_passes(self):
        self.qemu("echo one; echo two")
        done = self.run_image("--expect", "^one$", "--expect", "^two$", "--reject", "three")
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "one\ntwo\n", ""))

    def test_expectations_are_in_order(self):
        self.qemu("echo one; echo two")
        done = self.run_image("--expect", "two", "--expect", "one")
        self.assertEqual(done.returncode, 1)
        self.assertEqual(done.stderr,
                         "run.py: sh on qemu-virt: "
                         "not printed after the --expect before it: /one/\n")

    def test_rejected_text(self):
        self.qemu("echo a panic here")
        done = self.run_image("--reject", "pan.c")
        self.assertEqual(done.returncode, 1)
        self.assertIn("printed, but must not be: /pan.c/ (found: panic)", done.stderr)

    def test_status(self):
        self.qemu("exit 3")
        self.assertIn("exit status is 3, expected 0", self.run_image().stderr)
        self.assertEqual(self.run_image("--expect-status", "3").returncode, 0)
        self.assertEqual(self.run_image("--expect-status", "any").returncode, 0)

    def test_timeout_ends_the_guest_and_says_how_far_it_came(self):
        self.qemu("echo booting; exec sleep 50")
        begun = time.monotonic()
        done = self.run_image("--timeout", "0.5")
        self.assertLess(time.monotonic() - begun, 20)
        self.assertEqual(done.returncode, 1)
        self.assertIn("timed out after 0.5 s; last line printed: booting", done.stderr)

    def test_who_ends_the_runner_ends_the_guest(self):
        self.qemu("echo $$; exec sleep 50")
        runner = subprocess.Popen([ROOT / "qemu/run.py", "--board", "qemu-virt", self.bin / "sh"],
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True,
                                  env={**os.environ, "PATH": str(self.bin)})
        guest = int(runner.stdout.readline())
        runner.terminate()
        self.assertEqual(runner.wait(20), 128 + signal.SIGTERM)
        runner.stdout.close()
        with self.assertRaises(ProcessLookupError):
            os.kill(guest, 0)

    def test_typed_input_and_replies(self):
        self.qemu('echo "name?"; read name; echo "hello $name"; read other; echo "and $other"')
        done = self.run_image("--send", r"name\?", r"A\x42\n", "--send", "hello AB", "C\\n",
                              "--expect", "and C")
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.qemu("exec cat")
        done = self.run_image("--input", "-", "--until-expected", "--expect", "fed", stdin="fed\n")
        self.assertEqual(done.returncode, 0)

    def test_ended_while_waiting(self):
        self.qemu("echo bye; exit 7")
        done = self.run_image("--send", "prompt", "x")
        self.assertEqual(done.returncode, 1)
        self.assertIn("QEMU ended with status 7 before /prompt/ was seen", done.stderr)

    def test_binary_output_is_made_printable(self):
        self.qemu(r"printf 'a\377\033[31m\000b\r\n'")
        done = self.run_image("--expect", r"a\xff")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout, "a\\xff\\x1b[31m\\x00b\n")

    def test_a_regex_may_name_bytes(self):
        self.qemu(r"printf 'caf\303\251'")
        self.assertEqual(self.run_image("--expect", "café$").returncode, 0)

    def test_more_output_than_a_pipe_holds_while_input_is_not_read(self):
        self.qemu("i=0; while [ $i -lt 20000 ]; do echo 0123456789; i=$((i+1)); done")
        done = self.run_image("--quiet", "--input", "-", stdin="x" * 300000)
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def test_usage_errors(self):
        self.qemu("exit 0")
        done = self.run_command(ROOT / "qemu/run.py", "--board", "nope", self.bin / "sh")
        self.assert_one_line(done, 2, "no board named 'nope'")
        done = self.run_command(ROOT / "qemu/run.py", "--board", "qemu-virt", "/no/image")
        self.assert_one_line(done, 2, "no such file: /no/image: build it first")
        (self.bin / "qemu-system-aarch64").unlink()
        self.assert_one_line(self.run_image(), 2, "qemu-system-aarch64 is not in PATH")

    def test_options_reach_qemu(self):
        self.qemu(SHOW_ARGS)
        out = self.run_image("--exact", "--smp", "2", "--cpu", "cortex-a72", "--machine-opt",
                             "secure=on", "--arg", "bench", "--arg", "samples=8",
                             "--qemu-arg=-global", "--qemu-arg", "a.b=c").stdout
        for word in ("virt,gic-version=3,secure=on", "cortex-a72,cntfrq=1000000000", "2",
                     "enable=on,target=native,arg=bench,arg=samples=8", "shift=0,sleep=off",
                     "-global", "a.b=c"):
            self.assertIn(f"<{word}>\n", out)


    def smp(self, *words, says=""):
        self.qemu(SHOW_ARGS)
        with mock.patch.dict("os.environ", {"PIVOT_SMP": says}):
            lines = self.run_image(*words).stdout.splitlines()
        return lines[lines.index("<-smp>") + 1]

    def test_one_cpu_unless_the_environment_or_the_test_says_another_number(self):
        self.assertEqual(self.smp(), "<1>")
        self.assertEqual(self.smp(says="4"), "<4>")
        self.assertEqual(self.smp("--smp", "2", says="4"), "<2>")

    def test_a_number_of_cpus_that_makes_no_sense(self):
        self.qemu("exit 0")
        for given in ("0", "-3", "x", "124"):
            with self.subTest(given=given):
                self.assert_one_line(self.run_image("--smp", given), 2,
                                     f"--smp {given}: qemu-virt has 1 to 123 CPUs")
        with mock.patch.dict("os.environ", {"PIVOT_SMP": "0"}):
            self.assert_one_line(self.run_image(), 2, "PIVOT_SMP 0: qemu-virt has 1 to 123 CPUs")


class CommandTest(unittest.TestCase):
    def test_every_board_says_how_many_cpus_it_can_have(self):
        for name, spec in machines.boards().items():
            words = qemu_command(name, "k.elf", smp=spec["cpus"])
            self.assertEqual(words[words.index("-smp") + 1], str(spec["cpus"]))
            with self.assertRaises(MachineError):
                qemu_command(name, "k.elf", smp=spec["cpus"] + 1)

    def test_firmware_gets_the_image_in_memory_only(self):
        words = qemu_command("qemu-virt", "k.img", bios="u-boot.bin")
        self.assertNotIn("-kernel", words)
        self.assertIn("loader,file=k.img,addr=0x42000000,force-raw=on", words)

    def test_the_path_is_no_part_of_an_images_command_line(self):
        # QEMU's own choice: "/a b/k.elf" would be the words "/a" and "b/k.elf".
        for args, told in (((), "arg="), (("bench", "samples=8"), "arg=bench,arg=samples=8")):
            words = qemu_command("qemu-virt", "/a b/k.elf", args=args)
            self.assertEqual(words[words.index("-semihosting-config") + 1],
                             f"enable=on,target=native,{told}")

    def test_unknown_board(self):
        with self.assertRaises(MachineError):
            qemu_command("nope", "k.elf")

    def test_cpus_at_the_same_time_are_asked_for_by_name_and_not_in_an_exact_run(self):
        words = qemu_command("qemu-virt", "k.elf", smp=4, multi=True)
        self.assertEqual(words[words.index("-accel") + 1], "tcg,thread=multi")
        with self.assertRaisesRegex(MachineError, "exclude each other"):
            qemu_command("qemu-virt", "k.elf", exact=True, multi=True)


class GuestTest(unittest.TestCase):
    def test_wait_for_goes_on_after_the_last_match(self):
        with Guest(["sh", "-c", "echo a1; echo a2"], timeout=20) as guest:
            self.assertEqual(guest.wait_for(rb"a(\d)")[1], b"1")
            self.assertEqual(guest.wait_for(rb"a(\d)")[1], b"2")
            guest.rewind()
            self.assertEqual(guest.wait_for(rb"a(\d)")[1], b"1")
            self.assertEqual(guest.wait(), 0)

    def test_a_guest_that_closes_its_console_but_does_not_end(self):
        with Guest(["sh", "-c", "exec >&-; exec sleep 50"], timeout=0.5) as guest, \
                self.assertRaises(GuestError):
            guest.wait()

    def test_printable(self):
        self.assertEqual(printable(b"a\r\n\tb\x07"), "a\n\tb\\x07")


if __name__ == "__main__":
    unittest.main()
