"""The latency report: Pivot's rows against their targets and the rivals, for people and as JSON.

Targets and rivals' figures are in tests/bench/rivals.json; the records come from protocol.py.
A row is judged by its median, as the rivals were measured; the worst case by the worst.
"""

import json

import curves
import size
from machines import ROOT

RIVALS = ROOT / "tests/bench/rivals.json"
# Of the JSON file; the number changes when a program that reads it would have to.
SCHEMA = "pivot-bench/1"
FIGURES = ("name", "min", "median", "p99", "max", "samples")
# For rows that nobody has given a target.
NO_RIVALS = {"rows": [], "controller_allowance": {}}
MIX_COLUMNS = {"barriers": "barriers", "sysreg": "sysreg", "device": "device",
               "exclusive_pairs": "excl.pairs", "memory": "load/store", "rest": "rest"}


def load_rivals(path=RIVALS):
    return json.loads(path.read_text(encoding="utf-8"))


def targets(rivals, board):
    """{row: the most instructions it may take on this board}"""
    allowance = rivals["controller_allowance"].get(board, 0)
    return {row["name"]: row["target"] + (allowance if row.get("controller") else 0)
            for row in rivals["rows"] if "target" in row}


def known_misses(rivals):
    """{row: up to where missing its target fails no run, for a reason that is written down}"""
    return {row["name"]: row["known_miss"]["up_to"] for row in rivals["rows"]
            if "known_miss" in row}


def worst(records):
    """The worst case of all that was injected into, in the words of an @inject; None without."""
    grown = [{"op": f"{one['x']} {one['by']}", "worst": one["value"], "pc": one["pc"],
              "fn": one["fn"]} for one in records.worst]
    return max(records.injections + grown, key=lambda i: i["worst"], default=None)


def rows_of(records):
    """The measured rows, and the kernel's size as one more: its bytes stand in every column."""
    if not records.sizes:
        return records.rows
    figures = dict.fromkeys(("min", "median", "p99", "max"), records.sizes[size.JUDGED])
    return [*records.rows, {"name": "kernel_size", **figures, "samples": 1, "unit": "bytes"}]


def with_worst(records):
    """The rows of a file: the worst case of all injections is one, its value in every column."""
    found = worst(records)
    if found is None:
        return rows_of(records)
    figures = dict.fromkeys(("min", "median", "p99", "max"), found["worst"])
    points = sum(one["points"] or 0 for one in [*records.injections, *records.worst])
    return [*rows_of(records), {"name": curves.WORST, **figures, "samples": points}]


def forgiven(records, rivals):
    """The rows that miss their target, but no further than is known."""
    limit, known = targets(rivals, records.board), known_misses(rivals)
    return [row["name"] for row in rows_of(records)
            if limit.get(row["name"], row["median"]) < row["median"] <= known.get(row["name"], 0)]


def too_rich(rivals, mixes):
    """Rows with more of a kind of instruction than they may have, whatever their length."""
    for row in rivals["rows"]:
        limits, mix = row.get("mix_limit", {}), mixes.get(row["name"])
        if limits and mix is None:
            yield f"{row['name']}: its instruction mix is not known"
            continue
        for kind, most in limits.items():
            if mix[kind] > most:
                yield f"{row['name']}: {mix[kind]} of {MIX_COLUMNS[kind]}, target <= {most}"


def missed(records, rivals, mixes=None):
    """What keeps this run from being a success, one line each. `mixes`: {row: {kind: count}}"""
    limit = targets(rivals, records.board)
    lines = []
    measured = {row["name"]: row["median"] for row in rows_of(records)}
    if worst(records):
        measured[curves.WORST] = worst(records)["worst"]
    known = known_misses(rivals)
    for name, value in measured.items():
        if name in limit and value > max(limit[name], known.get(name, 0)):
            lines.append(f"{name}: {value}, target <= {limit[name]}")
    told = set(measured) | {skip["name"] for skip in records.skips}
    for row in rivals["rows"]:
        if row["name"] not in told:
            lines.append(f"{row['name']}: neither measured nor skipped with a reason")
    if mixes is not None:
        lines += too_rich(rivals, mixes)
    return lines + list(curves.missed(records, rivals, limit))


def as_json(records, rivals, *, git, qemu, cpus, compiler, image=None):
    """The file of docs/results.md; the same run twice gives the same bytes. `image`: whose rows
    these are, if they are not those of Pivot's own benchmark."""
    limit = targets(rivals, records.board)
    rows = [{**{key: row[key] for key in FIGURES}, "target": limit.get(row["name"]),
             **({"unit": row["unit"]} if "unit" in row else {}),
             **({"histogram": {str(value): times for value, times in row["counts"].items()}}
                if row.get("counts") else {})} for row in with_worst(records)]
    operations = {"injections": (records.injections, ("op", "points", "min", "worst")),
                  "held": (records.held, ("op", "level", "points", "longest"))}
    return json.dumps({"schema": SCHEMA, "board": records.board, "unit": records.unit,
                       "clock_hz": records.clock_hz, **({"image": image} if image else {}),
                       "git": git, "qemu": qemu, "compiler": compiler, "cpus": cpus, "rows": rows,
                       "kernel_bytes": records.sizes,
                       "curves": curves.as_data(records, limit),
                       **{name: [{key: one[key] for key in keys} for one in found]
                          for name, (found, keys) in operations.items()}}, indent=2) + "\n"


def columns(lines, left=(0,)):
    """Lines of cells as a table; the columns in `left` are aligned left, the others right."""
    widths = [max(len(str(line[i])) for line in lines) for i in range(len(lines[0]))]
    for line in lines:
        cells = [str(c).ljust(w) if i in left else str(c).rjust(w)
                 for i, (c, w) in enumerate(zip(line, widths, strict=True))]
        yield "  ".join(cells).rstrip()


def verdict(value, limit):
    if limit is None:
        return ""
    return "ok" if value <= limit else "MISS"


def main_table(records, rivals, paint):
    about = {row["name"]: row for row in rivals["rows"]}
    limit = targets(rivals, records.board)
    lines = [["row", "min", "median", "p99", "max", "target", "", *rivals["rivals"]]]
    for row in rows_of(records):
        name, most = row["name"], limit.get(row["name"])
        others = about.get(name, {}).get("rivals", [None] * len(rivals["rivals"]))
        spread = [row[key] if row["samples"] > 1 else "-" for key in ("min", "p99", "max")]
        lines.append([name, spread[0], row["median"], *spread[1:],
                      "" if most is None else f"<= {most}", verdict(row["median"], most),
                      *("-" if r is None else r for r in others)])
    for line in columns(lines):
        yield paint(line)
    for skip in records.skips:
        yield f"{skip['name']}: not measured here: {skip['reason'].replace('-', ' ')}"


def notes(records, rivals):
    shown = {row["name"] for row in rows_of(records)}
    for row in rivals["rows"]:
        if row["name"] in shown and row.get("notes"):
            for who, what in row["notes"].items():
                yield f"  {row['name']}, {who}: {what}"
        if row["name"] in shown and "known_miss" in row:
            yield (f"  {row['name']}, Pivot: a miss fails no run up to "
                   f"{row['known_miss']['up_to']}: {row['known_miss']['why']}")
    if records.sizes:
        parts = dict(records.sizes)
        proper, in_bench = parts.pop(size.PROPER), parts.pop(size.IN_BENCH)
        yield f"  kernel_size, Pivot: everything there is, of which {in_bench} are in bench.elf"
        yield (f"  kernel_size, Pivot: with diagnostics {proper + parts.pop(size.DIAGNOSTICS)}; "
               "beside that " + ", ".join(f"{part} {more}" for part, more in parts.items()))


def mix_table(records, rivals, mixes):
    """One typical sample a row, by kind of instruction. `mixes`: {row: {kind: count}}"""
    lines = [["row", "instructions", *MIX_COLUMNS.values()]]
    without = {row["name"] for row in rivals["rows"] if not row.get("mix", True)}
    for row in records.rows:
        if row["name"] in without:
            continue
        mix = mixes.get(row["name"])
        cells = [mix[kind] for kind in MIX_COLUMNS] if mix else ["?"] * len(MIX_COLUMNS)
        # A pair is two instructions; an atomic that does a pair's work is counted with the pairs.
        total = mix["instructions"] if mix else "?"
        name = row["name"] if row["divisor"] == 1 else f"{row['name']} x {row['divisor']}"
        lines.append([name, total, *cells])
    yield from columns(lines)


def injection_table(records, rivals, paint):
    limit = targets(rivals, records.board).get("worst_irq_to_handler")
    lines = [["interrupted at every instruction of", "points", "min", "worst", "in"]]
    for one in records.injections:
        lines.append([one["op"], one["points"], one["min"], one["worst"],
                      f"{one['fn']} ({one['pc']})"])
    yield from columns(lines, left=(0, 4))
    top = worst(records)
    figures = next(r for r in rivals["rows"] if r["name"] == "worst_irq_to_handler")["rivals"]
    yield paint(f"worst_irq_to_handler {top['worst']}, in {top['fn']} during {top['op']}; "
                f"target <= {limit}  {verdict(top['worst'], limit)}")
    yield "  the rivals' worst: " + ", ".join(
        f"{who} {figure}" for who, figure in zip(rivals["rivals"], figures, strict=True))


def held_table(records):
    """Operations by what was injected: how many points, and the longest that it was held off."""
    lines = [["held off at every instruction of", "level", "points", "longest"]]
    lines += [[one["op"], one["level"], one["points"], one["longest"]] for one in records.held]
    yield from columns(lines, left=(0, 1))


def curve_tables(records, rivals, paint):
    for lines in curves.tables(records, targets(rivals, records.board)):
        yield ""
        last = len(lines[0]) - 1
        for line in columns(lines, left=(0, last)):
            yield paint(line)
    for one in records.worst:
        points = f" of {one['points']} interrupts" if one["points"] else ""
        yield (f"  the worst{points} with {one['x']} {one['by']}: {one['value']}, in {one['fn']} "
               f"({one['pc']})")
    if records.curves or records.worst:
        yield from (f"  {note}" for note in rivals["curves"]["notes"])


def text(records, rivals, *, git, qemu, cpus, compiler, mixes=None, problems=(), paint=str):
    """The whole report, as lines. `paint` colours a line by its verdict."""
    yield (f"{records.board}: {records.unit}, clock {records.clock_hz} Hz, "
           f"{cpus} CPU{'' if cpus == 1 else 's'}, QEMU {qemu}, {compiler}, version {git}")
    yield ""
    yield from main_table(records, rivals, paint)
    told = list(notes(records, rivals))
    if told:
        yield "Notes:"
        yield from told
    if mixes is not None:
        yield ""
        yield "What a typical sample is made of (the counter read at its end is one of sysreg):"
        yield from mix_table(records, rivals, mixes)
    for problem in problems:
        yield f"  no mix: {problem}"
    if records.injections:
        yield ""
        yield from injection_table(records, rivals, paint)
    if records.held:
        yield ""
        yield from held_table(records)
    yield from curve_tables(records, rivals, paint)
