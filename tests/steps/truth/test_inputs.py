"""Whose known calls are in the truth: by name, or as the configuration says."""

from pathlib import Path

import pytest

from genocohort.domain.sheet import Sample
from genocohort.errors import Problems
from genocohort.steps.truth.inputs import resolve_truth
from genocohort.steps.truth.settings import TruthFiles
from tiny.calls import vcf_text, write_vcf

COHORT = [Sample(f"S{i}", f"P{i}", f"L{i}", "female") for i in range(3)]


def _truth(folder: Path, names: tuple[str, ...], contig: str = "1", name: str = "t.vcf") -> str:
    lines = [f"{contig} 5 . A C . PASS . GT " + " ".join(["0/1"] * len(names))]
    return str(write_vcf(folder / name, vcf_text(names, lines, {contig: 1000})))


def test_names_of_the_calls_or_those_given(tmp_path: Path) -> None:
    path = _truth(tmp_path, ("L2", "L0", "HG002"))
    found = resolve_truth(TruthFiles(calls=path), COHORT, {"chr1": "chr1", "chr2": "chr2"})
    assert [(s.sample_id, s.vcf_name) for s in found.samples] == [("S0", "L0"), ("S2", "L2")]
    assert found.contigs == {"chr1": ("1", Path(path))}
    given = TruthFiles(calls=path, samples={"HG002": "S1"}, regions="known.bed")
    found = resolve_truth(given, COHORT, {"chr1": "chr1"})
    assert [(s.sample_id, s.vcf_name) for s in found.samples] == [("S1", "HG002")]
    assert found.files() == (path, "known.bed")


def test_a_file_per_chromosome(tmp_path: Path) -> None:
    for contig in ("chr1", "chr2"):
        _truth(tmp_path, ("L0",), contig, f"{contig}.vcf")
    given = TruthFiles(calls=str(tmp_path / "{chromosome}.vcf"))
    found = resolve_truth(given, COHORT, {"chr1": "chr1", "chr2": "chr2"})
    assert list(found.contigs) == ["chr1", "chr2"]


def test_all_problems_at_once(tmp_path: Path) -> None:
    path = _truth(tmp_path, ("HG002",), "7")
    with pytest.raises(Problems) as none:
        resolve_truth(TruthFiles(calls=path), COHORT, {"chr1": "chr1"})
    assert [p.what for p in none.value.problems] == [
        "no sample of the truth is in the cohort's calls",
        "the truth has no chromosome of the analysis",
    ]
    given = TruthFiles(calls=path, samples={"HG001": "S0", "HG002": "S9"})
    with pytest.raises(Problems) as wrong:
        resolve_truth(given, COHORT, {"chr7": "7"})
    assert [p.offenders for p in wrong.value.problems] == [("HG001",), ("S9",)]
