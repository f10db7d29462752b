"""Tables of a made-up run that the report draws beside the main ones: reads, structure, scores."""

from pathlib import Path

import numpy as np

from genocohort.domain import tables_alignments as alignments
from genocohort.domain import tables_ancestry as ancestry
from genocohort.domain import tables_clinical as clinical
from genocohort.domain import tables_cohort as cohort
from genocohort.domain import tables_identity as identity
from genocohort.domain import tables_pedigree as pedigree
from genocohort.domain import tables_truth as truth
from genocohort.domain import tables_variants as variants
from genocohort.io.parquet import write_table

N_CYCLES = 100


def write_sign_offs(folder: Path, names: list[str]) -> None:
    """One that fits a finding, one that fits none."""
    write_table(
        folder / "sample_qc/sign_offs.parquet",
        cohort.SAMPLE_QC_SIGN_OFFS,
        {
            "sample_id": [names[4], names[8]],
            "finding": ["contamination", "call_rate"],
            "computed": ["fail", None],
            "verdict": ["pass", "pass"],
            "applied": [True, False],
            "signed_by": ["A. Reader", "A. Reader"],
            "date": ["2026-01-02", "2026-01-03"],
            "reason": ["The library was made again", "Seen and accepted"],
        },
    )


def write_sequencing(folder: Path, rng: np.random.Generator, names: list[str]) -> None:
    """Base quality by cycle, and depth by contig; the second sample has a third copy of chr21."""
    columns: dict[str, list] = {name: [] for name in alignments.SAMPLE_CYCLES.column_names}
    cycle = np.arange(1, N_CYCLES + 1)
    for name in names:
        for order, fall in (("first", 4), ("last", 7)):
            columns["sample_id"] += [name] * N_CYCLES
            columns["read_order"] += [order] * N_CYCLES
            columns["cycle"] += cycle.tolist()
            columns["n_bases"] += [1_000] * N_CYCLES
            quality = 37 - fall * (cycle / N_CYCLES) ** 2 + rng.normal(0, 0.1, N_CYCLES)
            columns["quality_mean"] += quality.tolist()
    path = folder / "alignment_summary/cycles.parquet"
    write_table(path, alignments.SAMPLE_CYCLES, columns)
    contigs = [*(f"chr{n}" for n in range(1, 23)), "chrX", "chrY", "chrM", "chrUn_1", "*"]
    rows: dict[str, list] = {name: [] for name in alignments.SAMPLE_CONTIGS.column_names}
    for k, name in enumerate(names):
        copies = np.array([2.0] * 22 + ([1, 1] if k % 2 == 0 else [2, 0]) + [400, 2, 0])
        if k == 1:
            copies[20] = 3
        depth = 15 * copies * rng.normal(1, 0.01, len(copies))
        length = [1_000_000] * (len(contigs) - 1) + [0]
        given = {
            "sample_id": [name] * len(contigs),
            "contig": contigs,
            "length": [*length[:-1], None],
            "evaluated_bases": length,
            "evaluated_depth_sum": [round(a * b) for a, b in zip(depth, length, strict=True)],
        }
        for column in rows:
            rows[column] += given.get(column, [0] * len(contigs))
    write_table(folder / "alignment_summary/contigs.parquet", alignments.SAMPLE_CONTIGS, rows)


def write_identity(
    folder: Path, rng: np.random.Generator, aligned: list[str], genotyped: list[str]
) -> None:
    """The third and fourth alignment are exchanged, the fifth is contaminated."""
    n = len(aligned)
    whose = aligned.copy()
    whose[2], whose[3] = aligned[3], aligned[2]
    share = np.round(rng.uniform(0, 0.002, n), 6)
    share[4] = 0.08
    number = {name: i for i, name in enumerate(genotyped)}
    agree = rng.uniform(0.4, 0.65, (n, len(genotyped)))
    for i, name in enumerate(whose):
        agree[i, number[name]] = 0.999
    own = [agree[i, number[name]] for i, name in enumerate(aligned)]
    write_table(
        folder / "identity/samples.parquet",
        identity.IDENTITY_SAMPLES,
        {
            "sample_id": aligned,
            "n_sites": [900] * n,
            "mean_site_depth": [28.0] * n,
            "error_rate": [0.001] * n,
            "contamination": share,
            "contamination_low": share * 0.8,
            "contamination_high": share * 1.2 + 0.001,
            "contamination_log_ratio": share * 1000,
            "own_n_sites": [900] * n,
            "own_concordance": own,
            "best_sample_id": whose,
            "best_n_sites": [900] * n,
            "best_concordance": [0.999] * n,
            "match": ["own" if a == b else "other" for a, b in zip(aligned, whose, strict=True)],
        },
    )
    pairs = [(a, g) for a in aligned for g in genotyped]
    write_table(
        folder / "identity/pairs.parquet",
        identity.IDENTITY_PAIRS,
        {
            "sample_id": [p[0] for p in pairs],
            "calls_sample_id": [p[1] for p in pairs],
            "n_sites": [900] * len(pairs),
            "n_concordant": np.rint(agree.reshape(-1) * 900),
            "n_opposite": [3] * len(pairs),
            "concordance": agree.reshape(-1),
        },
    )
    write_table(
        folder / "sites/sites.parquet",
        identity.SITES,
        {"chromosome": ["chr1"] * 900, "vcf_pos": np.arange(1, 901) * 1000, "ref": ["A"] * 900,
         "alt": ["G"] * 900, "alt_frequency": np.full(900, 0.3)},
    )  # fmt: skip


def write_populations(
    folder: Path, rng: np.random.Generator, names: list[str], group: list[str]
) -> None:
    """Ancestry, runs of homozygosity, diversity and spectra; the first sample is misreported."""
    n = len(names)
    found = list(group)
    found[0] = "B" if group[0] == "A" else "A"
    found[1] = "unassigned"
    write_table(
        folder / "structure/ancestry.parquet",
        cohort.STRUCTURE_ANCESTRY,
        {
            "sample_id": names,
            "ancestry_reported": [*group[:-1], None],
            "nearest": [found[0], group[1], *found[2:]],
            "ancestry_inferred": found,
            "probability": np.full(n, 0.999),
            "distance_p": np.full(n, 0.4),
            "is_contradiction": [True] + [False] * (n - 1),
        },
    )
    runs = rng.poisson(6, n)
    total = runs * rng.integers(1_500_000, 4_000_000, n)
    write_table(
        folder / "structure/roh_samples.parquet",
        cohort.STRUCTURE_ROH_SAMPLES,
        {"sample_id": names, "n_runs": runs, "total_bp": total, "longest_bp": total // 2,
         "covered_bp": [2_700_000_000] * n, "f_roh": total / 2_700_000_000},
    )  # fmt: skip
    groups = [("all", "", n), *(("ancestry_reported", g, n // 3) for g in "ABC")]
    windows: dict[str, list] = {name: [] for name in cohort.STRUCTURE_DIVERSITY.column_names}
    spectrum: dict[str, list] = {name: [] for name in cohort.STRUCTURE_SPECTRUM.column_names}
    for by, name, size in groups:
        for number in range(1, 23):
            start = np.arange(60) * 1_000_000
            values = (by, name, size, f"chr{number}")
            for column, value in zip(windows, values, strict=False):
                windows[column] += [value] * len(start)
            windows["start"] += start.tolist()
            windows["end"] += (start + 1_000_000).tolist()
            windows["n_segregating"] += [2_000] * len(start)
            windows["pi"] += rng.normal(1e-3, 1e-4, len(start)).tolist()
            windows["theta"] += rng.normal(1.2e-3, 1e-4, len(start)).tolist()
            windows["tajima_d"] += rng.normal(-0.5, 0.3, len(start)).tolist()
        for kind, most in (("folded", size), ("unfolded", 2 * size)):
            count = np.arange(most + 1)
            for column, value in zip(spectrum, (by, name, size, kind, 2 * size), strict=False):
                spectrum[column] += [value] * len(count)
            spectrum["allele_count"] += count.tolist()
            spectrum["n_variants"] += (90_000 / np.maximum(count, 1)).tolist()
            spectrum["n_left_out"] += [7] * len(count)
    write_table(folder / "structure/diversity.parquet", cohort.STRUCTURE_DIVERSITY, windows)
    write_table(folder / "structure/spectrum.parquet", cohort.STRUCTURE_SPECTRUM, spectrum)


def write_scores_and_times(folder: Path, rng: np.random.Generator, people: list[str]) -> None:
    """Two scores, the second without the last participant; one time to event."""
    n = len(people)
    value = rng.normal(3, 2, (2, n))
    value[1, -1] = np.nan
    mean, spread = np.nanmean(value, axis=1), np.nanstd(value, axis=1, ddof=1)
    z = (value - mean[:, None]) / spread[:, None]
    part = [None if np.isnan(x) else f"{1 + int(x > 0)} of 2" for x in z.reshape(-1)]
    write_table(
        folder / "outcomes/scores.parquet",
        clinical.SCORES,
        {"score": ["cad"] * n + ["height"] * n, "participant_id": people * 2,
         "value": value.reshape(-1), "z": z.reshape(-1), "group": part},
    )  # fmt: skip
    columns = {name: [None] * n for name in clinical.OUTCOMES.column_names}
    columns |= {
        "participant_id": people,
        "outcome": ["heart_failure"] * n,
        "kind": ["tte"] * n,
        "entry_day": [0 if i % 4 else 30 for i in range(n)],
        "exit_day": [1_000 + i for i in range(n)],
        "event": [None if i == 0 else i % 3 for i in range(n)],
        "src_file": ["outcomes"] * n,
        "src_row": list(range(n)),
    }
    write_table(folder / "clinical/outcomes.parquet", clinical.OUTCOMES, columns)


def write_inheritance(folder: Path, names: list[str]) -> None:
    """Twelve trios, of which the first has another father."""
    n = 12
    errors = np.array([400, *range(1, n)])
    write_table(
        folder / "mendel/trios.parquet",
        pedigree.MENDEL_TRIOS,
        {
            "sample_id": names[:n],
            "father_sample_id": [names[n + i] for i in range(n - 1)] + [None],
            "mother_sample_id": [names[2 * n]] * n,
            "n_tested": [9_000] * n,
            "n_with_alt": [4_000] * n,
            "n_errors": errors,
            "n_errors_father": errors,
            "n_errors_mother": [0] * n,
            "n_errors_parents": [0] * n,
            "error_rate": errors / 4_000,
            "is_contradicted": [True, *[False] * (n - 2), None],
        },
    )


def write_truth(folder: Path, names: list[str]) -> None:
    """Two samples whose calls are known; deletions are found less well."""
    rows = [
        (name, kind, which, found, found - 1, 100 - found, 0, extra)
        for name in names[:2]
        for kind, found, extra in (("snv", 99, 1), ("deletion", 80, 5), ("all", 95, 2))
        for which in ("all", "pass")
    ]
    columns = {
        column.name: [row[i] for row in rows]
        for i, column in enumerate(truth.TRUTH_CONCORDANCE.columns[:8])
    }
    found, same, missed, extra = (
        np.array(columns[f"n_{c}"], float) for c in ("found", "same_genotype", "missed", "extra")
    )
    columns |= {
        "recall": found / (found + missed),
        "precision": found / (found + extra),
        "f1": 2 * found / (2 * found + missed + extra),
        "genotype_concordance": same / found,
    }
    write_table(folder / "truth/concordance.parquet", truth.TRUTH_CONCORDANCE, columns)


def write_distances(folder: Path, rng: np.random.Generator, names: list[str]) -> None:
    """Linkage that falls to half within 10 kb, and samples on two dimensions."""
    start = np.array([0, 1, 2, 5, 10, 20, 50, 100]) * 1_000
    end = np.append(start[1:], 200_000)
    groups = [("all", "", len(names)), ("ancestry_reported", "A", len(names) // 3)]
    columns: dict[str, list] = {name: [] for name in cohort.STRUCTURE_LD_DECAY.column_names}
    for by, group, n in groups:
        r2 = 0.4 / (1 + start / 8_000)
        given = ([by] * 8, [group] * 8, [n] * 8, start, end, [5_000] * 8, r2 + 1 / n, r2)
        for column, values in zip(columns, given, strict=True):
            columns[column] += list(values)
    write_table(folder / "structure/ld_decay.parquet", cohort.STRUCTURE_LD_DECAY, columns)
    n = len(names)
    write_table(
        folder / "structure/mds.parquet",
        cohort.STRUCTURE_MDS,
        {"sample_id": [s for s in names for _ in range(2)], "role": ["fitted"] * 2 * n,
         "dimension": [1, 2] * n, "coordinate": rng.normal(0, 0.05, 2 * n)},
    )  # fmt: skip


def write_panel(folder: Path, rng: np.random.Generator, names: list[str], group: list[str]) -> None:
    """A panel of three groups, and the cohort among them; the last sample lies with none."""
    panel = [f"R{i:03d}" for i in range(60)]
    labels = [f"panel {'ABC'[i % 3]}" for i in range(60)]
    found = [f"panel {g}" for g in group[:-1]] + ["unassigned"]
    n = len(names)
    write_table(
        folder / "ancestry/samples.parquet",
        ancestry.ANCESTRY_SAMPLES,
        {"sample_id": names, "n_variants": [5_000] * n, "nearest": [f"panel {g}" for g in group],
         "ancestry_inferred": found, "probability": [0.999] * n, "distance_p": [0.3] * n},
    )  # fmt: skip
    write_table(
        folder / "ancestry/groups.parquet",
        ancestry.ANCESTRY_GROUPS,
        {"group": [f"panel {g}" for g in "ABC"], "n_panel": [20] * 3,
         "panel_agreement": [1.0] * 3, "n_assigned": [found.count(f"panel {g}") for g in "ABC"]},
    )  # fmt: skip
    places = rng.normal(0, 0.01, (60 + n, 2))
    write_table(
        folder / "ancestry/components.parquet",
        ancestry.ancestry_components_table(2),
        {"sample_id": [*panel, *names], "role": ["panel"] * 60 + ["cohort"] * n,
         "group": [*labels, *[None] * n], "PC1": places[:, 0], "PC2": places[:, 1]},
    )  # fmt: skip


def write_read_groups(folder: Path, rng: np.random.Generator, names: list[str]) -> None:
    """The first sample was sequenced in two read groups, the others in one."""
    rows = [(names[0], "lane1"), *((name, "lane2") for name in names)]
    columns = {
        column.name: rng.uniform(0.9, 1, len(rows))
        for column in alignments.SAMPLE_READ_GROUPS.columns
        if column.type == "float64"
    }
    columns |= {
        "sample_id": [r[0] for r in rows],
        "read_group": [r[1] for r in rows],
        "n_records": [500_000] * len(rows),
        "n_reads": [499_000] * len(rows),
    }
    path = folder / "alignment_summary/read_groups.parquet"
    write_table(path, alignments.SAMPLE_READ_GROUPS, columns)


def write_sample_calls(folder: Path, rng: np.random.Generator, names: list[str]) -> None:
    """Calls of each sample on the autosomes; the second has lost reads of ALT."""
    balance = rng.normal(0.495, 0.002, len(names))
    balance[1] = 0.41
    keys = [(name, which) for name in names for which in ("all", "pass")]
    columns = {column.name: [0] * len(keys) for column in variants.SUMMARY_SAMPLES.columns}
    columns |= {
        "sample_id": [k[0] for k in keys],
        "scope": ["autosomes"] * len(keys),
        "filter_set": [k[1] for k in keys],
        "het_allele_balance": np.repeat(balance, 2),
    }
    write_table(folder / "variant_summary/samples.parquet", variants.SUMMARY_SAMPLES, columns)
