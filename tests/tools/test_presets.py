"""./pivot and `cmake --preset` must read the same things in CMakePresets.json."""

import re
import shutil
import subprocess
import unittest
from unittest import mock

import helper
import machines
import presets


def cmake_version():
    text = subprocess.run(["cmake", "--version"], capture_output=True, text=True,
                          check=False).stdout if shutil.which("cmake") else "0.0"
    return tuple(map(int, re.search(r"(\d+)\.(\d+)", text).groups()))


class PresetsTest(unittest.TestCase):
    def test_names(self):
        self.assertEqual(presets.names(), ["host", *machines.boards()])

    def test_every_kind_has_every_name(self):
        loaded = presets.load()
        for kind in ("configurePresets", "buildPresets", "testPresets", "workflowPresets"):
            shown = [p["name"] for p in loaded[kind] if not p.get("hidden")]
            self.assertEqual(shown, presets.names(), kind)

    @unittest.skipIf(cmake_version() < (3, 25), "this CMake cannot read the file")
    def test_cmake_reads_the_same_variables(self):
        for name in presets.names():
            done = subprocess.run(["cmake", "--preset", name, "-N"], cwd=helper.ROOT, check=True,
                                  capture_output=True, text=True)
            cmakes = dict(re.findall(r'^  (\w+)(?::\w+)?="(.*)"$', done.stdout, re.MULTILINE))
            ours = dict(word[2:].split("=", 1) for word in presets.configure_command(name)
                        if word.startswith("-D"))
            self.assertEqual(ours, cmakes)

    def test_configure_command(self):
        words = presets.configure_command("qemu-virt")
        self.assertEqual(words[:7], ["cmake", "-S", str(helper.ROOT), "-B",
                                     str(helper.ROOT / "build/qemu-virt"), "-G", "Ninja"])
        self.assertIn("-DPIVOT_BOARD=qemu-virt", words)
        self.assertIn(f"-DCMAKE_TOOLCHAIN_FILE={helper.ROOT}/arch/aarch64/toolchain.cmake", words)

    def test_build_and_test_commands(self):
        directory = str(helper.ROOT / "build/host")
        self.assertEqual(presets.build_command("host"), ["cmake", "--build", directory])
        self.assertEqual(presets.build_command("host", ("a", "b"))[3:], ["--target", "a", "b"])
        self.assertEqual(presets.test_command("host"),
                         ["ctest", "--test-dir", directory, "--output-on-failure",
                          "--no-tests=error"])

    def test_what_is_not_understood_is_refused(self):
        changes = (("configurePresets", {"environment": {"A": "1"}}),
                   ("testPresets", {"filter": {}}),
                   ("testPresets", {"output": {"quiet": True}}),
                   ("testPresets", {"execution": {"jobs": 4}}))
        for kind, extra in changes:
            loaded = presets.load()
            next(p for p in loaded[kind] if p["name"] == "host").update(extra)
            read = presets.configure_command if kind[0] == "c" else presets.test_command
            with self.subTest(extra=extra), mock.patch("presets.load", lambda: loaded), \
                    self.assertRaises(presets.PresetError):
                read("host")

    def test_unknown_preset(self):
        with self.assertRaises(presets.PresetError):
            presets.configure_command("nothing")


if __name__ == "__main__":
    unittest.main()
