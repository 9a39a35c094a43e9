"""Which programs each sub-command needs, which Debian packages have them, and getting those.

A need is looked for by the program or file itself, not in dpkg's list: a cross compiler unpacked
in /opt is as good as Debian's.
"""

import os
import re
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import say


@dataclass(frozen=True)
class Need:
    why: str
    package: str                # Debian's and Ubuntu's name
    programs: tuple = ()        # any of them in PATH will do
    files: tuple = ()           # or any of these files

    def met(self):
        return any(map(shutil.which, self.programs)) or any(Path(f).exists() for f in self.files)


CMAKE = Need("configures the build", "cmake", ("cmake",))
NINJA = Need("builds", "ninja-build", ("ninja", "ninja-build"))
CROSS = Need("compiles the kernel for AArch64", "g++-aarch64-linux-gnu",
             ("aarch64-none-elf-g++", "aarch64-linux-gnu-g++", "aarch64-elf-g++"))
QEMU = Need("runs the kernel", "qemu-system-arm", ("qemu-system-aarch64",))
GIT = Need("names the measured version", "git", ("git",))
HOST = Need("compiles the unit tests", "g++", ("g++", "c++"))
GTEST = Need("the unit tests' framework", "libgtest-dev",
             files=("/usr/include/gtest/gtest.h", "/usr/local/include/gtest/gtest.h"))
CLANG = Need("the second compiler that must not warn", "clang", ("clang++",))
FORMAT = Need("checks the formatting", "clang-format", ("clang-format",))
TIDY = Need("finds mistakes that compile", "clang-tidy", ("clang-tidy",))
SPIN = Need("checks the models", "spin", ("spin",))
UBOOT = Need("boots the image as a board would", "u-boot-qemu",
             files=("/usr/lib/u-boot/qemu_arm64/u-boot.bin",))
GNUPLOT = Need("draws the reports' pictures", "gnuplot-nox", ("gnuplot",))
GDB = Need("the debugger", "gdb-multiarch", ("gdb-multiarch",))
DOXYGEN = Need("makes the API reference", "doxygen", ("doxygen",))

BUILD = (CMAKE, NINJA, CROSS, QEMU)
NEEDS = {
    "bench": (*BUILD, GIT, GNUPLOT),
    "baseline": (*BUILD, GIT),
    "argue": (*BUILD, GIT, GNUPLOT),
    "inject": (*BUILD, GIT),
    "trace": BUILD,
    "rivals": BUILD,
    "test": (*BUILD, GIT, HOST, GTEST, CLANG, FORMAT, TIDY, SPIN, UBOOT,
             GNUPLOT, DOXYGEN),
    "run": BUILD,
    "debug": (*BUILD, GDB),
    "docs": (DOXYGEN,),
}

# The oldest releases whose packages are new enough.
SUPPORTED = {"debian": (12,), "ubuntu": (22, 4)}


def missing(sub_command):
    return [need for need in NEEDS.get(sub_command, ()) if not need.met()]


def can_install(os_release):
    """Whether /etc/os-release's text is of a system that we install packages on."""
    fields = dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', os_release, re.MULTILINE))
    least = SUPPORTED.get(fields.get("ID"))
    if least is None:
        return False
    # Debian's testing and unstable have no number; they are newer than any that has one.
    version = tuple(map(int, re.findall(r"\d+", fields.get("VERSION_ID", "")))) or (99,)
    return version >= least


def read_os_release():
    try:
        return Path("/etc/os-release").read_text(encoding="utf-8")
    except OSError:
        return ""


def provide(sub_command, *, install, verbose):
    """Returns when every need is met; else raises Failure, with nothing half done."""
    lacking = missing(sub_command)
    if not lacking:
        return
    listed = ", ".join(f"{need.package} ({need.why})" for need in lacking)
    if not install:
        raise say.Failure(f"missing: {listed}; not installed because of --no-install")
    if not can_install(read_os_release()) or not shutil.which("apt-get"):
        raise say.Failure(f"missing: {listed} (Debian's package names); please install them: "
                          "only on Debian 12+ and Ubuntu 22.04+ can Pivot do that itself")
    as_root = [] if os.geteuid() == 0 else ["sudo"]
    if as_root and not shutil.which("sudo"):
        raise say.Failure(f"missing: {listed}; root or sudo is needed to install them")
    hint = " (sudo may ask for your password)" if as_root else ""
    say.step(f"Installing what is missing{hint}")
    for need in lacking:
        print(f"   {need.package:24}{need.why}")
    sys.stdout.flush()
    apt_install([need.package for need in lacking], as_root, verbose)
    still = [need.package for need in missing(sub_command)]
    if still:
        raise say.Failure(f"installed, yet not found: {', '.join(still)}")


def apt_install(names, as_root, verbose):
    # `env` because sudo clears the environment; without it a package may stop to ask questions.
    apt = [*as_root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get"]
    install = [*apt, "install", "-y", "-q", "--no-install-recommends", *names]
    run = say.run if verbose else say.run_quietly
    # The package lists of a fresh machine are empty or old: always ask for new ones.
    if run([*apt, "update", "-q"], verbose=verbose) or run(install, verbose=verbose):
        raise say.Failure(f"apt-get could not install {' '.join(names)}")
