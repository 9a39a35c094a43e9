"""Which systems ./pivot installs packages on, and what it asks apt for."""

import contextlib
import io
import unittest
from unittest import mock

import helper  # noqa: F401  (sets the import path)
import packages
import say

ABSENT = packages.Need("does a thing", "thing-package", ("no-such-program-anywhere",))
DEBIAN = 'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nVERSION_ID="12"\n'


class SystemTest(unittest.TestCase):
    def test_supported_systems(self):
        for text, expected in ((DEBIAN, True),
                               ("ID=debian\nVERSION_ID=13\n", True),
                               ("ID=debian\n", True),              # testing, unstable
                               ("ID=debian\nVERSION_ID=11\n", False),
                               ('ID=ubuntu\nVERSION_ID="22.04"\n', True),
                               ('ID=ubuntu\nVERSION_ID="24.10"\n', True),
                               ('ID=ubuntu\nVERSION_ID="20.04"\n', False),
                               ("ID=fedora\nVERSION_ID=40\n", False),
                               ("ID=mint\nID_LIKE=debian\nVERSION_ID=21\n", False),
                               ("", False)):
            with self.subTest(text=text):
                self.assertEqual(packages.can_install(text), expected)

    def test_a_need_is_met_by_a_program_or_a_file(self):
        self.assertTrue(packages.Need("", "p", ("no-such", "sh")).met())
        self.assertTrue(packages.Need("", "p", files=("/", "/no/such")).met())
        self.assertFalse(ABSENT.met())


class ProvideTest(unittest.TestCase):
    def setUp(self):
        self.calls = []
        self.status = 0
        for target, value in (("packages.NEEDS", {"bench": (ABSENT,)}),
                              ("packages.read_os_release", lambda: DEBIAN),
                              ("packages.shutil.which", self.which),
                              ("packages.os.geteuid", lambda: self.user),
                              ("say.run_quietly", self.command)):
            patch = mock.patch(target, value)
            patch.start()
            self.addCleanup(patch.stop)
        self.user = 0
        self.present = {"apt-get", "sudo"}

    def which(self, name):
        return name if name in self.present else None

    def command(self, words, *, verbose):
        self.assertFalse(verbose)
        self.calls.append(words)
        if "install" in words and self.status == 0:
            self.present.add("no-such-program-anywhere")
        return self.status

    def provide(self, **options):
        said = io.StringIO()
        with contextlib.redirect_stdout(said):
            packages.provide("bench", install=True, verbose=False, **options)
        return said.getvalue()

    def test_says_what_and_why_then_installs(self):
        said = self.provide()
        self.assertRegex(said, r"thing-package\s+does a thing")
        self.assertEqual([w[3] for w in self.calls], ["update", "install"])
        self.assertEqual(self.calls[1][-1], "thing-package")
        self.assertNotIn("sudo", self.calls[1])

    def test_sudo_only_if_not_root(self):
        self.user = 1000
        said = self.provide()
        self.assertIn("sudo may ask", said)
        self.assertEqual({w[0] for w in self.calls}, {"sudo"})

    def refusal(self):
        with self.assertRaises(say.Failure) as caught:
            self.provide()
        self.assertEqual(caught.exception.status, 2)
        return str(caught.exception)

    def test_neither_root_nor_sudo(self):
        self.user, self.present = 1000, {"apt-get"}
        self.assertIn("root or sudo is needed", self.refusal())
        self.assertEqual(self.calls, [])

    def test_other_systems_get_one_line_with_the_packages(self):
        with mock.patch("packages.read_os_release", lambda: "ID=fedora\n"):
            line = self.refusal()
        self.assertIn("thing-package (does a thing)", line)
        self.assertNotIn("\n", line)
        self.assertEqual(self.calls, [])

    def test_apt_fails(self):
        self.status = 100
        self.assertEqual(self.refusal(), "apt-get could not install thing-package")

    def test_nothing_missing_runs_nothing(self):
        self.present.add("no-such-program-anywhere")
        self.assertEqual(self.provide(), "")
        self.assertEqual(self.calls, [])


if __name__ == "__main__":
    unittest.main()
