"""The ledger's sums: inside an entry, and between steps."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from genocohort.domain.ledger import (
    Dropped,
    Entry,
    check_ledger,
    entries_from_json,
    entries_to_json,
)


def test_an_entry_must_add_up() -> None:
    Entry(step="s", unit="variant", n_in=3, n_kept=1, dropped=(Dropped(reason="r", n=2),))
    with pytest.raises(ValidationError, match="3 in, but 2 accounted for"):
        Entry(step="s", unit="variant", n_in=3, n_kept=1, dropped=(Dropped(reason="r", n=1),))


@given(st.lists(st.integers(1, 50), max_size=4), st.integers(0, 50))
def test_json_round_trip(dropped: list[int], kept: int) -> None:
    entry = Entry(
        step="s",
        scope="chr1",
        unit="sample",
        source="t",
        source_scopes=("a", "b"),
        n_in=sum(dropped) + kept,
        n_kept=kept,
        dropped=tuple(Dropped(reason=f"r{i}", n=n) for i, n in enumerate(dropped)),
    )
    assert entries_from_json(entries_to_json([entry])) == (entry,)


def _entries(received: int) -> list[Entry]:
    return [
        Entry(step="genotypes", scope="chr1", unit="variant", n_in=4, n_kept=4),
        Entry(step="genotypes", scope="chr2", unit="variant", n_in=5, n_kept=5),
        Entry(
            step="kinship",
            unit="variant",
            source="genotypes",
            source_scopes=("chr1", "chr2"),
            n_in=received,
            n_kept=received,
        ),
    ]


def test_steps_must_agree() -> None:
    assert check_ledger(_entries(9)) == []
    assert check_ledger(_entries(8)) == [
        "kinship all: 8 variants came in, but genotypes handed on 9"
    ]


def test_a_missing_source_and_a_repeated_entry_are_named() -> None:
    entries = _entries(9)
    assert "no variant entry of genotypes for chr2" in check_ledger([entries[0], entries[2]])[0]
    assert "two entries" in check_ledger([entries[0], entries[0]])[0]
