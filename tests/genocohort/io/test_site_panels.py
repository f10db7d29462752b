"""Panels of known sites: a VCF with frequencies, and VerifyBamID2's pair of files."""

import gzip
from pathlib import Path

import pytest

from genocohort.errors import InputDataError
from genocohort.io.site_panels import PanelSite, panel_companions, read_panel

BED = "chr1\t1070425\t1070426\tC\tT\nchr1\t1199861\t1199862\tA\tC\n"
# Names hold positions of another build in published panels: lines belong together by order.
MEAN = "chr1:1005806_C/T_rs3934834\t0.368\nchr1:1135242_A/C\t1.2\n"


def test_a_panel_of_verifybamid2(tmp_path: Path) -> None:
    bed = tmp_path / "panel.vcf.gz.dat.bed"
    bed.write_text(BED)
    (tmp_path / "panel.vcf.gz.dat.mu").write_text(MEAN)
    assert panel_companions(bed) == (bed, tmp_path / "panel.vcf.gz.dat.mu")
    one, two = read_panel(bed)
    assert one == PanelSite("chr1", 1070426, "C", "T", 0.184)
    assert (two.vcf_pos, two.ref, two.alt, two.alt_frequency) == (1199862, "A", "C", 0.6)


@pytest.mark.parametrize(
    ("bed", "mean", "words"),
    [
        (BED, MEAN.splitlines()[0], "different numbers of lines"),
        (BED, MEAN.replace("A/C", "A/G"), "disagree"),
        (BED.replace("1070425", "1070420"), MEAN, "disagree"),
        (BED.replace("\tT", ""), MEAN, "disagree"),
        (BED, MEAN.replace("1.2", "much"), "disagree"),
        (BED, None, "cannot read"),
    ],
)
def test_pairs_of_files_that_do_not_fit(
    tmp_path: Path, bed: str, mean: str | None, words: str
) -> None:
    (tmp_path / "p.bed").write_text(bed)
    if mean is not None:
        (tmp_path / "p.mu").write_text(mean)
    with pytest.raises(InputDataError, match=words):
        read_panel(tmp_path / "p.bed")


def test_a_vcf(tmp_path: Path) -> None:
    rows = ["1\t5\t.\ta\tG\t.\t.\tAF=0.25", "1\t6\t.\tA\tG,T\t.\t.\tAF=0.1,0.2",
            "1\t7\t.\tA\tG\t.\t.\tDP=3", "1\t8\t.\tA\tG\t.\t.\tAC=3;AN=4"]  # fmt: skip
    text = "##fileformat=VCFv4.2\n#CHROM\tPOS\n" + "\n".join(rows) + "\n"
    (tmp_path / "p.vcf.gz").write_bytes(gzip.compress(text.encode()))
    sites = read_panel(tmp_path / "p.vcf.gz")
    assert [s.alt_frequency for s in sites] == [0.25, None, None, 0.75]
    assert sites[0] == PanelSite("chr1", 5, "A", "G", 0.25)
    assert panel_companions(tmp_path / "p.vcf.gz") == (tmp_path / "p.vcf.gz",)


@pytest.mark.parametrize(
    "line", ["1\t5\t.\tA", "1\tx\t.\tA\tG\t.\t.\tAF=1", "1\t5\t.\tA\tG\t.\t.\tAN=4"]
)
def test_lines_that_are_no_sites(tmp_path: Path, line: str) -> None:
    (tmp_path / "p.vcf").write_text(line + "\n")
    with pytest.raises(InputDataError, match="no site") as error:
        read_panel(tmp_path / "p.vcf")
    assert "line 1" in error.value.message()
