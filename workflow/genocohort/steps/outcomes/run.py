"""`genocohort outcomes`: Table 1, survival curves, log-rank tests and Cox models."""

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np

from genocohort.config import settings_from_json
from genocohort.domain.genome import Genome
from genocohort.domain.ledger import Dropped, Entry, entries_to_json
from genocohort.domain.tables_clinical import (
    CONDITIONS,
    EXPOSURES,
    HAZARDS,
    OBSERVATIONS,
    OUTCOMES,
    PARTICIPANTS,
    SAMPLES,
    SCORES,
    SURVIVAL_CURVES,
    SURVIVAL_TESTS,
    TABLE1,
    phenotypes_wide_table,
)
from genocohort.errors import ConfigError
from genocohort.io.atomic import write_text
from genocohort.io.parquet import read_table, write_table
from genocohort.steps.outcomes.genotypes import read_allele_counts
from genocohort.steps.outcomes.scores import Score, compute_score
from genocohort.steps.outcomes.settings import OutcomesSettings, Survival
from genocohort.steps.outcomes.survival import (
    ALL,
    COVARIATES,
    SurvivalTables,
    TimeToEvent,
    add_curves,
    add_model,
    check_times,
)
from genocohort.steps.outcomes.table1 import describe
from genocohort.steps.outcomes.variables import (
    covariate_columns,
    describe_variable,
    participant_groups,
    time_to_event,
)

EXAMPLES = """example:
  genocohort outcomes --folder results/full/clinical --genotypes results/full/genotypes \\
    --chromosomes chr21 chr22 --settings '{}' --table1 table1.parquet --curves curves.parquet \\
    --tests tests.parquet --hazards hazards.parquet --ledger ledger.json
"""

Tables = dict[str, dict[str, list[Any]]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the step."""
    parser.add_argument("--folder", required=True, type=Path, help="tables of the step clinical")
    parser.add_argument("--genotypes", type=Path, help="folder of the genotype store")
    parser.add_argument("--chromosomes", nargs="*", default=[], help="chromosomes of the store")
    parser.add_argument("--score-names", nargs="*", default=[], help="names of the scores")
    parser.add_argument("--score-files", nargs="*", default=[], type=Path, help="scoring files")
    parser.add_argument("--settings", required=True, help="settings as JSON")
    parser.add_argument("--genome", default="{}", help="the genome build, JSON")
    for name in ("table1", "curves", "tests", "hazards", "scores", "ledger"):
        parser.add_argument(f"--{name}", required=True, type=Path, help="output")


def run(args: argparse.Namespace) -> None:
    """Describe the cohort and analyse every time to event of the settings."""
    settings = settings_from_json(OutcomesSettings, args.settings)
    tables = _read(args.folder)
    participants = tables["participants"]["participant_id"]
    groups = None
    if settings.group_by:
        groups = participant_groups(tables, settings.group_by, "outcomes.group_by")
    described = [
        describe_variable(variable, tables, settings.exclude_flagged)
        for variable in settings.table1
    ]
    n = len(participants)
    ledger = [Entry(step="outcomes", unit="participant", source="clinical", n_in=n, n_kept=n)]
    survival = SurvivalTables.empty()
    scores = _scores(args, tables)
    ledger += [score.entry() for score in scores.values()]
    for wanted in settings.survival:
        times = time_to_event(wanted.outcome, tables)
        check_times(times, participants)
        counts = read_allele_counts(
            args.genotypes, args.chromosomes, wanted.variants, tables["samples"], participants
        )
        _analyse(survival, times, wanted, counts, tables, settings)
        _analyse_scores(survival, times, wanted, scores, tables, settings)
        ledger.append(_entry(times, participants))
        at_zero = int(np.sum(times.known & (times.exit == 0)))
        if at_zero:
            print(
                f"outcomes: {wanted.outcome}: {at_zero} participants have time 0; they count as at "
                "risk on day 0",
                file=sys.stderr,
            )
    write_table(args.table1, TABLE1, describe(described, groups))
    write_table(args.curves, SURVIVAL_CURVES, survival.curves)
    write_table(args.tests, SURVIVAL_TESTS, survival.tests)
    write_table(args.hazards, HAZARDS, survival.hazards)
    write_table(args.scores, SCORES, _score_rows(scores, participants, settings.score_groups))
    write_text(args.ledger, entries_to_json(ledger))


def _read(folder: Path) -> Tables:
    tables: Tables = {}
    for table in (
        PARTICIPANTS, SAMPLES, OBSERVATIONS, CONDITIONS, EXPOSURES, OUTCOMES,
        phenotypes_wide_table(()),
    ):  # fmt: skip
        name = table.name.split("/")[1]
        tables[name] = read_table(folder / f"{name}.parquet", table).to_pydict()
    return tables


def _analyse(
    survival: SurvivalTables,
    times: TimeToEvent,
    wanted: Survival,
    counts: dict[str, Any],
    tables: Tables,
    settings: OutcomesSettings,
) -> None:
    """Curves of everybody, by each grouping and by each genotype; models with and without it."""
    level, least = settings.confidence_level, settings.min_events_per_term
    add_curves(survival, times, ALL, [ALL] * len(times.exit), level)
    for name in wanted.group_by:
        groups = participant_groups(tables, name, f"outcomes.survival, {wanted.outcome}")
        add_curves(survival, times, name, groups, level)
    covariates = covariate_columns(wanted.covariates, tables)
    if covariates:
        add_model(survival, times, COVARIATES, covariates, level, least)
    for variant, copies in counts.items():
        genotypes = [None if np.isnan(c) else str(int(c)) for c in copies]
        add_curves(survival, times, variant, genotypes, level)
        add_model(survival, times, variant, {variant: copies, **covariates}, level, least)


def _scores(args: argparse.Namespace, tables: Tables) -> dict[str, Score]:
    genome = settings_from_json(Genome, args.genome)
    participants = tables["participants"]["participant_id"]
    return {
        name: compute_score(
            name, path, genome, args.genotypes, args.chromosomes, tables["samples"], participants
        )
        for name, path in zip(args.score_names, args.score_files, strict=True)
    }


def _analyse_scores(
    survival: SurvivalTables,
    times: TimeToEvent,
    wanted: Survival,
    scores: dict[str, Score],
    tables: Tables,
    settings: OutcomesSettings,
) -> None:
    """Curves of the parts of each score, and a model of it per standard deviation."""
    covariates = covariate_columns(wanted.covariates, tables)
    for name in wanted.scores:
        if name not in scores:
            raise ConfigError(
                f"{wanted.outcome}: there is no score {name}",
                where="outcomes.survival",
                expected=", ".join(scores) or "scores in inputs.scores",
            )
        score, level = scores[name], settings.confidence_level
        add_curves(survival, times, name, score.groups(settings.score_groups), level)
        terms = {f"{name} per SD": score.z, **covariates}
        add_model(survival, times, name, terms, level, settings.min_events_per_term)


def _score_rows(
    scores: dict[str, Score], participants: list[str], n_groups: int
) -> dict[str, list[Any]]:
    rows: dict[str, list[Any]] = {name: [] for name in SCORES.column_names}
    for name, score in scores.items():
        rows["score"] += [name] * len(participants)
        rows["participant_id"] += participants
        for column, values in (("value", score.value), ("z", score.z)):
            rows[column] += [None if np.isnan(v) else float(v) for v in values]
        rows["group"] += score.groups(n_groups)
    return rows


def _entry(times: TimeToEvent, participants: list[str]) -> Entry:
    unknown = [participants[i] for i in np.flatnonzero(~times.known)]
    dropped = (
        Dropped(reason="time or event unknown", n=len(unknown), examples=tuple(unknown[:5])),
    ) if unknown else ()  # fmt: skip
    return Entry(
        step="outcomes", scope=times.outcome, unit="participant", source="clinical",
        source_scopes=("all",), n_in=len(participants), n_kept=len(participants) - len(unknown),
        dropped=dropped,
    )  # fmt: skip
