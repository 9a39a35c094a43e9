#!/usr/bin/env python3
"""The SDK as its users have it: docs/examples/sampler from an installed copy, moved, in an empty
folder with blanks in its path; by add_subdirectory; and what must be refused.

    tests/sdk/check.py --board B --build build/B
"""

import argparse
import json
import os
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

# Beside the example's: what fails, and one that passes. How each ends is in SEEDED.
WRONG_SOURCE = """
#include "kern/pivot/check.hpp"
#include "kern/pivot/extend.hpp"
#include "spl/spl.hpp"
using namespace pivot;
namespace {
PIVOT_PROGRAM(g_two) = {"two", [](MayBlock const&) {
    PIVOT_CHECK(1 + 1 == 2);
    PIVOT_CHECK_EQUAL(1 + 1, 3);
}};
void goes(MayBlock const&) {}
void (*volatile g_go)(MayBlock const&) = &goes;
PIVOT_ROW(g_deep) = {"deep", "a frame that fits no stack", [](MayBlock const& context) {
    char volatile most[20'000];
    most[0] = 1;
    g_go(context);
    return u64{most[0]};
}};
PIVOT_DRIVER(g_driver) = {"gadget", [](MayBlock const&) { log("the gadget is attached"); }};
PIVOT_OPERATION(g_keeps) = {.name = "keeps_it", .run = [](MayBlock const&) {
    (void)splraise(Ipl::vm);
}};
}
"""
WRONG_TESTS = r"""
pivot_add_test(NAME wrong_text IMAGE sampler COMMANDS "sample" EXPECT "ticks early")
pivot_add_test(NAME wrong_order IMAGE sampler COMMANDS "spl" "cpus" EXPECT cpus ">.spl")
pivot_add_test(NAME unwanted IMAGE sampler REJECT "on qemu-[a-z]*")
pivot_add_test(NAME wrong_status IMAGE sampler COMMANDS "panic" STATUS 1)
pivot_add_test(NAME panics IMAGE sampler COMMANDS "panic" STATUS 3 EXPECT "on purpose" SMP 2)
pivot_add_test(NAME greets IMAGE sampler
  EXPECT "^the gadget is" "^Pivot on [-a-z0-9]+ with gadget; ")
pivot_add_test(NAME wrong_check IMAGE sampler PROGRAM two)
pivot_add_test(NAME no_program IMAGE sampler PROGRAM nosuch)
pivot_add_test(NAME no_end IMAGE sampler COMMANDS "spl" STATUS 0 TIMEOUT 2)
pivot_add_test(NAME many_cpus IMAGE sampler SMP 9999)
pivot_add_injection(NAME keeps IMAGE sampler OPERATIONS keeps_it)
pivot_add_injection(NAME no_operation IMAGE sampler OPERATIONS nosuch)
pivot_add_stacks(NAME deep IMAGE sampler POINTERS wrong.cpp "g_go\\(" "::goes\\(")
pivot_add_stacks(NAME pointer IMAGE sampler)
"""
SEEDED = {  # None: passes
    "wrong_text": "not printed: /ticks early/",
    "wrong_order": "not printed after the --expect before it: />.spl/",
    "unwanted": "printed, but must not be: /on qemu-[a-z]*/",
    "wrong_status": "QEMU's exit status is 3, expected 1",
    "panics": None,
    "greets": None,
    "wrong_check": "FAILED wrong.cpp:8: 1 + 1 is 2 (2), not 3 (3)",
    "no_program": "No program has a name that is on the command line; there are:",
    "no_end": "timed out after 2 s; last line printed: pivot>",
    "many_cpus": "--smp 9999: ",
    "keeps": "FAILED after keeps_it: the SPL is not back at none",
    "no_operation": "no operation is named 'nosuch'",
    "deep": "pivot_boot_thread_stack  TOO SMALL",
    "pointer": "FAULT: a call through an unknown pointer in",
}
# Behind the example's lists, and what is said.
WRONG_LISTS = (
    ("pivot_add_test(NAME t IMAGE nosuch)",
     "pivot_add_test(t): no image is named 'nosuch': pivot_add_image comes first"),
    ("pivot_add_test(NAME t IMAGE sampler EXPECTS x)",
     "pivot_add_test(t): no option is named 'EXPECTS': there are NAME, IMAGE, PROGRAM, STATUS, "
     "SMP, TIMEOUT, ARGS, COMMANDS, EXPECT, REJECT, EXACT"),
    ("pivot_add_test(IMAGE sampler)", "pivot_add_test(): a test has a NAME and an IMAGE"),
    ("pivot_add_test(NAME t IMAGE sampler EXPECT)",
     "pivot_add_test(t): nothing stands behind EXPECT"),
    ("pivot_add_test(NAME t IMAGE sampler STATUS bad)",
     "pivot_add_test(t): STATUS is a number, not 'bad'"),
    ("pivot_add_test(NAME t IMAGE sampler PROGRAM a COMMANDS b)",
     "pivot_add_test(t): PROGRAM or COMMANDS: a program runs instead of the shell"),
    ('pivot_add_test(NAME t IMAGE sampler REJECT "\\\\[error" panic)',
     "pivot_add_test(t): CMake takes what stands behind a bracket without its other one for one "
     "word with it: write \\x5b or \\x5d"),
    ("pivot_add_injection(NAME t IMAGE sampler OP x)",
     "pivot_add_injection(t): no option is named 'OP': there are NAME, IMAGE, SMP, OPERATIONS"),
    ("pivot_add_stacks(NAME t IMAGE sampler POINTERS a b)",
     "pivot_add_stacks(t): POINTERS are threes: file, line and to"),
)


class Wrong(Exception):
    pass


def that(holds, what):
    if not holds:
        raise Wrong(what)
    print(f"ok: {what}", flush=True)


def run(*words, cwd, status=0, **environment):
    done = subprocess.run([*map(str, words)], cwd=cwd, capture_output=True, text=True, check=False,
                          stdin=subprocess.DEVNULL, timeout=400, env=os.environ | environment)
    text = done.stdout + done.stderr
    if done.returncode != status:
        print(text)
        raise Wrong(f"{' '.join(map(str, words))}: status {done.returncode}, not {status}")
    return text


def compared(pivot, board, rows):
    """The file of its rows, beside others."""
    text = (rows.parent / "rows.csv").read_text(encoding="utf-8")
    that(re.search(rf"^pivot-bench/1,{board},instructions,sampler,\d+,", text, re.M),
         "its rows for a spreadsheet")
    text = (rows.parent / "rows.histograms/sampler.txt").read_text(encoding="utf-8")
    that("# Total: 000001000" in text, "and as cyclictest has them")
    text = run(pivot, "compare", rows, rows, cwd=rows.parent)
    that(text == f"{board}: 4 of 4 the same\n", "its rows are as they were")
    data = json.loads(rows.read_text(encoding="utf-8"))
    that(data["compiler"].startswith("GCC"), f"measured with {data['compiler']}")
    next(row for row in data["rows"] if row["name"] == "sampler")["median"] += 1
    slower = rows.parent / "slower.json"
    slower.write_text(json.dumps(data), encoding="utf-8")
    text = run(pivot, "compare", rows, slower, cwd=rows.parent, status=1)
    that(re.search(r"^sampler .* slower$", text, re.M), "an instruction more is a regression")
    run(pivot, "compare", slower, rows, cwd=rows.parent)
    kernel = ROOT / "tests/bench/baseline" / f"{board}.json"
    text = run(pivot, "compare", kernel, rows, cwd=rows.parent, status=2)
    that("not to be compared" in text and text.count("\n") == 1, "with the kernel's: refused")


def measured(pivot, board, image, folder):
    """Its row and its operation, by the runner."""
    run(pivot, "bench", image, "-o", folder / "rows.json", cwd=folder)
    rows = {row["name"]: row for row in json.loads((folder / "rows.json").read_text())["rows"]}
    row = rows["sampler"]
    that(row["samples"] == 1000 and 0 < row["min"] <= row["max"] < 500,
         f"its row: {row['min']} to {row['max']}")
    that(rows["irq_to_handler"]["min"] < row["min"], "and the kernel's beside it")
    compared(pivot, board, folder / "rows.json")
    text = run(pivot, "inject", image, "--op", "take_fresh", "--out", folder / "out", cwd=folder)
    that(re.search(r"^take_fresh +high +[1-9]\d+ ", text, re.M),
         "its operation is injected into")
    that("The worst instruction of the kernel" in text, "and its worst instruction is named")
    text = run(pivot, "inject", image, "--list", cwd=folder)
    that("take_fresh\n" in text and "mutex_pair\n" in text, "its operations are listed")
    that("no operation is named 'x'" in run(pivot, "inject", image, "--op", "x", cwd=folder,
                                            status=2), "an operation that is none is refused")
    taken = folder / "taken.json"
    taken.mkdir()
    text = run(pivot, "bench", image, "-o", taken, cwd=folder, status=2)
    that(text.endswith(f"pivot: {taken}: Is a directory\n"), "where it cannot write, it says so")


def answers(board, image, *lines, exact=False):
    """What the shell says to them."""
    with Guest(machines.qemu_command(board, image, exact=exact, smp=1), timeout=200) as guest:
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


def ctest(build, *words, status=0, **environment):
    """{test: whether it passed, what it printed} of a build folder's tests."""
    text = run("ctest", "--verbose", *words, cwd=build, status=status, **environment)
    found = {}
    for number, name, how in re.findall(r"Test +#(\d+): (\w+) \.* *(\**\w+)", text):
        printed = "\n".join(re.findall(rf"^{number}: (.*)", text, re.M))
        found[name] = how == "Passed", printed
    return found


def shards_are_merged(pivot, board, build):
    """Of the whole campaign, by the SDK's runner."""
    image, out = build / "images/sampler.elf", build / "shards"
    for shard in ("1/2", "2/2"):
        run(pivot, "inject", image, "--shard", shard, "--out", out, cwd=build)
    run(pivot, "inject", image, "--out", build / "whole", cwd=build)
    run(pivot, "inject", image, "--merge", *out.glob("*.json"), "-o", out / "all", cwd=build)
    that((out / "all").read_text() == (build / "whole" / f"{board}.json").read_text(),
         "shards merged are the campaign")


def passes_its_tests(board, build):
    """The example's own, as CTest runs them."""
    found = ctest(build)
    that(set(found) == {"no_tick_is_lost", "the_command_samples", "interrupted_anywhere",
                        "every_stack_suffices"} and
         all(passed for passed, _ in found.values()), f"ctest passes: {', '.join(found)}")
    ctest(build, "-R", "anywhere", GTEST_SHARD_INDEX="0", GTEST_TOTAL_SHARDS="2")
    that((build / "inject/interrupted_anywhere" / f"{board}.shard-1-of-2.json").is_file(),
         "a test runner's shards are honoured")


def fails_its_tests(pivot, board, project):
    """Tests that must fail do, and say why."""
    other = project.parent / "failing"
    shutil.copytree(EXAMPLE, other)
    (other / "wrong.cpp").write_text(WRONG_SOURCE.lstrip(), encoding="utf-8")
    lists = (other / "CMakeLists.txt").read_text(encoding="utf-8")
    lists = lists.replace("sampler.cpp", "sampler.cpp wrong.cpp") + WRONG_TESTS
    (other / "CMakeLists.txt").write_text(lists, encoding="utf-8")
    run(pivot, "build", other, "--board", board, cwd=other)
    found = ctest(other / "build", "-E", "tick|samples|anywhere|suffices", status=8)
    that(set(found) == set(SEEDED), "the tests that are to fail are run")
    for name, said in SEEDED.items():
        passed, text = found[name]
        if passed != (said is None) or (said or "") not in text:
            raise Wrong(f"{name}: passed: {passed}, and said: {text}")
        print(f"ok: {name}: {said or 'passes'}", flush=True)
    that("1 faults" in found["deep"][1] and "2 faults" in found["pointer"][1],
         "a pointer is no fault if the project says where it leads")
    (other / "build/images/sampler.elf").unlink()
    passed, text = ctest(other / "build", "-R", "no_tick", status=8)["no_tick_is_lost"]
    that(not passed and "sampler.elf: build it first" in text, "an image that is not built is told")


def traced(pivot, board, project):
    """The flavour that records events has sources of its own, and more on its stacks."""
    other = project.parent / "traced"
    shutil.copytree(EXAMPLE, other)
    lists = (other / "CMakeLists.txt").read_text(encoding="utf-8")
    (other / "CMakeLists.txt").write_text(lists.replace(" SOURCES", " FLAVOUR traced SOURCES"),
                                          encoding="utf-8")
    run(pivot, "build", other, "--board", board, cwd=other)
    text = run(pivot, "stacks", other / "build/images/sampler.elf", "--paths", cwd=other)
    that("pivot_trace_switch" in text, "a traced image builds, and its stacks suffice")


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
                        (lists.replace("CXX ASM", "CXX"), "project(... LANGUAGES CXX ASM)"),
                        (lists.replace("enable_testing()\n", ""), "(no_tick_is_lost): "
                         "enable_testing() must come first"),
                        *((lists + line + "\n", said) for line, said in WRONG_LISTS)):
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
    image = project / "build/images/sampler.elf"
    for words, said in ((("run", "none.elf"), "no such image"), (("build", "/"), "no CMakeLists"),
                        (("bench", image, "-o", "rows.csv"), "its name ends in .json"),
                        (("stacks", image, "--pointer", "a", "(", "b"), "--pointer: '(': missing"),
                        (("compare", "none.json", "none.json"), "none.json: No such file")):
        text = run(pivot, *words, cwd=project, status=2)
        that(said in text and text.count("\n") == 1, f"{words[0]}: {said}")


def check(board, build, place):
    lines = len((EXAMPLE / "sampler.cpp").read_text(encoding="utf-8").splitlines())
    that(lines < MOST_LINES, f"the example has {lines} lines")
    run("cmake", "--install", build, "--prefix", place / "as installed", cwd=place)
    # A program's word in the path is a word of nobody's command line.
    prefix, project = place / "where it is now", place / "a selftest of mine"
    (place / "as installed").rename(prefix)
    shutil.copytree(EXAMPLE, project)
    pivot, image = prefix / "bin" / "pivot", project / "build" / "images" / "sampler.elf"
    run(pivot, "build", project, "--board", board, cwd=place)
    that(image.is_file(), "it builds from an installed copy that was moved")
    measured(pivot, board, image, place)
    talked_to(board, image)
    passes_its_tests(board, project / "build")
    shards_are_merged(pivot, board, project / "build")
    fails_its_tests(pivot, board, project)
    traced(pivot, board, project)
    refused(pivot, board, project, "share/pivot/arch/aarch64/toolchain.cmake")

    within = place / "within"
    board, = machines.boards().keys() - {board}
    run("cmake", "-S", EXAMPLE, "-B", within, "-G", "Ninja", f"-DPIVOT_TREE={ROOT}",
        f"-DPIVOT_BOARD={board}", "--toolchain", ROOT / "arch/aarch64/toolchain.cmake", cwd=place)
    run("cmake", "--build", within, cwd=place)
    talked_to(board, within / "images" / "sampler.elf")
    passes_its_tests(board, within)
    that(True, f"all of it by add_subdirectory, too, for {board}")


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
