"""The HTML report's heat strips: the latency at each point of an operation, from its first
instruction to its last."""

import inject_masks
from html_tags import Html, cell, join, number, section, table, tag

SHOWN = 12      # operations, the worst first
COLUMNS = 480   # more points than columns: a column shows the worst of its points


def columns(strip):
    """[(where, how wide, latency)] of the strip's COLUMNS or fewer columns; equal neighbours are
    one."""
    latencies = [latency for latency, often in strip for _ in range(often)]
    count = min(COLUMNS, len(latencies))
    found = []
    for i in range(count):
        first, end = i * len(latencies) // count, (i + 1) * len(latencies) // count
        latency = max(latencies[first:end])
        if found and found[-1][2] == latency:
            found[-1] = found[-1][0], found[-1][1] + 1, latency
        else:
            found.append((i, 1, latency))
    return found


def drawn(one, least, most):
    """One strip. The hotter, the longer the wait: from nothing at `least` to full at `most`."""
    parts = columns(one["strip"])
    wide = sum(width for _, width, _ in parts)
    marks = [tag("rect", tag("title", latency), x=x, y=0, width=width, height=10,
                 fill_opacity=f"{(latency - least) / max(1, most - least):.2f}")
             for x, width, latency in parts if latency > least]
    return tag("svg", *marks, viewBox=f"0 0 {wide} 10", preserveAspectRatio="none", role="img",
               class_="points", aria_label=f"{one['op']}: {one['points']} points, the worst "
               f"{one['worst']}")


def strips(detail):
    found = [one for one in detail.get("strips") or [] if one["strip"]]
    if not found:
        return None
    shown = sorted(found, key=lambda one: (-one["worst"], one["op"]))[:SHOWN]
    least, most = min(one["min"] for one in shown), shown[0]["worst"]
    lines = [[tag("th", tag("code", one["op"]), scope="row"), number(one["worst"]),
              cell(drawn(one, least, most), class_="wide"),
              cell(inject_masks.cell(one), style="white-space:nowrap")]
             for one in shown]
    worst = shown[0]
    lead = join([f"The {len(shown)} worst operations, from the first instruction to the last: the "
                 f"redder, the longer an interrupt waits that comes there, from {least} to {most}. "
                 "A slope is a stretch in which interrupts are masked. ",
                 tag("code", worst["op"]), f": {inject_masks.sentence(worst)}.",
                 Html(" Every point is in the file of <code>./pivot inject</code>.")])
    return section("strips", "Where interrupts wait", table(
        ["operation", "worst", "from its begin to its end", "masked"], lines, left=(0, 2, 3)),
        lead=lead)
