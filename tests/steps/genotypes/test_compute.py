"""The genotype store of any VCF holds what its genotypes say, allele by allele."""

from pathlib import Path

import numpy as np
import pgenlib
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genocohort.errors import InputDataError
from genocohort.steps.genotypes.compute import Tally, compute_unique_ids, stored_rows
from tiny.call_engines import ENGINES, count, site_rows, stored_calls
from tiny.calls import vcf_text, write_vcf
from tiny.calls_oracle import Expected
from tiny.calls_strategies import SAMPLES, SEXES, contigs_of_records

_PAR = {"chrX": [(10_001, 2_781_479)], "chrY": [(10_001, 2_781_479)]}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contigs_of_records(), st.sampled_from(ENGINES))
def test_equals_the_genotypes_as_written(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, list[str]], engine: str
) -> None:
    contig, lines = drawn
    text = vcf_text(SAMPLES, lines, {contig: 156_040_895})
    folder = tmp_path_factory.mktemp("calls")
    path = write_vcf(folder / "in.vcf", text)
    truth = Expected(text, SEXES, _PAR.get(contig, []))
    rows, _ = count(engine, path, contig, SAMPLES)
    tally = Tally()
    tally.add(rows)
    assert tally.records == rows.n_records == len(lines)
    assert tally.alleles.total() == sum(row["allele"] > 0 for row in site_rows(rows, contig))
    alleles, _ = stored_calls(rows, len(SAMPLES), folder)
    calls = np.where(alleles[:, :, 0] < 0, -1, alleles.sum(axis=2))
    sites = [
        row
        for row, kept in zip(site_rows(rows, contig), stored_rows(rows.values), strict=True)
        if kept
    ]
    found = [
        (row["vcf_pos"], row["ref"].upper(), row["alt"].upper(), one.tolist())
        for row, one in zip(sites, calls, strict=True)
    ]
    assert found == truth.store


@pytest.mark.parametrize("engine", ENGINES)
def test_phase_is_kept_where_it_is_given(tmp_path: Path, engine: str) -> None:
    lines = [
        "chr1 5 . A C . PASS . GT 0|1 1|0 0/1 1|1 .|.",
        "chr1 6 . A C,G . PASS . GT 1|2 2|1 1/2 0|2 2|0",
        "chr1 7 . A C . PASS . GT 0/1 0/1 1/0 0/0 1/1",
    ]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, lines))
    rows, _ = count(engine, path, "chr1", SAMPLES)
    alleles, phased = stored_calls(rows, len(SAMPLES), tmp_path)
    shown = [
        [("|" if p else "/").join(map(str, pair)) for pair, p in zip(row, signs, strict=True)]
        for row, signs in zip(alleles.tolist(), phased, strict=True)
    ]
    het = [["0|1", "1|0", "0/1"], ["1|0", "0|1", "0/1"], ["0|1", "1|0", "0/1", "0|1", "1|0"]]
    assert [row[: len(h)] for row, h in zip(shown, het, strict=False)] == het
    assert shown[3][:3] == ["0/1", "0/1", "0/1"]


@pytest.mark.parametrize("engine", ENGINES)
def test_dosages_are_kept_where_they_are_given(tmp_path: Path, engine: str) -> None:
    lines = [
        "chr1 5 . A C . PASS . GT:DS 0/1:0.75 0/0:0 1|1:1.5 ./.:0.25 0|1:.",
        "chr1 6 . A C,G . PASS . GT:DS 0/1:0.5,0.25 1/2:1,1 0/0:.,. 0/0:. 2/2:0,2",
        "chr1 7 . A C . PASS . GT:GP 0/1:0.25,0.5,0.25 0/0:1,0,0 1:0.25,0.75 ./.:. 0/1",
        "chr1 8 . A C . PASS . GT 0/1 0/1 1/0 0/0 1/1",
    ]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, lines))
    rows, _ = count(engine, path, "chr1", SAMPLES)
    stored_calls(rows, len(SAMPLES), tmp_path)
    found = np.zeros((5, len(SAMPLES)), dtype=np.float32)
    with pgenlib.PgenReader(
        str(tmp_path / "rows.pgen").encode(), raw_sample_ct=len(SAMPLES), variant_ct=5
    ) as reader:
        for i in range(5):
            reader.read_dosages(i, found[i])
    assert found.tolist() == [
        [0.75, 0, 1.5, 0.25, 1],
        [0.5, 1, 0, 0, 0],
        [0.25, 1, 0, 0, 2],
        [1, 0, 1.5, -9, 1],
        [1, 1, 1, 0, 2],
    ]


@pytest.mark.parametrize("cell", ["0/1:3", "0/1:-1", "0/1:1,1", "0/1:x"])
def test_dosages_that_are_none_are_errors(tmp_path: Path, cell: str) -> None:
    lines = [f"chr1 5 . A C . PASS . GT:DS {cell} 0/0:0 0/0:0 0/0:0 0/0:0"]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, lines))
    for engine in ENGINES:
        with pytest.raises(InputDataError, match="record 1 of chr1"):
            count(engine, path, "chr1", SAMPLES)


def unique_ids(rows: list[tuple[str, int, int, str]]) -> list[str]:
    """Ids of variants at chr1:7 with REF A: (ID, record, allele, ALT)."""
    names, records, alleles, alts = (list(c) for c in zip(*rows, strict=True)) if rows else [[]] * 4
    n = len(names)
    return compute_unique_ids(
        "chr1",
        pa.array(names, pa.string()),
        pa.array([7] * n, pa.int64()),
        pa.array(["A"] * n, pa.string()),
        pa.array(alts, pa.string()),
        pa.array(records, pa.int64()),
        pa.array(alleles, pa.int32()),
    ).to_pylist()


def test_ids_are_kept_only_where_they_name_one_variant() -> None:
    rows = [("rs1", 0, 1, "C"), ("rs2", 1, 1, "G"), ("rs2", 1, 2, "T"), (".", 2, 1, "AA")]
    assert unique_ids(rows) == ["rs1", "chr1:7:A:G", "chr1:7:A:T", "chr1:7:A:AA"]


def test_long_alleles_are_named_by_their_record() -> None:
    assert unique_ids([(".", 3, 1, "C" * 90)]) == ["chr1:7:record3:allele1"]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([".", "a", "b", "chr1:7:A:C", "chr1:7:A:C:record1:allele1"]),
            st.sampled_from(["C", "G", "C" * 90]),
        ),
        max_size=8,
    )
)
def test_ids_are_unique_whatever_the_file_has(drawn: list[tuple[str, str]]) -> None:
    rows = [(name, i, 1, alt) for i, (name, alt) in enumerate(drawn)]
    ids = unique_ids(rows)
    assert len(set(ids)) == len(rows)


@pytest.mark.parametrize("engine", ENGINES)
def test_tallies_say_why_genotypes_are_missing(tmp_path: Path, engine: str) -> None:
    lines = [
        "chrX 3000000 . A C,* . PASS . GT 0/1 0/1 ./1 0/0/1 1/1",
        "chrX 3000001 . A . . PASS . GT 0/0 0/0 0/0 0/0 0/0",
        "chrX 3000002 . A *,<DEL> . PASS . GT 0/0 0/0 0/0 0/0 0/0",
    ]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, lines))
    rows, _ = count(engine, path, "chrX", SAMPLES)
    tally = Tally()
    tally.add(rows)
    alleles, _ = stored_calls(rows, len(SAMPLES), tmp_path)
    calls = np.where(alleles[:, :, 0] < 0, -1, alleles.sum(axis=2))
    assert calls.tolist() == [[1, -1, -1, -1, 2]]
    assert dict(tally.alleles) == {"snv": 1, "star": 2, "symbolic": 1}
    reasons = {reason.split(":")[0]: n for reason, n in tally.genotypes.items() if n}
    assert reasons == {
        "stored": 2,
        "half-called": 1,
        "heterozygous where one allele is expected": 1,
        "three or more alleles": 1,
    }
    assert dict(tally.records_left_out) == {
        "no ALT allele (monomorphic)": 1,
        "only alleles without a known sequence (star, symbolic)": 1,
    }
