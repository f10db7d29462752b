"""`genocohort ancestry` on tiny stores and panels."""

import json
from pathlib import Path

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_ancestry import (
    ANCESTRY_EIGENVALUES,
    ANCESTRY_GROUPS,
    ANCESTRY_SAMPLES,
    ancestry_components_table,
    ancestry_loadings_table,
)
from genocohort.io.parquet import read_table
from genocohort.steps.ancestry.run import OUTPUTS
from tiny.cohort_store import make_samples, write_store

CHROMOSOMES = ("chr1", "chr2")
PER_GROUP, COHORT = 25, 12


def draw(seed: int, n_variants: int) -> tuple[np.ndarray, np.ndarray]:
    """Calls of a panel of three populations, one after the other, and of a cohort of them."""
    rng = np.random.default_rng(seed)
    p = rng.uniform(0.2, 0.8, size=(n_variants, 1))
    own = np.clip(p + rng.normal(size=(n_variants, 3)) * 0.15, 0.05, 0.95)
    panel = rng.binomial(2, own[:, np.repeat(np.arange(3), PER_GROUP)])
    cohort = rng.binomial(2, own[:, np.arange(COHORT) % 3]).astype(np.int8)
    cohort[rng.random(cohort.shape) < 0.01] = -1
    return panel, cohort


def write_panel(path: Path, panel: np.ndarray, positions: dict[str, list[int]]) -> None:
    """A VCF of the panel; every fifth variant has REF and ALT exchanged."""
    names = [f"R{i}" for i in range(panel.shape[1])]
    head = ["##fileformat=VCFv4.2", *(f"##contig=<ID={c[3:]}>" for c in positions)]
    head.append("#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\t" + "\t".join(names))
    rows, k = [], 0
    for name, places in positions.items():
        for position in places:
            calls, alleles = panel[k], ("A", "G")
            if k % 5 == 0:
                calls, alleles = 2 - calls, ("G", "A")
            texts = [("0/0", "0/1", "1|1")[g] for g in calls]
            fixed = [name[3:], str(position), ".", *alleles, ".", "PASS", ".", "GT"]
            rows.append("\t".join(fixed + texts))
            k += 1
    path.write_text("\n".join([*head, *rows]) + "\n")


@pytest.fixture
def study(tmp_path: Path) -> Path:
    panel, cohort = draw(1, 1400)
    positions = {
        "chr1": list(range(1001, 1001 + 3000 * 700, 3000)),
        "chr2": list(range(501, 501 + 3000 * 700, 3000)),
    }
    calls = {"chr1": cohort[:700], "chr2": cohort[700:]}
    write_store(tmp_path, make_samples(COHORT), calls, positions=positions)
    # The panel lacks the last 50 variants of the second chromosome.
    write_panel(tmp_path / "panel.vcf", panel, positions | {"chr2": positions["chr2"][:650]})
    rows = [f"R{i}\t{'abc'[i // PER_GROUP]}" for i in range(3 * PER_GROUP)]
    (tmp_path / "labels.tsv").write_text("sample_id\tgroup\n" + "\n".join(rows) + "\n")
    return tmp_path


def ancestry(folder: Path, panel: dict[str, str], *extra: str, out: str = "out") -> int:
    (folder / out).mkdir(exist_ok=True)
    outputs = [x for name in OUTPUTS for x in (f"--{name}", str(folder / out / f"{name}.parquet"))]
    return main([
        "ancestry", "--folder", str(folder), "--chromosomes", *CHROMOSOMES,
        "--panel", json.dumps(panel), "--genome", '{"build":"synthetic"}',
        "--ledger", str(folder / out / "ledger.json"), *outputs, *extra,
    ])  # fmt: skip


def given(folder: Path) -> dict[str, str]:
    return {"calls": str(folder / "panel.vcf"), "labels": str(folder / "labels.tsv")}


def test_everybody_is_assigned_to_the_own_group(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ancestry(study, given(study)) == 0
    rows = read_table(study / "out/samples.parquet", ANCESTRY_SAMPLES).to_pandas()
    assert rows.sample_id.tolist() == [f"S{i}" for i in range(COHORT)]
    assert rows.ancestry_inferred.tolist() == ["abc"[i % 3] for i in range(COHORT)]
    assert (rows.probability > 0.99).all()
    groups = read_table(study / "out/groups.parquet", ANCESTRY_GROUPS).to_pandas()
    assert groups.n_panel.tolist() == [PER_GROUP] * 3
    assert groups.panel_agreement.tolist() == [1, 1, 1]
    assert groups.n_assigned.tolist() == [4, 4, 4]
    table = read_table(study / "out/components.parquet", ancestry_components_table(0)).to_pandas()
    panel, cohort = table[table.role == "panel"], table[table.role == "cohort"]
    assert len(panel) == 3 * PER_GROUP
    np.testing.assert_allclose((panel.filter(like="PC") ** 2).sum(), 1, rtol=1e-6)
    assert cohort.PC10.notna().all()
    assert cohort.PC11.isna().all()
    values = read_table(study / "out/eigenvalues.parquet", ANCESTRY_EIGENVALUES).to_pandas()
    assert len(values) == 20
    assert (np.diff(values.eigenvalue) < 0).all()
    loadings = read_table(study / "out/loadings.parquet", ancestry_loadings_table(0)).to_pandas()
    np.testing.assert_allclose((loadings.filter(like="PC") ** 2).sum(), 1, rtol=1e-4)
    sample, variant = entries_from_json((study / "out/ledger.json").read_text())
    assert (sample.n_in, sample.n_kept) == (COHORT, COHORT)
    assert (variant.n_in, variant.n_kept) == (1400, len(loadings))
    dropped = {d.reason: d.n for d in variant.dropped}
    assert dropped["not in the ancestry panel"] == 50
    assert sum(dropped.values()) == 1400 - len(loadings)
    assert "12 samples assigned to 3 groups" in capsys.readouterr().err


def test_exchanged_alleles_change_nothing(study: Path) -> None:
    """The panel with REF and ALT of every fifth variant exchanged, and the other way round."""
    assert ancestry(study, given(study)) == 0
    text = (study / "panel.vcf").read_text().splitlines()
    turned = []
    for line in text:
        cells = line.split("\t")
        if not line.startswith("#"):
            cells[3], cells[4] = cells[4], cells[3]
            cells[9:] = [{"0/0": "1/1", "1|1": "0/0"}.get(c, c) for c in cells[9:]]
        turned.append("\t".join(cells))
    (study / "turned.vcf").write_text("\n".join(turned) + "\n")
    assert ancestry(study, given(study) | {"calls": str(study / "turned.vcf")}, out="again") == 0
    for name in OUTPUTS:
        one, two = (study / f / f"{name}.parquet" for f in ("out", "again"))
        assert one.read_bytes() == two.read_bytes()


def test_components_of_an_earlier_run_give_the_same_places(study: Path) -> None:
    assert ancestry(study, given(study)) == 0
    assert ancestry(study, {"fitted": str(study / "out")}, out="again") == 0
    one, two = (
        read_table(study / f / "components.parquet", ancestry_components_table(0)).to_pandas()
        for f in ("out", "again")
    )
    np.testing.assert_allclose(one.filter(like="PC"), two.filter(like="PC"), atol=1e-7)
    assert (study / "out/samples.parquet").exists()


def test_the_same_bytes_for_any_threads(study: Path) -> None:
    for threads in ("1", "3"):
        assert ancestry(study, given(study), "--threads", threads, out=threads) == 0
    for name in OUTPUTS:
        one, three = (study / t / f"{name}.parquet" for t in ("1", "3"))
        assert one.read_bytes() == three.read_bytes()


def test_a_file_for_each_chromosome(study: Path) -> None:
    lines = (study / "panel.vcf").read_text().splitlines(keepends=True)
    for name in CHROMOSOMES:
        own = [x for x in lines if x.startswith(("#", f"{name[3:]}\t"))]
        (study / f"panel.{name}.vcf").write_text("".join(own))
    assert ancestry(study, given(study)) == 0
    pattern = given(study) | {"calls": str(study / "panel.{chromosome}.vcf")}
    assert ancestry(study, pattern, out="again") == 0
    one, two = (study / f / "samples.parquet" for f in ("out", "again"))
    assert one.read_bytes() == two.read_bytes()


def test_errors_name_what_is_wrong(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    few = ("--settings", '{"min_variants":5000}')
    assert ancestry(study, given(study), *few) == 3
    assert "min_variants" in capsys.readouterr().err
    assert ancestry(study, given(study) | {"group_column": "population"}) == 3
    assert "no column population" in capsys.readouterr().err
    (study / "more.tsv").write_text((study / "labels.tsv").read_text() + "nobody\ta\n")
    assert ancestry(study, given(study) | {"labels": str(study / "more.tsv")}) == 3
    assert "nobody" in capsys.readouterr().err
    (study / "more.tsv").write_text((study / "labels.tsv").read_text() + "R0\tb\n")
    assert ancestry(study, given(study) | {"labels": str(study / "more.tsv")}) == 3
    assert "labelled twice" in capsys.readouterr().err
    assert ancestry(study, {"fitted": str(study)}) == 3
    assert "an earlier run" in capsys.readouterr().err
    assert ancestry(study, {"calls": "x"}) == 2
    assert not (study / "out/samples.parquet").exists()
