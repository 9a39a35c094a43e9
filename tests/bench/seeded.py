#!/usr/bin/env python3
"""The baseline sees one instruction more: the seeded image differs from it in the rows named, and
the true one in none.

    tests/bench/seeded.py --board B --images build/B/images --image bench_bug_one_more --row R ...
"""

import argparse
import json
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "qemu"))

import baseline  # noqa: E402
import bench  # noqa: E402
import compare  # noqa: E402
import report  # noqa: E402


def slower(args, image):
    """The rows of this image that are slower than the baseline's."""
    kept = compare.load(baseline.path_of(args.board))
    path = Path(args.images) / f"{image}.elf"
    records = bench.run_image(args.board, path, smp=1, verbose=False)
    facts = {key: kept[key] for key in ("qemu", "compiler", "cpus")} | {"git": "-"}
    data = baseline.reduced(json.loads(report.as_json(records, report.load_rivals(), **facts)))
    before = {row["name"]: row for row in kept["rows"]}
    common = [row for row in data["rows"] if row["name"] in before]
    if not common:
        sys.exit(f"seeded.py: {image} has no row of the baseline")
    held = kept | {"rows": [before[row["name"]] for row in common]}
    found = compare.compare(held, held | {"rows": common})
    return [one.what for one in found if one.verdict == compare.SLOWER]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("--board", "--images", "--image"):
        parser.add_argument(name, required=True)
    parser.add_argument("--row", action="append", required=True)
    args = parser.parse_args()
    true, seeded = slower(args, "bench"), slower(args, args.image)
    extra = [row for row in seeded if row not in true]
    if extra != args.row:
        print(f"seeded.py: {args.image} is slower in {extra}, not in {args.row}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
