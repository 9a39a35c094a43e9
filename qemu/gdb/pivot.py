"""Commands for gdb-multiarch on a Pivot kernel; ./pivot debug loads this file.

    pivot-thread     the current thread, its stack, the SPL, what waits
    pivot-intstack   the interrupt stack: how full, and who is nested on whom
    pivot-lines      the lines in use: top half, IPL, count
    pivot-type TEXT  types TEXT and a return at the kernel's console

They only read the kernel's memory, through its own types: no structure is described here again.
"""

import os
import sys
from collections import Counter
from pathlib import Path

import gdb

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from names import short  # noqa: E402

# Where vectors.S calls a top half; a return address that equals one of these is an interrupt.
FIRST_LEVEL, NESTED = "irq_thread_handled", "irq_nested_handled"
# Every stack object begins with an unmapped page (kern/base/stack.hpp).
GUARD_BYTES = 4096


def symbol_address(name):
    found = gdb.lookup_minimal_symbol(name) if hasattr(gdb, "lookup_minimal_symbol") else None
    if found is not None:
        return int(found.value().address)
    return int(gdb.parse_and_eval(f"(unsigned long)&{name}"))


def register(name):
    return int(gdb.selected_frame().read_register(name)) & (1 << 64) - 1


def this_cpu():
    """The running CPU's PerCpu, which the kernel keeps in x18."""
    pointer = gdb.lookup_type("pivot::PerCpu").pointer()
    address = register("x18")
    # Until the MMU is on, code runs at physical addresses and x18 is whatever reset left.
    if address < 1 << 63 or register("pc") < 1 << 63:
        raise gdb.GdbError("the kernel has not come that far: no CPU structure in x18 yet "
                           "(try: break pivot_main, continue)")
    return gdb.Value(address).cast(pointer).dereference()


def unsigned(value):
    return int(value) & (1 << 64) - 1


def where(address):
    """function+offset, or the bare number."""
    text = gdb.execute(f"info symbol {unsigned(address):#x}", to_string=True).strip()
    if text.startswith("No symbol"):
        return f"{unsigned(address):#x}"
    name, plus, offset = text.partition(" in section")[0].rpartition(" + ")
    return f"{short(name)}+{offset}" if plus else short(offset)


def level_names():
    return [f.name.rpartition("::")[2] for f in gdb.lookup_type("pivot::Ipl").fields()]


def level(held):
    """The name of the level whose set of held-off levels this is: a byte of ones a level."""
    names, count = level_names(), bin(unsigned(held)).count("1")
    if count % 8 or count // 8 >= len(names):
        return f"no level ({unsigned(held):#018x})"
    return names[count // 8]


def waiting(attention):
    """Names of the levels that something waits at: soft ones in the high word, hard in the low."""
    names, value = level_names(), unsigned(attention)
    order = [4, 5, 6, 7, 0, 1, 2]
    found = [names[n + 1] for n, byte in enumerate(order) if value >> 8 * byte & 0xff]
    return ", ".join(found) or "nothing"


def stack_use(bottom, top, pointer):
    if not bottom <= pointer <= top:
        return f"SP {pointer:#x} is OUTSIDE [{bottom:#x}, {top:#x})"
    return f"{top - pointer} of {top - bottom} bytes in use (SP {pointer:#x}, top {top:#x})"


def on_interrupt_stack():
    """PSTATE.SP: 1 is SP_EL1, the interrupt stack; threads run with 0."""
    return register("cpsr") & 1 == 1


def banked(name, active):
    """A stack pointer: the one in use is `sp`, the other is among QEMU's system registers."""
    if active:
        return register("sp")
    try:
        return register(name)
    except ValueError:
        return None


class Command(gdb.Command):
    """A command that takes no argument and prints lines."""

    def __init__(self, name, lines):
        self.__doc__ = lines.__doc__
        super().__init__(name, gdb.COMMAND_STATUS)
        self._lines = lines

    def invoke(self, argument, _):
        if argument:
            raise gdb.GdbError("this command takes no argument")
        for line in self._lines():
            gdb.write(line + "\n")


def thread_lines():
    """The current thread: state, stack, SPL, and what waits for it to be lowered."""
    cpu = this_cpu()
    pointer = cpu["current"]
    if not pointer:
        yield "no thread yet: the boot code runs"
        return
    thread = pointer.dereference()
    interrupted = on_interrupt_stack()
    yield (f"{thread['name_'].string()} ({unsigned(pointer):#x}), priority "
           f"{int(thread['priority_'])}, {str(thread['state_']).rpartition('::')[2]}"
           + (", interrupted in place" if interrupted else ""))
    stack = banked("SP_EL0", not interrupted)
    if stack is not None:
        yield "stack     " + stack_use(unsigned(thread["stack_bottom_"]),
                                       unsigned(thread["stack_top_"]), stack)
    yield f"SPL       {level(cpu['spl'])}; the controller holds off {level(cpu['hardware'])}"
    yield f"waiting   {waiting(cpu['attention'])}"
    if thread["pinned_"]:
        yield f"pinned    {thread['pinned_']['name_'].string()}: it resumes when this one is done"
    held = unsigned(cpu["held"])
    yield f"held      {where(held) if held else 'no spin mutex'}"


def interrupt_stack_bounds():
    """(bottom, top) of this CPU's, from the list by which the kernel unmaps the guard pages."""
    guards = gdb.parse_and_eval("pivot_interrupt_stack_guards")
    size = int(guards["stride"])
    guard_page = unsigned(guards["first"]) + size * int(this_cpu()["id"])
    return guard_page + GUARD_BYTES, guard_page + size


def read_word(address):
    data = gdb.selected_inferior().read_memory(address, 8)
    return int.from_bytes(bytes(data), "little")


def frame_records(bottom, top):
    """(address of the record, return address) from x29 on, as long as they lie on this stack."""
    record = register("x29")
    while bottom <= record < top - 8:
        following, back = read_word(record), read_word(record + 8)
        yield record, back
        if following <= record:
            return
        record = following


def interrupt_frame(address):
    return gdb.Value(address).cast(gdb.lookup_type("pivot::InterruptFrame").pointer()).dereference()


def frame_of_record(record):
    """The InterruptFrame whose x29, x30 are this frame record."""
    fields = gdb.lookup_type("pivot::InterruptFrame").fields()
    return interrupt_frame(record - next(f.bitpos // 8 for f in fields if f.name == "x29"))


def line_number(frame):
    """The frame keeps the line's entry less the offset of PerCpu::lines."""
    lines = next(f.bitpos // 8 for f in gdb.lookup_type("pivot::PerCpu").fields()
                 if f.name == "lines")
    entry = gdb.Value(unsigned(frame["line"]) + lines)
    return int(entry.cast(gdb.lookup_type("pivot::LineEntry").pointer())["number"])


def interruption(frame, whom):
    return (f"  -- line {line_number(frame)} interrupted {whom}{where(frame['elr'])}, "
            f"whose SPL was {level(frame['spl'])}")


def nested_lines(records, first, nested):
    """The functions on the interrupt stack, innermost first, and what each interrupted."""
    yield f"  {where(register('pc'))}"
    # A function that has not pushed its frame record (yet) has its return address in x30 only.
    pushed = records and records[0][1] == register("x30")
    if not pushed and register("x30") not in (first, nested):
        yield f"  {where(register('x30'))}"
    inside = not pushed and register("x30") == nested
    for record, back in records:
        if inside:
            yield interruption(frame_of_record(record), "")
        inside = back == nested
        if back not in (first, nested):
            yield f"  {where(back)}"


def intstack_lines():
    """The interrupt stack: how full it is, and which top half interrupted which."""
    cpu = this_cpu()
    bottom, top = interrupt_stack_bounds()
    active = on_interrupt_stack()
    pointer = banked("SP_EL1", active)
    if pointer is not None:
        yield stack_use(bottom, top, pointer)
    if not active:
        yield "empty: a thread runs" if pointer in (None, top) else "NOT empty, yet a thread runs"
        return
    first, nested = symbol_address(FIRST_LEVEL), symbol_address(NESTED)
    records = list(frame_records(bottom, top))
    yield f"{int(cpu['nesting'])} nested on the first level; innermost first:"
    yield from nested_lines(records, first, nested)
    if first in [register("x30"), register("pc"), *(back for _, back in records)]:
        # The first level's frame is on the stack of the thread that was interrupted.
        name = cpu["current"]["name_"].string()
        yield interruption(interrupt_frame(banked("SP_EL0", False)), f"thread {name} in ")
    else:
        yield "  -- no interrupt: an exception brought us here"


def lines_lines():
    """The lines in use: requested, or fired at least once."""
    lines = this_cpu()["lines"]
    low, high = lines.type.range()
    entries = [lines[n] for n in range(low, high + 1)]
    handlers = [unsigned(entry["handler"]) for entry in entries]
    # The handler that most lines have is the one for lines that nobody requested.
    stray = Counter(handlers).most_common(1)[0][0]
    yield "line  IPL           count  top half"
    # 1020 and above are the controller's special answers, and no lines.
    for number, (entry, handler) in enumerate(zip(entries[:1020], handlers)):
        count = int(entry["count"])
        if handler != stray or count:
            yield f"{number:4}  {level(entry['spl']):10}  {count:7}  {where(handler)}"


class Type(gdb.Command):
    """Types the rest of the line, and a return, at the kernel's console."""

    def __init__(self):
        super().__init__("pivot-type", gdb.COMMAND_SUPPORT)

    def invoke(self, argument, _):
        path = os.environ.get("PIVOT_CONSOLE")
        if not path:
            raise gdb.GdbError("no console to type at: start with ./pivot debug")
        with open(path, "wb", buffering=0) as console:
            console.write(argument.encode() + b"\r")


Command("pivot-thread", thread_lines)
Command("pivot-intstack", intstack_lines)
Command("pivot-lines", lines_lines)
Type()
