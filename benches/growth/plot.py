#!/usr/bin/env python3
"""Draws the lines printed by the growth measurements: one SVG in a folder for each growing quantity.

    plot.py FOLDER KEPT <LINES

Reads lines `growth,WHAT GROWS,SIZE,WHAT IS MEASURED,COST,UNIT` from the file KEPT and from standard input, whose figures
replace the kept ones, and writes all of them to KEPT. Both axes are logarithmic. A cost that does not grow is a flat line.
Needs only Python.
"""

import math
import pathlib
import sys
from collections import defaultdict
from html import escape

WIDTH, PLOT, LEFT, RIGHT, TOP, LINE, LABEL = 460, 230, 72, 48, 34, 18, 46
COLORS = ["#0b57a4", "#b3261e", "#2e7d32", "#6a1b9a", "#8a5a00"]


def scale(sizes, costs):
    """Returns the functions from a size and from a cost to a point, and the powers of ten to label."""
    low, high = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)) + 0.01)
    span = max(math.log10(sizes[-1] / sizes[0]), 0.01)

    def x(size):
        return LEFT + math.log10(size / sizes[0]) / span * (WIDTH - LEFT - RIGHT)

    def y(cost):
        return TOP + PLOT - (math.log10(cost) - low) / max(high - low, 1) * PLOT

    return x, y, range(low, high + 1)


def draw(title, unit, series):
    sizes = sorted({size for points in series.values() for size, _ in points})
    x, y, powers = scale(sizes, [cost for points in series.values() for _, cost in points])
    height = TOP + PLOT + 2 * LINE + LINE * len(series)
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<text x="{LEFT}" y="20" font-weight="bold">{escape(title)} (cost in {escape(unit)})</text>',
    ]
    for power in powers:
        at = y(10**power)
        out.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ccc"/>')
        out.append(f'<text x="{LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{10**power:,}</text>')
    end = WIDTH
    for size in reversed(sizes):
        if x(size) < end - LABEL:
            end = x(size)
            out.append(f'<text x="{end:.1f}" y="{TOP + PLOT + LINE}" text-anchor="middle">{size:,}</text>')
    for number, (name, points) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        line = " ".join(f"{x(size):.1f},{y(cost):.1f}" for size, cost in sorted(points))
        out.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        out += [f'<circle cx="{x(size):.1f}" cy="{y(cost):.1f}" r="3" fill="{color}"/>' for size, cost in points]
        at = TOP + PLOT + LINE * (number + 2)
        out.append(f'<text x="{LEFT}" y="{at + 4}" fill="{color}">{escape(name)}</text>')
    return "\n".join([*out, "</svg>", ""])


def figures(lines):
    """Returns the cost and its unit by growing quantity, measured action and size."""
    found = {}
    for line in lines:
        _, is_ours, rest = line.partition("growth,")
        if is_ours and len(fields := rest.strip().split(",")) == 5:
            grows, size, what, cost, unit = fields
            found[grows, what, int(size)] = float(cost), unit
    return found


def main():
    folder, kept = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    before = figures(kept.read_text().splitlines()) if kept.exists() else {}
    costs = dict(sorted({**before, **figures(sys.stdin)}.items()))
    folder.mkdir(parents=True, exist_ok=True)
    kept.write_text("".join(f"growth,{grows},{size},{what},{cost},{unit}\n" for (grows, what, size), (cost, unit) in costs.items()))
    plots = defaultdict(lambda: defaultdict(list))
    for (grows, what, size), (cost, unit) in costs.items():
        plots[grows, unit][what].append((size, max(cost, 0.001)))
    for (grows, unit), series in plots.items():
        (folder / f"{grows.replace(' ', '-')}.svg").write_text(draw(grows, unit, series))


if __name__ == "__main__":
    main()
