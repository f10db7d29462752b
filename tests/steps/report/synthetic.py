"""Write a results folder as a run would: every table by its declaration, from seeded numbers."""

import json
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from genocohort.domain import tables_alignments as alignments
from genocohort.domain import tables_association as association
from genocohort.domain import tables_clinical as clinical
from genocohort.domain import tables_cohort as cohort
from genocohort.domain import tables_variants as variants
from genocohort.domain.tables_accounts import LEDGER
from genocohort.io.atomic import write_text
from genocohort.io.parquet import write_table
from tiny.report_tables import (
    write_distances,
    write_identity,
    write_inheritance,
    write_panel,
    write_populations,
    write_read_groups,
    write_sample_calls,
    write_scores_and_times,
    write_sequencing,
    write_sign_offs,
    write_truth,
)

PARTS = ("alignments", "calls", "clinical", "association")
ANCESTRIES = ("A", "B", "C")
CHROMOSOMES = tuple(f"chr{n}" for n in range(1, 23))


def write_results(
    folder: Path,
    *,
    n_samples: int = 60,
    n_variants: int = 2_000,
    parts: Iterable[str] = PARTS,
    phenotypes: tuple[str, ...] = ("ldl", "t2d"),
    max_aligned: int = 400,
    seed: int = 7,
) -> Path:
    """Write the tables of the parts asked for, and the accounts of the run."""
    there = set(parts)
    rng = np.random.default_rng(seed)
    names = [f"S{i:04d}" for i in range(1, n_samples + 1)]
    people = [f"P{i:04d}" for i in range(1, n_samples + 1)]
    group = rng.integers(0, 3, n_samples)
    _samples(folder, rng, names, people, there)
    more = np.random.default_rng(seed + 1)
    aligned = names[: min(n_samples, max_aligned)]
    if "alignments" in there:
        _alignments(folder, rng, aligned)
        write_sequencing(folder, more, aligned)
        write_read_groups(folder, more, aligned)
    if {"alignments", "calls"} <= there:
        write_identity(folder, more, aligned, names)
    if "calls" in there:
        write_populations(folder, more, names[1:], [ANCESTRIES[g] for g in group[1:]])
        write_distances(folder, more, names[1:])
        write_sample_calls(folder, more, names)
        write_truth(folder, names)
        write_panel(folder, more, names, [ANCESTRIES[g] for g in group])
        if n_samples > 25:
            write_inheritance(folder, names)
        _variant_tables(folder, rng, n_variants)
        _kinship(folder, rng, names)
        _structure(folder, rng, names[1:], group[1:], n_variants)
    if "clinical" in there:
        _clinical(folder, rng, names, people, group)
        _outcomes(folder, rng, n_samples)
        write_scores_and_times(folder, more, people)
    if "association" in there:
        _association(folder, rng, n_samples, n_variants, phenotypes)
    _accounts(folder, n_samples, n_variants, there)
    return folder


def _samples(folder, rng, names, people, there):
    n = len(names)
    calls, aligned = "calls" in there, "alignments" in there
    sex = np.where(np.arange(n) % 2 == 0, "male", "female")
    inferred = sex.copy()
    inferred[-1] = "male" if sex[-1] == "female" else "female"
    rate = np.clip(1 - rng.gamma(2, 0.004, n), 0, 1)
    rate[0] = 0.7
    verdict = ["fail", *["pass"] * (n - 2), "warn"]
    reasons = [["70 % of genotypes are called, below the limit of 95 %."], *[[]] * (n - 2)]
    reasons[4] = ["8.0 % of the reads are another person's. Set to pass by A. Reader."]
    reasons.append([f"recorded {sex[-1]}, but the calls look {inferred[-1]}."])
    none = np.full(n, np.nan)

    def measured(values, there):
        return np.asarray(values, float) if there else none

    het = rng.poisson(500, n)
    columns = {
        "sample_id": names,
        "participant_id": people,
        "batch": ["b1" if i % 3 else "b2" for i in range(n)],
        "has_calls": [calls] * n,
        "has_alignment": [aligned] * n,
        "sex_recorded": sex,
        "sex_inferred": inferred,
        "call_rate": measured(rate, calls),
        "n_het": measured(het, calls),
        "n_hom_alt": measured(np.full(n, 300), calls),
        "het_hom_ratio": measured(het / 300, calls),
        "f_inbreeding": measured(rng.normal(0, 0.01, n), calls),
        "ts_tv": measured(rng.normal(2.1, 0.02, n), calls),
        "n_singletons": measured(rng.poisson(20, n), calls),
        "mean_depth": measured(rng.normal(30, 3, n), True),
        "ancestry": [None] * n,
        "outlier_group": [None] * n,
        "het_hom_z": none,
        "ts_tv_z": none,
        "singletons_z": none,
        "x_f": measured(np.where(inferred == "male", 0.98, 0.02) + rng.normal(0, 0.01, n), calls),
        "x_het_rate": measured(np.where(inferred == "male", 0.0, 0.3), calls),
        "y_call_rate": measured(np.where(inferred == "male", 0.99, 0.01), calls),
        "x_depth_ratio": measured(np.where(inferred == "male", 0.5, 1.0), aligned),
        "y_depth_ratio": measured(np.where(inferred == "male", 0.5, 0.0), aligned),
        "mean_fragment_depth": measured(rng.normal(28, 3, n), aligned),
        "mapped_rate": measured(rng.uniform(0.97, 1, n), aligned),
        "duplicate_rate": measured(rng.uniform(0.02, 0.1, n), aligned),
        "contamination": none,
        "own_concordance": none,
        "best_sample_id": [None] * n,
        "verdict": verdict,
        "reasons": reasons,
    }
    for column in cohort.SAMPLE_QC_SAMPLES.column_names:
        columns.setdefault(column, [None] * n)
    write_table(folder / "sample_qc/samples.parquet", cohort.SAMPLE_QC_SAMPLES, columns)
    write_table(
        folder / "sample_qc/reasons.parquet",
        cohort.SAMPLE_QC_REASONS,
        {
            "sample_id": [names[0], names[4], names[-1]],
            "metric": ["call_rate", "contamination", "sex"],
            "value": [0.7, 0.08, np.nan],
            "threshold": [0.95, 0.05, np.nan],
            "level": ["fail", "pass", "warn"],
            "sentence": [reasons[0][0], reasons[4][0], reasons[-1][0]],
        },
    )
    write_sign_offs(folder, names)


def _alignments(folder, rng, names):
    rows: list[tuple[str, str, str, int, int]] = []
    shapes = {"fragment_depth": (30, 6, 70), "insert_size": (350, 60, 700), "gc": (41, 8, 100),
              "base_quality": (34, 4, 41)}  # fmt: skip
    for name in names:
        shift = rng.normal(0, 0.06)
        for metric, (middle, width, most) in shapes.items():
            bins = np.arange(most + 1)
            counts = 1e6 * np.exp(-(((bins - middle * (1 + shift)) / width) ** 2))
            rows += [
                (name, "", metric, int(b), int(c))
                for b, c in zip(bins, counts, strict=True)
                if c >= 1
            ]
    keys = ("sample_id", "contig", "metric", "bin", "count")
    write_table(
        folder / "alignment_summary/histograms.parquet",
        alignments.SAMPLE_HISTOGRAMS,
        {key: [row[i] for row in rows] for i, key in enumerate(keys)},
    )
    n = len(names)
    depth = rng.normal(30, 3, n)
    columns = {
        column.name: rng.uniform(0.9, 1, n)
        for column in alignments.SAMPLES.columns
        if column.type == "float64"
    }
    columns |= {
        "sample_id": names,
        "status": ["ok"] * n,
        "depth_scope": ["genome"] * n,
        "n_records": [1_000_000] * n,
        "n_reads": [990_000] * n,
        "duplicate_rate": rng.uniform(0.02, 0.12, n),
        "mean_fragment_depth": depth,
        "median_fragment_depth": depth,
        "fraction_10x": np.full(n, 0.99),
        "fraction_20x": np.full(n, 0.95),
        "fraction_30x": rng.uniform(0.4, 0.6, n),
        "insert_size_median": np.full(n, 350.0),
        "error_rate": np.full(n, 0.004),
        "gc_mean": np.full(n, 0.41),
    }
    columns["n_regions"] = [None] * len(columns["sample_id"])
    for column in alignments.SAMPLES.column_names:
        columns.setdefault(column, [None] * n)
    write_table(folder / "alignment_summary/samples.parquet", alignments.SAMPLES, columns)


def _histogram_rows(rng, n_variants):
    def row(metric, label, start, end, count):
        return ("all", metric, label, start, end, int(count))

    rows = []
    bases = "ACGT"
    for ref in bases:
        for alt in bases.replace(ref, ""):
            is_transition = {ref, alt} in ({"A", "G"}, {"C", "T"})
            count = n_variants // (6 if is_transition else 24)
            rows.append(row("substitution", f"{ref}>{alt}", np.nan, np.nan, count))
    for length in (*range(-12, 0), *range(1, 11)):
        count = 1 + n_variants / 30 / abs(length) ** 1.3
        rows.append(row("indel_length", str(length), length, length, count))
    for k in range(1, 40):
        rows.append(row("sfs", str(k), k, k, 1 + n_variants / 4 / k))
    for i, low in enumerate(np.arange(0, 1, 0.05)):
        low, high = round(low, 2), round(low + 0.05, 2)
        ts = 1 + n_variants / 3 / (i + 1)
        label = f"{low}-{high}"
        rows.append(row("af_transitions", label, low, high, ts))
        rows.append(row("af_transversions", label, low, high, ts / 2.1 + 1))
    for i in range(12):
        low, high = i / 100, (i + 1) / 100
        rows.append(row("site_missingness", f"{low}-{high}", low, high, 1 + n_variants / 3**i))
        rows.append(row("hwe_neg_log10_p", f"{i}-{i + 1}", i, i + 1, 1 + n_variants / 6**i))
    for depth in range(5, 60):
        shape = np.exp(-(((depth - 30) / 8) ** 2))
        rows.append(row("dp", str(depth), depth, depth, 1 + 1000 * shape))
        rows.append(row("gq", str(depth), depth, depth, 1 + 10 * depth))
    rows.append(row("dp", "500+", 500, np.nan, 3))
    return rows


def _variant_tables(folder, rng, n_variants):
    names = ("chromosome", "metric", "label", "bin_start", "bin_end", "count")
    rows = _histogram_rows(rng, n_variants)
    for chromosome in CHROMOSOMES:
        for start in range(0, 60_000_000, 1_000_000):
            label = f"{start}-{start + 1_000_000}"
            n = int(rng.poisson(1 + n_variants / 1_000))
            if n:
                rows.append((chromosome, "density", label, start, start + 1_000_000, n))
    columns = {name: [r[i] for r in rows] * 2 for i, name in enumerate(names)}
    columns["filter_set"] = ["all"] * len(rows) + ["pass"] * len(rows)
    write_table(folder / "variant_summary/histograms.parquet", variants.SUMMARY_HISTOGRAMS, columns)
    per = {chromosome: n_variants // 22 for chromosome in CHROMOSOMES}
    per["all"] = sum(per.values())
    keys = [(c, f) for c in per for f in ("all", "pass")]
    counts = np.array([per[c] - (2 if f == "pass" else 0) for c, f in keys])
    table = {name: counts // 2 for name in variants.SITE_COUNTS}
    table |= {
        "chromosome": [c for c, _ in keys],
        "filter_set": [f for _, f in keys],
        "n_records": counts,
        "n_snv_alleles": counts * 9 // 10,
        "n_insertions": counts // 20,
        "n_deletions": counts // 18,
        "ts_tv": np.full(len(keys), 2.08),
        "call_rate": np.full(len(keys), 0.991),
    }
    write_table(folder / "variant_summary/chromosomes.parquet", variants.SUMMARY_CHROMOSOMES, table)


def _kinship(folder, rng, names):
    child = "parent_offspring"
    pairs = [(names[1], names[2], 0.25, 0.0002, child, child, False, None),
             (names[3], names[4], 0.24, 0.03, "full_siblings", "", False,
              "Full siblings by the calls; no relation is recorded."),
             (names[5], names[6], 0.497, 0.0, "duplicate", "", True,
              "The same person by the calls under two participants."),
             (names[7], names[8], 0.01, 0.09, "unrelated", "parent_offspring", True,
              "Recorded as parent and child, unrelated by the calls.")]  # fmt: skip
    keys = ("sample_id_1", "sample_id_2", "kinship", "ibs0", "relation_inferred",
            "relation_recorded", "is_contradiction", "finding")  # fmt: skip
    columns = {key: [p[i] for p in pairs] for i, key in enumerate(keys)}
    columns |= {"n_snps": [900] * len(pairs), "n_het_het": [200] * len(pairs)}
    write_table(folder / "kinship/pairs.parquet", cohort.KINSHIP_PAIRS, columns)


def _structure(folder, rng, names, group, n_variants):
    k = 6
    centres = np.array([[0.04, 0.0], [-0.03, 0.03], [-0.03, -0.03]])
    scores = rng.normal(0, 0.004, (len(names), k))
    scores[:, :2] += centres[group]
    columns = {"sample_id": names, "role": ["fitted"] * (len(names) - 2) + ["projected"] * 2}
    columns |= {f"PC{i + 1}": scores[:, i] for i in range(k)}
    write_table(folder / "structure/components.parquet", cohort.components_table(k), columns)
    fraction = np.array([0.11, 0.06, 0.011, 0.01, 0.009, 0.009])
    write_table(
        folder / "structure/eigenvalues.parquet",
        cohort.STRUCTURE_EIGENVALUES,
        {"component": np.arange(1, k + 1), "eigenvalue": fraction * 60, "fraction": fraction},
    )
    n = max(10, n_variants // 20)
    write_table(
        folder / "structure/pruned.parquet",
        cohort.STRUCTURE_PRUNED,
        {
            "chromosome": ["chr1"] * n,
            "vcf_pos": np.arange(1, n + 1),
            "variant_id": [f"v{i}" for i in range(n)],
        },
    )
    rows = [("A", "B", 0.11, 0.004), ("A", "C", 0.12, 0.005), ("B", "C", 0.05, 0.002)]
    write_table(
        folder / "structure/fst.parquet",
        cohort.STRUCTURE_FST,
        {
            "group_by": ["ancestry_reported"] * 3,
            "group_1": [r[0] for r in rows],
            "group_2": [r[1] for r in rows],
            "n_1": [20] * 3,
            "n_2": [20] * 3,
            "n_variants": [n] * 3,
            "fst": [r[2] for r in rows],
            "standard_error": [r[3] for r in rows],
        },
    )


def _clinical(folder, rng, names, people, group):
    n = len(people)
    nothing = [None] * n
    participants = {
        "participant_id": people,
        "site": ["1" if i % 2 else "2" for i in range(n)],
        "sex_recorded": ["male" if i % 2 == 0 else "female" for i in range(n)],
        "birth_year": [1950 + i % 40 for i in range(n)],
        "age_index": rng.integers(30, 80, n).astype(float),
        "age_topcoded": [False] * n,
        "ancestry_reported": [ANCESTRIES[g] for g in group],
        "consent": [["DUO:0000042"]] * n,
        "followup_end_day": rng.integers(100, 4000, n),
        "source": ["records"] * n,
        "birth_precision": ["day"] * n,
    }
    for column in clinical.PARTICIPANTS.column_names:
        participants.setdefault(column, nothing)
    write_table(folder / "clinical/participants.parquet", clinical.PARTICIPANTS, participants)
    write_table(
        folder / "clinical/samples.parquet",
        clinical.SAMPLES,
        {
            "sample_id": names[:-1],
            "participant_id": people[:-1],
            "assay": ["wgs"] * (n - 1),
            "vcf_name": names[:-1],
            "bam_rg_sm": nothing[:-1],
            "collected_day": [0] * (n - 1),
        },
    )
    write_table(
        folder / "clinical/phenotypes_wide.parquet",
        clinical.phenotypes_wide_table(("ldl", "t2d", "age_index")),
        {
            "participant_id": people,
            "ldl": np.where(rng.random(n) < 0.05, np.nan, rng.normal(130, 30, n)),
            "t2d": (rng.random(n) < 0.3).astype(float),
            "age_index": participants["age_index"],
        },
    )
    write_table(
        folder / "clinical/findings.parquet",
        clinical.FINDINGS,
        {
            "source": ["labs", "labs", "records"],
            "row": [12, 19, None],
            "column": ["value", "value", "note"],
            "kind": ["unit_suspect", "unit_suspect", "column_not_carried"],
            "sentence": [
                "The value fits mmol/L, not the unit written; kept as written and flagged.",
                "The value fits mmol/L, not the unit written; kept as written and flagged.",
                "Free text is not carried over.",
            ],
        },
    )


def _table1_rows(n):
    half = n // 2
    for group, size in (("(all)", n), ("1", half), ("2", n - half)):
        numeric = (
            "age_index",
            None,
            group,
            size - 1,
            1,
            55.1,
            14.2,
            54.0,
            42.0,
            67.0,
            None,
            np.nan,
        )
        yield (*numeric, 0.04, "55.1 (14.2)")
        for level, share in (("female", 0.5), ("male", 0.5)):
            count = int(size * share)
            yield (
                "sex_recorded", level, group, size, 0, np.nan, np.nan, np.nan, np.nan, np.nan,
                count, share, 0.13, f"{count} (50.0%)",
            )  # fmt: skip


def _outcomes(folder, rng, n):
    rows = list(_table1_rows(n))
    write_table(
        folder / "outcomes/table1.parquet",
        clinical.TABLE1,
        {name: [r[i] for r in rows] for i, name in enumerate(clinical.TABLE1.column_names)},
    )
    curves = {name: [] for name in clinical.SURVIVAL_CURVES.column_names}
    for by, groups in (("(all)", ("(all)",)), ("chr1:100:A:G", ("0", "1", "2"))):
        for k, group in enumerate(groups):
            at_risk, survival = n // len(groups), 1.0
            for day in range(200, 3650, 200):
                events = 1 if at_risk > 2 + k else 0
                survival *= 1 - events / at_risk
                row = (
                    "heart_failure", by, group, day, at_risk, events, 1, survival,
                    survival - 0.05, min(1.0, survival + 0.04),
                )  # fmt: skip
                for name, value in zip(curves, row, strict=True):
                    curves[name].append(value)
                at_risk -= events + 1
                if at_risk < 2:
                    break
    write_table(folder / "outcomes/survival_curves.parquet", clinical.SURVIVAL_CURVES, curves)
    write_table(
        folder / "outcomes/survival_tests.parquet",
        clinical.SURVIVAL_TESTS,
        {
            "outcome": ["heart_failure"],
            "group_by": ["chr1:100:A:G"],
            "statistic": [9.2],
            "df": [2],
            "p_value": [0.01],
        },
    )
    terms = [("(covariates)", "age_index", 0.02, 0.01), ("(covariates)", "sex", -0.2, 0.22),
             ("chr1:100:A:G", "chr1:100:A:G", 0.7, 0.17)]  # fmt: skip
    hazards = {
        "outcome": ["heart_failure"] * 4,
        "model": [t[0] for t in terms] + ["chr2:5:C:T"],
        "term": [t[1] for t in terms] + ["chr2:5:C:T"],
        "log_hazard_ratio": [t[2] for t in terms] + [np.nan],
        "standard_error": [t[3] for t in terms] + [np.nan],
        "hazard_ratio": [np.exp(t[2]) for t in terms] + [np.nan],
        "ci_lower": [np.exp(t[2] - 1.96 * t[3]) for t in terms] + [np.nan],
        "ci_upper": [np.exp(t[2] + 1.96 * t[3]) for t in terms] + [np.nan],
        "z": [t[2] / t[3] for t in terms] + [np.nan],
        "p_value": [0.045, 0.36, 3.8e-5, np.nan],
        "ph_test_p_value": [0.4, 0.03, 0.7, np.nan],
        "n": [n] * 4,
        "n_events": [n // 2] * 4,
        "note": [None, None, None, "fewer events than terms"],
    }
    write_table(folder / "outcomes/hazards.parquet", clinical.HAZARDS, hazards)


def _association(folder, rng, n, m, phenotypes):
    chromosome = np.sort(rng.integers(0, 22, m))
    position = np.empty(m, np.int64)
    for k in range(22):
        here = chromosome == k
        position[here] = np.sort(rng.integers(1, 250_000_000 - 9_000_000 * k, here.sum()))
    labels = np.array(CHROMOSOMES)[chromosome]
    ids = [f"{c}:{p}:A:G" for c, p in zip(labels, position, strict=True)]
    frequency = rng.beta(0.5, 2, m)
    models, hits = [], []
    for number, name in enumerate(phenotypes):
        binary = number % 2 == 1
        strength = -np.log10(rng.random(m))
        best = m // 3
        if number == 0:
            strength[best - 5 : best + 6] += np.array([1, 2, 3, 5, 8, 12, 9, 5, 3, 2, 1])
        strength[-1] = np.nan
        columns = {
            "phenotype": [name] * m,
            "chromosome": labels,
            "vcf_pos": position,
            "variant_id": ids,
            "effect_allele": ["G"] * m,
            "other_allele": ["A"] * m,
            "effect_allele_frequency": frequency,
            "n": np.full(m, n - 3),
            "n_cases": [n // 3] * m if binary else [None] * m,
            "minor_allele_count": np.rint(2 * n * np.minimum(frequency, 1 - frequency)),
            "beta": np.full(m, 0.2),
            "standard_error": np.full(m, 0.05),
            "statistic": np.full(m, 4.0),
            "neg_log10_p": strength,
            "test": ["logistic" if binary else "linear"] * m,
            "flag": [None] * (m - 1) + ["constant"],
        }
        path = folder / f"association_summary/{name}.gwas.parquet"
        write_table(path, association.GWAS, columns, genome_build="GRCh38")
        order = np.argsort(-np.nan_to_num(strength, nan=-1.0))[:5]
        significant = strength > 7.3
        models.append((name, binary, int(np.nansum(significant))))
        for rank, i in enumerate(order, 1):
            hits.append({key: value[i] for key, value in columns.items()} | {
                "rank": rank,
                "is_significant": bool(significant[i]),
                "n_locus_variants": 4,
                "nearest_gene": "LDLR" if rank == 1 else None,
                "gene_distance_bp": 12_000 if rank == 1 else None,
            })  # fmt: skip
    names = association.TOP_HITS.column_names
    write_table(
        folder / "association_summary/top_hits.parquet",
        association.TOP_HITS,
        {name: [hit[name] for hit in hits] for name in names},
    )
    n_models = len(models)
    write_table(
        folder / "association_summary/phenotypes.parquet",
        association.PHENOTYPES,
        {
            "phenotype": [name for name, _, _ in models],
            "kind": ["binary" if b else "quantitative" for _, b, _ in models],
            "transform": ["none" if b else "rint" for _, b, _ in models],
            "covariates": [["age_index", "sex"]] * n_models,
            "n_components": [4] * n_models,
            "n": [n - 3] * n_models,
            "n_cases": [n // 3 if b else None for _, b, _ in models],
            "n_controls": [n - 3 - n // 3 if b else None for _, b, _ in models],
            "n_variants": [m - 1] * n_models,
            "n_flagged": [1] * n_models,
            "n_significant": [k for _, _, k in models],
            "n_loci": [min(k, 1) for _, _, k in models],
            "lambda_gc": [1.01 + 0.15 * b for _, b, _ in models],
            "lambda_1000": [1.02 + 0.15 * b for _, b, _ in models],
            "lambda_maf_below_0_01": [0.99] * n_models,
            "lambda_maf_0_01_to_0_05": [1.0] * n_models,
            "lambda_maf_from_0_05": [1.01] * n_models,
        },
    )


def _accounts(folder, n_samples, n_variants, there):
    rows = [("sample_qc", "all", "sample", "input", n_samples, n_samples - 1,
             "call rate below the limit", 1, False, ["S0001"])]  # fmt: skip
    if "calls" in there:
        for chromosome in CHROMOSOMES:
            n = n_variants // 22
            rows.append(("genotypes", chromosome, "variant", "input", n, n - 1,
                         "allele * (deleted by another record)", 1, False,
                         [f"{chromosome}:1"]))  # fmt: skip
        rows.append(("kinship", "all", "variant", "genotypes", n_variants, n_variants, None, 0,
                     False, []))  # fmt: skip
    if "clinical" in there:
        rows.append(("clinical", "all", "participant", "input", n_samples + 1, n_samples,
                     "the same person under two record numbers", 1, False, []))  # fmt: skip
    steps = {"alignments": ["alignment_summary"], "clinical": ["outcomes"],
             "calls": ["variant_summary", "structure", "truth", "mendel", "ancestry"],
             "association": ["association_summary"]}  # fmt: skip
    if {"alignments", "calls"} <= there:
        rows += [(step, "all", "sample", "input", n_samples, n_samples, None, 0, False, [])
                 for step in ("sites", "identity")]  # fmt: skip
    for part in PARTS:
        for step in steps[part] if part in there else ():
            rows.append((step, "all", "sample", "input", n_samples, n_samples, None, 0, False, []))
    columns = {name: [r[i] for r in rows] for i, name in enumerate(LEDGER.column_names)}
    write_table(folder / "accounts/ledger.parquet", LEDGER, columns)
    totals: dict[str, dict[str, dict[str, int]]] = {}
    for step, _, unit, _, n_in, n_kept, *_ in rows:
        total = totals.setdefault(step, {}).setdefault(unit, {"n_in": 0, "n_kept": 0})
        total["n_in"] += n_in
        total["n_kept"] += n_kept
    accounts = {"complete": True, "contradictions": [], "losses": [], "totals": totals}
    text = json.dumps(accounts, indent=1, sort_keys=True)
    write_text(folder / "accounts/accounts.json", text + "\n")
