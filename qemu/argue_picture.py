"""The argument's picture: baud rate against loss, a panel for each CPU and FIFO. By gnuplot."""

import subprocess

import say
from argue_report import MIPS, MODELS, lost

# Drawn in this order, the thick below: lines that lie on each other can still be told apart.
STYLES = {"a": ("#1b7837", 6), "a2": ("#a6dba0", 4), "b": ("#b2182b", 2), "c": ("#2166ac", 2),
          "b+": ("#f4a582", 1), "c+": ("#92c5de", 1)}
LABELS = {"a": "a pivot", "a2": "a2 pivot, lock in the top half", "b": "b interrupt thread",
          "c": "c borrowed stack", "b+": "b+ structured", "c+": "c+ structured"}


def curves(losses, shift, fifo):
    """{model: [(baud, percent)]}"""
    found = {}
    for one in losses:
        if (one["shift"], one["fifo"]) == (shift, fifo):
            found.setdefault(one["model"], []).append((one["baud"], 100 * lost(one) / one["sent"]))
    return {m: sorted(found[m]) for m in MODELS if m in found}


def panel(losses, shift, fifo, *, key):
    lines = [f'set title "{MIPS[shift]} MIPS, FIFO of {fifo}" offset 0,-0.6',
             "set key top left reverse Left samplen 2" if key else "unset key"]
    drawn = []
    for model, points in curves(losses, shift, fifo).items():
        block = f"$m{list(MODELS).index(model)}"
        lines += [f"{block} << END", *(f"{baud} {share:.2f}" for baud, share in points), "END"]
        colour, width = STYLES[model]
        drawn.append(f'{block} with linespoints lc rgb "{colour}" lw {width} pt 7 ps 0.4 '
                     f'title "{LABELS[model]}"')
    return [*lines, "plot " + ", \\\n     ".join(drawn)]


def script(result, output):
    """The text that gnuplot reads."""
    losses = result["losses"]
    lines = ["set terminal svg size 960,840 font 'sans-serif,11' background '#ffffff'",
             f"set output '{output}'", "set multiplot layout 3,3 title "
             f'"Bytes lost (%) against baud rate: {result["board"]}"',
             "set logscale x", "set xrange [100000:4600000]", "set yrange [-3:103]",
             "set xtics ('115k' 115200, '460k' 460800, '921k' 921600, '2M' 2000000, '4M' 4000000)",
             "set grid lc rgb '#dddddd'"]
    fifos = sorted({one["fifo"] for one in losses})
    for shift in sorted(MIPS, reverse=True):
        for fifo in fifos:
            first = shift == max(MIPS) and fifo == fifos[-1]
            lines += panel(losses, shift, fifo, key=first)
    return "\n".join([*lines, "unset multiplot", ""])


def draw(result, path):
    """Writes the picture."""
    done = subprocess.run(["gnuplot"], input=script(result, path), capture_output=True, text=True,
                          check=False)
    if done.returncode or done.stderr.strip() or not path.is_file():
        first = (done.stderr.strip().splitlines() or ["it said nothing"])[0]
        raise say.Failure(f"gnuplot could not draw {path.name}: {first}", 1)
