#!/usr/bin/env python3
"""The injection campaign: an interrupt at every instruction of each operation of the kernel.

    qemu/inject.py --board qemu-virt --images build/qemu-virt/images --out build/inject
    qemu/inject.py --merge A.json B.json ... -o OUT.json

Writes OUT/<board>.json, or OUT/<board>.shard-I-of-N.json. A campaign is cut into batches of BATCH
operations, each of which a freshly booted machine runs; what a shard runs is every Nth batch. So an
operation has the same predecessors in a shard as without, and the shards merged are the campaign to
the byte. docs/injection.md says more.
"""

import argparse
import hashlib
import json
import os
import queue
import re
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import inject_masks  # noqa: E402
import machines  # noqa: E402
import mix  # noqa: E402
import report  # noqa: E402
import say  # noqa: E402
from bench import version_of_source  # noqa: E402
from guest import Guest, GuestError, printable  # noqa: E402
from inject_records import blank, operations_of, records_of  # noqa: E402

IMAGE = "inject.elf"
SCHEMA = "pivot-inject/1"
BATCH = 8
TIMEOUT = 600
KEYS = ("schema", "board", "unit", "clock_hz", "git", "image", "qemu", "cpus", "pairs", "selection",
        "shard", "operations")


# -- what is asked for

def shard_of(text, said_by="--shard"):
    """(I, N) of "I/N", counted from 1."""
    found = re.fullmatch(r"([0-9]{1,6})/([0-9]{1,6})", text)
    index, count = map(int, found.groups()) if found else (0, 0)
    if not 1 <= index <= count:
        raise say.Failure(f"{said_by} {text}: wanted is I/N with I from 1 to N")
    return index, count


def shard_of_environment(environment):
    """What a test runner that shards says (its index counts from 0); None if it says nothing."""
    index, count = (environment.get(f"GTEST_{name}") for name in ("SHARD_INDEX", "TOTAL_SHARDS"))
    if index is None and count is None:
        return None
    told = f"GTEST_SHARD_INDEX={index or ''} GTEST_TOTAL_SHARDS={count or ''}"
    if not (re.fullmatch("[0-9]{1,6}", index or "") and re.fullmatch("[0-9]{1,6}", count or "")
            and int(index) < int(count)):
        raise say.Failure(f"{told}: wanted is an index from 0 to the total - 1")
    # One shard of one is the whole campaign.
    return None if int(count) == 1 else (int(index) + 1, int(count))


def selected(listed, names, pairs):
    """The operations that are run, in the order of the campaign; `listed`: what the image says."""
    known = {one["name"].partition(",")[0] for one in listed}
    for name in names:
        if name not in known:
            raise say.Failure(f"no operation is named '{name}'; pivot inject --list lists them")
    wanted = set(names) or known
    return [one["name"] for one in listed
            if (one["pairs"] or not pairs) and one["name"].partition(",")[0] in wanted]


def batches(count, shard):
    """[(first, how many)] of the operations that a shard runs; of all without one."""
    index, shards = shard or (1, 1)
    every = [(first, min(BATCH, count - first)) for first in range(0, count, BATCH)]
    return every[index - 1::shards]


# -- what the image says

def run_image(board, image, words, *, smp, verbose, core=None):
    if not image.is_file():
        raise say.Failure(f"no such file: {image}")
    command = machines.qemu_command(board, image, exact=True, smp=smp, args=("inject", *words))
    say.command_line(command, verbose)
    try:
        with Guest(command, timeout=TIMEOUT, core=core) as guest:
            status = guest.wait()
            output = printable(bytes(guest.output))
    except GuestError as error:
        raise say.Failure(f"{image.name} on {board}: {error}", 1) from None
    if status:
        print(output, flush=True)
        raise say.Failure(f"{image.name} on {board} ended with status {status}", 1)
    return output


def sources_of(image, pcs):
    """{pc: "file:line"} by the cross toolchain's addr2line."""
    if not pcs:
        return {}
    try:
        lines = mix.tool_output("addr2line", "-e", str(image), *pcs).splitlines()
    except GuestError as error:
        raise say.Failure(str(error), 1) from None
    root = f"{machines.ROOT}/"
    places = (line.partition(" (")[0].removeprefix(root) for line in lines)
    return dict(zip(pcs, (None if p.startswith("??") else p for p in places), strict=True))


# -- a campaign

def in_batches(board, image, words, wanted, *, jobs, smp, verbose):
    """Yields (first, how many, records) of each batch in order; `jobs` at a time, or as many as
    there are cores. An exact machine's threads take turns: on a core of its own each is faster."""
    cores = sorted(os.sched_getaffinity(0))[:jobs]
    free = queue.SimpleQueue()
    for core in cores:
        free.put(core)

    def run(first, count):
        core = free.get()
        try:
            return first, count, records_of(run_image(
                board, image, [*words, f"first={first}", f"count={count}"], smp=smp,
                verbose=verbose, core=core))
        finally:
            free.put(core)

    with ThreadPoolExecutor(len(cores)) as pool:
        yield from pool.map(run, *zip(*wanted, strict=True)) if wanted else ()


def digest_of(image):
    """Of what is loaded: two trees with changes of their own have one version. Of the .img, for the
    ELF file has the paths of where it was compiled."""
    binary = image.with_suffix(".img")
    return hashlib.sha256((binary if binary.is_file() else image).read_bytes()).hexdigest()[:16]


def gather(board, image, *, names, pairs, shard, smp, verbose):
    """(the campaign or shard as the file has it, seconds that it took)"""
    listed = [fields for kind, fields in
              records_of(run_image(board, image, ["list"], smp=smp, verbose=verbose))
              if kind == "op"]
    chosen = selected(listed, names, pairs)
    words = [f"op={name}" for name in names] + ["pairs" if pairs else "strip"]
    result = {"schema": SCHEMA, "board": board, "unit": None, "clock_hz": None,
              "git": version_of_source(), "image": digest_of(image),
              "qemu": ".".join(map(str, machines.qemu_version())),
              "cpus": machines.usual_cpus(board) if smp is None else int(smp), "pairs": pairs,
              "selection": sorted(names),
              "shard": {"index": shard[0], "of": shard[1]} if shard else None, "operations": []}
    began, before = time.monotonic(), {}
    for first, count, records in in_batches(board, image, words, batches(len(chosen), shard),
                                            jobs=1 if shard else None, smp=smp, verbose=verbose):
        result.update({key: records[0][1][key] for key in ("board", "unit", "clock_hz")})
        if result["board"] != board:
            raise say.Failure(f"{image.name} says that it is for {result['board']}, not {board}", 1)
        found, points = operations_of(records)
        ran = [one["op"].removesuffix("+interrupt") for one in found]
        if ran != chosen[first:first + count]:
            raise say.Failure(f"{image.name} ran {', '.join(ran)}: not what it was told", 1)
        before |= {len(result["operations"]) + i: where for i, where in points.items()}
        for index, one in enumerate(found, first):
            result["operations"].append(one | {"index": index})
    took = time.monotonic() - began
    pcs = sorted({one["pc"] for one in result["operations"] if one["pc"]} |
                 {pc for pc, _ in before.values()})
    sources = sources_of(image, pcs)
    for one in result["operations"]:
        one["source"] = sources.get(one["pc"])
    inject_masks.add(result["operations"], image, before, sources)
    return result, took


def as_json(result):
    """One operation a line: the strips are long."""
    head = [f"  {json.dumps(key)}: {json.dumps(result[key])},\n" for key in KEYS[:-1]]
    lines = ",\n".join(f"    {json.dumps(one)}" for one in result["operations"])
    return "".join(["{\n", *head, '  "operations": [\n', lines, "\n  ]\n}\n"])


def file_name(result):
    shard = result["shard"]
    part = f".shard-{shard['index']}-of-{shard['of']}" if shard else ""
    return f"{result['board']}{part}.json"


def worst_of(operations):
    """The worst latency of the kernel's, the first of them; None without."""
    judged = [one for one in operations if one["points"] and not one["held_off"]]
    return max(judged, key=lambda one: one["worst"], default=None)


def text(result):
    lines = [["operation", "level", "points", "min", "worst", "masked", "in", "pc",
              "source"]]
    for one in result["operations"]:
        cells = [one["points"], one["min"], one["worst"], inject_masks.cell(one),
                 *(one[key] for key in ("fn", "pc", "source"))]
        lines.append([one["op"], one["level"] + (", held off" if one["held_off"] else ""),
                      *("-" if cell is None else cell for cell in cells)])
    yield from report.columns(lines, left=(0, 1, 5, 6, 7, 8))
    worst = worst_of(result["operations"])
    if worst is None:
        yield "No latency of the kernel's is among these."
    else:
        yield (f"The worst instruction of the kernel: {worst['worst']} {result['unit']} at "
               f"{worst['pc']}, in {worst['fn']} ({worst['source'] or '?'}), during {worst['op']}")
        if not result["pairs"]:
            yield inject_masks.sentence(worst)


def rate(operations, seconds):
    points = sum(one["points"] for one in operations)
    return (f"{points} injections in {seconds:.1f} s, QEMU's starts included: "
            f"{points / max(seconds, 1e-9):.0f} a second")


def write(result, path):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(as_json(result), encoding="utf-8")
    print(f"written: {path}", flush=True)


def measure(board, images, out, *, names=(), pairs=False, shard=None, smp=None, verbose=False,
            image=IMAGE):
    """Prints the table and writes the file."""
    result, took = gather(board, images / image, names=names, pairs=pairs, shard=shard,
                          smp=smp_for(pairs, smp), verbose=verbose)
    for line in text(result):
        print(line)
    print(rate(result["operations"], took))
    write(result, out / file_name(result))


def smp_for(pairs, smp):
    """Pairs take the clock's timer, which other CPUs would use: one CPU."""
    if pairs and smp not in (None, "1"):
        raise say.Failure(f"--smp {smp} does not go with --pairs, which run on one CPU")
    return "1" if pairs else smp


def show_list(board, images, *, smp=None, verbose=False, image=IMAGE):
    every = {}
    for kind, fields in records_of(run_image(board, images / image, ["list"], smp=smp,
                                             verbose=verbose)):
        if kind == "op" and "," not in fields["name"]:
            every.setdefault(fields["name"], fields["pairs"])
    for name, in_pairs in every.items():
        print(f"{name}  (in pairs, too)" if in_pairs else name)


# -- shards put together

def is_whole(data):
    """Whether a file has everything that is looked at when it is merged."""
    if set(data) != set(KEYS) or not isinstance(data["operations"], list):
        return False
    shard = data["shard"]
    return ((shard is None or isinstance(shard, dict) and set(shard) == {"index", "of"}
             and all(isinstance(number, int) for number in shard.values()))
            and all(isinstance(one, dict) and set(one) == set(blank("", ""))
                    and isinstance(one["index"], int) for one in data["operations"]))


def read(path):
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise say.Failure(f"{path}: {getattr(error, 'strerror', None) or 'no JSON'}") from None
    if not isinstance(data, dict) or data.get("schema") != SCHEMA or not is_whole(data):
        raise say.Failure(f"{path}: no file of {SCHEMA}, or an older version's: run it again")
    return data


def merged(shards, names):
    """The campaign that these shards are of, whatever their order; `names`: what to call them."""
    for one, name in zip(shards, names, strict=True):
        if not one["shard"]:
            raise say.Failure(f"{name}: no shard, but a whole campaign")
        for key in (key for key in KEYS if key not in ("shard", "operations")):
            # A shard in which nothing ran has been told neither.
            if one[key] != shards[0][key] and not (key in ("unit", "clock_hz") and
                                                   None in (one[key], shards[0][key])):
                raise say.Failure(f"{names[0]} and {name} differ in {key}: {shards[0][key]} and "
                                  f"{one[key]}")
    total = shards[0]["shard"]["of"]
    indices = sorted(one["shard"]["index"] for one in shards)
    if any(one["shard"]["of"] != total for one in shards):
        raise say.Failure("these are shards of different numbers of shards")
    doubled = sorted({index for index in indices if indices.count(index) > 1})
    missing = [index for index in range(1, total + 1) if index not in indices]
    for what, which in (("doubled", doubled), ("missing", missing)):
        if which:
            raise say.Failure(f"{what}: shard {', '.join(map(str, which))} of {total}")
    operations = sorted((o for one in shards for o in one["operations"]), key=lambda o: o["index"])
    if [one["index"] for one in operations] != list(range(len(operations))):
        raise say.Failure("the shards' operations do not add up to a campaign")
    ran = next((one for one in shards if one["operations"]), shards[0])
    return {**ran, "shard": None, "operations": operations}


def merge(paths, out, default):
    """Writes the merged file: to `out`, or below `default` by its board."""
    result = merged([read(path) for path in paths], paths)
    for line in text(result):
        print(line)
    write(result, Path(out) if out else default / file_name(result))


def chosen_by(args):
    """The options of this tool, as measure() wants them."""
    shard = shard_of(args.shard) if args.shard is not None else shard_of_environment(os.environ)
    names = [name for word in args.op or () for name in word.split(",")]
    smp_for(args.pairs, args.smp)
    if args.output is not None:
        raise say.Failure("-o goes with --merge: a campaign's file is named after its board")
    return {"names": list(dict.fromkeys(names)), "pairs": args.pairs, "shard": shard}


OPTIONS = ("op", "pairs", "shard", "merge", "output")


def add_options(parser):
    """Those of OPTIONS."""
    parser.add_argument("--op", action="append", metavar="NAME[,NAME]")
    parser.add_argument("--pairs", action="store_true")
    parser.add_argument("--shard", metavar="I/N")
    parser.add_argument("--merge", nargs="+", metavar="FILE")
    parser.add_argument("-o", "--output", metavar="FILE")


def main(argv=None):
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", default="qemu-virt")
    parser.add_argument("--images", type=Path, default=Path("build/qemu-virt/images"))
    parser.add_argument("--out", type=Path, default=Path("build/inject"))
    parser.add_argument("--smp", metavar="N", help="CPUs (what PIVOT_SMP says, or 1)")
    parser.add_argument("--verbose", action="store_true")
    parser.add_argument("--list", action="store_true")
    add_options(parser)
    args = parser.parse_args(argv)
    try:
        if args.merge:
            merge(args.merge, args.output, args.out)
        elif args.list:
            show_list(args.board, args.images, smp=args.smp, verbose=args.verbose)
        else:
            measure(args.board, args.images, args.out, smp=args.smp, verbose=args.verbose,
                    **chosen_by(args))
        return 0
    except say.Failure as failure:
        print(f"inject.py: {failure}", file=sys.stderr)
        return failure.status
    except machines.MachineError as error:
        print(f"inject.py: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
