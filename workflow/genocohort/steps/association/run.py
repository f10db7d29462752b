"""Step `association`: single-variant tests of one chromosome, all phenotypes."""

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome, contig_class
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.tables_association import ASSOCIATION, MODELS
from genocohort.domain.tables_clinical import SAMPLES, phenotypes_wide_table
from genocohort.domain.tables_cohort import SAMPLE_QC_SAMPLES, components_table
from genocohort.engine.allotment import Allotment, add_allotment_arguments
from genocohort.engine.tasks import map_tasks
from genocohort.errors import ConfigError, InputDataError, Problems
from genocohort.io.atomic import write_text
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store import Store
from genocohort.steps.association.cohort import (
    Candidate,
    Fitted,
    Selection,
    fit_model,
    select_samples,
)
from genocohort.steps.association.results import (
    Piece,
    model_columns,
    result_columns,
    variant_codes,
)
from genocohort.steps.association.scan import REASONS, scan_block
from genocohort.steps.association.settings import AssociationSettings

EXAMPLES = """example:
  genocohort association --folder results/full/genotypes --chromosome chr21 ...
"""

# Calls of one task: what it holds in memory depends on the number of samples alone.
_TASK_CALLS = 1 << 24
_MAX_BLOCK = 1024
# What a task takes: its calls as float64 with three temporaries, beside the models' bases.
_PER_CALL = 32
_SEX_NAMES = ("sex", "sex_recorded", "male", "female", "is_male", "is_female")

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the options of the step."""
    parser.add_argument("--folder", type=Path, required=True, help="the genotype store")
    parser.add_argument("--chromosome", required=True, help="canonical name")
    parser.add_argument("--phenotypes", type=Path, required=True, help="phenotypes_wide.parquet")
    parser.add_argument("--links", type=Path, required=True, help="clinical samples.parquet")
    parser.add_argument("--components", type=Path, required=True, help="components.parquet")
    parser.add_argument("--sample-qc", type=Path, required=True, help="sample_qc samples.parquet")
    parser.add_argument("--settings", required=True, help="JSON")
    parser.add_argument("--genome", required=True, help="JSON")
    add_allotment_arguments(parser)
    parser.add_argument("--results", type=Path, required=True, help="tests, Parquet")
    parser.add_argument("--models", type=Path, required=True, help="models fitted, Parquet")
    parser.add_argument("--ledger", type=Path, required=True, help="JSON")


@dataclass(frozen=True)
class _Group:
    """Variants of one ploidy: their rows in the store, who is haploid, and the fitted models."""

    variants: Bools
    haploid: Bools
    models: tuple[Fitted, ...]


def run(args: argparse.Namespace) -> None:
    """Test the variants of one chromosome."""
    settings = settings_from_json(AssociationSettings, args.settings)
    genome = settings_from_json(Genome, args.genome)
    if not settings.models:
        raise ConfigError(
            "no phenotype to test", where="association.models", remedy="list at least one model"
        )
    store = Store(args.folder, args.chromosome)
    clinic = _Clinic.read(args, store, settings)
    groups = _groups(store, clinic, genome, settings)
    for notice in dict.fromkeys(n for g in groups for f in g.models for n in f.notices):
        print(f"association {args.chromosome}: {notice}", file=sys.stderr)
    kind = contig_class(args.chromosome)
    excluded = kind in settings.exclude_classes
    blocks = [] if excluded else _blocks(store)
    n_calls = max((end - start for start, end in blocks), default=0) * store.n_samples
    threads = Allotment.of(args).workers(_PER_CALL * n_calls)
    found = map_tasks(lambda b: _test_block(store, groups, *b, settings), blocks, threads=threads)
    pieces = [[p for block in found for p in block[i]] for i in range(len(settings.models))]
    rows, columns = result_columns(settings.models, pieces)
    columns |= _variant_columns(store, rows)
    write_table(args.models, MODELS, model_columns(groups[-1].models), genome_build=genome.build)
    write_table(args.results, ASSOCIATION, columns, genome_build=genome.build)
    codes = variant_codes(0 if excluded else store.n_variants, pieces)
    entries = [
        _variant_entry(store, codes, f"chromosome {kind} is excluded" if excluded else ""),
        *(_sample_entry(args.chromosome, clinic, fitted) for fitted in groups[-1].models),
    ]
    write_text(args.ledger, entries_to_json(entries))


@dataclass(frozen=True)
class _Clinic:
    """The selected samples with their phenotypes and components."""

    n_candidates: int
    selection: Selection
    columns: Mapping[str, Floats]
    components: Floats

    @classmethod
    def read(
        cls, args: argparse.Namespace, store: Store, settings: AssociationSettings
    ) -> "_Clinic":
        """Join the tables by exact ids."""
        wide = read_table(args.phenotypes, phenotypes_wide_table(()))
        row_of = {p: i for i, p in enumerate(wide["participant_id"].to_pylist())}
        links = read_table(args.links, SAMPLES, ["sample_id", "participant_id"])
        participant = dict(zip(*(links[c].to_pylist() for c in links.column_names), strict=True))
        known = {s: p for s, p in participant.items() if p in row_of}
        columns = ["sample_id", "verdict", "call_rate"]
        qc = read_table(args.sample_qc, SAMPLE_QC_SAMPLES, columns).to_pylist()
        quality = {row["sample_id"]: row for row in qc}
        components = read_table(args.components, components_table(0))
        candidates = []
        for sample, role in zip(
            components["sample_id"].to_pylist(), components["role"].to_pylist(), strict=True
        ):
            if sample not in quality:
                raise InputDataError(
                    "a sample with components has no verdict",
                    where=str(args.sample_qc),
                    offenders=[sample],
                    remedy="run the step `sample_qc` again",
                )
            row = quality[sample]
            rate = row["call_rate"] if row["call_rate"] is not None else 0.0
            candidates.append(Candidate(sample, known.get(sample), row["verdict"], role, rate))
        selection = select_samples(
            candidates, store.samples, exclude_related=settings.exclude_related
        )
        rows = np.array([row_of[p] for p in selection.participant_ids], dtype=np.int64)
        numbers = {
            name: _floats(wide[name])[rows]
            for name in wide.column_names
            if name != "participant_id"
        }
        place = {s: i for i, s in enumerate(components["sample_id"].to_pylist())}
        order = np.array([place[s] for s in selection.sample_ids], dtype=np.int64)
        names = [n for n in components.column_names if n not in ("sample_id", "role")]
        matrix = np.column_stack(
            [np.empty((len(order), 0)), *(_floats(components[n])[order] for n in names)]
        )
        return cls(len(candidates), selection, numbers, matrix)


def _floats(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.to_numpy(), dtype=np.float64)


def _groups(
    store: Store, clinic: _Clinic, genome: Genome, settings: AssociationSettings
) -> list[_Group]:
    """Variants by ploidy; on X outside the pseudo-autosomal regions sex is a covariate."""
    kind = contig_class(store.chromosome)
    male = np.array([sex == "male" for sex in store.sexes], dtype=bool)
    everyone, nobody = np.ones_like(male), np.zeros_like(male)
    n_variants = store.n_variants
    autosomal = _fit_all(clinic, settings, None)
    if kind not in ("X", "Y"):
        haploid = everyone if kind == "MT" else nobody
        return [_Group(np.ones(n_variants, dtype=bool), haploid, autosomal)]
    positions = store.variants.vcf_pos - 1
    par = np.zeros(n_variants, dtype=bool)
    for region in genome.par_regions(store.chromosome):
        par |= (positions >= region.start) & (positions < region.end)
    haploid = male if kind == "X" else everyone
    outside = autosomal
    if kind == "X" and settings.x_sex_covariate:
        known = np.array([s != "unknown" for s in store.sexes])
        sex = np.where(known, male.astype(np.float64), np.nan)[clinic.selection.store_rows]
        outside = _fit_all(clinic, settings, sex)
    return [_Group(par, nobody, autosomal), _Group(~par, haploid, outside)]


def _fit_all(
    clinic: _Clinic, settings: AssociationSettings, sex: Floats | None
) -> tuple[Fitted, ...]:
    fitted, problems = [], []
    for model in settings.models:
        adjusted = any(name.lower() in _SEX_NAMES for name in model.covariates)
        extra = {} if sex is None or adjusted else {"sex": sex}
        try:
            fitted.append(
                fit_model(
                    model,
                    clinic.selection,
                    clinic.columns,
                    clinic.components,
                    extra,
                    max_iterations=settings.max_iterations,
                )
            )
        except (ConfigError, InputDataError) as error:
            problems.append(error)
    if len(problems) == 1:
        raise problems[0]
    if problems:
        raise Problems(problems)
    return tuple(fitted)


def _blocks(store: Store) -> list[tuple[int, int]]:
    """Ranges of variants, from the data alone."""
    size = min(_MAX_BLOCK, max(16, _TASK_CALLS // max(store.n_samples, 1)))
    return [(s, min(s + size, store.n_variants)) for s in range(0, store.n_variants, size)]


def _test_block(
    store: Store, groups: Sequence[_Group], start: int, end: int, settings: AssociationSettings
) -> list[list[Piece]]:
    """The pieces of variants [start, end), per phenotype."""
    calls = store.read(start, end)
    found: list[list[Piece]] = [[] for _ in settings.models]
    for group in groups:
        inside = np.flatnonzero(group.variants[start:end])
        for i, fitted in enumerate(group.models):
            samples = fitted.store_rows
            part = calls[np.ix_(inside, samples)]
            result = scan_block(part, fitted, group.haploid[samples], settings)
            found[i].append(Piece(start + inside, result))
    return found


def _variant_columns(store: Store, rows: npt.NDArray[np.int64]) -> dict[str, Any]:
    variants = store.variants
    return {
        "chromosome": pa.array([store.chromosome] * len(rows), pa.string()),
        "vcf_pos": variants.vcf_pos[rows],
        "variant_id": pa.array(variants.variant_id[rows], pa.string()),
        "effect_allele": pa.array(variants.alt[rows], pa.string()),
        "other_allele": pa.array(variants.ref[rows], pa.string()),
    }


def _variant_entry(store: Store, codes: npt.NDArray[np.int8], excluded: str) -> Entry:
    n = store.n_variants
    dropped = []
    if excluded and n:
        dropped = [Dropped(reason=excluded, n=n)]
    for code, reason in REASONS.items():
        rows = np.flatnonzero(codes == code)
        if rows.size:
            examples = tuple(
                f"{store.chromosome}:{store.variants.vcf_pos[i]}:{store.variants.variant_id[i]}"
                for i in rows[:5]
            )
            dropped.append(Dropped(reason=reason, n=len(rows), examples=examples))
    return Entry(
        step="association",
        scope=store.chromosome,
        unit="variant",
        source="genotypes",
        source_scopes=(store.chromosome,),
        n_in=n,
        n_kept=n - sum(d.n for d in dropped),
        dropped=tuple(dropped),
    )


def _sample_entry(chromosome: str, clinic: _Clinic, fitted: Fitted) -> Entry:
    """The samples of one phenotype: from those with components to those tested."""
    reasons = {**clinic.selection.dropped, **fitted.dropped}
    dropped = tuple(
        Dropped(
            reason=reason,
            n=count,
            examples=tuple(sorted(s for s, r in reasons.items() if r == reason)[:5]),
        )
        for reason, count in sorted(Counter(reasons.values()).items())
    )
    return Entry(
        step="association",
        scope=f"{chromosome} {fitted.model.phenotype}",
        unit="sample",
        source="structure",
        source_scopes=("all",),
        n_in=clinic.n_candidates,
        n_kept=len(fitted.phenotype),
        dropped=dropped,
    )
