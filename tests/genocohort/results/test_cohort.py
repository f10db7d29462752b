"""Results by part: what is there, what is absent and why, lazily where large."""

from pathlib import Path

import numpy as np
import pytest

import genocohort.results
from genocohort.domain.tables_accounts import LEDGER
from genocohort.domain.tables_association import GWAS
from genocohort.domain.tables_variants import VARIANT_SITES
from genocohort.errors import InputDataError
from genocohort.io.parquet import GROUP_ROWS, write_table

N = 5


def filled(table, n, **columns):
    """A table's columns with plain values, but those given."""
    plain = {"string": "x", "dictionary": "x", "bool": False, "list<string>": []}
    made = {c.name: [plain.get(c.type, 1)] * n for c in table.columns}
    return made | columns


@pytest.fixture
def full(tmp_path):
    folder = tmp_path / "study/results/full"
    for name in ("chr2", "chr10"):
        sites = filled(VARIANT_SITES, N, chromosome=[name] * N, vcf_pos=range(1, N + 1))
        write_table(folder / f"variants/{name}.sites.parquet", VARIANT_SITES, sites)
    gwas = filled(
        GWAS, 2 * N, chromosome=["chr2"] * N + ["chr10"] * N, vcf_pos=[*range(1, N + 1)] * 2
    )
    write_table(folder / "association_summary/ldl.gwas.parquet", GWAS, gwas)
    write_table(folder / "accounts/ledger.parquet", LEDGER, filled(LEDGER, 1))
    return folder


@pytest.mark.parametrize("place", [".", "results", "results/full"])
def test_study_results_or_tier_can_be_named(full, place):
    assert genocohort.results.open(full.parents[1] / place).folder == full.resolve()


def test_without_a_name_the_variable_or_a_folder_above_is_taken(full, monkeypatch, tmp_path):
    below = full.parents[1] / "notebooks/mine"
    below.mkdir(parents=True)
    monkeypatch.delenv("GENOCOHORT_RESULTS", raising=False)
    monkeypatch.chdir(below)
    assert genocohort.results.open().folder == full.resolve()
    monkeypatch.setenv("GENOCOHORT_RESULTS", str(tmp_path / "elsewhere"))
    with pytest.raises(InputDataError, match="elsewhere"):
        genocohort.results.open()


@pytest.mark.parametrize(
    ("ask", "step", "need"),
    [
        (lambda r: r.alignments(), "alignment_summary", "alignments in the sample sheet"),
        (lambda r: r.structure(), "sample_qc", "genocohort run"),
        (lambda r: r.kinship(), "kinship", "inputs.calls"),
        (lambda r: r.clinical(), "clinical", "inputs.clinical"),
        (lambda r: r.survival("death"), "outcomes", "inputs.clinical"),
        (lambda r: r.top_hits(), "association_summary", "association.models"),
        (lambda r: r.genotypes(("chr2", 1, 9)), "genotypes", "inputs.calls"),
        (lambda r: r.dask("structure/components"), "structure", "inputs.calls"),
    ],
)
def test_an_absent_part_says_which_step_and_what_it_needs(full, ask, step, need):
    with pytest.raises(InputDataError, match=step) as error:
        ask(genocohort.results.open(full))
    assert need in error.value.remedy


def test_an_untested_phenotype_names_those_tested(full):
    with pytest.raises(InputDataError, match="height was not tested") as error:
        genocohort.results.open(full).association("height")
    assert error.value.expected == "one of: ldl"


def test_status_tells_what_is_there_and_what_the_rest_needs(full):
    status = genocohort.results.open(full).status().set_index("step")
    assert status.loc["variants", "files"] == 2
    assert status.loc["variants", "to have it"] == ""
    assert status.loc["clinical", "files"] == 0
    assert "inputs.clinical" in status.loc["clinical", "to have it"]


def test_variants_of_one_chromosome_and_of_all(full):
    results = genocohort.results.open(full)
    assert results.chromosomes() == ("chr2", "chr10")
    assert len(results.variants("2", ["vcf_pos"])) == N
    data = results.dataset("variants/sites")
    assert data.count_rows() == 2 * N
    # Karyotype order, not the alphabet's.
    assert data.head(1)["chromosome"].to_pylist() == ["chr2"]


def test_a_region_has_both_its_ends(full):
    found = genocohort.results.open(full).association("ldl", region=("chr10", 2, 4))
    assert found["vcf_pos"].tolist() == [2, 3, 4]
    assert set(found["chromosome"]) == {"chr10"}
    assert list(found.columns) == list(GWAS.column_names)


def test_dask_reads_a_partition_per_group_of_rows(full):
    n = GROUP_ROWS + 7
    sites = filled(VARIANT_SITES, n, chromosome=["chr3"] * n, vcf_pos=np.arange(n))
    write_table(full / "variants/chr3.sites.parquet", VARIANT_SITES, sites)
    results = genocohort.results.open(full)
    lazy = results.dask("variants/sites", ["chromosome", "vcf_pos"])
    groups = results.dataset("variants/chr3.sites").to_batches(columns=["vcf_pos"])
    assert lazy.npartitions >= 3
    assert sum(len(g) for g in groups) == n
    total = lazy.groupby("chromosome")["vcf_pos"].sum().compute()
    small = sum(range(1, N + 1))
    assert total.to_dict() == {"chr2": small, "chr10": small, "chr3": n * (n - 1) // 2}


def test_columns_are_told_for_declared_tables_that_are_absent(full):
    results = genocohort.results.open(full)
    assert "verdict" in results.columns("sample_qc/samples")["column"].tolist()
    assert results.columns("variants/chr2.sites")["meaning"].str.len().min() > 0
    with pytest.raises(InputDataError, match="nonsense"):
        results.columns("nonsense/table")


def test_nothing_is_read_to_open(full):
    for path in Path(full).rglob("*.parquet"):
        path.write_bytes(b"not Parquet")
    results = genocohort.results.open(full)
    assert len(results.names()) == 4
    with pytest.raises(InputDataError, match="Parquet"):
        results.ledger()
