"""How ./pivot builds and counts: no needless work, and a last line that can be trusted."""

import contextlib
import io
import re
import tempfile
import unittest
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import helper  # noqa: F401  (sets the import path)
import cli

JUNIT = """<testsuite>
  <testcase name="a" status="run"/>
  <testcase name="b" status="fail"><failure message=""/></testcase>
  <testcase name="c" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/></testcase>
  <testcase name="e" status="notrun"><skipped message="Unable to find executable"/></testcase>
  <testcase name="f" status="disabled"><system-out>Disabled</system-out></testcase>
  <testcase name="d" status="run"/>
</testsuite>
"""
GREEN = '<testsuite><testcase name="a" status="run"/></testsuite>'


class Case(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        self.ran, self.options, self.fails = [], "-DA=1", ()
        self.junit = {"host": GREEN, "qemu-virt": GREEN, "qemu-virt-gicv2": GREEN}
        self.environments = []
        for target, value in (("cli.BUILD", self.root),
                              ("presets.build_dir", lambda name: self.root / name),
                              ("presets.configure_command", self.configure_command),
                              ("presets.build_command", self.build_command),
                              ("presets.test_command", lambda name: ["test", name]),
                              ("say.run", self.command), ("say.run_quietly", self.command)):
            patch = mock.patch(target, value)
            patch.start()
            self.addCleanup(patch.stop)

    def configure_command(self, name):
        return ["configure", name, self.options]

    def build_command(self, name, images=()):
        return ["build", name, *images]

    def command(self, words, *, verbose, env=None):
        self.assertFalse(verbose)
        what, name = words[:2]
        self.ran.append(what)
        if f"{what} {name}" in self.fails:
            return 1
        if what == "configure":
            (self.root / name).mkdir(exist_ok=True)
            (self.root / name / "build.ninja").touch()
        if what == "test" and self.junit[name]:
            Path(words[words.index("--output-junit") + 1]).write_text(self.junit[name])
            self.environments.append(env)
        return 0

    def quietly(self, action, *words, **options):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            result = action(*words, **options)
        return result, said.getvalue()

    def build(self):
        return self.quietly(cli.build, "host", False)[0]


class BuildTest(Case):
    def test_configures_once(self):
        self.assertTrue(self.build() and self.build())
        self.assertEqual(self.ran, ["configure", "build", "build"])

    def test_changed_options_begin_afresh(self):
        self.build()
        (self.root / "host/CMakeCache.txt").touch()
        self.options = "-DB=1"
        self.build()
        self.assertEqual(self.ran, ["configure", "build"] * 2)
        self.assertFalse((self.root / "host/CMakeCache.txt").exists())

    def test_what_plain_cmake_built_is_kept(self):
        (self.root / "host").mkdir()
        (self.root / "host/object.o").touch()
        self.build()
        self.assertTrue((self.root / "host/object.o").exists())

    def test_a_failed_configuration_is_tried_again(self):
        self.fails = ("configure host",)
        self.assertFalse(self.build())
        self.fails = ()
        self.assertTrue(self.build())
        self.assertEqual(self.ran, ["configure", "configure", "build"])


class CountTest(Case):
    def count(self, full=False, smp=None):
        return self.quietly(cli.do_test, SimpleNamespace(verbose=False, full=full, smp=smp))

    def test_all_pass(self):
        status, said = self.count()
        self.assertEqual(status, 0)
        self.assertEqual(said.splitlines()[-1], "3 passed, 0 failed")

    def test_failed_and_skipped_are_named(self):
        self.junit["host"] = JUNIT
        status, said = self.count()
        self.assertEqual(status, 1)
        self.assertEqual(said.splitlines()[-5:],
                         ["skipped: host: c", "skipped: host: f", "failed: host: b",
                          "failed: host: e", "4 passed, 2 failed"])

    def test_a_preset_that_does_not_build_counts_as_failed_and_the_others_are_tested(self):
        self.fails = ("build host",)
        status, said = self.count()
        self.assertEqual(status, 1)
        self.assertEqual(said.splitlines()[-2:],
                         ["failed: build of host", "2 passed, 1 failed"])

    def test_no_result_is_no_success(self):
        for text in (None, "<testsuite"):
            self.junit["qemu-virt"] = text
            status, said = self.count()
            self.assertEqual(status, 1)
            self.assertEqual(said.splitlines()[-1], "2 passed, 1 failed")

    def test_an_old_result_is_not_counted(self):
        (self.root / "junit-host.xml").write_text(GREEN)
        self.junit["host"] = None
        self.assertEqual(self.count()[0], 1)

    def test_ctest_that_fails_without_a_failed_test_is_a_failure(self):
        self.fails = ("test host",)
        self.junit["host"] = GREEN
        with mock.patch("cli.count_junit", lambda path: (1, [], [])):
            status, said = self.count()
        self.assertEqual(status, 1)
        self.assertIn("ctest of host (status 1)", said)

    def test_full_reaches_the_tests(self):
        self.count(full=True)
        self.assertEqual([env["PIVOT_FULL"] for env in self.environments], ["1"] * 3)
        self.environments.clear()
        self.count()
        self.assertEqual(self.environments, [None] * 3)

    def test_the_number_of_cpus_reaches_the_tests(self):
        self.count(smp="4")
        self.assertEqual([env["PIVOT_SMP"] for env in self.environments], ["4"] * 3)
        self.assertTrue(all("PIVOT_FULL" not in env for env in self.environments))


class SeededBugs(unittest.TestCase):
    """An image with a bug has each file of the kernel that names the bug compiled with it."""

    def named_by(self):
        """{bug: the kernel's files, headers left out, that name it}"""
        config = (helper.ROOT / "kern/base/config.hpp").read_text(encoding="utf-8")
        constants = re.findall(r"#ifdef PIVOT_BUG_(\w+)\ninline constexpr bool (kBug\w+)", config)
        words = {bug: [f"PIVOT_BUG_{bug}", constant] for bug, constant in constants}
        found = {}
        for folder in ("kern", "intr", "mutex", "spl", "arch/aarch64", "arch/board"):
            for path in (helper.ROOT / folder).rglob("*"):
                if path.suffix not in (".cpp", ".S"):
                    continue
                text = path.read_text(encoding="utf-8")
                for bug in set(words) | set(re.findall(r"PIVOT_BUG_(\w+)", text)):
                    if any(word in text for word in words.get(bug, [f"PIVOT_BUG_{bug}"])):
                        name = path.relative_to(helper.ROOT).as_posix()
                        found.setdefault(bug, set()).add(name)
        return found

    def test_the_lists_of_files_are_whole(self):
        named = self.named_by()
        self.assertIn("CANCEL_LOST", named)
        self.assertIn("DRAIN_SPL", named)
        for file, pattern, must in (
                ("arch/aarch64/aarch64.cmake", r"set\(PIVOT_FILES_WITH_BUG_(\w+) ([^)]*)\)", True),
                ("arch/host/host.cmake", r"pivot_host_bug\((\w+) FILTER([^)]*)\)", False)):
            text = (helper.ROOT / file).read_text(encoding="utf-8")
            listed = {bug: set(files.split()) for bug, files in re.findall(pattern, text)}
            self.assertTrue(listed)
            for bug, files in named.items():
                if must or bug in listed:
                    self.assertLessEqual(files, listed.get(bug, set()), f"{bug} in {file}")


if __name__ == "__main__":
    unittest.main()
