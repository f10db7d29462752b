"""The variant summaries of any VCF equal what a reader would count by hand."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from genocohort.domain.genome import Genome
from genocohort.domain.sheet import Sex
from genocohort.io import vcf
from genocohort.io.vcf import VcfReader
from genocohort.steps.variants.compute import BatchSummary, cohort_ploidy, summarise_batch
from genocohort.steps.variants.settings import VariantsSettings
from tiny.calls import vcf_text, write_vcf
from tiny.calls_oracle import Expected
from tiny.calls_strategies import SAMPLES, SEXES, contigs_of_records

_PAR = {"chrX": [(10_001, 2_781_479)], "chrY": [(10_001, 2_781_479)]}


def summaries(path: Path, contig: str, names: tuple[str, ...] = SAMPLES) -> list[BatchSummary]:
    reader = VcfReader(path, contig, names, depths=True)
    sexes: list[Sex] = [SEXES[n] for n in names]  # type: ignore[misc]
    ploidy = cohort_ploidy(contig, sexes)
    options = VariantsSettings()
    return [
        summarise_batch(reader.parse(raw), contig, Genome(), ploidy, options)
        for raw in reader.batches()
    ]


def sites_of(parts: list[BatchSummary]) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for part in parts:
        names = list(part.sites)
        rows += [
            dict(zip(names, values, strict=True))
            for values in zip(*part.sites.values(), strict=True)
        ]
    return rows


def sample_sums(parts: list[BatchSummary], names: tuple[str, ...]) -> dict[tuple[str, str], Any]:
    sums: dict[tuple[str, str], dict[str, float]] = {}
    for i, name in enumerate(names):
        for filter_set, subsets in (("all", (0, 1)), ("pass", (1,))):
            sums[name, filter_set] = {
                column: sum(part.sample_counts[column][s][i] for part in parts for s in subsets)
                for column in (parts[0].sample_counts if parts else ())
            }
    return sums


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(contigs_of_records())
def test_equals_counting_by_hand(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, list[str]]
) -> None:
    contig, lines = drawn
    text = vcf_text(SAMPLES, lines, {contig: 156_040_895})
    path = write_vcf(tmp_path_factory.mktemp("calls") / "in.vcf", text)
    truth = Expected(text, SEXES, _PAR.get(contig, []))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vcf, "BATCH_RECORDS", 2)
        parts = summaries(path, contig)
    rows = sites_of(parts)
    assert len(rows) == len(truth.sites)
    for row, want in zip(rows, truth.sites, strict=True):
        for name, value in want.items():
            found = row[name]
            if value is None:
                assert math.isnan(found), name
            elif isinstance(value, float):
                assert found == pytest.approx(value, rel=1e-9), name
            else:
                assert found == value, name
    sums = sample_sums(parts, SAMPLES)
    for key, counter in truth.samples.items():
        for column, value in counter.items():
            assert sums[key][column] == value, (key, column)
        for column, value in sums[key].items():
            if not column.startswith(("gq", "n_gq", "n_not_expected_called")):
                assert value == counter[column], (key, column)


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(contigs_of_records())
def test_the_order_of_samples_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, drawn: tuple[str, list[str]]
) -> None:
    contig, lines = drawn
    text = vcf_text(SAMPLES, lines, {contig: 156_040_895})
    path = write_vcf(tmp_path_factory.mktemp("calls") / "in.vcf", text)
    mirrored = tuple(reversed(SAMPLES))
    one, two = summaries(path, contig), summaries(path, contig, mirrored)
    for a, b in zip(one, two, strict=True):
        for name, values in a.sites.items():
            np.testing.assert_array_equal(values, b.sites[name])
        for name, values in a.sample_counts.items():
            np.testing.assert_array_equal(values, b.sample_counts[name][:, ::-1])


def test_classes_are_the_whole(tmp_path: Path) -> None:
    lines = ["chr1 5 . A C,G . PASS . GT 0/1 1/2 ./1 0/0/1 1"]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, lines))
    (part,) = summaries(path, "chr1")
    row = sites_of([part])[0]
    assert (row["n_het"], row["n_het_alt"], row["n_half"]) == (1, 1, 1)
    assert (row["n_other_ploidy"], row["n_haploid_alt"]) == (1, 1)
    assert (row["ac"], row["an"]) == (5, 9)
    assert row["call_rate"] == pytest.approx(4 / 5)


def test_females_only_are_tested_on_x(tmp_path: Path) -> None:
    # 0/1 of the females is one of two configurations with P 1; males' calls must not enter.
    lines = ["chrX 3000000 . A C . PASS . GT 0/0 1/1 0/1 1/1 0"]
    path = write_vcf(tmp_path / "in.vcf", vcf_text(SAMPLES, lines))
    (part,) = summaries(path, "chrX")
    assert part.sites["hwe_p"][0] == pytest.approx(1 / 3)
