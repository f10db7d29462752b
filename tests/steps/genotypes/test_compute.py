"""The genotype store of any VCF holds what its genotypes say, allele by allele."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genocohort.domain.genome import Genome
from genocohort.domain.ploidy import expected_ploidy, in_par
from genocohort.domain.sheet import Sex
from genocohort.io.vcf import VcfReader
from genocohort.steps.genotypes.compute import (
    StoredAllele,
    compute_stored_batch,
    compute_unique_ids,
)
from tiny.calls import vcf_text, write_vcf
from tiny.calls_oracle import Expected
from tiny.calls_strategies import SAMPLES, SEXES, contigs_of_records

_PAR = {"chrX": [(10_001, 2_781_479)], "chrY": [(10_001, 2_781_479)]}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contigs_of_records())
def test_equals_the_genotypes_as_written(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, list[str]]
) -> None:
    contig, lines = drawn
    text = vcf_text(SAMPLES, lines, {contig: 156_040_895})
    path = write_vcf(tmp_path_factory.mktemp("calls") / "in.vcf", text)
    truth = Expected(text, SEXES, _PAR.get(contig, []))
    reader = VcfReader(path, contig, SAMPLES)
    sexes: list[Sex] = [SEXES[n] for n in SAMPLES]  # type: ignore[misc]
    found = []
    for raw in reader.batches():
        batch = reader.parse(raw)
        inside = in_par(Genome(), contig, batch.vcf_pos)
        stored = compute_stored_batch(batch, expected_ploidy(contig, sexes), inside)
        tally = stored.tally
        assert tally.records == batch.n_records
        assert tally.alleles.total() == sum(len(alts) for alts in batch.alts)
        found += [
            (row.vcf_pos, row.ref, row.alt, calls.tolist())
            for row, calls in zip(stored.rows, stored.calls, strict=True)
        ]
    assert found == truth.store


def _row(variant_id: str, record: int, allele: int = 1, alt: str = "C") -> StoredAllele:
    return StoredAllele(7, variant_id, "A", alt, float("nan"), "PASS", record, allele)


def test_ids_are_kept_only_where_they_name_one_variant() -> None:
    rows = [_row("rs1", 0), _row("rs2", 1, 1, "G"), _row("rs2", 1, 2, "T"), _row(".", 2, 1, "AA")]
    ids = compute_unique_ids("chr1", rows)
    assert ids == ["rs1", "chr1:7:A:G", "chr1:7:A:T", "chr1:7:A:AA"]


def test_long_alleles_are_named_by_their_record() -> None:
    assert compute_unique_ids("chr1", [_row(".", 3, 1, "C" * 90)]) == ["chr1:7:record3:allele1"]


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
    rows = [_row(name, i, 1, alt) for i, (name, alt) in enumerate(drawn)]
    ids = compute_unique_ids("chr1", rows)
    assert len(set(ids)) == len(rows)


def test_tallies_say_why_genotypes_are_missing(tmp_path: Path) -> None:
    line = "chrX 3000000 . A C,* . PASS . GT 0/1 0/1 ./1 0/0/1 1/1"
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, [line]))
    reader = VcfReader(path, "chrX", SAMPLES)
    (raw,) = reader.batches()
    sexes: list[Sex] = [SEXES[n] for n in SAMPLES]  # type: ignore[misc]
    stored = compute_stored_batch(
        reader.parse(raw), expected_ploidy("chrX", sexes), np.zeros(1, dtype=bool)
    )
    assert stored.calls.tolist() == [[1, -1, -1, -1, 2]]
    assert dict(stored.tally.alleles) == {"snv": 1, "star": 1}
    reasons = {reason.split(":")[0]: n for reason, n in stored.tally.genotypes.items()}
    assert reasons == {
        "stored": 2,
        "half-called": 1,
        "heterozygous where one allele is expected": 1,
        "three or more alleles": 1,
    }
