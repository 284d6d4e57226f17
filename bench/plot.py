"""The plot of docs/performance.svg: times against a bare start, and what they do when the host has more mounts."""
import math

WIDTH, LEFT, BAR, TOP = 900, 300, 24, 56
COLOURS = {"bare": "#8a8a8a", "ours": "#2563a8", "peer": "#c2703d"}
LINES = ("#8a8a8a", "#7aa7d9", "#2563a8", "#c2703d")


def text(x, y, words, anchor="start", size=13, colour="#222"):
    words = str(words).replace("&", "&amp;").replace("<", "&lt;")
    return f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" font-size="{size}" fill="{colour}">{words}</text>'


def line(x1, y1, x2, y2, colour="#ddd", width=1):
    return f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{colour}" stroke-width="{width}"/>'


def colour_of(name):
    if name.startswith("bare"):
        return COLOURS["bare"]
    return COLOURS["ours"] if name.startswith(("warm", "one-shot")) else COLOURS["peer"]


def bars(rows):
    """Median and 99th percentile over the bare median, logarithmic."""
    rows = [row for row in rows if row["n"] and not row["name"].startswith(("piece", "sum"))]
    bare = rows[0]["p50_us"]
    rows = sorted(rows, key=lambda row: row["p50_us"])
    most = max(row["p99_us"] / bare for row in rows)
    scale = (WIDTH - LEFT - 80) / math.log10(max(most, 10) / 0.5)

    def x(ratio):
        return LEFT + scale * math.log10(max(ratio, 0.5) / 0.5)

    out = [text(20, 28, "Start to exit of /usr/bin/true: p50 (bar) and p99 (tick) as multiples of a bare posix_spawn, log scale", size=15)]
    bottom = TOP + BAR * len(rows)
    for tick in (1, 2, 5, 10, 20, 50, 100, 200, 500):
        if tick <= most:
            out += [line(x(tick), TOP - 6, x(tick), bottom), text(x(tick), bottom + 16, f"{tick}x", "middle", 12, "#666")]
    for i, row in enumerate(rows):
        y, p50, p99 = TOP + BAR * i, row["p50_us"] / bare, row["p99_us"] / bare
        out += [text(LEFT - 8, y + 15, row["name"], "end"),
                f'<rect x="{LEFT}" y="{y + 3}" width="{x(p50) - LEFT:.1f}" height="{BAR - 8}" fill="{colour_of(row["name"])}"/>',
                line(x(p99), y + 2, x(p99), y + BAR - 4, "#222", 2), text(x(p99) + 6, y + 15, f"{p50:.1f}x", size=12)]
    return out, bottom + 30


def mounts(steps, top):
    """p50 over the p50 at the first step."""
    height, right = 200, WIDTH - 240
    counts = [step["mounts"] for step in steps]
    series = {}
    for step in steps:
        for row in step["rows"]:
            if row["n"]:
                series.setdefault(row["name"], []).append(row["p50_us"])
    series = {name: [p / values[0] for p in values] for name, values in series.items() if len(values) == len(steps)}
    most = max(max(values) for values in series.values()) * 1.05
    low, high = math.log10(counts[0]), math.log10(counts[-1])

    def x(n):
        return 60 + (right - 60) * (math.log10(n) - low) / ((high - low) or 1)

    def y(ratio):
        return top + 40 + height * (1 - ratio / most)

    out = [text(20, top + 20, "p50 against the number of host mounts, multiples of the first figure", size=15)]
    out += [text(x(n), y(0) + 18, n, "middle", 12, "#666") for n in counts]
    for tick in range(0, math.ceil(most) + 1, max(1, math.ceil(most / 6))):
        if tick <= most:
            out += [line(60, y(tick), right, y(tick)), text(52, y(tick) + 4, f"{tick}x", "end", 12, "#666")]
    labels = []
    for (name, values), colour in zip(series.items(), LINES):
        points = " ".join(f"{x(n):.1f},{y(v):.1f}" for n, v in zip(counts, values))
        out.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="2.5"/>')
        labels.append((y(values[-1]), f"{name} {values[-1]:.2f}x", colour))
    at = -math.inf
    for want, label, colour in sorted(labels):
        at = max(want, at + 17)
        out.append(text(right + 10, at + 4, label, size=12, colour=colour))
    return out, max(y(0), at) + 40


def svg(data, rows):
    first, top = bars(rows)
    second, height = mounts(data["host_mounts"], top)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" font-family="sans-serif">\n'
            f'<rect width="{WIDTH}" height="{height:.0f}" fill="#fff"/>\n' + "\n".join(first + second) + "\n</svg>\n")
