"""Polygenic scores: which rows count, what they add up to, curves and models by them."""

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from genocohort.domain.genome import Genome
from genocohort.domain.sheet import Sample
from genocohort.errors import ConfigError, GenocohortError
from genocohort.io.scoring_files import read_scoring_file
from genocohort.io.store import write_pgen, write_psam, write_pvar
from genocohort.steps.outcomes.scores import Score, compute_score

NAMES = ["a", "b", "c", "d"]
VARIANTS = [
    ("chr1", 100, "A", "G"), ("chr1", 200, "C", "T"), ("chr1", 200, "C", "G"),
    ("chr1", 300, "G", "GA"), ("chr2", 50, "T", "C"),
]  # fmt: skip
CALLS = np.array(
    [[0, 1, 2, -1], [2, 1, 0, 0], [0, 0, 1, 1], [1, 1, -1, -1], [-1, -1, -1, -1]], dtype=np.int8
)
COLUMNS = "chr_name\tchr_position\teffect_allele\tother_allele\teffect_weight\n"
HEAD = "##PGS\n#genome_build=GRCh38\n" + COLUMNS
ROWS = """1\t100\tG\tA\t0.5
1\t200\tC\tG\t-1
1\t300\tGA\t\t2
chr1\t100\tG\tA\t9
1\t101\tG\tA\t1
1\t100\tT\tA\t1
2\t50\tC\tT\t1
X\t5\tC\tT\t1
\t\tC\tT\t1
3\t5\tC\tT\t1
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for contig in ("chr1", "chr2"):
        rows = [i for i, v in enumerate(VARIANTS) if v[0] == contig]
        write_pgen(tmp_path / f"{contig}.pgen", 4, len(rows), iter([CALLS[rows]]))
        write_psam(tmp_path / f"{contig}.psam", [Sample(n, n, n, "unknown") for n in NAMES])
        lines = [
            (VARIANTS[i][0], VARIANTS[i][1], f"v{i}", *VARIANTS[i][2:], ".", "PASS", ".")
            for i in rows
        ]
        write_pvar(tmp_path / f"{contig}.pvar", [], iter(lines))
    (tmp_path / "score.txt").write_text(HEAD + ROWS)
    return tmp_path


def score(folder: Path, name: str = "score.txt", build: str = "GRCh38") -> Score:
    links: dict[str, list[Any]] = {"sample_id": NAMES, "participant_id": ["A", "A", "C", "D"]}
    genome = Genome.model_validate({"build": build})
    people = ["A", "C", "D", "E"]
    return compute_score("s", folder / name, genome, folder, ["chr1", "chr2"], links, people)


def test_what_rows_add_up_to(folder: Path) -> None:
    found = score(folder)
    # v0 (mean of called 1), v2 counted from REF, v3 by its effect allele alone (mean 1).
    expected = {"A": 0.5 * 0 - 2 + 2, "C": 0.5 * 2 - 1 + 2, "D": 0.5 * 1 - 1 + 2}
    assert found.value[:3] == pytest.approx(list(expected.values()))
    assert np.isnan(found.value[3])
    assert found.z[:3] == pytest.approx((found.value[:3] - 7 / 6) / np.std([0, 2, 1.5], ddof=1))
    assert found.groups(3) == ["1 of 3", "3 of 3", "2 of 3", None]
    first = 4
    assert {reason: [n - first for n in lines] for reason, lines in found.dropped.items()} == {
        "given twice: the first counts": [3], "not in the calls": [9, 4],
        "other alleles in the calls": [5], "no sample has a call": [6],
        "not on an autosome": [7], "no place in the scoring file": [8],
    }  # fmt: skip
    entry = found.entry()
    assert (entry.n_in, entry.n_kept) == (10, 3)


def test_harmonised_places_and_gzip(folder: Path) -> None:
    head = HEAD.replace("GRCh38", "GRCh37").replace("chr_name", "#HmPOS_build=GRCh38\nchr_name", 1)
    text = head.replace("weight\n", "weight\thm_chr\thm_pos\n") + "9\t9\tG\tA\t0.5\t1\t100\n"
    with gzip.open(folder / "h.txt.gz", "wt") as stream:
        stream.write(text)
    assert score(folder, "h.txt.gz").value[:3] == pytest.approx([0, 1, 0.5])
    assert read_scoring_file(folder / "h.txt.gz").build == "GRCh38"


def test_everybody_alike_has_no_deviation(folder: Path) -> None:
    (folder / "one.txt").write_text(HEAD + "1\t300\tGA\tG\t2\n")
    assert np.isnan(score(folder, "one.txt").z).all()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (HEAD + "1\t100\tG\tA\tx\n1\t1.5\tG\tA\t1\n1\t1\t\tA\t1\n1\t1\n", "4 problems"),
        (HEAD, "no row"),
        ("rsID\teffect_allele\teffect_weight\nrs1\tA\t1\n", "chr_name"),
        (HEAD.replace("weight\n", "weight\tis_dominant\n") + "1\t100\tG\tA\t1\tTrue\n", "is_domi"),
        (HEAD + "7\t100\tG\tA\t1\n", "no row of the scoring file"),
        ("#only comments\n", "no header"),
    ],
)
def test_files_that_are_refused(folder: Path, text: str, told: str) -> None:
    (folder / "bad.txt").write_text(text)
    with pytest.raises(GenocohortError) as error:
        score(folder, "bad.txt")
    assert told in str(error.value) or len(getattr(error.value, "problems", ())) == 4


def test_a_file_of_another_build_is_refused(folder: Path) -> None:
    with pytest.raises(ConfigError, match="GRCh38, the study for GRCh37"):
        score(folder, build="GRCh37")


def test_a_damaged_file(folder: Path) -> None:
    (folder / "bad.gz").write_bytes(gzip.compress((HEAD + ROWS).encode())[:-9])
    with pytest.raises(GenocohortError, match="cannot read"):
        score(folder, "bad.gz")
