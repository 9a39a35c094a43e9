"""What was masked where an injection found the worst latency.

An interrupt that is taken cannot tell what kept it waiting: it finds DAIF.I clear. The strip of
latencies can. While interrupts are masked, each instruction that the injection comes later makes
the wait one shorter, down to where they are unmasked; and the interrupt that came one instruction
before the worst was taken on the very instruction that masked.
"""

import re

import mix

DAIF = re.compile(r"msr\s+daifset\b")
PRIORITY = re.compile(r"msr\s+(icc_pmr_el1|s3_0_c4_c6_0)\b")
STORE = re.compile(r"(st|swp)")


def stretch(strip):
    """(wait, instructions) of the masked stretch that ends in the first worst latency's pc; None if
    nothing was masked there: the latency does not fall point by point."""
    latencies = [latency for latency, often in strip for _ in range(often)]
    worst = latencies.index(max(latencies))
    end = worst
    while end + 1 < len(latencies) and latencies[end + 1] == latencies[end] - 1:
        end += 1
    return end - worst or None


def masked_by(instruction):
    """What the instruction masks with, in the manuals' names."""
    if DAIF.match(instruction):
        return "DAIF.I"
    if PRIORITY.match(instruction):
        return "ICC_PMR_EL1"
    if STORE.match(instruction):
        return "GICC_PMR, or DAIF.I by an exception taken there"
    return "DAIF.I, by an exception taken there"


def instruction_at(image, pc):
    """Its text, blanks made one: "msr daifset, #0xf"."""
    listing = mix.tool_output("objdump", "-d", "--no-show-raw-insn", f"--start-address={pc}",
                              f"--stop-address={hex(int(pc, 16) + 4)}", str(image))
    found = re.search(rf"^\s*{int(pc, 16):x}:\s+(.*)$", listing, re.MULTILINE)
    return " ".join(found[1].partition("//")[0].split()) if found else ""


def add(operations, image, before, sources):
    """Gives each operation its `masked`: None, or what it was and from where; `before`: {index of
    the operation: (pc, function) of the point before its worst}."""
    known = {}
    for index, (pc, function) in before.items():
        one = operations[index]
        long = stretch(one["strip"]) if one["strip"] and not one["held_off"] else None
        if long:
            known[pc] = known.get(pc) or instruction_at(image, pc)
            one["masked"] = {"instructions": long, "by": masked_by(known[pc]),
                             "instruction": known[pc], "pc": pc, "fn": function,
                             "source": sources.get(pc)}


def cell(one):
    """For the table."""
    masked = one["masked"]
    return f"{masked['instructions']}, {masked['by'].partition(',')[0]}" if masked else "-"


def sentence(one):
    masked = one["masked"]
    if not masked:
        return "Nothing was masked there, as far as the strip tells."
    return (f"Masked there: {masked['by']}, for {masked['instructions']} instructions, from "
            f"{masked['pc']} on, in {masked['fn']} ({masked['source'] or '?'}: "
            f"{masked['instruction']})")
