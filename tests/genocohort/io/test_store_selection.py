"""Which variants of a store are used, and why the others are not."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from genocohort.errors import InputDataError
from genocohort.io.store_selection import (
    MULTIALLELIC,
    NOT_AUTOSOMAL,
    NOT_PASS,
    count_reasons,
    open_stores,
    select_variants,
)
from tiny.cohort_store import make_samples, write_store

CALLS = np.arange(18).reshape(6, 3).astype(np.int8) % 3


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_store(
        tmp_path,
        make_samples(3),
        {"chr1": CALLS, "chrX": CALLS[:2], "chr2": CALLS[:0]},
        filters={"chr1": ["PASS", ".", "q10", "PASS", "PASS", "PASS"]},
        info={
            "chr1": ["RECORD=0;ALLELE=1", "RECORD=1;ALLELE=1", "RECORD=2;ALLELE=1",
                     "RECORD=3;ALLELE=1", "RECORD=3;ALLELE=2", "RECORD=4;ALLELE=2"],
        },
    )  # fmt: skip
    return tmp_path


def test_reasons(folder: Path) -> None:
    stores = open_stores(folder, ["chr1", "chrX", "chr2"])
    chosen = [select_variants(s, pass_only=True) for s in stores]
    assert [c.indices.tolist() for c in chosen] == [[0, 1], [], []]
    assert count_reasons(chosen) == {
        NOT_PASS: (1, ("chr1:1021:A:G",)),
        MULTIALLELIC: (3, ("chr1:1031:A:G", "chr1:1041:A:G", "chr1:1051:A:G")),
        NOT_AUTOSOMAL: (2, ("chrX:1001:A:G", "chrX:1011:A:G")),
    }


def test_choices_can_be_widened(folder: Path) -> None:
    chr1, x = open_stores(folder, ["chr1", "chrX"])
    assert select_variants(chr1, pass_only=False).indices.tolist() == [0, 1, 2]
    everything = select_variants(chr1, pass_only=False, biallelic=False)
    assert everything.indices.tolist() == list(range(6))
    assert select_variants(x, pass_only=True, autosomal=False).indices.tolist() == [0, 1]


@pytest.mark.parametrize("size", [1, 2, 5, None])
def test_blocks_hold_the_chosen_calls_with_their_rank(folder: Path, size: int | None) -> None:
    (store,) = open_stores(folder, ["chr1"])
    chosen = select_variants(store, pass_only=False, biallelic=False)
    narrowed = chosen.narrowed(np.array([True, False, True, True, False, True]), "mine")
    assert (narrowed.reasons == "mine").sum() == 2
    blocks = list(narrowed.blocks(size))
    np.testing.assert_array_equal(np.concatenate([c for _, c in blocks]), CALLS[[0, 2, 3, 5]])
    at = 0
    for rank, calls in blocks:
        assert rank == at
        at += len(calls)


def test_chromosomes_of_different_samples_are_an_error(folder: Path) -> None:
    write_store(folder, make_samples(2), {"chr3": CALLS[:, :2]})
    with pytest.raises(InputDataError, match="different samples"):
        open_stores(folder, ["chr1", "chr3"])


def test_records_of_several_alleles_whatever_else_info_holds(tmp_path: Path) -> None:
    info = ["RECORD=7;ALLELE=1", "X=1;ALLELE=2;RECORD=8", ".", "RECORD=7", "XRECORD=9", "ALLELE=1"]
    write_store(tmp_path, make_samples(3), {"chr1": CALLS}, info={"chr1": info})
    chosen = select_variants(open_stores(tmp_path, ["chr1"])[0], pass_only=True)
    assert chosen.indices.tolist() == [2, 4, 5]


def test_choosing_variants_does_not_import_pandas(folder: Path) -> None:
    """Arrow would, to look at Python's values; it costs more than a small step's work."""
    code = (
        "import sys; from pathlib import Path; from genocohort.io import store_selection as s; "
        f"store, = s.open_stores(Path({str(folder)!r}), ['chr1']); "
        "chosen = s.select_variants(store, pass_only=True); "
        "store.variants.chosen('ref', chosen.indices); s.count_reasons([chosen]); "
        "print('pandas' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
