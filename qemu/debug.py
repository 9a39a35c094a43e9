"""./pivot debug: QEMU halted at its first instruction, gdb-multiarch attached, commands loaded.

The gdbstub listens on a Unix socket in a private directory, so that two sessions never meet and
nobody else on the machine can attach. The console's output appears on this terminal between gdb's
own; what is typed there is gdb's, and its command pivot-type types at the console.
"""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import machines
import say

SCRIPT = machines.ROOT / "qemu/gdb/pivot.py"


def session(board, image, gdb_args, *, smp=None, verbose):
    """One session; returns gdb's exit status. QEMU ends with it."""
    with tempfile.TemporaryDirectory(prefix="pivot-debug-") as private:
        stub, console = Path(private, "gdb"), Path(private, "console")
        os.mkfifo(console)
        # Open for both: with a writer of our own, QEMU's console never reads an end of file.
        typed = os.open(console, os.O_RDWR)
        words = machines.qemu_command(board, image, smp=smp, extra=(
            "-S", "-chardev", f"socket,id=gdb,path={stub},server=on,wait=off", "-gdb",
            "chardev:gdb"))
        say.command_line(words, verbose)
        # A Ctrl-C is for gdb, to stop the guest; QEMU must not die of it: its own session.
        qemu = subprocess.Popen(words, stdin=typed, start_new_session=True)
        try:
            wait_for(stub, qemu)
            return debugger(image, stub, console, gdb_args, verbose)
        finally:
            qemu.kill()
            qemu.wait()
            os.close(typed)


def wait_for(stub, qemu):
    deadline = time.monotonic() + 10
    while not stub.exists():
        if qemu.poll() is not None:
            raise say.Failure(f"QEMU ended with status {qemu.returncode} before gdb could attach")
        if time.monotonic() > deadline:
            raise say.Failure("QEMU's gdbstub did not appear within 10 s")
        time.sleep(0.02)


def debugger(image, stub, console, gdb_args, verbose):
    words = ["gdb-multiarch", "-q", "-nx", str(image),
             "-iex", "set architecture aarch64", "-iex", "set confirm off",
             "-iex", "set pagination off", "-ex", f"target remote {stub}",
             "-x", str(SCRIPT), *gdb_args]
    say.step("gdb: pivot-thread, pivot-intstack, pivot-lines, pivot-type TEXT; continue starts it")
    say.command_line(words, verbose)
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        return subprocess.run(words, env={**os.environ, "PIVOT_CONSOLE": str(console)},
                              preexec_fn=give_back_interrupts, check=False).returncode
    finally:
        signal.signal(signal.SIGINT, before)


def give_back_interrupts():
    """gdb inherits that we ignore Ctrl-C, and must not."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
