"""A running QEMU with its console in hand: what it prints, what is typed to it, how it ends.

    with Guest(qemu_command("qemu-virt", "pivot.elf"), timeout=20) as guest:
        guest.wait_for(rb"pivot> ")
        guest.send(b"halt\\n")
        status = guest.wait()

One deadline covers the whole life of the guest, so that no test can hang. The guest that is still
running at the end of the `with` is ended: that child, and nothing else.
"""

import contextlib
import os
import re
import selectors
import signal
import subprocess
import sys
import time


class GuestError(Exception):
    """The guest did not do what was waited for; the message says what it did."""


def end_with_us():
    """Makes SIGTERM an exit, so that a timeout(1) around a tool does not leave its guest behind."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))


class Guest:
    def __init__(self, command, *, timeout, echo=None, pass_fds=(), core=None):
        """`core`: the host's core to which all of QEMU is bound."""
        self.output = bytearray()
        self.echo = echo
        self.timeout = timeout
        self._unsent = bytearray()
        self._scanned = 0
        self._deadline = time.monotonic() + timeout
        # Its own session: a Ctrl-C is for us, who then end the guest in an orderly way.
        self._child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                       pass_fds=pass_fds, start_new_session=True, bufsize=0)
        if core is not None:
            # While it still loads its libraries: its threads inherit this.
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(self._child.pid, {core})
        os.set_blocking(self._child.stdin.fileno(), False)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._child.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def send(self, data):
        """Queues bytes for the console; they leave as fast as the guest reads them."""
        self._unsent += data

    def wait_for(self, pattern):
        """The next match of a bytes pattern in the output after the match before it."""
        regex = re.compile(pattern, re.MULTILINE)
        while True:
            match = regex.search(self.output, self._scanned)
            if match:
                self._scanned = match.end()
                return match
            if not self._pump():
                raise GuestError(f"QEMU ended with status {self.wait()} before "
                                 f"/{regex.pattern.decode(errors='backslashreplace')}/ was seen")

    def rewind(self):
        """The next wait_for looks at the output from its beginning."""
        self._scanned = 0

    def wait(self):
        """Reads to the end and returns QEMU's exit status (-N when signal N ended it)."""
        while self._pump():
            pass
        try:
            return self._child.wait(max(0.1, self._deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise GuestError(self._late()) from None

    def kill(self):
        """Ends QEMU now; from another thread too, whose reads then come to an end."""
        # Not SIGTERM: QEMU would report that on stderr, in the middle of a test's output.
        self._child.kill()

    def stop(self):
        self._selector.close()
        if self._child.poll() is None:
            self.kill()
            self._child.wait()
        self._child.stdout.close()
        self._close_input()

    def _pump(self):
        """Moves some bytes either way; False once the guest's output has ended."""
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise GuestError(self._late())
        self._watch_input()
        for key, _ in self._selector.select(left):
            if key.fileobj is self._child.stdin:
                self._write()
            else:
                data = os.read(self._child.stdout.fileno(), 65536)
                if not data:
                    return False
                self.output += data
                if self.echo:
                    self.echo(data)
        return True

    def _watch_input(self):
        stdin = self._child.stdin
        if stdin.closed:
            return
        watched = stdin in self._selector.get_map()
        if self._unsent and not watched:
            self._selector.register(stdin, selectors.EVENT_WRITE)
        elif watched and not self._unsent:
            self._selector.unregister(stdin)

    def _write(self):
        try:
            sent = os.write(self._child.stdin.fileno(), self._unsent[:4096])
            del self._unsent[:sent]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            # QEMU is on its way out; its output will end too, and that is reported instead.
            self._unsent.clear()
            self._selector.unregister(self._child.stdin)
            self._close_input()

    def _close_input(self):
        try:
            self._child.stdin.close()
        except BrokenPipeError:
            pass

    def _late(self):
        lines = printable(bytes(self.output[-400:])).strip().splitlines()
        last = lines[-1] if lines else "(nothing)"
        return f"timed out after {self.timeout:g} s; last line printed: {last}"


def printable(data):
    """Console bytes as text that no terminal and no XML file chokes on."""
    text = data.decode("utf-8", "backslashreplace").replace("\r", "")
    return "".join(c if c in "\n\t" or c.isprintable() else f"\\x{ord(c):02x}" for c in text)
