"""What ./pivot says while it works: steps, commands, errors. Colours only on a terminal."""

import os
import shlex
import subprocess
import sys


class Failure(Exception):
    """Ends ./pivot with one line for the user and a status (2: nothing was or could be done)."""

    def __init__(self, line, status=2):
        super().__init__(line)
        self.status = status


def coloured(text, code, stream=None):
    stream = stream or sys.stdout
    if not stream.isatty() or "NO_COLOR" in os.environ or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{code}m{text}\x1b[0m"


def good(text):
    return coloured(text, "32")


def bad(text):
    return coloured(text, "31")


def step(text):
    print(coloured("==", "36"), coloured(text, "1"), flush=True)


def error(text):
    if isinstance(text, OSError):
        text = ": ".join(str(part) for part in (text.filename, text.strerror) if part)
    print(coloured("pivot:", "31", sys.stderr), text, file=sys.stderr, flush=True)


def progress(done, total, what):
    """A bar on a terminal, wiped off when all is done; nothing anywhere else."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        return
    full = 30 * done // total
    line = f"[{'#' * full}{'.' * (30 - full)}] {done}/{total} {what}"
    print("\r\x1b[K" + (line if done < total else ""), end="", file=sys.stderr, flush=True)


def command_line(words, verbose):
    if verbose:
        print("+", shlex.join(map(str, words)), flush=True)


def run(words, *, verbose, env=None):
    """Runs a command that shows its own output; its exit status."""
    command_line(words, verbose)
    return subprocess.run(words, env=env, stdin=subprocess.DEVNULL, check=False).returncode


def run_quietly(words, *, verbose):
    """Runs a command whose output matters only when it fails; its exit status."""
    if verbose:
        return run(words, verbose=True)
    done = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, check=False)
    if done.returncode:
        sys.stdout.buffer.write(done.stdout)
        sys.stdout.flush()
    return done.returncode
