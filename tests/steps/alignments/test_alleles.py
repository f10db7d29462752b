"""Alleles at known sites, worked by hand, and through the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.tables_identity import ALLELES, SITES
from genocohort.errors import InputDataError
from genocohort.io.alignments import inspect_alignment, read_all
from genocohort.io.parquet import read_table, write_table
from genocohort.steps.alignments import run as step
from genocohort.steps.alignments.alleles import allele_columns, place_sites
from genocohort.steps.alignments.compute import Choices, Contig, tally_batches
from tiny.alignments import Read, pair, write_alignment

LENGTHS = {"1": 3000, "chr2": 500}
SITE_COLUMNS = {
    "chromosome": ["chr1", "chr1", "chr1", "chr2"],
    "vcf_pos": [11, 14, 61, 401],
    "ref": ["A", "C", "G", "T"],
    "alt": ["C", "T", "A", "G"],
    "alt_frequency": [0.5, 0.3, 0.2, 0.1],
}


def counted(path: Path, sites: list[int], **choices: Any) -> list[list[int]]:
    """A, C, G, T, not used at positions of the first contig."""
    alignment = inspect_alignment(path)
    contigs = [Contig(0, "1", 3000, sites=np.array(sites, dtype=np.int64)), Contig(1, "chr2", 500)]
    tally = tally_batches(read_all(alignment), contigs, Choices(**choices))
    return list(tally.contigs[0].alleles.tolist())


def test_bases_are_found_through_the_cigar(tmp_path: Path) -> None:
    # Clipped, aligned from 10 on, an insertion of two, a deletion of three, and a gap.
    bases = "TT" + "ACGT" + "GG" + "CA" + "GT" + "C"
    read = Read("r", start=10, cigar="2S4M2I2M3D2M5N1M3H", bases=bases)
    path = write_alignment(tmp_path / "in.bam", [read], LENGTHS)
    found = counted(path, [9, 10, 13, 14, 15, 16, 18, 19, 20, 21, 25, 26, 27])
    letters = ["" if sum(row) == 0 else "ACGT-"[row.index(1)] for row in found]
    assert letters == ["", "A", "T", "C", "A", "", "", "G", "T", "", "", "C", ""]


def test_what_does_not_count(tmp_path: Path) -> None:
    low = "I" * 4 + "4" + "I" * 5  # quality 19 at the fifth base
    reads = [
        Read("kept", start=10, bases="A" * 10),
        Read("low", start=10, bases="A" * 10, qualities=low),
        Read("none", start=10, bases="A" * 10, qualities=None),
        Read("n", start=10, bases="N" * 10),
        Read("mapq", start=10, bases="A" * 10, mapping_quality=19),
        *(Read(f"f{f}", f, start=10, bases="A" * 10) for f in (0x100, 0x200, 0x400, 0x800)),
        Read("bare", start=10, bases=""),
    ]
    path = write_alignment(tmp_path / "in.bam", reads, LENGTHS)
    assert counted(path, [13, 14]) == [[3, 0, 0, 0, 1], [2, 0, 0, 0, 2]]
    everything = counted(path, [14], site_min_mapping_quality=0, excluded_flags=4,
                         site_min_base_quality=0)  # fmt: skip
    assert everything == [[6, 0, 0, 0, 1]]


def test_a_fragment_counts_once(tmp_path: Path) -> None:
    one, two = pair("p", 10, 30, "40M", "40M")
    one.bases, two.bases = "A" * 40, "C" * 40
    path = write_alignment(tmp_path / "in.bam", [one, two], LENGTHS)
    assert counted(path, [29, 30, 49, 50]) == [[1, 0, 0, 0, 0]] * 3 + [[0, 1, 0, 0, 0]]


def known() -> dict[str, Any]:
    return {name: list(values) for name, values in SITE_COLUMNS.items()}


def test_sites_are_found_under_any_name_of_their_contig() -> None:
    sites = place_sites(known(), ["chr2", "1"], [500, 3000])
    assert sites.contig.tolist() == [1, 1, 1, 0]
    counts = np.arange(15).reshape(3, 5)
    columns = allele_columns("S", sites, {1: counts})
    assert columns["n_ref"] == [0, 6, 12, 0]
    assert columns["n_alt"] == [1, 8, 10, 0]
    assert columns["n_other"] == [5, 12, 24, 0]
    assert columns["n_unused"] == [4, 9, 14, 0]


@pytest.mark.parametrize(
    ("contigs", "lengths", "words"),
    [(["chr2"], [400], "another genome build"), (["chr9"], [10_000], "no known site lies")],
)
def test_sites_of_something_else_are_refused(
    contigs: list[str], lengths: list[int], words: str
) -> None:
    with pytest.raises(InputDataError, match=words):
        place_sites(known(), contigs, lengths)


@pytest.fixture
def inputs(tmp_path: Path) -> tuple[Path, Path]:
    reads = [Read(f"r{i}", start=5 + i % 3, cigar="20M", bases="ACGT" * 5) for i in range(6)]
    reads += [Read("far", contig=1, start=395, bases="G" * 10)]
    write_table(tmp_path / "sites.parquet", SITES, SITE_COLUMNS)
    return write_alignment(tmp_path / "in.bam", reads, LENGTHS), tmp_path / "sites.parquet"


def run(path: Path, sites: Path, folder: Path, *more: str) -> int:
    words = ["alignments", "--sample", "S1", "--alignment", str(path), "--sites", str(sites)]
    return main([*words, "--alleles", str(folder / "alleles.parquet"), *more])


def test_alone_and_in_the_pass_over_all_reads(
    inputs: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(*inputs, tmp_path) == 0
    alone = (tmp_path / "alleles.parquet").read_bytes()
    rows = read_table(tmp_path / "alleles.parquet", ALLELES).to_pylist()
    assert [r["n_ref"] + r["n_alt"] + r["n_other"] for r in rows] == [6, 6, 0, 1]
    assert (rows[3]["n_ref"], rows[3]["n_alt"]) == (0, 1)
    outputs = [
        w
        for n in ("flagstat", "contigs", "histograms", "ledger")
        for w in (f"--{n}", str(tmp_path / n))
    ]
    assert run(*inputs, tmp_path, *outputs) == 0
    assert (tmp_path / "alleles.parquet").read_bytes() == alone
    monkeypatch.setattr(step, "native", lambda name: None)
    for more in ([], outputs):
        assert run(*inputs, tmp_path, *more) == 0
        assert (tmp_path / "alleles.parquet").read_bytes() == alone
    Path(f"{inputs[0]}.bai").unlink()
    assert run(*inputs, tmp_path) == 0
    assert (tmp_path / "alleles.parquet").read_bytes() == alone


def test_a_damaged_file_gives_an_empty_table_where_the_run_goes_on(
    inputs: tuple[Path, Path], tmp_path: Path
) -> None:
    inputs[0].write_bytes(inputs[0].read_bytes()[:-28])
    assert run(*inputs, tmp_path) == 3
    assert run(*inputs, tmp_path, "--settings", json.dumps({"on_failure": "continue"})) == 0
    assert len(read_table(tmp_path / "alleles.parquet", ALLELES)) == 0


def test_options_that_belong_together(
    inputs: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["alignments", "--sample", "S1", "--alignment", str(inputs[0])]
    assert main(words) == 2
    assert main([*words, "--alleles", str(tmp_path / "a")]) == 2
    assert main([*words, "--flagstat", str(tmp_path / "a")]) == 2
    assert "belong together" in capsys.readouterr().err
