"""`genocohort sites` on a tiny store and a tiny panel."""

from pathlib import Path

import numpy as np
import pytest

from genocohort.cli import main
from genocohort.domain.ledger import entries_from_json
from genocohort.domain.tables_identity import SITES
from genocohort.io.parquet import read_table
from tiny.cohort_store import make_samples, write_store


def sites(folder: Path, *words: str) -> int:
    outputs = ["--sites", str(folder / "sites.parquet"), "--ledger", str(folder / "ledger.json")]
    return main(["sites", *words, *outputs])


def test_common_sites_of_the_cohort(tmp_path: Path) -> None:
    calls = np.zeros((5, 10), dtype=np.int8)
    calls[0, :4] = 1
    calls[1, :2] = -1
    calls[1, 2:] = 1
    calls[2, :5] = 2
    calls[3, :5] = 2
    filters = {"chr1": ["PASS", "PASS", "PASS", "q10", "PASS"]}
    store = {"chr1": calls, "chrX": calls}
    write_store(tmp_path, make_samples(10), store, filters=filters)
    assert sites(tmp_path, "--folder", str(tmp_path), "--chromosomes", "chr1", "chrX") == 0
    rows = read_table(tmp_path / "sites.parquet", SITES).to_pylist()
    assert [(r["chromosome"], r["vcf_pos"], r["alt_frequency"]) for r in rows] == [
        ("chr1", 1001, 0.2),
        ("chr1", 1021, 0.5),
    ]
    (entry,) = entries_from_json((tmp_path / "ledger.json").read_text())
    assert (entry.n_in, entry.n_kept, entry.source) == (10, 2, "genotypes")
    assert {d.reason: d.n for d in entry.dropped} == {
        "FILTER is not PASS": 1,
        "called in too few samples": 1,
        "not on an autosome": 5,
        "the rarer allele is too rare": 1,
    }


def test_a_panel(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    panel = tmp_path / "panel.vcf"
    lines = ["2\t7\t.\tA\tG\t.\t.\tAF=0.2", "2\t9\t.\tA\tG\t.\t.\tAF=0.001"]
    panel.write_text("\n".join(lines) + "\n")
    assert sites(tmp_path, "--panel", str(panel)) == 0
    (row,) = read_table(tmp_path / "sites.parquet", SITES).to_pylist()
    assert (row["chromosome"], row["vcf_pos"], row["alt_frequency"]) == ("chr2", 7, 0.2)
    (entry,) = entries_from_json((tmp_path / "ledger.json").read_text())
    assert (entry.source, entry.n_in, entry.n_kept) == ("", 2, 1)
    assert sites(tmp_path) == 2
    assert "--panel" in capsys.readouterr().err
