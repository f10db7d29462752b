"""What a run has found, on one screen and in counts; the report has the rest."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from genocohort.commands.estimates import format_seconds, read_benchmark
from genocohort.domain.tables_cohort import VERDICTS
from genocohort.io.results import Results

FULL = Path("results/full")
SAMPLES, REASONS = "sample_qc/samples", "sample_qc/reasons"
PHENOTYPES, LEDGER = "association_summary/phenotypes", "accounts/ledger"
# What is read here: a run in object storage fetches these.
FILES = tuple(FULL / f"{name}.parquet" for name in (SAMPLES, REASONS, PHENOTYPES, LEDGER))
MAX_PHENOTYPES, MAX_REASONS = 8, 2
_LABEL = 13


@dataclass(frozen=True)
class Used:
    """What the jobs of a run took together; None where no benchmark tells."""

    n_jobs: int = 0
    cpu_seconds: float | None = None
    max_rss_mb: float | None = None


def measure_used(benchmarks: Path, since: float) -> Used:
    """What the jobs took whose benchmark files are not older than a time."""
    paths = benchmarks.rglob("*.tsv") if benchmarks.is_dir() else []
    fresh = [path for path in paths if path.stat().st_mtime >= since]
    found = [measured for path in fresh if (measured := read_benchmark(path))]
    seconds = [m.cpu_seconds for m in found if m.cpu_seconds is not None]
    peaks = [m.max_rss_mb for m in found if m.max_rss_mb is not None]
    return Used(len(found), sum(seconds) if seconds else None, max(peaks, default=None))


def used_text(study: str, wall_seconds: float, used: Used) -> str:
    """One line: how long it took, and what for."""
    text = f"{study}: done in {format_seconds(wall_seconds)}"
    if used.n_jobs:
        text += f"; {used.n_jobs} job{'s' if used.n_jobs > 1 else ''}"
    if used.cpu_seconds is not None:
        text += f", {format_seconds(used.cpu_seconds)} of CPU time"
    if used.max_rss_mb is not None:
        text += f", at most {used.max_rss_mb:,.0f} MB of memory in one"
    return text


def summary_text(results: Results, accounts: dict[str, Any]) -> str:
    """Samples with their verdicts, tests, and what was left out.

    Parameters
    ----------
    results
        The results of the run.
    accounts
        Its accounts; tables of steps that are not in it are left over from another configuration.
    """
    parts = {
        SAMPLES: samples_lines,
        PHENOTYPES: association_lines,
        LEDGER: left_out_lines,
    }
    lines: list[str] = []
    for name, make in parts.items():
        step = name.split("/")[0]
        if results.has(name) and (step == "accounts" or step in accounts["totals"]):
            lines += make(results)
    return "\n".join(lines)


def _rows(results: Results, name: str, columns: list[str]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = results.arrow(name, columns).to_pylist()
    return rows


def _labelled(label: str, lines: Iterable[str]) -> list[str]:
    return [
        f"{'' if number else label:<{_LABEL}}{line}".rstrip() for number, line in enumerate(lines)
    ]


def samples_lines(results: Results) -> list[str]:
    """How many samples pass, and at what the others fail or are warned of."""
    verdicts = Counter(row["verdict"] for row in _rows(results, SAMPLES, ["verdict"]))
    counts = ", ".join(f"{verdicts[v]:,} {v}" for v in VERDICTS if verdicts[v])
    lines = [f"{verdicts.total():,}: {counts}"]
    seen: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for row in _rows(results, REASONS, ["sample_id", "metric", "level"]):
        seen[row["level"]][row["metric"]].add(row["sample_id"])
    # A level `pass` is a finding that a person has signed off.
    for level, words in (("fail", "fail"), ("warn", "warn"), ("pass", "signed off")):
        if metrics := seen[level]:
            ordered = sorted(metrics, key=lambda m: (-len(metrics[m]), m))
            lines.append(f"{words}: " + ", ".join(f"{m} {len(metrics[m]):,}" for m in ordered))
    return _labelled("samples", lines)


def association_lines(results: Results) -> list[str]:
    """Lambda and loci of each phenotype."""
    columns = ["phenotype", "n", "n_cases", "n_variants", "n_loci", "lambda_gc"]
    rows = _rows(results, PHENOTYPES, columns)
    lines = []
    for row in rows[:MAX_PHENOTYPES]:
        cases = "" if row["n_cases"] is None else f" ({row['n_cases']:,} cases)"
        inflation = "no tests" if row["lambda_gc"] is None else f"lambda {row['lambda_gc']:.3f}"
        loci = f"{row['n_loci']:,} {'locus' if row['n_loci'] == 1 else 'loci'}"
        lines.append(
            f"{row['phenotype']}: {loci}, {inflation}; {row['n']:,} samples{cases}, "
            f"{row['n_variants']:,} variants"
        )
    if len(rows) > MAX_PHENOTYPES:
        lines.append(f"... {len(rows) - MAX_PHENOTYPES} more phenotypes in the report")
    return _labelled("association", lines)


def left_out_lines(results: Results) -> list[str]:
    """What each step left out by a stated filter, with the commonest reasons."""
    columns = ["step", "scope", "unit", "n_in", "n_kept", "reason", "n_dropped", "is_loss"]
    totals: Counter[tuple[str, str]] = Counter()
    reasons: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
    counted: set[tuple[str, str, str]] = set()
    for row in _rows(results, LEDGER, columns):
        place = (row["step"], row["unit"])
        # Who failed is told above; a person counts in the scope of each chromosome anew.
        if row["unit"] in ("sample", "participant") and row["scope"] != "all":
            continue
        if row["step"] == "sample_qc" or row["is_loss"]:
            continue
        if (*place, row["scope"]) not in counted:
            counted.add((*place, row["scope"]))
            totals[place] += row["n_in"]
        if row["n_dropped"]:
            reasons[place][row["reason"]] += row["n_dropped"]
    lines = []
    for (step, unit), found in reasons.items():
        shown = "; ".join(f"{reason} {n:,}" for reason, n in found.most_common(MAX_REASONS))
        more = "; ..." if len(found) > MAX_REASONS else ""
        lines.append(f"{step}: {found.total():,} of {totals[step, unit]:,} {unit}s ({shown}{more})")
    return _labelled("left out", lines)
