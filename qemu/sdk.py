"""The runner for images of your own (docs/your-own-driver.md): bin/pivot of an installed tree.

    pivot build [DIR] [--board B]        configures and builds a project in DIR/build
    pivot run IMAGE                      boots it: the shell, Ctrl-A X ends it
    pivot bench IMAGE [-o OUT.json]      the rows that it registers, exact
    pivot compare A.json B.json          two results of bench; status 1 if something is slower
    pivot inject IMAGE [--op NAME] ...   an interrupt at every instruction of its operations
    pivot stacks IMAGE [--paths] ...     the most that each context uses of its stack

IMAGE is an .elf of pivot_add_image, which has left beside it for which board it is.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "tests" / "stack")]

import bench  # noqa: E402
import callgraph  # noqa: E402
import check as stacks  # noqa: E402
import compare  # noqa: E402
import elf  # noqa: E402
import export  # noqa: E402
import inject  # noqa: E402
import machines  # noqa: E402
import report  # noqa: E402
import say  # noqa: E402
from guest import end_with_us  # noqa: E402

PREFIX = machines.ROOT.parent.parent


def board_of(image):
    if not image.is_file():
        raise say.Failure(f"no such image: {image}; pivot build makes it")
    told = image.with_suffix(".board")
    if not told.is_file():
        raise say.Failure(f"{image}: no {told.name} beside it: no image of pivot_add_image")
    name = told.read_text(encoding="utf-8").strip()
    machines.board(name)
    return name


def do_build(args):
    folder = args.directory
    if not (folder / "CMakeLists.txt").is_file():
        raise say.Failure(f"{folder}: no CMakeLists.txt there")
    build = folder / "build"
    words = ["cmake", "-S", str(folder), "-B", str(build), "-G", "Ninja", "--toolchain",
             str(machines.ROOT / "arch/aarch64/toolchain.cmake"), f"-DCMAKE_PREFIX_PATH={PREFIX}"]
    words += [f"-DPIVOT_BOARD={args.board}"] if args.board else []
    try:
        done = (subprocess.run(words, check=False).returncode or
                subprocess.run(["cmake", "--build", str(build)], check=False).returncode)
    except FileNotFoundError:
        raise say.Failure("cmake is not in PATH; on Debian and Ubuntu: apt-get install cmake "
                          "ninja-build g++-aarch64-linux-gnu qemu-system-arm") from None
    if done:
        raise say.Failure(f"{folder} does not build", 1)


def do_run(args):
    words = machines.qemu_command(board_of(args.image), args.image, smp=args.smp,
                                  serial="mon:stdio")
    os.execvp(words[0], words)


def do_bench(args):
    board = board_of(args.image)
    if args.output and args.output.suffix != ".json":
        raise say.Failure(f"-o {args.output}: its name ends in .json; the .csv lies beside it")
    records = bench.run_image(board, args.image, smp=args.smp or "1", verbose=False,
                              args=("bench",))
    keys = ("name", "min", "median", "p99", "max", "samples")
    print(*report.columns([[*keys[:-1], "samples", records.unit],
                           *([*(row[key] for key in keys), ""] for row in records.rows)]), sep="\n")
    for skip in records.skips:
        print(f"{skip['name']}: {skip['reason']}")
    if args.output:
        write(records, bench.facts_of(board, args.image, args.smp or "1",
                                      args.image.parent), args)


def write(records, facts, args):
    """The files of docs/results.md."""
    stem = args.output.with_suffix("")
    text = report.as_json(records, report.NO_RIVALS, image=args.image.stem, **facts)
    try:
        args.output.parent.mkdir(parents=True, exist_ok=True)
        args.output.write_text(text, encoding="utf-8")
        export.write(stem, json.loads(text))
    except OSError as error:
        raise say.Failure(f"{error.filename}: {error.strerror}") from None
    print(f"written: {stem}.json, .csv, .histograms")


def do_compare(args):
    return compare.main(args.files)


def do_stacks(args):
    board_of(args.image)
    listing = args.image.with_suffix(".objects")
    if not listing.is_file():
        raise say.Failure(f"{args.image}: no {listing.name} beside it: configure and build anew")
    try:
        return stacks.check_all([listing], args)
    except (callgraph.GraphError, elf.ElfError) as error:
        raise say.Failure(str(error)) from None


def do_inject(args):
    board, out = board_of(args.image), args.out or args.image.parent / "inject"
    if args.merge:
        inject.merge(args.merge, args.output, out)
        return
    if args.list:
        inject.show_list(board, args.image.parent, smp=args.smp or "1", image=args.image.name)
        return
    inject.measure(board, args.image.parent, out, smp=args.smp or "1", image=args.image.name,
                   **inject.chosen_by(args))


def arguments(argv):
    parser = argparse.ArgumentParser(prog="pivot", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build")
    build.add_argument("directory", type=Path, nargs="?", default=Path())
    build.add_argument("--board")
    comparison = commands.add_parser("compare")
    comparison.add_argument("files", type=Path, nargs=2, metavar="FILE.json")
    for name in ("run", "bench", "inject", "stacks"):
        command = commands.add_parser(name)
        command.add_argument("image", type=Path)
        if name == "stacks":
            stacks.add_options(command)
            continue
        command.add_argument("--smp", metavar="N")
        if name == "bench":
            command.add_argument("-o", "--output", type=Path)
        if name == "inject":
            command.add_argument("--out", type=Path)
            command.add_argument("--list", action="store_true")
            inject.add_options(command)
    return parser.parse_args(argv)


def main(argv=None):
    args = arguments(argv)
    end_with_us()
    try:
        does = {"build": do_build, "run": do_run, "bench": do_bench, "compare": do_compare,
                "inject": do_inject, "stacks": do_stacks}
        return does[args.command](args) or 0
    except say.Failure as failure:
        say.error(failure)
        return failure.status
    except (machines.MachineError, OSError) as error:
        say.error(error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
