"""Ancestry by a panel: the planted populations, and 1000 Genomes' superpopulations."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pysam
import pytest

from genocohort.cli import main
from genocohort.domain.tables_ancestry import (
    ANCESTRY_SAMPLES,
    ancestry_components_table,
    ancestry_loadings_table,
)
from genocohort.io.parquet import read_table
from genocohort.io.sheet import read_sample_sheet
from genocohort.stats.centroids import assign_nearest, fit_centroids
from genocohort.steps.ancestry.compute import UNASSIGNED
from genocohort.steps.ancestry.run import OUTPUTS
from tiny.cohort_reference import (
    AUTOSOMES,
    SAMPLES,
    SYNTHETIC,
    extra_data,
    need,
    read_plink,
    run_genotypes,
    run_tool,
)

pytestmark = pytest.mark.validation


@pytest.fixture(scope="module")
def populations() -> dict[str, str]:
    truth = json.loads((SAMPLES / "truth.json").read_text())["samples"]
    return {sample: row["population"] for sample, row in truth.items()}


class Halves:
    """The sample cohort cut in two: every second sample is the panel, the others the cohort."""

    def __init__(self, folder: Path, populations: dict[str, str]) -> None:
        self.folder, self.populations = folder, populations
        sheet = read_sample_sheet(SAMPLES / "samples.tsv")
        self.panel, self.cohort = sheet[::2], sheet[1::2]
        source = pysam.VariantFile(str(SAMPLES / "calls/cohort.vcf.gz"))
        source.subset_samples([s.vcf_name for s in self.panel])
        with pysam.VariantFile(str(folder / "panel.vcf.gz"), "wz", header=source.header) as out:
            for record in source:
                out.write(record)
        pysam.tabix_index(str(folder / "panel.vcf.gz"), preset="vcf", force=True)
        calls = SAMPLES / "calls/cohort.vcf.gz"
        run_genotypes(folder, calls, AUTOSOMES, self.cohort, SYNTHETIC)

    def run(self, out: str, groups: str) -> Path:
        """Ancestry by the panel's samples of some populations."""
        labels = {s.vcf_name: self.populations[s.sample_id] for s in self.panel}
        rows = [f"{name}\t{group}" for name, group in labels.items() if group in groups]
        (self.folder / f"{out}.tsv").write_text("sample_id\tgroup\n" + "\n".join(rows) + "\n")
        panel = {
            "calls": str(self.folder / "panel.vcf.gz"),
            "labels": str(self.folder / f"{out}.tsv"),
        }
        (self.folder / out).mkdir()
        words = ["ancestry", "--folder", str(self.folder), "--chromosomes", *AUTOSOMES]
        words += ["--panel", json.dumps(panel), "--genome", SYNTHETIC, "--threads", "2"]
        # The synthetic genome is short: variants may lie close together.
        words += [
            "--settings",
            '{"min_spacing_kb":0}',
            "--ledger",
            str(self.folder / out / "l.json"),
        ]
        for name in OUTPUTS:
            words += [f"--{name}", str(self.folder / out / f"{name}.parquet")]
        assert main(words) == 0
        return self.folder / out


@pytest.fixture(scope="module")
def halves(tmp_path_factory: pytest.TempPathFactory, populations: dict[str, str]) -> Halves:
    return Halves(tmp_path_factory.mktemp("panel"), populations)


def test_every_population_is_found_and_places_do_not_shrink(
    halves: Halves, populations: dict[str, str]
) -> None:
    out = halves.run("all", "ABC")
    found = read_table(out / "samples.parquet", ANCESTRY_SAMPLES).to_pandas()
    truth = found.sample_id.map(populations)
    assigned = found.ancestry_inferred != UNASSIGNED
    assert (found.ancestry_inferred[assigned] == truth[assigned]).all()
    assert assigned.mean() >= 0.98
    table = read_table(out / "components.parquet", ancestry_components_table(0)).to_pandas()
    panel, cohort = table[table.role == "panel"], table[table.role == "cohort"]
    names = ["PC1", "PC2"]
    centres = panel.groupby("group")[names].mean()
    placed = cohort.groupby(cohort.sample_id.map(populations))[names].mean()
    assert (placed * centres).to_numpy().sum() / (centres**2).to_numpy().sum() == pytest.approx(
        1, abs=0.05
    )


def test_people_of_a_population_that_the_panel_lacks(
    halves: Halves, populations: dict[str, str]
) -> None:
    """Of B and C alone: A, the most distant, must not be taken for either with few exceptions."""
    out = halves.run("without-a", "BC")
    found = read_table(out / "samples.parquet", ANCESTRY_SAMPLES).to_pandas()
    truth = found.sample_id.map(populations)
    own = found[truth != "A"]
    assert (own.ancestry_inferred == truth[truth != "A"]).mean() >= 0.95
    strangers = found[truth == "A"]
    assert (strangers.ancestry_inferred == UNASSIGNED).mean() >= 0.9


def test_plain_projection_equals_plink2_score(halves: Halves) -> None:
    """The loadings of the panel, by plink2 on the panel's own calls: its components again."""
    need("plink2")
    out = halves.folder / "all"
    loadings = read_table(out / "loadings.parquet", ancestry_loadings_table(0)).to_pandas()
    ids = [f"{c}:{p}:{r}:{a}" for c, p, r, a in loadings[["chromosome", "vcf_pos", "ref", "alt"]]
           .itertuples(index=False)]  # fmt: skip
    names = [f"PC{k}" for k in range(1, 5)]
    scale = 1 / np.sqrt(2 * loadings.alt_frequency * (1 - loadings.alt_frequency))
    weights = loadings[names].mul(scale, axis=0)
    weights.insert(0, "ALT", loadings.alt)
    weights.insert(0, "ID", ids)
    weights.to_csv(halves.folder / "weights.tsv", sep="\t", index=False)
    freq = pd.DataFrame({
        "#CHROM": loadings.chromosome.astype(str), "ID": ids, "REF": loadings.ref,
        "ALT": loadings.alt, "ALT_FREQS": loadings.alt_frequency, "OBS_CT": 400,
    })  # fmt: skip
    freq.to_csv(halves.folder / "panel.afreq", sep="\t", index=False)
    prefix = halves.folder / "scored"
    ids_by = ("--set-all-var-ids", "chr@:#:$r:$a", "--new-id-max-allele-len", 200)
    weighed = (halves.folder / "weights.tsv", 1, 2, "header-read", "center", "cols=scoresums")
    run_tool("plink2", "--vcf", halves.folder / "panel.vcf.gz", *ids_by, "--chr", "1-22",
             "--read-freq", halves.folder / "panel.afreq", "--score", *weighed,
             "--score-col-nums", "3-6", "--out", prefix)  # fmt: skip
    scores = read_plink(prefix.with_suffix(".sscore")).set_index("IID")
    table = read_table(out / "components.parquet", ancestry_components_table(0)).to_pandas()
    panel = table[table.role == "panel"].set_index("sample_id")
    for name in names:
        x = scores.loc[panel.index, f"{name}_SUM"].to_numpy()
        # A missing call (1 in 100) adds nothing here; plink2 2.00a3.5 centres it as 0 ALT alleles.
        assert abs(np.corrcoef(x, panel[name])[0, 1]) >= 0.9995


def test_superpopulations_of_1000_genomes_by_their_published_components() -> None:
    """Half of 2,504 people labelled, four components of VerifyBamID2's panel: the other half."""
    text = extra_data("1000g/verifybamid_1000g.phase3.10k.b38.dat.V").read_text()
    rows = [line.split() for line in text.splitlines()]
    labels = pd.read_csv(extra_data("1000g/ancestry-labels-1kg.tsv"), sep="\t")
    group = dict(zip(labels["#sample"], labels.superpop, strict=True))
    rows = [row for row in rows if row[0] in group]
    values = np.array([row[1:5] for row in rows], dtype=np.float64)
    truth = np.array([group[row[0]] for row in rows])
    assert len(rows) > 2400
    told = [name if i % 2 else None for i, name in enumerate(truth)]
    centroids = fit_centroids(values, told, 10)
    assert centroids is not None
    assert centroids.names == ("AFR", "AMR", "EAS", "EUR", "SAS")
    found = assign_nearest(values[::2], centroids)
    nearest = np.array(centroids.names)[found.nearest]
    sure = found.probability >= 0.9
    assert sure.mean() > 0.95
    assert (nearest[sure] == truth[::2][sure]).mean() > 0.98
