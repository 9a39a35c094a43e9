#!/usr/bin/env python3
"""The benchmark as a test: every row within its target, two runs identical to the byte, no
figure other than the baseline's.

    tests/bench/check.py --board B --images build/B/images --out build/B/bench [--once]

`--once`: only in ./pivot test --full it is run twice.
"""

import argparse
import filecmp
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "qemu"))

import baseline  # noqa: E402
import compare  # noqa: E402


def run(args, out):
    return subprocess.run([sys.executable, str(ROOT / "qemu" / "bench.py"), "--board", args.board,
                           "--images", args.images, "--out", str(out)],
                          stdin=subprocess.DEVNULL, check=False).returncode


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("--board", "--images", "--out"):
        parser.add_argument(name, required=True)
    parser.add_argument("--once", action="store_true")
    args = parser.parse_args()
    outs = [Path(args.out) / "first", Path(args.out) / "second"]
    if args.once and not os.environ.get("PIVOT_FULL"):
        del outs[1]
    statuses = [run(args, out) for out in outs]
    if any(statuses):
        print(f"check.py: the benchmark ended with status {statuses}", file=sys.stderr)
        return 1
    for name in (f"{args.board}.json", f"{args.board}.detail.json", f"{args.board}.html"):
        if not filecmp.cmp(outs[0] / name, outs[-1] / name, shallow=False):
            print(f"check.py: two runs differ in {name} (see {args.out})", file=sys.stderr)
            return 1
    return against_baseline(args.board, outs[0])


def against_baseline(board, out):
    """1 when a figure has changed: what was measured is the baseline's, or it is made anew."""
    kept = compare.load(baseline.path_of(board))
    data = compare.load(out / f"{board}.json")
    reason = baseline.why_not(kept, data)
    if reason:
        print(f"check.py: not compared with the baseline: {reason}")
        return 0
    for line in compare.text(kept, data, baseline.differences(kept, data)):
        print(line)
    changed = bool(baseline.changes(kept, data))
    if changed:
        print(f"check.py: {board} is not as its baseline says; if that is meant: ./pivot baseline",
              file=sys.stderr)
    return 1 if changed else 0


if __name__ == "__main__":
    sys.exit(main())
