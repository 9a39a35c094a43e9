"""The runner for images of your own (docs/your-own-driver.md): bin/pivot of an installed tree.

    pivot build [DIR] [--board B]        configures and builds a project in DIR/build
    pivot run IMAGE                      boots it: the shell, Ctrl-A X ends it
    pivot bench IMAGE [-o OUT.json]      the rows that it registers, exact
    pivot inject IMAGE [--op NAME] ...   an interrupt at every instruction of its operations

IMAGE is an .elf of pivot_add_image, which has left beside it for which board it is.
"""

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import bench  # noqa: E402
import inject  # noqa: E402
import machines  # noqa: E402
import report  # noqa: E402
import say  # noqa: E402
from guest import end_with_us  # noqa: E402

SCHEMA = "pivot-own/1"
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
    records = bench.run_image(board, args.image, smp=args.smp or "1", verbose=False,
                              args=("bench",))
    keys = ("name", "min", "median", "p99", "max", "samples")
    print(*report.columns([[*keys[:-1], "samples", records.unit],
                           *([*(row[key] for key in keys), ""] for row in records.rows)]), sep="\n")
    for skip in records.skips:
        print(f"{skip['name']}: {skip['reason']}")
    if args.output:
        rows = [{key: row[key] for key in (*keys, "counts")} for row in records.rows]
        result = {"schema": SCHEMA, "board": board, "unit": records.unit,
                  "clock_hz": records.clock_hz, "rows": rows}
        args.output.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        print(f"written: {args.output}")


def do_inject(args):
    board = board_of(args.image)
    inject.measure(board, args.image.parent, args.out or args.image.parent / "inject",
                   smp=args.smp or "1", image=args.image.name, **inject.chosen_by(args))


def arguments(argv):
    parser = argparse.ArgumentParser(prog="pivot", description=__doc__.partition("\n")[0])
    commands = parser.add_subparsers(dest="command", required=True)
    build = commands.add_parser("build")
    build.add_argument("directory", type=Path, nargs="?", default=Path())
    build.add_argument("--board")
    for name in ("run", "bench", "inject"):
        command = commands.add_parser(name)
        command.add_argument("image", type=Path)
        command.add_argument("--smp", metavar="N")
        if name == "bench":
            command.add_argument("-o", "--output", type=Path)
        if name == "inject":
            command.add_argument("--out", type=Path)
            inject.add_options(command)
    return parser.parse_args(argv)


def main(argv=None):
    args = arguments(argv)
    end_with_us()
    try:
        {"build": do_build, "run": do_run, "bench": do_bench, "inject": do_inject}[args.command](
            args)
        return 0
    except say.Failure as failure:
        say.error(failure)
        return failure.status
    except (machines.MachineError, OSError) as error:
        say.error(error)
        return 2


if __name__ == "__main__":
    sys.exit(main())
