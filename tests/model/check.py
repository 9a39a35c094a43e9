#!/usr/bin/env python3
"""Checks a Promela model with spin, exhaustively, or demands that a seeded bug is found.

    tests/model/check.py splx.pml [-D NAME[=VALUE]]...         no violation, nothing left unvisited
    tests/model/check.py splx.pml -D BUG_... --expect REGEX    a violation, in these words
    tests/model/check.py adaptive_mutex.pml --progress         no cycle without a progress label
    tests/model/check.py --self-test                           the check itself, on small models

Prints one line with the number of states. A violation that was not expected is replayed, its last
steps printed. A search that had to stop early (depth, memory) is a failure: it has proved nothing.
Exit status: 0 it held, 1 it did not, 2 spin or a C compiler is missing, or the model is wrong.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
MEGABYTES = 3072
REPLAYED = 60       # lines of a violation's trail
# What the verifier says when it has not seen everything.
TRUNCATED = re.compile(r"max search depth too small|out of memory|memory limit|MEMLIM|"
                       r"Search not completed|VECTORSZ", re.IGNORECASE)


class Unable(Exception):
    """The check cannot work here; the text says why, in one line."""


def run(words, where):
    return subprocess.run(words, cwd=where, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, errors="replace")


def tools():
    compiler = next(filter(shutil.which, (os.environ.get("CC") or "cc", "gcc", "clang")), None)
    missing = [name for name, there in (("spin (Debian package spin)", shutil.which("spin")),
                                        ("a C compiler (Debian package gcc)", compiler))
               if not there]
    if missing:
        raise Unable(f"missing: {', '.join(missing)}")
    return compiler


def join(model, where):
    """The model with what it includes, in one file of its name: lines are counted in that."""
    text = re.sub(r'^#include "(.*)"$',
                  lambda found: (model.parent / found[1]).read_text(encoding="utf-8"),
                  model.read_text(encoding="utf-8"), flags=re.MULTILINE)
    joined = where / "joined" / model.name
    joined.parent.mkdir()
    joined.write_text(text, encoding="utf-8")
    return joined


def preprocess(model, args, where):
    """The model with its macros replaced and every line where it was: spin loses count of lines
    within an inline if the preprocessor has left marks there."""
    made = run([tools(), "-E", "-x", "c", *(f"-D{name}" for name in args.define), str(model)],
               where)
    if made.returncode:
        raise Unable(f"{model.name}: {made.stderr.strip()}")
    lines, at, own = {}, 1, True
    for line in made.stdout.splitlines():
        mark = re.match(r'# (\d+) "(.*)"', line)
        if mark:
            at, own = int(mark[1]), Path(mark[2]).name == model.name
        else:
            if own:
                lines[at] = lines.get(at, "") + line
            at += 1
    text = "\n".join(lines.get(number, "") for number in range(1, max(lines) + 1))
    (where / model.name).write_text(text + "\n")


def build(model, args, where):
    """The verifier of this model, with these macros."""
    preprocess(model, args, where)
    made = run(["spin", "-Pcat", "-a", model.name], where)
    if made.returncode or "rror" in made.stdout or not (where / "pan.c").exists():
        raise Unable(f"spin refuses {model.name}: {(made.stdout + made.stderr).strip()}")
    # NFAIR: room for the processes under weak fairness. NOREDUCE: spin's partial-order reduction is
    # not sound with `provided`, by which models say who has the CPU.
    flags = ["-DNP", "-DNFAIR=4"] if args.progress else ["-DSAFETY"]
    if re.search(r"\bprovided\b", model.read_text(encoding="utf-8")):
        flags.append("-DNOREDUCE")
    # A bug is found long before a faster verifier has paid for its compilation.
    made = run([tools(), "-O0" if args.expect else "-O1", "-w", *flags, f"-DMEMLIM={MEGABYTES}",
                "-o", "pan", "pan.c"], where)
    if made.returncode:
        raise Unable(f"the verifier does not compile: {made.stderr.strip()[:500]}")


def search(args, where):
    fair = ["-l", "-f"] if args.progress else []
    return run(["./pan", "-n", f"-m{args.depth}", *fair], where).stdout


def violation(output):
    """What the verifier found wrong, in its words; None if nothing."""
    found = re.search(r"^pan:1: (.*)$", output, re.MULTILINE)
    return found[1] if found else None


def replay(model, where):
    """The last steps of the trail; the assertion is among them, by its line."""
    return run(["spin", "-Pcat", "-t", "-p", "-g", model.name], where).stdout.splitlines()


def states(output):
    found = re.search(r"^\s*([\d.e+]+) states, stored", output, re.MULTILINE)
    return f"{int(float(found[1])):,} states" if found else "no count of states"


def source_lines(model, trail):
    """The model's lines that assertions of the trail's end stand on, with their comments."""
    numbers = re.findall(rf"{re.escape(model.name)}:(\d+), Error: assertion", "\n".join(trail))
    text = model.read_text(encoding="utf-8").splitlines()
    return " ".join(text[int(number) - 1].strip() for number in numbers)


def verdict(model, args, where):
    """Whether it held, and the lines that say so."""
    output = search(args, where)
    wrong = violation(output)
    trail = replay(model, where) if wrong else []
    if wrong and source_lines(model, trail):
        wrong = source_lines(model, trail)
    if args.expect:
        if not wrong:
            return False, ["the bug is not found", states(output)]
        held = re.search(args.expect, wrong)
        return bool(held), [f"found: {wrong}" if held else
                            f"found something else than /{args.expect}/: {wrong}"]
    if wrong:
        return False, [wrong, *trail[-REPLAYED:]]
    if TRUNCATED.search(output):
        return False, [f"not everything was visited: {TRUNCATED.search(output)[0]}"]
    if not re.search(r"errors: 0$", output, re.MULTILINE):
        return False, ["the verifier does not say that it ended well", output]
    return True, [states(output)]


def check(model, args, say=print):
    name = " ".join([model.stem, *args.define, *(["progress"] if args.progress else [])])
    with tempfile.TemporaryDirectory(prefix="pivot-model-") as directory:
        model = join(model, Path(directory))
        build(model, args, Path(directory))
        held, lines = verdict(model, args, Path(directory))
    say(f"{'ok  ' if held else 'FAIL'} {name}: {lines[0]}", *lines[1:], sep="\n     ")
    return held


RACE = """byte n;
active [2] proctype p() { byte old; old = n; n = old + 1; skip }
active proctype q() { timeout; assert(n == 2) /* an increment is lost */ }
"""
ATOMIC = RACE.replace("old = n; n = old + 1", "atomic { old = n; n = old + 1 }")
SPIN = "bool go;\nactive proctype p() { do :: go -> break :: else od; progress: skip }\n"
LONG = "active proctype p() { byte n; do :: n < 200 -> n++ :: else -> break od }\n"
# What it shows, the model, arguments, and whether the check must be content.
SELF_TEST = [
    ("a sound model", ATOMIC, [], True),
    ("a race", RACE, [], False),
    ("a race that is expected", RACE, ["--expect", "an increment is lost"], True),
    ("a race, when another defect is expected", RACE, ["--expect", "invalid end state"], False),
    ("no race where one is expected", ATOMIC, ["--expect", "an increment is lost"], False),
    ("a deadlock", ATOMIC.replace("skip", "n == 9"), [], False),
    ("a spin without end", SPIN, ["--progress"], False),
    ("a spin that ends", SPIN.replace("bool go;", "bool go = true;"), ["--progress"], True),
    ("a search that is cut off", LONG, ["--depth", "50"], False),
    ("the same, deep enough", LONG, [], True),
]


def self_test():
    missed = 0
    with tempfile.TemporaryDirectory() as directory:
        for number, (what, text, words, content) in enumerate(SELF_TEST):
            model = Path(directory) / f"case{number}.pml"
            model.write_text(text)
            held = check(model, arguments([str(model), *words]), say=lambda *_, **__: None)
            missed += held != content
            print("ok  " if held == content else "FAIL", f"{what}:",
                  "passed" if held else "caught")
    return 1 if missed else 0


def arguments(argv):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    add = parser.add_argument
    add("model", type=Path, nargs="?", help="a .pml file, of this folder if without a path")
    add("-D", dest="define", action="append", default=[], metavar="NAME[=VALUE]")
    add("--expect", metavar="REGEX", help="the violation that must be found")
    add("--progress", action="store_true",
        help="look for cycles without progress, under weak fairness, instead of bad states")
    add("--depth", type=int, default=1000000, metavar="N", help="steps of the longest run")
    add("--full-only", action="store_true",
        help="skip (status 77) unless this is ./pivot test --full")
    add("--self-test", action="store_true")
    args = parser.parse_args(argv)
    if args.self_test == bool(args.model):
        parser.error("give a model, or --self-test")
    return args


def main():
    args = arguments(sys.argv[1:])
    if args.full_only and not os.environ.get("PIVOT_FULL"):
        print("part of ./pivot test --full only")
        return 77
    try:
        if args.self_test:
            tools()
            return self_test()
        model = (args.model if args.model.exists() else HERE / args.model).resolve()
        if not model.is_file():
            raise Unable(f"no such model: {args.model}")
        return 0 if check(model, args) else 1
    except Unable as error:
        print(f"check.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
