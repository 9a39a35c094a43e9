"""What no compiler can tell about the kernel's stacks: assembly, pointers, and what never happens.

Numbers in capitals are those of arch/aarch64/frame.hpp. Patterns are searched for in a function's
declaration as the compiler spells it, "static void pivot::Scheduler::preempt()".
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

FRAME_HEADER = "arch/aarch64/frame.hpp"


@dataclass(frozen=True)
class Constants:
    """The #defines of frame.hpp."""
    values: dict

    def __getitem__(self, name):
        return self.values[name]

    @staticmethod
    def read(root):
        found = {}
        text = (root / FRAME_HEADER).read_text(encoding="utf-8")
        for name, value in re.findall(r"^#define (\w+) (.+)$", text, re.MULTILINE):
            words = value.strip("() ").split(" << ")
            numbers = [found.get(w, w) for w in words]
            try:
                numbers = [int(str(n), 0) for n in numbers]
            except ValueError:
                continue    # not a number that matters here
            found[name] = numbers[0] << numbers[1] if len(numbers) == 2 else numbers[0]
        return Constants(found)


# The two switches leave the stack that they are called on behind them. In a traced kernel they note
# on it, above a frame of their own, who is current from there on.
SWITCHES = ("pivot_switch_threads", "pivot_enter_bottom_half")
# The other functions in assembly put nothing on the stack that they are called on.
ASSEMBLY = (
    "pivot_capture",
    "pivot_irq_special",
    "pivot_irq_holding",    # 16 bytes, counted with each top half (contexts.py)
)

@dataclass(frozen=True)
class Registered:
    """The functions that the records of a list name (kern/pivot/extend.hpp)."""
    list: str
    words: str = ""         # of these, what the declaration has


# The thread's own function: each thread is looked at by itself.
THREAD = "the thread's function"
CONSOLE = (r"pivot::\{anonymous\}::write\(const char\*, pivot::usize\)",
           r"pivot::start_polled_console\(\)::<lambda")
POLLED = CONSOLE[1:]


@dataclass(frozen=True)
class Pointer:
    """Where a call through a pointer leads, by the file and the text of the line that it is in."""
    file: str
    line: str
    to: tuple               # patterns, Registered, or THREAD
    or_none: bool = False   # an image need not have any


POINTERS = (
    # The kernel.
    Pointer(r"kern/\w+\.cpp", r"entry_\(", (THREAD,)),
    Pointer(r"kern/callout\.cpp", r"function_\(", (r"pivot::Callout::call\(",), or_none=True),
    Pointer(r"kern/cross_call\.cpp", r"function\(", (r"ThreadStart::wake_with\(",), or_none=True),
    Pointer(r"intr/continuation\.cpp", r"let_come\(",
            (r"LockedContinuation::leave_mutex\(", r"Continuation::cancel_and_wait\(.*<lambda"),
            or_none=True),
    Pointer(r"kern/clock\.cpp", r"alarm\(", (r"pivot::GenericTimer<.*>::arm\(",)),
    Pointer(r"intr/line\.cpp", r"mask_line\(", (r"::disable\(pivot::u32\)",)),
    Pointer(r"intr/deferral\.cpp", r"locked_\(", (r"LockedContinuation::run_locked\(",),
            or_none=True),
    # Each top half is counted by itself; what stands before it, along with it (WATCHED, below).
    Pointer(r"intr/line\.cpp", r"info\.(handler|ends)\(", (), or_none=True),
    Pointer(r"intr/line_share\.cpp", r"share->ask\(", (r"TopHalfEntry::ask\(",), or_none=True),
    Pointer(r"intr/errand\.cpp", r"function\(",
            (r"pivot::(Shared)?Lines<.*>::\w+\(pivot::u32\)", r"pivot::\w+_here\(pivot::u32\)"),
            or_none=True),
    Pointer(r"intr/storm\.cpp", r"controls_\.",
            (r"::enable\(pivot::u32\)", r"::disable\(pivot::u32\)"), or_none=True),
    Pointer(r"intr/threaded_line\.cpp", r"serve_\(", (r"LineModels<.*>::call\(",), or_none=True),
    Pointer(r"intr/line_hold\.cpp", r"deactivate_line\(", (r"::deactivate\(pivot::u32\)",)),
    Pointer(r"arch/\w+/backtrace\.cpp", r"visit\(", (r"::visit\(void\*, pivot::uptr",)),
    Pointer(r"kern/base/format\.cpp", r"sink\(", (r"\(void\*, const char\*, pivot::usize\)$",)),
    Pointer(r"kern/base/log\.cpp", r"g_console\(", CONSOLE),
    # The console's reader and the shell.
    Pointer(r"arch/dev/serial_port\.hpp", r"reader\.wants\(", (r"image_main.*<lambda\(\)>",),
            or_none=True),
    Pointer(r"arch/dev/serial_port\.hpp", r"reader\.take\(",
            (r"image_main.*<lambda\(.*Received&\)>", r"\bhear\("), or_none=True),
    Pointer(r"kern/pivot/image\.cpp", r"console\(\)\(", CONSOLE),
    Pointer(r"kern/shell/line_editor\.cpp", r"echo_\(", (r"::echo\(const char\*",)),
    Pointer(r"kern/shell/line_editor\.cpp", r"complete_\(", (r"pivot::Shell::complete\(",)),
    Pointer(r"kern/shell/shell\.cpp", r"->run\(",
            (r"\bbool pivot::(\{anonymous\}::)?\w+\(const MayBlock&, const Words&\)",
             Registered("commands"))),
    # What is registered (kern/pivot/extend.hpp).
    Pointer(r"kern/pivot/image\.cpp", r"driver\.attach\(", (Registered("drivers"),),
            or_none=True),
    Pointer(r"kern/pivot/image\.cpp", r"program\.run\(", (Registered("programs"),)),
    Pointer(r"tests/bench/own\.cpp", r"row\.(sample|open|close)\(", (Registered("rows"),)),
    Pointer(r"tests/bench/campaign\.cpp", r"lists\[i\]\(",
            (r"operations\(const (pivot::)?MayBlock&\)",)),
    Pointer(r"kern/shell/shell\.cpp", r"more\(", (r"pivot::console_wanted\(",)),
    # Scenarios, and what they have a probe do.
    Pointer(r"tests/trace/trace\.cpp", r"scenario\.run\(",
            (r"void pivot::\{anonymous\}::[a-z_]+\(const (pivot::)?MayBlock&\)$",)),
    Pointer(r"tests/target/probes\.hpp", r"does\(Here",
            (r"void pivot::\{anonymous\}::\w+\(.*\)::<lambda\(const pivot::test::Here&\)>",)),
    Pointer(r"tests/target/probes\.hpp", r"schedule_\(token_",
            (r"test::Here::Here<.*<lambda\(const void\*, pivot::Continuation&\)>",)),
    # The injection: each operation is called from the same few lines.
    Pointer(r"tests/bench/injector\.cpp", r"operation\.run\(|operation\.check\(",
            (r"pivot::inject::\{anonymous\}::\w+\(const pivot::(MayBlock|TopHalf<.*>)&\)",
             r"pivot::inject::\{anonymous\}::\w+\(\)$", Registered("operations"))),
    Pointer(r"tests/bench/injector\.cpp", r"\balso\(",
            (r"pivot::inject::\{anonymous\}::\w+\(const pivot::TopHalf<.*>&\)",
             Registered("operations", r"TopHalf<")), or_none=True),
)

# Those of a project's own sources, as the command line says them (--pointer).
OWN_POINTERS = []

# A panic runs on the stack that it finds, with interrupts masked. Its report prints by polling.
PANIC = r"^void pivot::panic\("
# What says more before it panics, and has the console poll first, so that the console's own lock
# does not bring it back to itself. Checked kernels.
LAST_WORDS = r"::LockOrder::fail\(|::panic_about\("

# Who enters C++ from assembly, and in which context (contexts.py). A name that is in nobody's list
# is a fault: a context that nobody has looked at.
ENTRIES = {
    "boot": ("pivot_mmu_build", "pivot_boot_secure_gic"),
    "main": ("pivot_main",),
    "idle": ("pivot_secondary_main",),
    "bottom half": ("pivot_attend", "pivot_bottom_half_retire", "pivot_bottom_half_more",
                    "pivot_preempt_pinned"),
    "switch": ("pivot_trace_current",),
    "interrupt exit": ("pivot_attend_pass",),
    "fault": ("pivot_fault",),
}


def entries(graph, context):
    """The functions that assembly calls there: those that the image has."""
    return [graph.functions[name] for name in ENTRIES[context] if name in graph.functions]


# A top half covers every soft level: no bottom half is entered and no thread switched to from
# interrupt exit's pass, or from a splx, on the interrupt stack. Asserted in checked builds.
NEVER_IN_A_TOP_HALF = re.compile("^pivot_enter_bottom_half$|^pivot_switch_threads$"
                                 "|Scheduler7preempt")

TOP_HALF = r"\(void\*, void\*\)( \[with|$)"
LEVEL = r"pivot::Ipl L = pivot::Ipl::(\w+)"
# The one top half whose line lies above the level that its type names.
STOP = r"auto Fn = pivot::stop_top_half;"
# Stands before any top half, while that is measured or limited.
WATCHED = r"::watched(_holding)?\(void\*, void\*\)"
# And pivot_irq_holding before one whose line may stay active: its frame record.
HOLDING = 16
CONTINUATION = r"ThreadStart::continue_with\("
THREAD_FUNCTION = r"ThreadStart::run\("
BOTTOM_HALF_STACKS = r"bottom_half_stacks"


@dataclass(frozen=True)
class Reentry:
    """A call that closes a ring, but is taken once at most, for a reason that must be given."""
    caller: str
    callee: str
    reason: str


REENTRIES = (
    Reentry(r"attend_pass\(|attend_soft\(", r"CrossCall::run_all_here\(",
            "the calls run with every soft level held off: a splx among what they do looks at "
            "held-off lines, never at calls"),
    Reentry(r"attend_pass\(|attend_soft\(", r"look_whether_softclock_has_rested\(",
            "it runs with every soft level held off, too: a splx in it lets held-off lines in, and "
            "looks at no soft level"),
)


@lru_cache(maxsize=None)
def lines_of(file):
    try:
        return Path(file).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def pointer_at(place):
    """The rule for the pointer that is called at file:line; None if there is none."""
    file, _, number = place.rpartition(":")
    text = "".join(lines_of(file)[int(number) - 1:int(number)]) if number.isdigit() else ""
    return next((p for p in (*OWN_POINTERS, *POINTERS) if re.search(f"(^|/){p.file}$", file)
                 and re.search(p.line, text)), None)


def is_panic(function):
    return re.search(PANIC, function.words) is not None


def is_last_words(function):
    return re.search(LAST_WORDS, function.words) is not None
