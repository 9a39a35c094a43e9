"""The figures that a change is held to: tests/bench/baseline/<board>.json.

`./pivot baseline` measures, shows what has changed and writes them anew; that is how a row is
allowed to become slower, in a commit that says why. The kernel's size is not among them: it
changes with every line and has its own limit. Figures of another compiler or QEMU are not compared.
"""

import json

import compare
from machines import ROOT

DIRECTORY = ROOT / "tests/bench/baseline"
# What the figures depend on beside the tree.
DEPENDS = ("schema", "unit", "compiler", "qemu", "cpus")
KEPT = ("schema", "board", "unit", "clock_hz", "qemu", "compiler", "cpus", "rows", "curves",
        "injections", "held")


def path_of(board):
    return DIRECTORY / f"{board}.json"


def reduced(data):
    """What of a result is kept: neither the version nor what has a limit of its own."""
    kept = {key: data[key] for key in KEPT}
    kept["rows"] = [{key: value for key, value in row.items() if key != "histogram"}
                    for row in data["rows"] if "unit" not in row]
    return kept


def why_not(baseline, data):
    """Why these are not to be compared; None if they are."""
    for key in DEPENDS:
        if baseline[key] != data[key]:
            return f"the baseline's {key} is {baseline[key]}, here it is {data[key]}"
    return None


def differences(baseline, data):
    """Every figure beside the baseline's."""
    return compare.compare(baseline, reduced(data))


def changes(baseline, data):
    """The figures that are not the baseline's: a better one is no longer what the file says."""
    return [one for one in differences(baseline, data) if one.verdict != compare.SAME]


def write(data):
    """Writes a board's baseline; the lines that say what has changed."""
    path = path_of(data["board"])
    kept = reduced(data)
    if path.exists():
        before = compare.load(path)
        lines = list(compare.text(before, kept, compare.compare(before, kept)))
    else:
        lines = [f"{data['board']}: a first baseline"]
    path.parent.mkdir(exist_ok=True)
    path.write_text(compact(kept), encoding="utf-8")
    return [*lines, f"written: {path.relative_to(ROOT)}; commit it with the reason"]


def compact(data):
    """JSON with a line for each row, so that a diff of the file is one to read."""
    parts = []
    for key, value in data.items():
        if isinstance(value, list):
            inner = ",\n".join(f"    {json.dumps(one)}" for one in value)
            parts.append(f'  {json.dumps(key)}: [\n{inner}\n  ]')
        else:
            parts.append(f"  {json.dumps(key)}: {json.dumps(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"
