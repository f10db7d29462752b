"""Concordance with known calls: planted errors are counted, and bcftools isec finds the same."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from genocohort.cli import main
from genocohort.domain.tables_truth import TRUTH_CONCORDANCE
from genocohort.io.parquet import read_table
from tiny.calls import CallsRun, vcf_text, write_sheet, write_vcf
from tiny.variant_peers import need, run

SAMPLES = ("A", "B", "C")
REGIONS = ((0, 4000), (5000, 9000))
CELLS = ("0/0", "0/1", "1/1", "./.")
ALLELES = (("A", "C"), ("A", "AT"), ("AGG", "A"), ("AC", "GT"))


def _vcf(path: Path, rows: list[tuple[int, int, str, list[str]]]) -> Path:
    lines = [
        f"chr1 {pos} . {ALLELES[k][0]} {ALLELES[k][1]} . {passing} . GT {' '.join(cells)}"
        for pos, k, passing, cells in rows
    ]
    return write_vcf(path, vcf_text(SAMPLES, lines), index=True)


def _store(folder: Path, calls: Path) -> Path:
    folder.mkdir()
    one = CallsRun(folder, calls, write_sheet(folder / "sheet.tsv", SAMPLES))
    assert one.genotypes("chr1") == 0
    return folder


def _compare(folder: Path, calls: Path, truth: Path, *options: str) -> pd.DataFrame:
    stores = (_store(folder / "calls", calls), _store(folder / "truth", truth))
    words = ["truth", "--folder", str(stores[0]), "--truth-folder", str(stores[1])]
    out = folder / "concordance.parquet"
    words += ["--chromosomes", "chr1", *options, "--concordance", str(out)]
    assert main([*words, "--ledger", str(folder / "ledger.json")]) == 0
    return read_table(out, TRUTH_CONCORDANCE).to_pandas()


@pytest.fixture
def drawn(tmp_path: Path) -> tuple[Path, Path, Path]:
    """Truth, calls that differ from it in many ways, and the BED of the regions."""
    rng = np.random.default_rng(3)
    truth, calls = [], []
    for pos in range(10, 10_000, 20):
        k, passing = int(rng.integers(len(ALLELES))), str(rng.choice(["PASS", "PASS", "LowQual"]))
        cells = [str(c) for c in rng.choice(CELLS, 3, p=[0.5, 0.3, 0.15, 0.05])]
        if rng.random() < 0.8:
            truth.append((pos, k, "PASS", cells))
        if rng.random() < 0.9:
            seen = [str(rng.choice(CELLS)) if rng.random() < 0.2 else cell for cell in cells]
            calls.append((pos, k, passing, seen))
    bed = tmp_path / "known.bed"
    bed.write_text("".join(f"chr1\t{start}\t{end}\n" for start, end in REGIONS))
    return _vcf(tmp_path / "truth.vcf.gz", truth), _vcf(tmp_path / "calls.vcf.gz", calls), bed


@pytest.mark.validation
def test_counts_are_those_of_bcftools_isec(tmp_path: Path, drawn: tuple[Path, Path, Path]) -> None:
    bcftools = need("bcftools")
    truth, calls, bed = drawn
    found = _compare(tmp_path, calls, truth, "--regions", str(bed))
    both = found[found.allele_class == "all"].set_index(["sample_id", "filter_set"])
    for sample in SAMPLES:
        for filter_set in ("all", "pass"):
            carried = {}
            for name, path in (("truth", truth), ("calls", calls)):
                carried[name] = tmp_path / f"{name}.{sample}.{filter_set}.vcf.gz"
                passing = ["-f", "PASS"] if filter_set == "pass" else []
                run(bcftools, "view", "-T", bed, "-s", sample, "-c1", *passing, "-Oz", "-o",
                    carried[name], path)  # fmt: skip
                run(bcftools, "index", carried[name])
            parts = tmp_path / f"isec.{sample}.{filter_set}"
            run(bcftools, "isec", "-c", "none", "-p", parts, carried["truth"], carried["calls"])
            lines = [
                sum(
                    not line.startswith("#")
                    for line in (parts / f"000{i}.vcf").read_text().splitlines()
                )
                for i in range(4)
            ]
            same = [_genotypes(parts / f"000{i}.vcf") for i in (2, 3)]
            row = both.loc[(sample, filter_set)]
            # bcftools takes a sample that is missing in the truth as one that does not carry.
            unknown = _missing_in_truth(bcftools, truth, sample, parts / "0001.vcf")
            assert row["n_missed"] == lines[0]
            assert row["n_extra"] == lines[1] - unknown
            assert row["n_found"] == lines[2]
            assert row["n_same_genotype"] == sum(a == b for a, b in zip(*same, strict=True))
            assert row["recall"] == pytest.approx(lines[2] / (lines[0] + lines[2]))


def _genotypes(path: Path) -> list[str]:
    lines = path.read_text().splitlines()
    return [line.split("\t")[9].split(":")[0] for line in lines if not line.startswith("#")]


def _missing_in_truth(bcftools: str, truth: Path, sample: str, extra: Path) -> int:
    text = run(bcftools, "query", "-s", sample, "-f", "%POS[\t%GT]\n", truth)
    missing = {row.split("\t")[0] for row in text.splitlines() if row.endswith("./.")}
    return sum(
        line.split("\t")[1] in missing
        for line in extra.read_text().splitlines()
        if not line.startswith("#")
    )


def test_planted_errors_are_counted(tmp_path: Path) -> None:
    truth = [
        (100, 0, "PASS", ["0/1", "1/1", "0/0"]), (200, 1, "PASS", ["0/1", "0/1", "./."]),
        (300, 2, "PASS", ["1/1", "0/0", "0/1"]), (400, 0, "PASS", ["0/1", "0/0", "0/0"]),
    ]  # fmt: skip
    calls = [
        (100, 0, "PASS", ["0/1", "0/1", "0/0"]), (200, 1, "PASS", ["./.", "0/1", "0/1"]),
        (300, 2, "LowQual", ["1/1", "0/0", "0/1"]), (500, 0, "PASS", ["0/1", "0/0", "0/0"]),
    ]  # fmt: skip
    paths = _vcf(tmp_path / "c.vcf.gz", calls), _vcf(tmp_path / "t.vcf.gz", truth)
    found = _compare(tmp_path, *paths).set_index(["sample_id", "filter_set", "allele_class"])
    names = ["n_found", "n_same_genotype", "n_missed", "n_missed_uncalled", "n_extra"]
    counts = {key: row[names].tolist() for key, row in found.iterrows()}
    assert counts["A", "all", "snv"] == [1, 1, 1, 0, 1]
    assert counts["A", "all", "insertion"] == [0, 0, 1, 1, 0]
    assert counts["A", "all", "deletion"] == [1, 1, 0, 0, 0]
    assert counts["A", "pass", "deletion"] == [0, 0, 1, 0, 0]
    assert counts["A", "all", "all"] == [2, 2, 2, 1, 1]
    assert counts["B", "all", "snv"] == [1, 0, 0, 0, 0]
    assert counts["C", "all", "insertion"] == [0, 0, 0, 0, 0]
    entry = json.loads((tmp_path / "ledger.json").read_text())[0]
    assert (entry["n_in"], entry["n_kept"]) == (4, 4)
