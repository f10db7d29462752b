"""GWAS-SSF: columns, codes, missing values, tiny P, deterministic bytes."""

import gzip
import hashlib
from pathlib import Path

import pyarrow as pa
import pytest
import yaml

from genocohort.io.gwas_ssf import CHROMOSOME_CODES, ssf_table, write_ssf, write_ssf_metadata

MANDATORY = [
    "chromosome", "base_pair_location", "effect_allele", "other_allele", "beta", "standard_error",
    "effect_allele_frequency",
]  # fmt: skip


def _results(**changes: list) -> pa.Table:
    columns = {
        "chromosome": ["chr1", "chrX", "chrY", "chrM"],
        "vcf_pos": [101, 7, 8, 9],
        "variant_id": ["rs12", "chrX:7", ".", "rs1;rs2"],
        "effect_allele": ["G", "T", "A", "CTT"],
        "other_allele": ["A", "C", "AG", "C"],
        "effect_allele_frequency": [0.25, 0.5, 0.125, 1.0],
        "n": [10, 11, 12, 13],
        "beta": [0.5, -0.25, 1.0, 2.0],
        "standard_error": [0.1, 0.2, 0.3, 0.4],
        "neg_log10_p": [1.0, 2.0, 3.0, 300.0],
    }
    return pa.table(columns | changes)


def test_columns_codes_and_missing_values() -> None:
    table, left_out = ssf_table(_results())
    assert left_out == 0
    assert table.column_names[:8] == [*MANDATORY, "p_value"]
    assert table["chromosome"].to_pylist() == ["1", "23", "24", "25"]
    assert table["rsid"].to_pylist() == ["rs12", "#NA", "#NA", "#NA"]
    ids = ["1_101_A_G", "X_7_C_T", "Y_8_AG_A", "MT_9_C_CTT"]
    assert table["variant_id"].to_pylist() == ids
    assert set(table["ref_allele"].to_pylist()) == {"OA"}
    p = [float(v) for v in table["p_value"].to_pylist()]
    assert p == pytest.approx([0.1, 0.01, 0.001, 1e-300], rel=1e-12)
    assert [float(v) for v in table["beta"].to_pylist()] == [0.5, -0.25, 1.0, 2.0]
    assert CHROMOSOME_CODES["chr22"] == 22


def test_a_p_too_small_for_a_number_turns_the_column_into_its_logarithm() -> None:
    table, _ = ssf_table(_results(neg_log10_p=[1.0, 2.0, 0.0, 350.5]))
    assert table.column_names[7] == "neg_log_10_p_value"
    assert table["neg_log_10_p_value"].to_pylist()[3] == "350.5"


def test_what_the_format_cannot_hold_is_counted() -> None:
    changes = {
        "chromosome": ["chr1", "chrUn_1", "chr1", "chr2"],
        "beta": [0.1, 0.1, None, 0.1],
        "effect_allele": ["G", "G", "G", "<DEL>"],
    }
    table, left_out = ssf_table(_results(**changes))
    assert left_out == 3
    assert table["chromosome"].to_pylist() == ["1"]


def test_without_results_there_is_a_header(tmp_path: Path) -> None:
    table, _ = ssf_table(_results().slice(0, 0).cast(_results().schema))
    write_ssf(tmp_path / "a.tsv.gz", table)
    text = gzip.decompress((tmp_path / "a.tsv.gz").read_bytes()).decode()
    assert text.count("\n") == 1
    assert text.startswith("chromosome\tbase_pair_location")


def test_the_same_results_give_the_same_bytes_and_their_md5(tmp_path: Path) -> None:
    table, _ = ssf_table(_results())
    sums = [write_ssf(tmp_path / name, table) for name in ("a.tsv.gz", "b.tsv.gz")]
    content = (tmp_path / "a.tsv.gz").read_bytes()
    assert content == (tmp_path / "b.tsv.gz").read_bytes()
    assert sums[0] == hashlib.md5(content).hexdigest()
    rows = gzip.decompress(content).decode().splitlines()
    assert rows[1].split("\t")[:4] == ["1", "101", "G", "A"]
    assert len(rows) == 5


def test_metadata_names_the_file_and_leaves_out_the_unknown(tmp_path: Path) -> None:
    path = tmp_path / "x.tsv.gz-meta.yaml"
    fields = {"genome_assembly": "GRCh38", "adjusted_covariates": None}
    write_ssf_metadata(path, tmp_path / "x.tsv.gz", "0" * 32, fields)
    content = yaml.safe_load(path.read_text())
    assert content["data_file_name"] == "x.tsv.gz"
    assert content["file_type"] == "GWAS-SSF v1.0"
    assert content["coordinate_system"] == "1-based"
    assert "adjusted_covariates" not in content
    with pytest.raises(ValueError, match="MD5"):
        write_ssf_metadata(path, tmp_path / "x.tsv.gz", "x", fields)
