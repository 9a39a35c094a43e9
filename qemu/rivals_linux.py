"""Debian's PREEMPT_RT kernel and cyclictest: got from Debian, booted, read.

apt works in a directory of its own: nothing is installed, no script of a package runs, and the
machine's lists, cache and architectures stay as they are.
"""

import os
import re
import shutil
import subprocess

import cpio
import machines
import say
from guest import Guest, GuestError, printable

METAPACKAGE = "linux-image-rt-arm64"
OTHERS = ("rt-tests", "libnuma1", "libc6", "busybox-static")
LIBRARIES = ("ld-linux-aarch64.so.1", "libc.so.6", "librt.so.1", "libpthread.so.0",
             "libnuma.so.1")
SAMPLES, INTERVAL_US = 1000, 500
TIMEOUT = 300

# Without these the figures differ from run to run: Linux draws the place of its kernel and, at each
# system call, a piece of stack at random, and reads the time of day.
EXACT = ("-seed", "1", "-rtc", "base=2026-01-01,clock=vm")
APPEND = "console=ttyAMA0 quiet nokaslr randomize_kstack_offset=off panic=-1 RIVAL_LOAD="

INIT = f"""#!/bin/busybox sh
b=/bin/busybox
$b mount -t proc proc /proc
$b mount -t sysfs sys /sys
$b mount -t devtmpfs dev /dev
$b mkdir /dev/shm
$b mount -t tmpfs shm /dev/shm
if [ "$RIVAL_LOAD" = loaded ]; then
    $b renice -n 19 -p $$
    /bin/hackbench -g 1 -f 2 -l 100000000 >/dev/null &
    $b dd if=/dev/zero of=/dev/null bs=64k 2>/dev/null &
    $b usleep 50000
    $b renice -n -20 -p $$
fi
echo "@linux load=$RIVAL_LOAD release=$($b uname -r)"
/bin/cyclictest -q -N -m -p 95 -i {INTERVAL_US} -l {SAMPLES} -h 1000000 --histfile=/tmp/hist
echo "@status $?"
echo "@running $($b cat /proc/loadavg)"
$b grep -v ' 000000$' /tmp/hist
echo "@end"
$b poweroff -f
"""


def apt_config(directory):
    return (f'Dir::State "{directory}/state";\nDir::State::status "{directory}/status";\n'
            f'Dir::Cache "{directory}/cache";\nAPT::Architecture "arm64";\n'
            '#clear APT::Architectures;\nAPT::Architectures { "arm64"; };\n'
            'APT::Sandbox::User "root";\nAcquire::Languages "none";\n')


def apt(directory, *words, cwd=None):
    """The output of an apt tool that knows only this directory; None when it failed."""
    done = subprocess.run(words, cwd=cwd, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          check=False, env={**os.environ, "LC_ALL": "C",
                                            "APT_CONFIG": str(directory / "conf")})
    return done.stdout if done.returncode == 0 else None


def kernel_package(shown):
    """The package that the newest version of the metapackage stands for."""
    found = re.search(r"^Depends:.*?\b(linux-image-[0-9]\S*-rt-arm64)", shown or "", re.MULTILINE)
    return found[1] if found else None


def check_tools():
    lacking = [tool for tool in ("apt-get", "apt-cache", "dpkg-deb") if not shutil.which(tool)]
    if lacking:
        raise say.Failure(f"rivals needs Debian's {', '.join(lacking)}, which is not here: "
                          "it runs on Debian")


def fetch(out, fresh=False):
    """Where the packages are unpacked; they are fetched if that has not been done."""
    done, part = out / "linux-rt", out / "linux-rt.part"
    if done.is_dir() and not fresh:
        return done
    check_tools()
    shutil.rmtree(part, ignore_errors=True)
    directory = part / "apt"
    for folder in ("state/lists/partial", "cache/archives/partial", "../debs", "../root"):
        (directory / folder).resolve().mkdir(parents=True, exist_ok=True)
    (directory / "status").touch()
    (directory / "conf").write_text(apt_config(directory), encoding="utf-8")
    say.step("Fetching Debian's kernel and rt-tests (62 MB; nothing is installed)")
    updated = apt(directory, "apt-get", "-q", "update")
    kernel = kernel_package(apt(directory, "apt-cache", "show", METAPACKAGE))
    if kernel is None:
        shutil.rmtree(part)
        raise say.Failure("apt-get update failed: is there a network?" if updated is None else
                          f"this machine's apt sources have no {METAPACKAGE}: Debian's have")
    if apt(directory, "apt-get", "-q", "download", kernel, *OTHERS, cwd=part / "debs") is None:
        shutil.rmtree(part)
        raise say.Failure(f"apt-get could not download {kernel}, {', '.join(OTHERS)}: "
                          "is there a network?")
    for package in sorted((part / "debs").iterdir()):
        if apt(directory, "dpkg-deb", "-x", package, part / "root") is None:
            shutil.rmtree(part)
            raise say.Failure(f"dpkg-deb cannot unpack {package.name}")
    shutil.rmtree(directory)
    shutil.rmtree(done, ignore_errors=True)
    part.rename(done)
    return done


def packages_of(directory):
    """name_version of each, for the report."""
    return [path.name.removesuffix("_arm64.deb").replace("%3a", ":")
            for path in sorted((directory / "debs").iterdir())]


def one_of(root, *patterns):
    for pattern in patterns:
        for path in sorted(root.glob(pattern)):
            return path
    raise say.Failure(f"the packages hold no {patterns[0]}; --fresh fetches them again")


def initrd(root):
    """The bytes of the first root directory."""
    entries = [*map(cpio.directory, ("bin", "dev", "lib", "proc", "sys", "tmp")),
               cpio.character_device("dev/console", 5, 1), cpio.character_device("dev/null", 1, 3),
               cpio.file("init", INIT.encode())]
    for name in ("busybox", "cyclictest", "hackbench"):
        path = one_of(root, f"usr/bin/{name}", f"bin/{name}")
        entries.append(cpio.file(f"bin/{name}", path.read_bytes()))
    for name in LIBRARIES:
        path = one_of(root, f"lib/aarch64-linux-gnu/{name}", f"usr/lib/aarch64-linux-gnu/{name}",
                      f"usr/lib/{name}")
        entries.append(cpio.file(f"lib/{name}", path.read_bytes()))
    return cpio.archive(entries)


def parse(text, load):
    """{latency in ns: how often} of a complete run of INIT's."""
    text = text.replace("\r", "")
    if f"@linux load={load} " not in text or "@status 0\n" not in text or "@end" not in text:
        last = (text.strip().splitlines() or ["(nothing)"])[-1]
        raise say.Failure(f"Linux ({load}): the run broke off; last line: {last}", 1)
    overflows = re.search(r"^# Histogram Overflows: (\d+)$", text, re.MULTILINE)
    total = re.search(r"^# Total: (\d+)$", text, re.MULTILINE)
    found = {int(value): int(times)
             for value, times in re.findall(r"^(\d+) (\d+)$", text, re.MULTILINE)}
    if not overflows or int(overflows[1]) or not total or int(total[1]) != sum(found.values()):
        raise say.Failure(f"Linux ({load}): cyclictest's histogram is not whole", 1)
    if sum(found.values()) != SAMPLES:
        raise say.Failure(f"Linux ({load}): not {SAMPLES} samples", 1)
    return found


def run(board, directory, archive, load, verbose=False):
    root = directory / "root"
    kernel = one_of(root, "boot/vmlinuz-*-rt-arm64")
    if kernel.read_bytes()[56:60] != b"ARM\x64":
        raise say.Failure(f"{kernel.name} is no arm64 Image, which is all that QEMU boots")
    command = machines.qemu_command(board, kernel, exact=True, smp=1,
                                    extra=("-initrd", str(archive), *EXACT, "-no-reboot",
                                           "-append", APPEND + load))
    say.command_line(command, verbose)
    try:
        with Guest(command, timeout=TIMEOUT) as guest:
            status = guest.wait()
            text = printable(bytes(guest.output))
    except GuestError as error:
        raise say.Failure(f"Linux ({load}): {error}", 1) from None
    if status:
        raise say.Failure(f"Linux ({load}) ended with status {status}", 1)
    (archive.parent / f"linux-rt.{load}.txt").write_text(text, encoding="utf-8")
    return parse(text, load)
