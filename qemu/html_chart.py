"""The HTML report's charts: drawn by gnuplot, put into the page as SVG.

gnuplot is given numbers only, never a name: the captions are the page's. Its colours stand for
roles, and become the page's variables, so that a chart follows the reader's light or dark mode.
"""

import re
import shutil
import subprocess

from html_tags import Html, tag

MISSING = "Pictures need gnuplot (Debian's and Ubuntu's package is gnuplot-nox)."
# What "#00000N" in a script stands for.
ROLES = ("--ink", "--grid", "--limit", "--pale", "--c1", "--c2", "--c3", "--c4", "--c5")
SERIES = 4      # the first series' place in ROLES
NARROWEST = 180     # a bar of a histogram is at least this part of its width: about two pixels


def colour(role):
    return f'lc rgb "#{ROLES.index(role):06x}"'


def series(number):
    return ROLES[SERIES + number % (len(ROLES) - SERIES)]


def themed(match):
    index = int(match["role"])
    return f"var({ROLES[index]})" if index < len(ROLES) else match[0]


def cleaned(output, name):
    """gnuplot's SVG as a part of a page: without its version, with ids of its own."""
    inner = output[output.index(">", output.index("<svg")) + 1:output.rindex("</svg>")]
    inner = re.sub(r"<title>.*?</title>|<desc>.*?</desc>", "", inner, flags=re.DOTALL)
    inner = inner.replace("xlink:href", "href")
    drawn, defs = re.subn(r"<defs>.*?</defs>", "", inner, flags=re.DOTALL)
    if defs and "#gp" not in drawn:
        inner = drawn
    inner = re.sub(r"""(\bid=['"]|href=['"]#|url\(#)""", rf"\g<1>{name}-", inner)
    inner = re.sub(r"rgb\(\s*0,\s*0,\s*(?P<role>\d+)\)", themed, inner)
    inner = re.sub(r"""(['"])black\1""", r"\1var(--ink)\1", inner)
    return re.sub(r"\s*\n\s*", "\n", inner).strip()


def draw(name, script, label, *, width=420, height=230):
    """The chart as SVG, or a line that says why there is none. `name`: unique within the page."""
    if not shutil.which("gnuplot"):
        return tag("p", MISSING, class_="nopicture")
    setup = [f"set terminal svg noenhanced size {width},{height} font 'sans-serif,12'",
             "set encoding utf8", "unset key", f"set border 3 {colour('--ink')} lw 0.6",
             f"set grid ytics {colour('--grid')} lw 0.7 dt 1", "set tics out nomirror scale 0.4"]
    done = subprocess.run(["gnuplot"], input="\n".join([*setup, *script, ""]), text=True,
                          capture_output=True, check=False)
    if done.returncode or done.stderr.strip() or "</svg>" not in done.stdout:
        first = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        return tag("p", f"gnuplot could not draw this: {first}", class_="nopicture")
    return Html(tag("svg", Html(cleaned(done.stdout, name)), viewBox=f"0 0 {width} {height}",
                    role="img", aria_label=label))


def block(name, points):
    return [f"${name} << END", *(" ".join(map(str, point)) for point in points), "END"]


def step(span, most=6):
    """A round distance between whole-numbered tics, so that there are at most so many."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if span <= size * factor * most:
                return size * factor
        size *= 10


def histogram(name, counts, limit, label):
    """How often each value was seen, on a logarithmic scale: the rare ones are what matters."""
    low, high = min(counts), max(counts)
    ends = [low, high] if limit is None or limit > 3 * high else [low, high, limit]
    pad = max(3, (max(ends) - min(ends)) // 12)
    left, right = max(0, min(ends) - pad), max(ends) + pad
    lines = [*block("d", sorted(counts.items())), "set logscale y",
             f"set xrange [{left - 0.5}:{right + 0.5}]",
             f"set yrange [0.7:{2 * max(counts.values())}]", 'set format y "%.0f"',
             f"set xtics {step(right - left)}", 'set format x "%.0f"',
             # Of a wide range a figure's own share is less than a pixel, which nobody sees.
             f"set boxwidth {max(0.8, (right - left) / NARROWEST):.1f}"]
    if limit in ends:
        lines.append(f"set arrow from {limit + 0.5},graph 0 to {limit + 0.5},graph 1 nohead "
                     f"{colour('--limit')} lw 1.5 dt 2")
    return draw(name, [*lines, f"plot $d with boxes fs solid 1 noborder {colour('--c1')}"], label,
                height=200)


def scaling(name, curves, label):
    """Lines over how many there are of something. `curves`: [(series, points, limit)]"""
    xs = sorted({x for _, points, _ in curves for x, _ in points})
    top = max(y for _, points, limit in curves for y in (limit or 0, *(v for _, v in points)))
    tics = ", ".join(f'"{x}" {x}' for x in xs)
    lines = [f"set xtics ({tics})",
             f"set yrange [0:{1.12 * top:.1f}]", f"set ytics {step(top)}",
             "set logscale x" if xs[0] and xs[-1] > 16 * xs[0] else "unset logscale",
             "set offsets graph 0.04, graph 0.1, 0, 0"]
    drawn = []
    for which, points, limit in curves:
        ink = colour(series(which))
        lines += block(f"d{which}", points)
        drawn.append(f"$d{which} with linespoints {ink} lw 2 pt 7 ps 0.5")
        if limit is not None:
            drawn.append(f"{limit} {ink} lw 0.8 dt 3")
        x, y = points[-1]
        lines.append(f'set label "{y}" at {x},{y} offset 0.8,0 left tc rgb '
                     f'"#{ROLES.index(series(which)):06x}"')
    return draw(name, [*lines, "plot " + ", ".join(drawn)], label, height=250)


def skyline(name, spans, limit, label):
    """A bar for each operation from its best to its worst latency, the highest first."""
    top = max([limit or 0, *(worst for _, worst in spans)])
    lines = [*block("d", [(i, low, high) for i, (low, high) in enumerate(spans, 1)]),
             f"set xrange [0:{len(spans) + 1}]", f"set yrange [0:{1.15 * top:.1f}]",
             f"set xtics {step(len(spans), 10)}", f"set ytics {step(top)}", "set boxwidth 0.72"]
    drawn = [f"$d using 1:3 with boxes fs solid 1 noborder {colour('--c1')}",
             f"$d using 1:2 with boxes fs solid 1 noborder {colour('--pale')}"]
    if limit is not None:
        drawn.append(f"{limit} {colour('--limit')} lw 1.5 dt 2")
    return draw(name, [*lines, "plot " + ", ".join(drawn)], label, width=980, height=240)
