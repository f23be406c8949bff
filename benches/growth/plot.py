"""Draws what `cargo test --release --test store -- --ignored --nocapture growth` prints as one SVG on standard output.

Reads lines `growth,WHAT GROWS,SIZE,WHAT IS MEASURED,MICROSECONDS` from standard input. Both axes are logarithmic, so that a
flat line is a cost that does not grow. Needs Python alone.
"""

import math
import sys
from collections import defaultdict
from html import escape

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 400, 250, 76, 40, 34, 40
COLORS = ["#0b57a4", "#b3261e", "#2e7d32", "#6a1b9a"]


def panel(title, series, x0):
    sizes = sorted({size for points in series.values() for size, _ in points})
    costs = [cost for points in series.values() for _, cost in points]
    low, high = math.floor(math.log10(min(costs))), math.ceil(math.log10(max(costs)) + 0.01)
    span = max(math.log10(sizes[-1] / sizes[0]), 0.01)

    def x(size):
        return x0 + LEFT + math.log10(size / sizes[0]) / span * (WIDTH - LEFT - RIGHT)

    def y(cost):
        return HEIGHT - BOTTOM - (math.log10(cost) - low) / max(high - low, 1) * (HEIGHT - TOP - BOTTOM)

    out = [f'<text x="{x0 + LEFT}" y="18" font-weight="bold">{escape(title)}</text>']
    for power in range(low, high + 1):
        at = y(10**power)
        out.append(f'<line x1="{x0 + LEFT}" x2="{x0 + WIDTH - RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#ccc"/>')
        out.append(f'<text x="{x0 + LEFT - 6}" y="{at + 4:.1f}" text-anchor="end">{10**power:,} µs</text>')
    for size in sizes:
        out.append(f'<text x="{x(size):.1f}" y="{HEIGHT - BOTTOM + 16}" text-anchor="middle">{size:,}</text>')
    for number, (name, points) in enumerate(series.items()):
        color = COLORS[number % len(COLORS)]
        line = " ".join(f"{x(size):.1f},{y(cost):.1f}" for size, cost in sorted(points))
        out.append(f'<polyline points="{line}" fill="none" stroke="{color}" stroke-width="2"/>')
        out += [f'<circle cx="{x(size):.1f}" cy="{y(cost):.1f}" r="3" fill="{color}"/>' for size, cost in points]
        at = HEIGHT - 8
        out.append(f'<text x="{x0 + LEFT + number * 160}" y="{at}" fill="{color}">{escape(name)}</text>')
    return out


def main():
    panels = defaultdict(lambda: defaultdict(list))
    for line in sys.stdin:
        _, found, rest = line.partition("growth,")
        if found and len(fields := rest.strip().split(",")) == 4:
            grows, size, what, cost = fields
            panels[grows][what].append((int(size), max(int(cost), 1)))
    width = WIDTH * len(panels)
    print(f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {HEIGHT}" font-family="sans-serif" font-size="11">')
    print(f'<rect width="{width}" height="{HEIGHT}" fill="#fff"/>')
    for number, (grows, series) in enumerate(panels.items()):
        print("\n".join(panel(grows, series, number * WIDTH)))
    print("</svg>")


if __name__ == "__main__":
    main()
