"""One pass over a VCF by either engine, as the tests look at it."""

from pathlib import Path
from typing import Any

import numpy as np
import pgenlib

from genocohort.domain.call_counts import CountedRows, SampleSums, join_rows, no_rows
from genocohort.domain.genome import Genome
from genocohort.domain.ploidy import in_par
from genocohort.domain.site_filter import SiteFilter
from genocohort.domain.tables_variants import CARRIED_COUNTS, GENOTYPE_COUNTS
from genocohort.io.call_counts import rows_to_arrow
from genocohort.io.pgen import PgenSpool
from genocohort.io.vcf import VcfReader
from genocohort.kernels import native
from genocohort.stats.hwe import hwe_exact
from genocohort.steps.genotypes.counting import cohort_ploidy, count_batch
from genocohort.steps.genotypes.native import NativeCounter
from genocohort.steps.variants.compute import compute_sites, counted_columns
from tiny.calls_strategies import SEXES

ANY_SITE = SiteFilter()
Counted = tuple[CountedRows, SampleSums]
ENGINES = ("plain", "compiled") if native("calls") else ("plain",)


def count_plain(
    path: Path, contig: str, names: tuple[str, ...], site_filter: SiteFilter = ANY_SITE
) -> Counted:
    """By the plain engine."""
    reader = VcfReader(path, contig, names, depths=True)
    ploidy = cohort_ploidy(contig, [SEXES.get(n, "unknown") for n in names])  # type: ignore[misc]
    parts, total = [no_rows()], SampleSums.zero(len(names))
    for raw in reader.batches():
        batch = reader.parse(raw)
        inside = in_par(Genome(), contig, batch.vcf_pos)
        rows, sums = count_batch(batch, ploidy, inside, site_filter)
        parts.append(rows)
        total.add(sums)
    return join_rows(parts), total


def count_compiled(
    path: Path,
    contig: str,
    names: tuple[str, ...],
    threads: int = 1,
    site_filter: SiteFilter = ANY_SITE,
) -> Counted:
    """By the compiled engine."""
    module = native("calls")
    reader = VcfReader(path, contig, names, depths=True)
    assert module is not None
    ploidy = cohort_ploidy(contig, [SEXES.get(n, "unknown") for n in names])  # type: ignore[misc]
    counter = NativeCounter(module, reader.source, ploidy, contig, Genome(), site_filter)
    in_place = reader.text() is not None
    found = counter.rows(threads) if in_place else counter.rows_of(reader.batches(), threads)
    rows = join_rows([no_rows(), *found])
    return rows, counter.sums()


def count(engine: str, path: Path, contig: str, names: tuple[str, ...]) -> Counted:
    """By one of ENGINES."""
    return (count_plain if engine == "plain" else count_compiled)(path, contig, names)


def site_rows(rows: CountedRows, contig: str) -> list[dict[str, Any]]:
    """The rows of variants/sites."""
    batch = rows_to_arrow(rows, 0)
    columns = compute_sites(contig, batch, counted_columns(batch), hwe_exact)
    lists = [c.to_pylist() if hasattr(c, "to_pylist") else c.tolist() for c in columns.values()]
    return [dict(zip(columns, values, strict=True)) for values in zip(*lists, strict=True)]


def sample_rows(sums: SampleSums, names: tuple[str, ...]) -> dict[tuple[str, str], dict[str, Any]]:
    """Counts of samples, by sample and filter set."""
    found = {}
    for i, name in enumerate(names):
        for filter_set, subsets in (("all", [0, 1]), ("pass", [1])):
            classes = sums.classes[subsets, i].sum(axis=0)
            carried = sums.carried[subsets, i].sum(axis=0)
            depths = sums.depths[subsets, i].sum(axis=0) / [1024, 1, 1024, 1]
            found[name, filter_set] = {
                "n_records": classes.sum(),
                **dict(zip(GENOTYPE_COUNTS, classes, strict=True)),
                **dict(zip(CARRIED_COUNTS, carried, strict=True)),
                **dict(zip(("dp_sum", "n_dp", "gq_sum", "n_gq"), depths, strict=True)),
            }
    return found


def stored_calls(rows: CountedRows, n_samples: int, folder: Path) -> tuple[Any, Any]:
    """The store's rows as pgenlib reads them: haplotypes (n_rows, n_samples, 2), phased."""
    n = len(rows.kinds)
    alleles = np.zeros((n, 2 * n_samples), dtype=np.int32)
    phased = np.zeros((n, n_samples), dtype=np.bool_)
    path = folder / "rows.pgen"
    with PgenSpool() as spool:
        spool.add(rows.store, rows.kinds, rows.sizes)
        spool.write(path, n_samples)
    if n:
        with pgenlib.PgenReader(
            str(path).encode(), raw_sample_ct=n_samples, variant_ct=n
        ) as reader:
            reader.read_alleles_and_phasepresent_range(0, n, alleles, phased)
    return alleles.reshape(n, n_samples, 2), phased
