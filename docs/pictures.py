"""Draw docs/images: `dag`, the workflow's rules and what they wait for; `report`, the report.

python docs/pictures.py dag
python docs/pictures.py report results/full/report/index.html    # needs Chromium
"""

import argparse
import itertools
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from html import escape
from pathlib import Path

import yaml
from PIL import Image

ROOT = Path(__file__).parents[1]
IMAGES = Path(__file__).parent / "images"
COLUMN, ROW, WIDTH, HEIGHT = 190, 40, 148, 26
# One of each image that steps run in; dark text is readable on all of them.
COLORS = ("#cfe3f1", "#fbe5bf", "#cdeadf", "#f2dbe8", "#d9eefa", "#f7d9c9", "#dedaea", "#e6e9ec")
Edges = set[tuple[str, str]]


def rule_graph() -> tuple[list[str], Edges]:
    """Rules of the sample cohort, and which waits for which, as Snakemake tells it."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        init = [sys.executable, "-m", "genocohort.cli", "init", str(study)]
        subprocess.run(init, check=True, capture_output=True)
        snakefile = str(ROOT / "workflow/Snakefile")
        graph = [sys.executable, "-m", "snakemake", "--snakefile", snakefile, "--rulegraph"]
        told = subprocess.run(graph, cwd=study, check=True, capture_output=True, text=True).stdout
    names = dict(re.findall(r'^\s*(\d+)\s*\[label = "(\w+)"', told, re.MULTILINE))
    pairs = re.findall(r"^\s*(\d+) -> (\d+)", told, re.MULTILINE)
    edges = {(names[a], names[b]) for a, b in pairs if names[b] != "all"}
    return sorted(set(names.values()) - {"all"}), edges


def reduce_edges(edges: Edges) -> Edges:
    """The edges that no longer way between the same two rules makes needless."""
    after: dict[str, set[str]] = {}
    for a, b in edges:
        after.setdefault(a, set()).add(b)

    def reached(start: str) -> set[str]:
        found: set[str] = set()
        waiting = list(after.get(start, ()))
        while waiting:
            name = waiting.pop()
            if name not in found:
                found.add(name)
                waiting += after.get(name, ())
        return found

    return {(a, b) for a, b in edges if not any(b in reached(c) for c in after[a] - {b})}


def place_rules(names: list[str], edges: Edges) -> tuple[dict[str, float], dict[str, int], Edges]:
    """Row and column of each rule, and the edges in steps from one column to the next.

    Columns are by the longest way. An edge that passes columns gets a waypoint in each, named
    `a>b@column`, so that it goes around the rules there.
    """
    before = {name: sorted(a for a, b in edges if b == name) for name in names}
    column: dict[str, int] = {}

    def depth(name: str) -> int:
        if name not in column:
            column[name] = 1 + max((depth(a) for a in before[name]), default=-1)
        return column[name]

    for name in names:
        depth(name)
    steps: Edges = set()
    for a, b in sorted(edges):
        way = [a, *(f"{a}>{b}@{k}" for k in range(column[a] + 1, column[b])), b]
        column |= {point: column[a] + k for k, point in enumerate(way[:-1])}
        steps |= set(itertools.pairwise(way))
    columns: dict[int, list[str]] = {}
    for name, k in sorted(column.items()):
        columns.setdefault(k, []).append(name)
    row: dict[str, float] = {}
    for sweep in range(12):
        forward = sweep % 2 == 0
        for k in sorted(columns, reverse=not forward):
            near = {n: [a if forward else b for a, b in steps if (b if forward else a) == n]
                    for n in columns[k]}  # fmt: skip
            wanted = {
                n: sum(row[m] for m in near[n]) / len(near[n]) if near[n] else row.get(n, 0)
                for n in columns[k]
                if all(m in row for m in near[n])
            }
            ordered = sorted(columns[k], key=lambda n: (wanted.get(n, 0), n))
            sizes = [1.0 if ">" not in n else 0.45 for n in ordered]
            at = -sum(sizes) / 2
            for name, size in zip(ordered, sizes, strict=True):
                row[name] = at + size / 2
                at += size
    lowest = min(row.values())
    return {name: r - lowest for name, r in row.items()}, column, steps


def draw_dag(names: list[str], edges: Edges, image_of: Mapping[str, str]) -> str:
    """The graph as SVG: a column for each stage, a colour for each image."""
    row, column, steps = place_rules(names, reduce_edges(edges))
    # A rule that is not named as its step begins with it.
    image = {n: image_of.get(n) or image_of[n.rsplit("_", 1)[0]] for n in names}
    images = sorted(set(image.values()))
    color = {name: COLORS[i % len(COLORS)] for i, name in enumerate(images)}
    at = {n: (20 + column[n] * COLUMN, 20 + row[n] * ROW) for n in row}
    width = max(x for x, _ in at.values()) + WIDTH + 20
    height = max(y for _, y in at.values()) + HEIGHT + 50
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="The rules of the workflow and what each waits for" '
        f'font-family="Helvetica, Arial, sans-serif" font-size="12.5">',
        f'<rect width="{width:g}" height="{height:g}" fill="#fff"/>',
        '<g fill="none" stroke="#8a97a3" stroke-width="1.2">',
    ]
    for a, b in sorted(steps):
        x0, x1 = at[a][0] + WIDTH, at[b][0]
        y0, y1 = at[a][1] + HEIGHT / 2, at[b][1] + HEIGHT / 2
        middle = (x0 + x1) / 2
        start = f"M{at[a][0]:g} {y0:g}H{x0:g}" if ">" in a else f"M{x0:g} {y0:g}"
        curve = f"C{middle:g} {y0:g} {middle:g} {y1:g} {x1:g} {y1:g}"
        parts.append(f'<path d="{start}{curve}"/>')
    parts.append("</g>")
    for name in names:
        x, y = at[name]
        parts.append(
            f'<rect x="{x:g}" y="{y:g}" width="{WIDTH}" height="{HEIGHT}" rx="5" '
            f'fill="{color[image[name]]}" stroke="#4d5b69"/>'
            f'<text x="{x + WIDTH / 2:g}" y="{y + 17:g}" text-anchor="middle">{escape(name)}</text>'
        )
    x = 20.0
    for name in images:
        parts.append(
            f'<rect x="{x:g}" y="{height - 30:g}" width="14" height="14" rx="3" '
            f'fill="{color[name]}" stroke="#4d5b69"/><text x="{x + 20:g}" y="{height - 18:g}" '
            f'fill="#4d5b69">{escape(name)}</text>'
        )
        x += 44 + 7 * len(name)
    return "\n".join([*parts, "</svg>", ""])


def photograph(page: Path, shown: tuple[str, ...] = ("", "#association")) -> Image.Image:
    """The page's begin, and sections of it, beside each other at half their size."""
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
    if chromium is None:
        raise SystemExit("Chromium is not installed")
    text = page.read_text(encoding="utf-8")
    screens = []
    with tempfile.TemporaryDirectory() as folder:
        for k, part in enumerate(shown):
            alone = f"main > :not({part}) {{ display: none; }} {part} {{ margin: 0; }}"
            cut = Path(folder) / f"{k}.html"
            style = alone if part else ""
            cut.write_text(text.replace("</style>", f"{style}</style>", 1), encoding="utf-8")
            shot = Path(folder) / f"{k}.png"
            subprocess.run(
                [chromium, "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
                 "--window-size=1280,1180", f"--user-data-dir={folder}/profile",
                 f"--screenshot={shot}", cut.as_uri()],
                check=True, capture_output=True,
            )  # fmt: skip
            with Image.open(shot) as screen:
                size = (screen.width // 2, screen.height // 2)
                screens.append(screen.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    gap = 12
    width = sum(s.width + gap for s in screens) - gap
    whole = Image.new("RGB", (width, screens[0].height), (138, 151, 163))
    x = 0
    for screen in screens:
        whole.paste(screen, (x, 0))
        x += screen.width + gap
    return whole.quantize(255, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)


def main() -> None:
    """Write one picture."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("which", choices=("dag", "report"))
    parser.add_argument("page", nargs="?", type=Path, help="the report's HTML file")
    args = parser.parse_args()
    IMAGES.mkdir(exist_ok=True)
    if args.which == "dag":
        image_of = yaml.safe_load((ROOT / "containers/images.yaml").read_text(encoding="utf-8"))
        text = draw_dag(*rule_graph(), image_of)
        (IMAGES / "dag.svg").write_text(text, encoding="utf-8", newline="\n")
    elif args.page is None:
        parser.error("report: name the report's HTML file")
    else:
        photograph(args.page).save(IMAGES / "report.png", optimize=True)


if __name__ == "__main__":
    main()
