"""The HTML report's details: the worst case, the instruction mix, what is held off, sizes."""

import curves
import html_chart
import report
from html_tags import Html, bar, cell, join, number, section, table, tag

SHOWN = 12      # so many of the worst cases are seen at once
LEVELS = ("none", "softclock", "softbio", "softnet", "softserial", "vm", "sched", "high")


def curve_row(name, role, values, judged):
    mark = tag("b", "●", style=f"color:var({role})")
    state = "bad" if judged.missed() else ""
    return [tag("th", mark, " ", tag("code", name), scope="row"),
            *(number(value) for value in values),
            cell(tag("em", judged.verdict(), class_="pill") if state else judged.verdict())]


def injected(records):
    """Everything that was injected into, as @inject records, the worst first."""
    grown = [{"op": f"{one['x']} {one['by']}", "points": one["points"] or None, "min": None,
              "worst": one["value"], "pc": one["pc"], "fn": one["fn"]} for one in records.worst]
    return sorted([*records.injections, *grown], key=lambda one: (-one["worst"], one["op"]))


def worst_table(found, limit):
    full = max(limit or 0, found[0]["worst"]) * 1.05
    heads = ["interrupted at every instruction of", "points", "min", "worst", "", "in"]

    def line(one):
        above = limit is not None and one["worst"] > limit
        return tag("tr", tag("th", tag("code", one["op"]), scope="row"), number(one["points"]),
                   number(one["min"]), number(one["worst"], class_="mine"),
                   cell(bar(one["worst"], full, limit=limit, bad=above), class_="wide"),
                   cell(join([tag("code", one["fn"]), tag("small", one["pc"])])),
                   class_="miss" if above else None)

    shown = table(heads, map(line, found[:SHOWN]), left=(0, 4, 5))
    if len(found) <= SHOWN:
        return shown
    return join([shown, tag("details", tag("summary", f"the other {len(found) - SHOWN}"),
                            table(heads, map(line, found[SHOWN:]), left=(0, 4, 5)))])


def worst_case(records, rivals):
    found = injected(records)
    if not found:
        return None
    limit = report.targets(rivals, records.board).get(curves.WORST)
    top, many = report.worst(records), sum(one["points"] or 0 for one in found)
    about = next((row for row in rivals["rows"] if row["name"] == curves.WORST), {"rivals": ()})
    others = ", ".join(f"{who} {'–' if figure is None else figure}"
                       for who, figure in zip(rivals["rivals"], about["rivals"], strict=False))
    state = "bad" if limit is not None and top["worst"] > limit else "good"
    lead = join(["An interrupt at every instruction of an operation in turn, "
                 f"{many} interrupts in all. The worst took ",
                 tag("strong", top["worst"], class_=state), ", in ", tag("code", top["fn"]),
                 f" ({top['pc']}) during ", tag("code", top["op"]),
                 f"; the target is ≤ {limit}. The rivals' worst: {others}."])
    spans = [(one["min"] or 0, one["worst"]) for one in found]
    picture = html_chart.skyline("w", spans, limit, f"{len(spans)} operations, worst first")
    keys = tag("figcaption", f"All {len(spans)} operations: ",
               tag("b", "■", class_="key worst"), " worst, ",
               tag("b", "■", class_="key least"), " best, where known; dashed: the target")
    return section("worst", "Worst case",
                   tag("figure", keys, tag("div", picture, class_="scroll"), class_="broad"),
                   worst_table(found, limit), lead=lead)


def stack(mix):
    """How an instruction count is made up, as one bar."""
    parts = [tag("b", "", class_=f"m{i}", title=f"{mix[kind]} {name}", style=f"flex:{mix[kind]}")
             for i, (kind, name) in enumerate(report.MIX_COLUMNS.items()) if mix.get(kind)]
    return tag("span", *parts, class_="stack")


def mixes(data, detail):
    found, median = detail.get("mix") or {}, {r["name"]: r["median"] for r in data["rows"]}
    if not found:
        return None
    lines = []
    for name, mix in found.items():
        # A row that is half a round trip: the sample is the whole one.
        times = round(mix["instructions"] / median[name]) if median.get(name) else 1
        shown = name if times <= 1 else f"{name} × {times}"
        lines.append([tag("th", tag("code", shown), scope="row"), number(mix["instructions"]),
                      cell(stack(mix), class_="wide"),
                      *(number(mix[kind], class_=None if mix[kind] else "nil")
                        for kind in report.MIX_COLUMNS)])
    keys = join([join([tag("b", "■", class_=f"key m{i}"), " ", name])
                 for i, name in enumerate(report.MIX_COLUMNS.values())], ", ")
    lead = join(["One typical sample of each row, from QEMU's log of executed instructions: ",
                 keys, Html(". The counter read at its end is one of sysreg; "),
                 "on real cores barriers, sysreg, device and exclusive pairs are the dear ones."])
    return section("mix", "Instruction mix", table(
        ["row", "instructions", "", *report.MIX_COLUMNS.values()], lines), lead=lead)


def held(detail):
    found = detail.get("held") or []
    if not found:
        return None
    at = {(one["op"], one["level"]): one for one in found}
    levels = sorted({one["level"] for one in found},
                    key=lambda level: (LEVELS.index(level) if level in LEVELS else -1, level))
    longest = max(one["longest"] for one in found)
    lines = []
    for op in dict.fromkeys(one["op"] for one in found):
        cells = [tag("th", tag("code", op), scope="row")]
        for level in levels:
            one = at.get((op, level))
            cells.append(number(None, class_="nil") if one is None else number(
                join([one["longest"], tag("small", f"{one['points']} points")]),
                style=f"--heat:{100 * one['longest'] / max(1, longest):.0f}%", class_="heat"))
        lines.append(cells)
    return section("held", "Held off", tag("details", tag(
        "summary", f"{len(lines)} operations; the longest wait is {longest}"), table(
            ["held off at every instruction of", *(f"a line at {level}" for level in levels)],
            lines)), lead="Operations that raise the SPL, interrupted at every instruction by a "
        "line that they hold off: what it waits is the operation's doing and counts towards no "
        "worst case; it came, once, from every point.")


def sizes(data):
    parts = data.get("kernel_bytes") or {}
    if not parts:
        return None
    most = max(parts.values())
    lines = [[tag("th", name, scope="row"), number(size),
              cell(bar(size, most), class_="wide")] for name, size in parts.items()]
    return section("size", "Size of the kernel", table(["part", "bytes", ""], lines),
                   lead="Bytes of code and constants.")
