"""`genocohort structure` on tiny stores."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_ancestry import ANCESTRY_SAMPLES
from genocohort.domain.tables_clinical import PARTICIPANTS
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_SAMPLES,
    STRUCTURE_ANCESTRY,
    STRUCTURE_DIVERSITY,
    STRUCTURE_EIGENVALUES,
    STRUCTURE_FST,
    STRUCTURE_IBS,
    STRUCTURE_LD_DECAY,
    STRUCTURE_MDS,
    STRUCTURE_PRUNED,
    STRUCTURE_SPECTRUM,
    components_table,
)
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store_selection import open_stores
from genocohort.steps.structure.run import OUTPUTS
from tiny.cohort_store import draw_unrelated, make_samples, write_store


def structure(folder: Path, *extra: str, chromosomes: tuple[str, ...] = ("chr1", "chr2")) -> int:
    outputs = [x for name in OUTPUTS for x in (f"--{name}", str(folder / f"{name}.parquet"))]
    return main([
        "structure", "--folder", str(folder), "--chromosomes", *chromosomes,
        "--kinship", str(folder / "pairs.parquet"), "--sample-qc", str(folder / "qc.parquet"),
        "--genome", '{"build":"synthetic"}', "--ledger", str(folder / "ledger.json"),
        *outputs, *extra,
    ])  # fmt: skip


def write_pairs(folder: Path, pairs: list[tuple[str, str, float]]) -> None:
    columns: dict[str, list[Any]] = {c.name: [] for c in KINSHIP_PAIRS.columns}
    for a, b, kinship in pairs:
        row = (a, b, 1, 0, 0.0, kinship, "duplicate", "", False, None)
        for name, value in zip(columns, row, strict=True):
            columns[name].append(value)
    write_table(folder / "pairs.parquet", KINSHIP_PAIRS, columns)


def write_quality(folder: Path, n: int, failed: tuple[int, ...] = ()) -> None:
    rows = []
    for i in range(n):
        row: dict[str, Any] = dict.fromkeys(SAMPLE_QC_SAMPLES.column_names)
        row |= {
            "sample_id": f"S{i}", "participant_id": f"P{i}", "batch": f"b{i % 2}",
            "has_calls": True, "has_alignment": False, "sex_recorded": "unknown",
            "sex_inferred": "unknown", "verdict": "fail" if i in failed else "pass",
            "reasons": [],
        }  # fmt: skip
        rows.append(row)
    columns = {c: [r[c] for r in rows] for c in SAMPLE_QC_SAMPLES.column_names}
    write_table(folder / "qc.parquet", SAMPLE_QC_SAMPLES, columns)


def two_populations(seed: int, n_variants: int, n: int) -> np.ndarray:
    """The first half of the samples from one population, the second from another."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.2, 0.8, size=(n_variants, 1))
    shift = rng.uniform(-0.2, 0.2, size=(n_variants, 1))
    half = n // 2
    calls = [
        rng.binomial(2, p + shift, (n_variants, half)),
        rng.binomial(2, p - shift, (n_variants, n - half)),
    ]
    return np.concatenate(calls, axis=1).astype(np.int8)


@pytest.fixture
def study(tmp_path: Path) -> Path:
    """Twenty samples of two populations; S1 duplicates S0, S19 failed; a few odd variants."""
    calls = two_populations(1, 400, 20)
    calls[:, 1] = calls[:, 0]
    calls[0], calls[1], calls[2] = 0, -1, 2
    calls[4] = calls[3]
    calls[10, :15] = -1
    write_store(
        tmp_path,
        make_samples(20),
        {"chr1": calls[:250], "chr2": calls[250:], "chrX": calls[:7]},
        positions={"chr2": range(5_000_000, 5_000_150)},
    )
    write_pairs(tmp_path, [("S0", "S1", 0.5), ("S2", "S3", 0.05)])
    write_quality(tmp_path, 20, failed=(19,))
    return tmp_path


def test_tables_and_ledger(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = '{"group_by":"batch","n_components":4,"fst_blocks":10}'
    assert structure(study, "--settings", chosen, chromosomes=("chr1", "chr2", "chrX")) == 0
    components = read_table(study / "components.parquet", components_table(4)).to_pandas()
    assert components.sample_id.tolist() == [f"S{i}" for i in range(19)]
    assert components.role.tolist() == ["fitted", "projected"] + ["fitted"] * 17
    first, second = components.PC1[:10], components.PC1[10:]
    assert first.max() < second.min() or second.max() < first.min()
    fitted = components[components.role == "fitted"]
    np.testing.assert_allclose((fitted.filter(like="PC") ** 2).sum(), 1)
    # The projected duplicate falls on its other self.
    np.testing.assert_allclose(components.PC1[1], components.PC1[0], rtol=1e-4)
    eigenvalues = read_table(study / "eigenvalues.parquet", STRUCTURE_EIGENVALUES).to_pandas()
    assert eigenvalues.component.tolist() == [1, 2, 3, 4]
    assert (np.diff(eigenvalues.eigenvalue) < 0).all()
    assert eigenvalues.fraction.between(0, 1).all()
    sample, variant = entries_from_json((study / "ledger.json").read_text())
    assert (sample.n_in, sample.n_kept, sample.dropped[0].examples) == (20, 19, ("S19",))
    assert sample.source_scopes == ("chr1",)
    dropped = {d.reason: d.n for d in variant.dropped}
    assert dropped["not on an autosome"] == 7
    assert dropped["no call among the fitted samples"] == 1
    assert dropped["one allele only among the fitted samples"] == 2
    assert dropped["too many missing calls among the fitted samples"] == 1
    assert dropped["in linkage disequilibrium with a kept variant"] >= 1
    pruned = read_table(study / "pruned.parquet", STRUCTURE_PRUNED).to_pandas()
    assert len(pruned) == variant.n_kept
    assert variant.n_in == 407
    assert not {"chr1_3", "chr1_4"} <= set(pruned.variant_id)
    fst = read_table(study / "fst.parquet", STRUCTURE_FST).to_pylist()
    assert [(r["group_1"], r["group_2"], r["n_1"], r["n_2"]) for r in fst] == [("b0", "b1", 10, 8)]
    assert abs(fst[0]["fst"]) < 0.05
    assert fst[0]["standard_error"] > 0
    assert "left out" in capsys.readouterr().err
    windows = read_table(study / "diversity.parquet", STRUCTURE_DIVERSITY).to_pandas()
    assert list(windows.groupby(["group_by", "group"]).n_samples.first()) == [18, 10, 8]
    assert set(windows.chromosome) == {"chr1", "chr2"}
    assert (windows.end - windows.start == 1_000_000).all()
    spectrum = read_table(study / "spectrum.parquet", STRUCTURE_SPECTRUM).to_pandas()
    # 5 % of the alleles may be missing: 36 of 18 samples become 35, 20 become 19, 16 stay.
    sizes = spectrum.groupby(["group_by", "group"]).n_alleles.first()
    assert sizes.tolist() == [35, 19, 16]
    assert spectrum.allele_count.tolist() == [*range(18), *range(10), *range(9)]
    assert set(spectrum.spectrum) == {"folded"}
    # Of 400 autosomal variants one has no call and one has few; in `all` both are left out.
    everybody = spectrum[spectrum.group_by == "all"]
    assert everybody.n_variants.sum() == pytest.approx(398)
    assert set(everybody.n_left_out) == {2}
    decay = read_table(study / "ld-decay.parquet", STRUCTURE_LD_DECAY).to_pandas()
    assert decay.groupby(["group_by", "group"]).n_samples.first().tolist() == [18, 10, 8]
    assert decay.n_pairs[0] > 1000
    assert decay.mean_r2[0] > decay.adjusted_r2[0]
    for name, table in (("ibs", STRUCTURE_IBS), ("mds", STRUCTURE_MDS)):
        assert len(read_table(study / f"{name}.parquet", table)) == 0


def test_unfolded_spectra_where_ancestral_alleles_are_given(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """ALT is ancestral for every second variant of chr1: its derived allele is REF."""
    rows = [
        f"chr1\t{1001 + 10 * i}\t.\tA\tG\t.\t.\tAA={'G' if i % 2 else 'A'}\n" for i in range(250)
    ]
    head = "##fileformat=VCFv4.2\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"
    (study / "aa.vcf").write_text(head + "".join(rows))
    chosen = '{"group_by":"none","spectrum_max_missing":0}'
    given = ("--ancestral", str(study / "aa.vcf"), "--settings", chosen)
    assert structure(study, *given) == 0
    assert "ancestral alleles of 400 variants: known: 250" in capsys.readouterr().err
    spectrum = read_table(study / "spectrum.parquet", STRUCTURE_SPECTRUM).to_pandas()
    unfolded = spectrum[spectrum.spectrum == "unfolded"]
    assert unfolded.allele_count.tolist() == list(range(37))
    fitted = [0, *range(2, 19)]
    calls = open_stores(study, ["chr1"])[0].read(0, 250)[:, fitted].astype(int)
    complete = (calls >= 0).all(axis=1)
    alt = calls.sum(axis=1)
    derived = np.where(np.arange(250) % 2, 36 - alt, alt)[complete]
    assert unfolded.n_variants.tolist() == np.bincount(derived, minlength=37).tolist()
    assert set(unfolded.n_left_out) == {400 - int(complete.sum())}


def test_identity_by_state_and_its_scaling(study: Path) -> None:
    """The failed sample is in neither; the projected duplicate lies on its other self."""
    assert structure(study, "--settings", '{"group_by":"none","ibs":true,"mds_dimensions":3}') == 0
    ibs = read_table(study / "ibs.parquet", STRUCTURE_IBS).to_pandas()
    assert len(ibs) == 19 * 18 // 2
    pair = ibs[(ibs.sample_id_1 == "S0") & (ibs.sample_id_2 == "S1")].iloc[0]
    assert (pair.n_ibs0, pair.n_ibs1, pair.ibs) == (0, 0, 1)
    mds = read_table(study / "mds.parquet", STRUCTURE_MDS).to_pandas()
    assert mds.sample_id.tolist() == [f"S{i}" for i in range(19) for _ in range(3)]
    table = mds.pivot(index="sample_id", columns="dimension", values="coordinate")
    np.testing.assert_allclose(table.loc["S1"], table.loc["S0"], atol=1e-3)
    first = table[1][[f"S{i}" for i in range(19)]].to_numpy()
    # So few variants leave single samples between the two populations, but not their means.
    assert abs(first[:10].mean() - first[10:].mean()) > first[:10].std() + first[10:].std()


def test_the_same_bytes_for_any_threads(study: Path) -> None:
    written = []
    chosen = '{"group_by":"batch","ibs":true,"mds_dimensions":2}'
    for threads in ("1", "2", "3"):
        assert structure(study, "--settings", chosen, "--threads", threads) == 0
        written.append([(study / f"{n}.parquet").read_bytes() for n in OUTPUTS])
    assert written[0] == written[1] == written[2]


def test_reported_ancestry_groups(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert structure(study) == 0
    assert "no reported ancestry" in capsys.readouterr().err
    assert len(read_table(study / "fst.parquet", STRUCTURE_FST)) == 0
    columns: dict[str, list[Any]] = {}
    for column in PARTICIPANTS.columns:
        empty: Any = None if column.missing else {"bool": False, "string": ""}.get(column.type, 0)
        columns[column.name] = [empty] * 20
    columns["participant_id"] = [f"P{i}" for i in range(20)]
    columns["ancestry_reported"] = ["north"] * 10 + ["south"] * 9 + [None]
    write_table(study / "people.parquet", PARTICIPANTS, columns)
    assert structure(study, "--participants", str(study / "people.parquet")) == 0
    (row,) = read_table(study / "fst.parquet", STRUCTURE_FST).to_pylist()
    assert (row["group_1"], row["group_2"]) == ("north", "south")
    assert row["fst"] > 0.03
    # Nine fitted samples a group are too few to be learned from, unless the user says otherwise.
    assert set(
        read_table(study / "ancestry.parquet", STRUCTURE_ANCESTRY)["nearest"].to_pylist()
    ) == {None}
    assert "no ancestry is inferred" in capsys.readouterr().err
    chosen = '{"ancestry_min_labelled":5,"ancestry_components":1}'
    people = str(study / "people.parquet")
    assert structure(study, "--participants", people, "--settings", chosen) == 0
    rows = read_table(study / "ancestry.parquet", STRUCTURE_ANCESTRY).to_pylist()
    assert [r["sample_id"] for r in rows] == [f"S{i}" for i in range(19)]
    # So few samples and variants leave some between the two groups, but none on the wrong side.
    truth = ["north"] * 10 + ["south"] * 9
    assigned = [(r["ancestry_inferred"], name) for r, name in zip(rows, truth, strict=True)]
    assert {pair for pair in assigned if pair[0] != "unassigned"} == {
        ("north", "north"), ("south", "south"),
    }  # fmt: skip
    assert sum(a == b for a, b in assigned) >= 12
    assert not any(r["is_contradiction"] for r in rows)


def test_groups_of_inferred_ancestry(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = ("--settings", '{"group_by":"ancestry_inferred"}')
    assert structure(study, *chosen) == 2
    assert "no ancestry panel" in capsys.readouterr().err
    names = [f"S{i}" for i in range(20)]
    inferred = ["unassigned", *["north"] * 9, *["south"] * 10]
    write_table(
        study / "inferred.parquet",
        ANCESTRY_SAMPLES,
        {
            "sample_id": names, "n_variants": [9] * 20, "nearest": ["north"] * 20,
            "ancestry_inferred": inferred, "probability": [1.0] * 20, "distance_p": [0.5] * 20,
        },
    )  # fmt: skip
    assert structure(study, *chosen, "--inferred-ancestry", str(study / "inferred.parquet")) == 0
    (row,) = read_table(study / "fst.parquet", STRUCTURE_FST).to_pylist()
    # S0 is unassigned, its duplicate S1 is not fitted, S19 failed.
    assert (row["group_1"], row["n_1"], row["group_2"], row["n_2"]) == ("north", 8, "south", 9)
    assert row["group_by"] == "ancestry_inferred"


def test_regions_of_long_range_ld(study: Path) -> None:
    assert structure(study, "--settings", '{"long_range_ld":[["2",4000000,6000000]]}') == 0
    pruned = read_table(study / "pruned.parquet", STRUCTURE_PRUNED).to_pandas()
    assert set(pruned.chromosome) == {"chr1"}


def test_windows_in_kilobases_and_no_pruning(study: Path) -> None:
    kept = []
    for chosen in ('{"ld_r2":null}', '{"ld_window_kb":0.02}', '{"ld_window_kb":100000}'):
        assert structure(study, "--settings", chosen) == 0
        kept.append(len(read_table(study / "pruned.parquet", STRUCTURE_PRUNED)))
    assert kept[0] > kept[1] > kept[2]


@pytest.mark.parametrize(
    ("n_samples", "n_variants", "failed"),
    [(0, 0, ()), (1, 50, ()), (2, 50, ()), (5, 0, ()), (5, 1, ()), (5, 50, (0, 1, 2, 3, 4))],
)
def test_next_to_nothing_gives_complete_tables_of_nulls(
    tmp_path: Path, n_samples: int, n_variants: int, failed: tuple[int, ...]
) -> None:
    calls = draw_unrelated(np.random.default_rng(0), n_variants, n_samples)
    write_store(tmp_path, make_samples(n_samples), {"chr1": calls})
    write_pairs(tmp_path, [])
    write_quality(tmp_path, n_samples, failed)
    assert structure(tmp_path, chromosomes=("chr1",)) == 0
    components = read_table(tmp_path / "components.parquet", components_table(10))
    assert len(components) == n_samples - len(failed)
    eigenvalues = read_table(tmp_path / "eigenvalues.parquet", STRUCTURE_EIGENVALUES).to_pandas()
    assert len(eigenvalues) == 10
    found = eigenvalues.eigenvalue.notna().sum()
    assert found <= max(0, n_samples - len(failed) - 1)
    assert components["PC10"].null_count == len(components)


def test_errors_leave_nothing_behind(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert structure(study, "--settings", '{"ld_r2":2}') == 2
    assert structure(study, "--settings", '{"ld_decay_kb":[0,5,5]}') == 2
    assert structure(study, chromosomes=("chr9",)) == 3
    (study / "qc.parquet").write_bytes(b"not parquet")
    assert structure(study) == 3
    assert "qc.parquet" in capsys.readouterr().err
    assert not any((study / f"{n}.parquet").exists() for n in OUTPUTS)
