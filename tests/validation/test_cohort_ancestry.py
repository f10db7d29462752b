"""Ancestry against the planted populations, and its probabilities against R's MASS."""

import csv
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.tables_cohort import KINSHIP_PAIRS, SAMPLE_QC_SAMPLES, components_table
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store_selection import open_stores
from genocohort.stats.centroids import assign_nearest, fit_centroids
from genocohort.steps.structure.ancestry import UNASSIGNED, infer_ancestry
from genocohort.steps.structure.compute import Roles
from genocohort.steps.structure.run import OUTPUTS
from genocohort.steps.structure.settings import StructureSettings
from tiny.cohort_reference import AUTOSOMES, SAMPLES, SYNTHETIC, sample_cohort

pytestmark = pytest.mark.validation

LDA = """
arguments <- commandArgs(trailingOnly = TRUE)
learned <- read.csv(arguments[1])
placed <- read.csv(arguments[2])
groups <- length(unique(learned$label))
fit <- MASS::lda(learned[, -1], grouping = learned$label, prior = rep(1 / groups, groups))
found <- predict(fit, placed[, -1], method = "plug-in")$posterior
write.table(format(found, digits = 17), arguments[3], sep = ",", quote = FALSE, row.names = FALSE)
"""


@pytest.fixture(scope="module")
def components(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[str], np.ndarray]:
    """Samples of the sample cohort and their components, all of them fitted."""
    out = tmp_path_factory.mktemp("ancestry")
    folder = sample_cohort()
    samples = open_stores(folder, AUTOSOMES[:1])[0].samples
    rows = [
        dict.fromkeys(SAMPLE_QC_SAMPLES.column_names)
        | {
            "sample_id": s, "participant_id": s, "batch": "", "has_calls": True,
            "has_alignment": False, "sex_recorded": "unknown", "sex_inferred": "unknown",
            "verdict": "pass", "reasons": [],
        }
        for s in samples
    ]  # fmt: skip
    columns = {c: [r[c] for r in rows] for c in SAMPLE_QC_SAMPLES.column_names}
    write_table(out / "qc.parquet", SAMPLE_QC_SAMPLES, columns)
    write_table(out / "pairs.parquet", KINSHIP_PAIRS, {c: [] for c in KINSHIP_PAIRS.column_names})
    words = ["structure", "--folder", str(folder), "--chromosomes", *AUTOSOMES]
    words += ["--kinship", str(out / "pairs.parquet"), "--sample-qc", str(out / "qc.parquet")]
    words += ["--genome", SYNTHETIC, "--settings", '{"group_by":"none"}']
    for name in OUTPUTS:
        words += [f"--{name}", str(out / f"{name}.parquet")]
    assert main([*words, "--ledger", str(out / "ledger.json")]) == 0
    table = read_table(out / "components.parquet", components_table(0)).to_pandas()
    return table.sample_id.tolist(), table.filter(like="PC").to_numpy()


@pytest.fixture(scope="module")
def truth() -> dict[str, str]:
    samples = json.loads((SAMPLES / "truth.json").read_text())["samples"]
    return {sample: row["population"] for sample, row in samples.items()}


def test_few_labels_assign_everybody_and_find_the_wrong_ones(
    components: tuple[list[str], np.ndarray], truth: dict[str, str]
) -> None:
    """25 labelled samples of each population, two of them wrongly; all others have no label."""
    samples, values = components
    told: dict[str, str] = {}
    for name in sorted(set(truth.values())):
        told |= dict.fromkeys([s for s in samples if truth[s] == name][:25], name)
    wrong = [s for s in told if truth[s] == "A"][:2]
    told |= dict.fromkeys(wrong, "B")
    roles = Roles(np.arange(len(samples)), np.zeros(0, dtype=np.int64))
    reported = [told.get(s) for s in samples]
    columns = infer_ancestry(samples, roles, values, reported, StructureSettings()).columns
    inferred = dict(zip(columns["sample_id"], columns["ancestry_inferred"], strict=True))
    assigned = {s: name for s, name in inferred.items() if name != UNASSIGNED}
    assert {s: truth[s] for s in assigned} == assigned
    assert len(assigned) >= 0.98 * len(samples)
    accused = zip(columns["sample_id"], columns["is_contradiction"], strict=True)
    assert [s for s, contradicts in accused if contradicts] == wrong


def test_probabilities_equal_linear_discriminants_of_mass(
    components: tuple[list[str], np.ndarray], truth: dict[str, str], tmp_path: Path
) -> None:
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    samples, values = components
    # Points between the groups too, where probabilities are not simply 1.
    labels = [truth[s] for s in samples]
    mixed = (values[:-1, :4] + values[1:, :4]) / 2
    centroids = fit_centroids(values[:, :4], labels, 10)
    assert centroids is not None
    assert centroids.n_set_aside == 0
    ours = assign_nearest(mixed, centroids)
    write_csv(tmp_path / "learned.csv", labels, values[:, :4])
    write_csv(tmp_path / "placed.csv", ["?"] * len(mixed), mixed)
    (tmp_path / "run.R").write_text(LDA)
    names = ("run.R", "learned.csv", "placed.csv", "found.csv")
    subprocess.run(["Rscript", "--vanilla", *(str(tmp_path / n) for n in names)], check=True)
    theirs = np.loadtxt(tmp_path / "found.csv", delimiter=",", skiprows=1)
    assert ours.nearest.tolist() == theirs.argmax(axis=1).tolist()
    assert (ours.probability < 0.999).any()
    np.testing.assert_allclose(ours.probability, theirs.max(axis=1), atol=1e-9)


def write_csv(path: Path, labels: list[str], values: np.ndarray) -> None:
    with path.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["label", *(f"PC{k + 1}" for k in range(values.shape[1]))])
        rows = zip(labels, values.tolist(), strict=True)
        writer.writerows([label, *map(repr, row)] for label, row in rows)
