#!/usr/bin/env python3
"""Three shards of a campaign, merged, are the campaign: the same bytes. And it says what masked.

    tests/bench/inject_check.py --board B --images build/B/images --out build/B/inject
"""

import argparse
import filecmp
import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SHARDS = 3
# Four batches of eight. Two waits for a time that is past depend on what has run before them: the
# semaphore's begins the third batch, so it must not follow semaphore_times_out, and the other one
# must follow sleep.
OPERATIONS = ("splx_replay,cross_call_to_itself,spl_pair_vm,system_pair_vm,"
              "spin_pair,mutex_pair,mutex_timed_out,semaphore_post,semaphore_round_trip,"
              "semaphore_wait_for_lower,semaphore_wait_until,semaphore_times_out,"
              "semaphore_in_the_past,sleep,sleep_in_the_past,yield_alone,thread_switch,"
              "set_priority_blocked,suspend_blocked,set_affinity,thread_above_us")


# Some operations idle, and QEMU may then let a point come out 2 higher (docs/argument.md): what
# differs by that agrees when it is tried again.
TRIES = 4


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    for name in ("--board", "--images", "--out"):
        parser.add_argument(name, required=True)
    args = parser.parse_args()
    tool = [sys.executable, str(ROOT / "qemu" / "inject.py"), "--out", args.out]
    # One CPU, whatever PIVOT_SMP says: with more the points are not exact.
    run = [*tool, "--board", args.board, "--images", args.images, "--smp", "1", "--op", OPERATIONS]
    # Ours are told here, half of them as a test runner does; CTest may itself be a shard.
    base = {k: v for k, v in os.environ.items() if not k.startswith("GTEST_")}
    second = {**base, "GTEST_SHARD_INDEX": "1", "GTEST_TOTAL_SHARDS": str(SHARDS)}
    files = [Path(args.out) / f"{args.board}.shard-{i}-of-{SHARDS}.json" for i in (3, 1, 2)]
    together = Path(args.out) / f"{args.board}.merged.json"
    steps = ((run, base), ([*run, "--shard", "1/3"], base), (run, second),
             ([*run, "--shard", "3/3"], base),
             ([*tool, "--merge", *map(str, files), "-o", str(together)], base))
    for _ in range(TRIES):
        for words, env in steps:
            if subprocess.run(words, stdin=subprocess.DEVNULL, env=env, check=False).returncode:
                return 1
        if filecmp.cmp(Path(args.out) / f"{args.board}.json", together, shallow=False):
            break
    else:
        print(f"inject_check.py: the merged shards are not the campaign (see {args.out})",
              file=sys.stderr)
        return 1
    # The replay waits for the end of another interrupt, whose exit masks with msr daifset.
    replay, = (one for one in json.loads(together.read_text(encoding="utf-8"))["operations"]
               if one["op"] == "splx_replay")
    masked = replay["masked"] or {}
    if (masked.get("by"), masked.get("fn")) != ("DAIF.I", "irq_thread_exit"):
        print(f"inject_check.py: splx_replay was not masked as it is: {masked}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
