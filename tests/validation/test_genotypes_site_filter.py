"""What a site filter lets in is what bcftools view lets in, and the rest is accounted for."""

import json
from pathlib import Path

import numpy as np
import pytest

from genocohort.domain.site_filter import LEFT_OUT
from genocohort.io.call_counts import read_counts
from genocohort.io.calls import read_calls_header
from tiny.calls import CallsRun, calls_run, write_sheet
from tiny.variant_peers import need, run

CALLS = Path(__file__).parents[2] / "data-samples/calls/cohort.vcf.gz"
INCLUDE = ((0, 40_000), (60_000, 110_385), (100_000, 150_000))
EXCLUDE = ((10_277, 20_000), (80_000, 80_500))


def _bed(path: Path, regions: tuple[tuple[int, int], ...]) -> Path:
    path.write_text("".join(f"chr22\t{start}\t{end}\n" for start, end in regions))
    return path


@pytest.mark.validation
def test_records_are_those_of_bcftools_view(tmp_path: Path) -> None:
    bcftools = need("bcftools")
    names = read_calls_header(CALLS).samples
    done = CallsRun(tmp_path, CALLS, write_sheet(tmp_path / "sheet.tsv", names), "synthetic")
    include, exclude = _bed(tmp_path / "in.bed", INCLUDE), _bed(tmp_path / "out.bed", EXCLUDE)
    settings = json.dumps({"filters": ["PASS"], "min_quality": 300})
    options = ["--include", str(include), "--exclude", str(exclude)]
    assert done.genotypes("chr22", settings=settings, options=options) == 0
    found = [
        (position, ref, alt)
        for batch in read_counts(tmp_path / "chr22.counts.arrow")
        for position, ref, alt in zip(
            *(batch.column(n).to_pylist() for n in ("vcf_pos", "ref", "alt")), strict=True
        )
    ]
    part = tmp_path / "part.vcf.gz"
    run(
        bcftools, "view", "-r", "chr22", "-f", "PASS,.", "-i", "QUAL>=300", "-Oz", "-o", part, CALLS
    )
    run(bcftools, "view", "-T", include, "-Ou", "-o", tmp_path / "part.bcf", part)
    kept = run(bcftools, "view", "-H", "-G", "-T", f"^{exclude}", tmp_path / "part.bcf")
    rows = [line.split("\t") for line in kept.splitlines()]
    expected = [(int(r[1]), r[3], alt) for r in rows for alt in r[4].split(",")]
    assert found == expected
    entry = done.ledger("chr22")["record"]
    n_all = len(run(bcftools, "view", "-H", "-G", "-r", "chr22", CALLS).splitlines())
    assert entry["n_in"] == n_all
    dropped = {d["reason"]: d["n"] for d in entry["dropped"]}  # type: ignore[attr-defined]
    assert sum(dropped[reason] for reason in LEFT_OUT if reason in dropped) == n_all - len(rows)
    assert 0 < len(rows) < n_all
    assert set(LEFT_OUT) <= set(dropped)


def test_each_reason_is_counted_once_the_first_that_holds(tmp_path: Path) -> None:
    lines = [
        "chr1 5 . A C 50 PASS . GT 0/1",
        "chr1 6 . A C 50 . . GT 0/1",
        "chr1 7 . A C 5 q10;s50 . GT 0/1",
        "chr1 8 . A C 5 q10 . GT 0/1",
        "chr1 9 . A C . PASS . GT 0/1",
        "chr1 30 . A C 50 PASS . GT 0/1",
        "chr1 12 . A <DEL> 50 PASS . GT 0/1",
        "chr1 14 . A C 50 PASS . GT 0/1",
    ]
    lines.sort(key=lambda line: int(line.split()[1]))
    done = calls_run(tmp_path, ["S1"], lines)
    include, exclude = tmp_path / "in.bed", tmp_path / "out.bed"
    include.write_text("chr1\t4\t20\n")
    exclude.write_text("1\t13\t14\n")
    settings = json.dumps({"filters": ["PASS", "q10"], "min_quality": 10})
    options = ["--include", str(include), "--exclude", str(exclude)]
    assert done.genotypes("chr1", settings=settings, options=options) == 0
    dropped = {d["reason"]: d["n"] for d in done.ledger("chr1")["record"]["dropped"]}  # type: ignore[attr-defined]
    assert [dropped.get(reason) for reason in LEFT_OUT] == [1, 2, 1, 1]
    records = np.concatenate(
        [batch.column("record").to_numpy() for batch in read_counts(tmp_path / "chr1.counts.arrow")]
    )
    assert records.tolist() == [0, 1, 5]


def test_a_line_that_is_no_interval_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    done = calls_run(tmp_path, ["S1"], ["chr1 5 . A C 50 PASS . GT 0/1"])
    bed = tmp_path / "in.bed"
    bed.write_text("chr1\t4\t20\nchr1\t9\t3\n")
    assert done.genotypes("chr1", options=["--include", str(bed)]) == 3
    assert f"{bed}, line 2" in capsys.readouterr().err
