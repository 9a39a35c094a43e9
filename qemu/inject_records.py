"""The records of the injection image (protocol.py has the line), as entries of pivot-inject/1."""

import re

import protocol
import say

FIELDS = {**protocol.FIELDS,
          "op": {"name": str, "pairs": int},
          "where": {"op": str, "level": str, "min": int, "pc": protocol.hexadecimal, "fn": str},
          "before": {"op": str, "level": str, "pc": protocol.hexadecimal, "fn": str},
          "strip": {"op": str, "level": str, "first": int, "values": str}}


def records_of(output):
    """[(kind, fields)] of one complete run."""
    try:
        records = [protocol.fields_of(line, FIELDS) for line in output.splitlines()
                   if line.startswith("@")]
    except protocol.ProtocolError as error:
        raise say.Failure(str(error), 1) from None
    kinds = [kind for kind, _ in records]
    if kinds[:1] != ["bench"] or kinds[-1] != "end" or {"bench", "end"} & set(kinds[1:-1]):
        raise say.Failure("the run broke off: its records do not go from @bench to @end", 1)
    return records


def values_of(text):
    """[[latency, how often]] of a strip: 27x3,28."""
    runs = []
    for word in text.split(","):
        found = re.fullmatch(r"(\d+)(?:x(\d+))?", word)
        if not found:
            raise say.Failure(f"no strip of latencies: {word!r}", 1)
        runs.append([int(found[1]), int(found[2] or 1)])
    return runs


def add_strip(one, fields):
    if fields["op"] != one["op"] or fields["level"] != one["level"]:
        raise say.Failure(f"the strip of {fields['op']} comes with {one['op']}", 1)
    strip = one["strip"] or []
    if fields["first"] != sum(often for _, often in strip):
        raise say.Failure(f"a part of the strip of {one['op']} is missing", 1)
    one["strip"] = strip + values_of(fields["values"])


def blank(op, level):
    return {"index": None, "op": op, "level": level, "held_off": False, "points": 0, "min": None,
            "worst": None, "pc": None, "fn": None, "source": None, "masked": None,
            "strip": None}


def operations_of(records):
    """(one entry for each operation of the run, in its order; inject_masks.add's `before`)"""
    found, before = [], {}
    for kind, fields in records:
        if kind == "inject":
            found.append(blank(fields["op"], "high") | {
                key: fields[key] for key in ("points", "min", "worst", "pc", "fn")})
        elif kind == "held":
            found.append(blank(fields["op"], fields["level"]) | {
                "held_off": True, "points": fields["points"], "worst": fields["longest"]})
        elif kind == "skip":
            found.append(blank(fields["name"].removeprefix("inject:"), "high"))
        elif kind == "where":
            found[-1].update({key: fields[key] for key in ("min", "pc", "fn")})
        elif kind == "before":
            before[len(found) - 1] = fields["pc"], fields["fn"]
        elif kind == "strip":
            add_strip(found[-1], fields)
    for one in found:
        if one["strip"] is not None and sum(often for _, often in one["strip"]) != one["points"]:
            raise say.Failure(f"the strip of {one['op']} has not as many points as it should", 1)
    return found, before
