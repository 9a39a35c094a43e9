#!/usr/bin/env python3
"""Holds the tree to its layers: who may include whom.

    tests/layering/check.py [--root DIR]      every violation on a line; status 1 if there is one
    tests/layering/check.py --self-test       a small tree with one violation of each rule in turn

The rules:
  leftwards   a file includes files of its own layer or of one to its left (LAYERS)
  cycle       no file includes itself through others
  conditional no #if on a processor or a controller outside arch/
  port        a CPU port's headers are reached as <cpu.hpp> by arch/contract and those right of it
              through that, never by the port's folder
  found       an included file of this tree exists, and is named from the tree's top
  exception   EXCEPTIONS holds no more than the tree needs
  place       source files lie in the folders of LAYERS and nowhere else
"""

import argparse
import re
import sys
import tempfile
from pathlib import Path

SUFFIXES = {".hpp", ".cpp", ".h", ".c", ".cc", ".S"}

# Left to right: a path that begins with the prefix belongs to the layer; the longest prefix
# decides.
LAYERS = [
    ["kern/base/"],
    ["arch/contract/", "arch/aarch64/", "arch/host/cpu.hpp", "arch/host/frame.hpp"],
    ["kern/trace/"],
    ["spl/"],
    ["mutex/"],
    ["spl/system/"],  # a lock, with its place in the lock order and the statistics
    ["kern/"],
    ["intr/"],
    ["spl/legacy/"],  # which also sleeps and wakes
    # The host's port is a whole machine, controller included; the kernel sees its cpu.hpp alone.
    ["arch/dev/", "arch/host/"],
    ["arch/board/"],
    # What an image does, and the boot order that brings it there: they stand on everything.
    ["kern/main.cpp", "kern/secondary.", "kern/pivot/"],
    ["tests/"],
    ["docs/examples/"],  # what is written outside of the tree: on everything, and in no image of it
]
RANK = {prefix: rank for rank, prefixes in enumerate(LAYERS) for prefix in prefixes}

# The only folders at the tree's top that hold sources: a layer beside them is a mistake.
TOP = ("arch/", "kern/", "intr/", "mutex/", "spl/", "tests/", "qemu/", "docs/")

# The folders of the ports: each has the same file names, and a build sees one of them.
PORTS = ["arch/aarch64/", "arch/host/"]

# Who may include a port's headers, besides the port itself. Everyone else goes through the
# contract.
PORT_USERS = {
    "arch/contract/cpu.hpp": {"cpu.hpp"},
    "kern/main.cpp": {"bring_up.hpp", "mmu.hpp"},
    "kern/secondary.cpp": {"bring_up.hpp", "psci.hpp"},
    "kern/pivot/machine.cpp": {"psci.hpp", "semihosting.hpp"},
    "kern/pivot/memory_map.cpp": {"mmu.hpp"},
}

# Includes that go rightwards all the same, each with its reason. One that is not needed is an
# error.
EXCEPTIONS = {
    # The simulated machine is CPU and controller in one, and the controller satisfies intr's
    # concept.
    ("arch/host/cpu.hpp", "arch/host/sim_cpu.hpp"),
}

# What distinguishes processors and controllers; a board's choices are constants of its structure.
ARCHITECTURE = re.compile(
    r"\b(__aarch64__|__AARCH64\w+|__arm__|__ARM\w+|__x86_64__|__amd64__|__i386__|__riscv\w*"
    r"|__linux__|PIVOT_GIC|PIVOT_(ARCH|BOARD|HOST|CPU|PORT)\w*)\b")

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
CONDITIONAL = re.compile(r"^\s*#\s*(?:if|ifdef|ifndef|elif|elifdef|elifndef)\b(.*)")


def sources(root):
    """The tree's source files as paths from its top; what a build or git made is not the tree's."""
    for file in sorted(root.rglob("*")):
        path = file.relative_to(root)
        if path.suffix in SUFFIXES and path.parts[0] not in ("build", ".git", ".cache"):
            yield path.as_posix()


def rank_of(path):
    """The layer, counted from the left; None outside the layers."""
    prefixes = [prefix for prefix in RANK if path.startswith(prefix)]
    return RANK[max(prefixes, key=len)] if prefixes else None


def port_of(path):
    return next((port for port in PORTS if path.startswith(port)), None)


def lines_of(root, path):
    """The file's lines, with those that a backslash splits joined to the first."""
    text = (root / path).read_text(encoding="utf-8", errors="replace")
    pending, first = "", 0
    for number, line in enumerate(text.splitlines(), 1):
        first = first or number
        if line.endswith("\\"):
            pending += line[:-1] + " "
            continue
        yield first, pending + line
        pending, first = "", 0


def targets(path, bracket, name, files):
    """The tree's files that an include may mean: one, or a port's header in each port. Empty: a
    system header, or nothing."""
    if name in files:
        return [name]
    own = path.rpartition("/")[0] + "/" + name
    if bracket == '"' and own in files and port_of(path):
        return [own]  # within a port
    if "/" not in name:
        return [port + name for port in PORTS if port + name in files]
    return []


def goes_right(path, target):
    return None not in (rank_of(path), rank_of(target)) and rank_of(target) > rank_of(path)


def check_include(path, bracket, name, found):
    """The rules that one include breaks."""
    if not found:
        if bracket == '"':
            yield f"found: \"{name}\" is no file of this tree, named from its top"
        return
    port = port_of(found[0])
    if port and port_of(path) != port and not path.startswith("tests/"):
        if name.startswith(port) or name not in PORT_USERS.get(path, ()):
            yield f"port: {name} is the port's own; use arch/contract/"
    for target in found:
        if goes_right(path, target) and (path, target) not in EXCEPTIONS:
            yield f"leftwards: includes {target}, which lies to its right"


def cycles(graph):
    """Each cycle of includes once, as the list of its files."""
    state, trail = {}, []

    def visit(path):
        state[path] = "open"
        trail.append(path)
        for target in graph.get(path, ()):
            if state.get(target) == "open":
                yield trail[trail.index(target):]
            elif target not in state:
                yield from visit(target)
        trail.pop()
        state[path] = "done"

    for path in graph:
        if path not in state:
            yield from visit(path)


def violations(root):
    files = set(sources(root))
    graph = {}
    for path in sorted(files):
        if rank_of(path) is None or not path.startswith(TOP):
            yield f"{path}: place: no layer has this folder"
        for number, line in lines_of(root, path):
            condition = CONDITIONAL.match(line)
            if condition and not path.startswith("arch/"):
                name = ARCHITECTURE.search(condition[1])
                if name:
                    yield f"{path}:{number}: conditional: {name[0]} is known only in arch/"
            include = INCLUDE.match(line)
            if include:
                found = targets(path, *include.groups(), files)
                graph.setdefault(path, []).extend(found)
                for text in check_include(path, *include.groups(), found):
                    yield f"{path}:{number}: {text}"
    for path, target in sorted(EXCEPTIONS):
        if path in files and not (target in graph.get(path, ()) and goes_right(path, target)):
            yield f"{path}: exception: that for {target} is not needed"
    for cycle in cycles(graph):
        yield f"{cycle[0]}: cycle: {' -> '.join([*cycle, cycle[0]])}"


# A tree without a violation, and what is added to it so that one rule is broken.
SOUND = {
    "kern/base/types.hpp": "#include <cstdint>\n",
    "arch/contract/cpu.hpp": '#include "kern/base/types.hpp"\n#include <cpu.hpp>\n',
    "arch/contract/upcalls.hpp": "",
    "arch/aarch64/cpu.hpp": '#include "frame.hpp"\n#if PIVOT_GIC == 3\n#endif\n',
    "arch/aarch64/frame.hpp": "",
    "arch/host/cpu.hpp": '#include "kern/base/types.hpp"\n#include "arch/host/sim_cpu.hpp"\n',
    "arch/host/sim_cpu.hpp": "",
    "spl/spl.hpp": '#include "arch/contract/cpu.hpp"\n#ifdef PIVOT_CHECKED\n#endif\n',
    "mutex/park.hpp": "",
    "kern/park.cpp": '#include "mutex/park.hpp"\n',
    "kern/sched.hpp": '#include "spl/spl.hpp"\n',
    "intr/line.hpp": '#include "kern/sched.hpp"\n',
    "kern/main.cpp": '#include "intr/line.hpp"\n',
    "tests/unit/line.cpp": '#include "intr/line.hpp"\n#include "arch/host/cpu.hpp"\n',
    "build/made.hpp": '#include "nowhere.hpp"\n',
}
SEEDED = [
    ("leftwards", "mutex/wrong.hpp", '#include "kern/sched.hpp"\n'),
    ("leftwards", "kern/base/wrong.hpp", '#include "spl/spl.hpp"\n'),
    ("leftwards", "kern/wrong.hpp", '#include "intr/line.hpp"\n'),
    ("leftwards", "arch/aarch64/wrong.S", '#include "intr/line.hpp"\n'),
    ("leftwards", "intr/wrong.cpp", '#  include "tests/unit/line.cpp"\n'),
    ("cycle", "mutex/park.hpp", '#include "mutex/turn.hpp"\n#include "mutex/turn.hpp"\n'),
    ("conditional", "spl/wrong.hpp", "#if defined(__aarch64__)\n#endif\n"),
    ("conditional", "kern/wrong.cpp", "#ifdef A\n#elif \\\n    PIVOT_GIC == 3\n#endif\n"),
    ("port", "spl/wrong.hpp", '#include "arch/aarch64/cpu.hpp"\n'),
    ("port", "kern/wrong.hpp", "#include <frame.hpp>\n"),
    ("found", "intr/wrong.hpp", '#include "line.hpp"\n'),
    ("exception", "arch/host/cpu.hpp", '#include "kern/base/types.hpp"\n'),
    ("place", "drivers/disk.cpp", ""),
    ("place", "top.cpp", ""),
]


def plant(root, files):
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def self_test():
    """Every seeded violation is reported, by its rule and alone; the sound tree is silent."""
    missed = 0
    for rule, path, text in [("", "", ""), *SEEDED]:
        with tempfile.TemporaryDirectory() as directory:
            root = Path(directory)
            plant(root, {**SOUND, "mutex/turn.hpp": '#include "mutex/park.hpp"\n'})
            if path:
                plant(root, {path: text})
            found = sorted(violations(root))
        wanted = [] if not path else [rule]
        held = [line.split(": ")[1] for line in found] == wanted
        missed += not held
        print("ok  " if held else "FAIL", f"{rule} in {path}:" if path else "the sound tree:",
              "; ".join(found) or "silent")
    return missed


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--root", type=Path, default=Path(__file__).resolve().parents[2])
    parser.add_argument("--self-test", action="store_true")
    args = parser.parse_args()
    if args.self_test:
        return 1 if self_test() else 0
    found = list(violations(args.root))
    files = sum(1 for _ in sources(args.root))
    print(*found, f"{len(found)} violations in {files} files", sep="\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
