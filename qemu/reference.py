"""The API reference: Doxygen over the headers (docs/Doxyfile), and what it found undocumented."""

import re
import subprocess
import tempfile
from pathlib import Path

import machines
import say

UNDOCUMENTED = re.compile(r"is not documented\.?$")
WARNING = re.compile(r"^(.*?):(\d+): warning: (.*)$")


def generate(out, *, root=machines.ROOT, settings=()):
    """Writes the pages into the directory `out`; what Doxygen warned of, as file:line: text."""
    out = Path(out).resolve()
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("r", suffix=".log", encoding="utf-8") as log:
        words = [(root / "docs/Doxyfile").read_text(encoding="utf-8"),
                 f'OUTPUT_DIRECTORY = "{out}"', f'WARN_LOGFILE = "{log.name}"',
                 f'STRIP_FROM_PATH = "{root}"', *settings]
        done = subprocess.run(["doxygen", "-"], input="\n".join(words), cwd=root, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
        if done.returncode:
            raise say.Failure(f"doxygen failed: {done.stdout.strip() or 'it says nothing'}", 1)
        return warnings_of(log.read(), root)


def warnings_of(text, root):
    """Each warning once, in the order of files and lines."""
    found = set()
    for line in text.splitlines():
        match = WARNING.match(line)
        if match:
            path = Path(match[1])
            name = path.relative_to(root) if path.is_relative_to(root) else path
            found.add((str(name), int(match[2]), match[3]))
        elif line.strip() and not line.startswith(" "):
            found.add(("doxygen", 0, line.strip()))
    return [f"{name}:{number}: {said}" if number else said for name, number, said in sorted(found)]


def undocumented(warnings):
    return [line for line in warnings if UNDOCUMENTED.search(line)]


def excluded(root=machines.ROOT):
    """The headers that docs/Doxyfile leaves out."""
    text = (root / "docs/Doxyfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return re.search(r"^EXCLUDE\s*=(.*)$", text, re.MULTILINE)[1].split()
