"""A guest whose console is a socket: for tests that send more than a terminal would.

    with Link(board, image) as link:
        link.wait_for(rb"pivot> ")
        link.send(data)
        link.command("ps")

Bytes are sent as fast as the guest takes them, while its output is read.
"""

import re
import select
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "qemu"))

from guest import printable  # noqa: E402
from machines import qemu_command  # noqa: E402

PROMPT = rb"^pivot> "


class LinkError(Exception):
    """The guest did not answer; the message says what it printed last."""


class Link:
    def __init__(self, board, image, *, timeout=60, **machine):
        self.output = bytearray()
        self._scanned = 0
        self._deadline = time.monotonic() + timeout
        self._directory = tempfile.TemporaryDirectory()
        path = str(Path(self._directory.name) / "console")
        command = qemu_command(board, image, serial=f"unix:{path},server=on,wait=on", **machine)
        self._guest = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                       stderr=subprocess.STDOUT)
        self._socket = self._connect(path)
        self._socket.setblocking(False)
        self._most, self._pause = 65536, 0

    def read_slowly(self, most, pause):
        """From now on at most so many bytes at a time, with a pause in seconds before each."""
        self._most, self._pause = most, pause

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._socket.close()
        if self._guest.poll() is None:
            self._guest.kill()
        self._guest.communicate()
        self._directory.cleanup()

    def send(self, data):
        """Returns when the guest has taken every byte off the socket."""
        view = memoryview(data)
        while view:
            _, writable, _ = self._select(True)
            if writable:
                try:
                    view = view[self._socket.send(view):]
                except ConnectionError:
                    self._fail("QEMU ended while it was being sent to")

    def wait_for(self, pattern):
        """The next match in the output after the one before it."""
        regex = re.compile(pattern, re.MULTILINE)
        while True:
            match = regex.search(self.output, self._scanned)
            if match:
                self._scanned = match.end()
                return match
            self._select(False)
            if self._ended:
                self._fail(f"QEMU ended before /{pattern.decode()}/ was seen")

    def command(self, line):
        """Types a command and returns what it printed, from behind the echo to the next prompt."""
        self.send(line.encode() + b"\r")
        self.wait_for(re.escape(line.encode()) + rb"\r?\n")
        start = self._scanned
        found = self.wait_for(PROMPT)
        return self.output[start:found.start()].decode().replace("\r", "")

    def settle(self, quiet=0.3):
        """Reads until nothing has come for a while."""
        count = -1
        while count != len(self.output):
            count = len(self.output)
            end = time.monotonic() + quiet
            while time.monotonic() < end and count == len(self.output):
                self._select(False, end - time.monotonic())
        self._scanned = len(self.output)

    def status(self):
        """Reads to the end and returns QEMU's exit status."""
        while not self._ended:
            self._select(False)
        return self._guest.wait(10)

    _ended = False

    def _connect(self, path):
        end = socket.socket(socket.AF_UNIX)
        end.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)  # little of it is on its way
        while True:
            try:
                end.connect(path)
                return end
            except OSError:
                if self._guest.poll() is not None:
                    raise LinkError("QEMU did not start: " +
                                    self._guest.stdout.read().decode()) from None
                if time.monotonic() > self._deadline:
                    self._fail("QEMU does not open its socket")
                time.sleep(0.01)

    def _select(self, sending, seconds=None):
        left = self._deadline - time.monotonic()
        if left <= 0:
            self._fail("timed out")
        ready = select.select([self._socket], [self._socket] if sending else [], [],
                              max(0, left if seconds is None else min(left, seconds)))
        if ready[0]:
            try:
                time.sleep(self._pause)
                data = self._socket.recv(self._most)
            except ConnectionError:
                data = b""
            self._ended = not data
            self.output += data
            if self._ended and sending:
                self._fail("QEMU ended while it was being sent to")
        return ready

    def _fail(self, why):
        tail = printable(bytes(self.output[-300:])).strip()
        raise LinkError(f"{why}; printed last:\n{tail}")
