"""The variant summaries of any VCF equal what a reader would count by hand."""

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from genocohort.io import vcf
from genocohort.steps.genotypes import native
from tiny.call_engines import ENGINES, count, sample_rows, site_rows
from tiny.calls import vcf_text, write_vcf
from tiny.calls_oracle import Expected
from tiny.calls_strategies import SAMPLES, SEXES, contigs_of_records

_PAR = {"chrX": [(10_001, 2_781_479)], "chrY": [(10_001, 2_781_479)]}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contigs_of_records(), st.sampled_from(ENGINES))
def test_equals_counting_by_hand(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, list[str]], engine: str
) -> None:
    contig, lines = drawn
    text = vcf_text(SAMPLES, lines, {contig: 156_040_895})
    path = write_vcf(tmp_path_factory.mktemp("calls") / "in.vcf", text)
    truth = Expected(text, SEXES, _PAR.get(contig, []))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vcf, "BATCH_RECORDS", 2)
        patch.setattr(native, "SHARD_BYTES", 100)
        counted, totals = count(engine, path, contig, SAMPLES)
    rows = site_rows(counted, contig)
    assert len(rows) == len(truth.sites)
    for row, want in zip(rows, truth.sites, strict=True):
        for name, value in want.items():
            found = row[name]
            if value is None:
                assert found is None or math.isnan(found), name
            elif isinstance(value, float):
                assert found == pytest.approx(value, rel=1e-9), name
            else:
                assert found == value, name
    sums = sample_rows(totals, SAMPLES)
    for key, counter in truth.samples.items():
        for column, value in counter.items():
            assert sums[key][column] == value, (key, column)
        for column, value in sums[key].items():
            if not column.startswith(("gq", "n_gq")):
                assert value == counter[column], (key, column)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(contigs_of_records(), st.sampled_from(ENGINES))
def test_the_order_of_samples_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, list[str]], engine: str
) -> None:
    contig, lines = drawn
    text = vcf_text(SAMPLES, lines, {contig: 156_040_895})
    path = write_vcf(tmp_path_factory.mktemp("calls") / "in.vcf", text)
    (rows, sums), (others, mirrored) = (
        count(engine, path, contig, names) for names in (SAMPLES, SAMPLES[::-1])
    )
    np.testing.assert_array_equal(rows.values, others.values)
    for name in ("classes", "called", "carried", "depths"):
        np.testing.assert_array_equal(getattr(sums, name), getattr(mirrored, name)[:, ::-1])


@pytest.mark.parametrize("engine", ENGINES)
def test_classes_are_the_whole(tmp_path: Path, engine: str) -> None:
    lines = ["chr1 5 . A C,G . PASS . GT 0/1 1/2 ./1 0/0/1 1"]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, lines))
    row = site_rows(count(engine, path, "chr1", SAMPLES)[0], "chr1")[0]
    assert (row["n_het"], row["n_het_alt"], row["n_half"]) == (1, 1, 1)
    assert (row["n_other_ploidy"], row["n_haploid_alt"]) == (1, 1)
    assert (row["ac"], row["an"]) == (5, 9)
    assert row["call_rate"] == pytest.approx(4 / 5)


@pytest.mark.parametrize("engine", ENGINES)
def test_females_only_are_tested_on_x(tmp_path: Path, engine: str) -> None:
    # 0/1 of the females is one of two configurations with P 1; males' calls must not enter.
    lines = ["chrX 3000000 . A C . PASS . GT 0/0 1/1 0/1 1/1 0"]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, lines))
    row = site_rows(count(engine, path, "chrX", SAMPLES)[0], "chrX")[0]
    assert row["hwe_p"] == pytest.approx(1 / 3)
