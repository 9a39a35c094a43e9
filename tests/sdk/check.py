#!/usr/bin/env python3
"""The SDK as its users have it: docs/examples/sampler from an installed copy, moved, in an empty
folder with blanks in its path; by add_subdirectory; and what must be refused.

    tests/sdk/check.py --board B --build build/B
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

sys.dont_write_bytecode = True
ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "qemu"))

import machines  # noqa: E402
from guest import Guest  # noqa: E402

EXAMPLE = ROOT / "docs" / "examples" / "sampler"
MOST_LINES = 100
# Sound, but for what a top half may not do.
WRONG = ('    sampler.next.schedule(context);\n',
         '    static constinit AdaptiveMutex wrong{"wrong"};\n    wrong.lock(context);\n')


class Wrong(Exception):
    pass


def that(holds, what):
    if not holds:
        raise Wrong(what)
    print(f"ok: {what}", flush=True)


def run(*words, cwd, status=0):
    done = subprocess.run([*map(str, words)], cwd=cwd, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=200)
    text = done.stdout + done.stderr
    if done.returncode != status:
        print(text)
        raise Wrong(f"{' '.join(map(str, words))}: status {done.returncode}, not {status}")
    return text


def measured(pivot, image, folder):
    """Its row and its operation, by the runner."""
    run(pivot, "bench", image, "-o", folder / "rows.json", cwd=folder)
    rows = {row["name"]: row for row in json.loads((folder / "rows.json").read_text())["rows"]}
    row = rows["sampler"]
    that(row["samples"] == 1000 and 0 < row["min"] <= row["max"] < 500,
         f"its row: {row['min']} to {row['max']}")
    that(rows["irq_to_handler"]["min"] < row["min"], "and the kernel's beside it")
    text = run(pivot, "inject", image, "--op", "take_fresh", "--out", folder / "out", cwd=folder)
    that(re.search(r"^take_fresh +high +[1-9]\d+ ", text, re.M),
         "its operation is injected into")
    that("The worst instruction of the kernel" in text, "and its worst instruction is named")
    that("no operation is named 'x'" in run(pivot, "inject", image, "--op", "x", cwd=folder,
                                            status=2), "an operation that is none is refused")
    text = run(pivot, "bench", image, "-o", folder, cwd=folder, status=2)
    that(text.endswith(f"pivot: {folder}: Is a directory\n"), "where it cannot write, it says so")


def answers(board, image, *lines, exact=False):
    """What the shell says to them."""
    with Guest(machines.qemu_command(board, image, exact=exact, smp=1), timeout=60) as guest:
        for line in (*lines, "halt"):
            guest.wait_for(rb"pivot> ")
            guest.send(line.encode() + b"\n")
        that(guest.wait() == 0, "the shell ends as it should")
        return guest.output.decode().replace("\r", "")


def talked_to(board, image):
    """Its command, in the shell."""
    text = answers(board, image, "help", "sample", "sample on 100", "bench irq_to_thread",
                   "bench nosuch", "sample off", "sample on", "bench sampler")
    that(re.search(r"^sample +\[on US\|off\] +how late", text, re.M), "help has its command")
    that("> sample\n0 samples, 0 ticks late\n" in text, "which runs")
    that(re.search(r"sample off\n[1-9]\d* samples, [1-9]\d* ticks late\n", text), "and has sampled")
    that("usage: sample [on US|off]" in text, "or says how it is used")
    text += answers(board, image, "inject take_fresh", exact=True)
    that(re.search(r"^take_fresh +[1-9]", text, re.M), "the shell's inject has its operation")
    that(re.search(r"^sampler +[1-9]", text, re.M), "the shell's bench has its row")


def refused(pivot, board, project, toolchain):
    """What is wrong is told in one sentence, and nothing is built."""
    source = project / "sampler.cpp"
    sound = source.read_text(encoding="utf-8")
    that(WRONG[0] in sound, "the example has the line that is made wrong")
    header = '#include "mutex/adaptive_mutex.hpp"\n'
    wrong = header + sound.replace(*WRONG)
    source.write_text(wrong, encoding="utf-8")
    text = run("cmake", "--build", project / "build", cwd=project, status=1)
    that("error:" in text and "sampler.cpp" in text and "wrong.lock" in text,
         "a top half that may sleep does not compile")
    source.write_text(sound, encoding="utf-8")
    run(pivot, "build", project, cwd=project)
    that(True, "and without it, does")

    lists = (project / "CMakeLists.txt").read_text(encoding="utf-8")
    for wrong, said in ((lists.replace("BOARD ${PIVOT_BOARD}", "BOARD amiga"),
                         "no board is named 'amiga': use qemu-virt or qemu-virt-gicv2"),
                        (lists.replace(" SOURCES", " FLAVOUR vanilla SOURCES"),
                         "no flavour is named 'vanilla': use release, checked or traced"),
                        (lists.replace(" SOURCES", ""), "its sources stand behind SOURCES"),
                        (lists.replace("CXX ASM", "CXX"), "project(... LANGUAGES CXX ASM)")):
        other = project.parent / "refused"
        other.mkdir()
        (other / "CMakeLists.txt").write_text(wrong, encoding="utf-8")
        text = run(pivot, "build", other, "--board", board, cwd=other, status=1)
        that(said in " ".join(text.split()), said)
        shutil.rmtree(other)
    text = " ".join(run("cmake", "-S", project, "-B", project.parent / "host build",
                        f"-DCMAKE_PREFIX_PATH={pivot.parent.parent}", cwd=project,
                        status=1).split())
    that("is not a cross compiler for AArch64" in text and toolchain in text.replace("/ ", "/"),
         "the host's compiler is refused, with the toolchain to use")
    for words, said in ((("run", "none.elf"), "no such image"), (("build", "/"), "no CMakeLists")):
        text = run(pivot, *words, cwd=project, status=2)
        that(said in text and text.count("\n") == 1, f"{words[0]}: {said}")


def check(board, build, place):
    lines = len((EXAMPLE / "sampler.cpp").read_text(encoding="utf-8").splitlines())
    that(lines < MOST_LINES, f"the example has {lines} lines")
    run("cmake", "--install", build, "--prefix", place / "as installed", cwd=place)
    prefix, project = place / "where it is now", place / "my sampler"
    (place / "as installed").rename(prefix)
    shutil.copytree(EXAMPLE, project)
    pivot, image = prefix / "bin" / "pivot", project / "build" / "images" / "sampler.elf"
    run(pivot, "build", project, "--board", board, cwd=place)
    that(image.is_file(), "it builds from an installed copy that was moved")
    measured(pivot, image, place)
    talked_to(board, image)
    refused(pivot, board, project, "share/pivot/arch/aarch64/toolchain.cmake")

    within = place / "within"
    run("cmake", "-S", EXAMPLE, "-B", within, "-G", "Ninja", f"-DPIVOT_TREE={ROOT}",
        f"-DPIVOT_BOARD={board}", "--toolchain", ROOT / "arch/aarch64/toolchain.cmake", cwd=place)
    run("cmake", "--build", within, cwd=place)
    talked_to(board, within / "images" / "sampler.elf")
    that(True, "all of it by add_subdirectory, too")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--board", required=True)
    parser.add_argument("--build", required=True, type=Path)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="pivot sdk ") as place:
        try:
            check(args.board, args.build.resolve(), Path(place))
        except Wrong as wrong:
            print(f"FAILED: {wrong}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
