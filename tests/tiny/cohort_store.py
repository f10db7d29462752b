"""Small genotype stores and simulated genotypes, for the tests of the cohort's steps."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.domain.sheet import Sample, Sex
from genocohort.domain.tables_variants import SUMMARY_SAMPLES
from genocohort.io.atomic import write_text
from genocohort.io.parquet import write_table
from genocohort.io.sheet import sheet_text
from genocohort.io.store import write_pgen, write_psam, write_pvar

Calls = npt.NDArray[np.int8]


def make_samples(n: int, sexes: Sequence[Sex] | None = None, **columns: str) -> list[Sample]:
    """Samples S0, S1, ... of participants P0, P1, ..."""
    given = sexes or ["unknown"] * n
    return [Sample(f"S{i}", f"P{i}", f"S{i}", given[i], **columns) for i in range(n)]


def write_store(
    folder: Path,
    samples: Sequence[Sample],
    calls: Mapping[str, Calls],
    *,
    filters: Mapping[str, Sequence[str]] | None = None,
    info: Mapping[str, Sequence[str]] | None = None,
    positions: Mapping[str, Sequence[int]] | None = None,
) -> None:
    """One chromosome per key; positions are 1001, 1011, ... unless given; all variants PASS."""
    for name, rows in calls.items():
        n = len(rows)
        where = (positions or {}).get(name, range(1001, 1001 + 10 * n, 10))
        chosen = (filters or {}).get(name, ["PASS"] * n)
        source = (info or {}).get(name, [f"RECORD={i};ALLELE=1" for i in range(n)])
        write_pgen(folder / f"{name}.pgen", len(samples), n, iter([rows] if n else []))
        write_pvar(
            folder / f"{name}.pvar",
            [f"##contig=<ID={name}>"],
            (
                (name, where[i], f"{name}_{i}", "A", "G", ".", chosen[i], source[i])
                for i in range(n)
            ),
        )
        write_psam(folder / f"{name}.psam", samples)


def write_sheet(path: Path, samples: Sequence[Sample]) -> None:
    """The normalised sheet of these samples."""
    write_text(path, sheet_text(tuple(samples)))


def write_summary(path: Path, rows: Sequence[Mapping[str, object]]) -> None:
    """variant_summary/samples with the columns given; the others are 0 or null."""
    columns: dict[str, list[object]] = {}
    for column in SUMMARY_SAMPLES.columns:
        zero: object = {"int64": 0, "float64": None if column.missing else 0.0}.get(column.type, "")
        columns[column.name] = [row.get(column.name, zero) for row in rows]
    write_table(path, SUMMARY_SAMPLES, columns)


def draw_unrelated(
    rng: np.random.Generator, n_variants: int, n_samples: int, low: float = 0.1
) -> Calls:
    """Genotypes of unrelated samples, allele frequencies between `low` and 1 - `low`."""
    p = rng.uniform(low, 1 - low, size=n_variants)
    return rng.binomial(2, p[:, None], size=(n_variants, n_samples)).astype(np.int8)


def draw_child(rng: np.random.Generator, father: Calls, mother: Calls) -> Calls:
    """A child of two complete genotypes, every variant inherited on its own."""
    from_father, from_mother = rng.binomial(1, father / 2), rng.binomial(1, mother / 2)
    return (from_father + from_mother).astype(np.int8)
