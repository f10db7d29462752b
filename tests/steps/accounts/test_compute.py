"""The ledger table and the summary of losses."""

from genocohort.domain.ledger import Dropped, Entry
from genocohort.steps.accounts.compute import compute_accounts, compute_ledger_table

ENTRIES = [
    Entry(
        step="alignments",
        scope="S1",
        unit="contig",
        n_in=3,
        n_kept=2,
        dropped=(Dropped(reason="unreadable", n=1, is_loss=True, examples=("chr2",)),),
    ),
    Entry(step="genotypes", scope="chr1", unit="variant", n_in=10, n_kept=10),
    Entry(
        step="association",
        scope="chr1",
        unit="variant",
        source="genotypes",
        n_in=10,
        n_kept=6,
        dropped=(Dropped(reason="rare", n=3), Dropped(reason="few calls", n=1)),
    ),
]


def test_one_row_per_reason() -> None:
    table = compute_ledger_table(ENTRIES)
    assert table["reason"] == ["unreadable", None, "rare", "few calls"]
    assert table["n_dropped"] == [1, 0, 3, 1]
    assert table["source"] == ["input", "input", "genotypes", "genotypes"]
    assert table["examples"][0] == ["chr2"]


def test_losses_are_named_and_filters_are_not_losses() -> None:
    accounts = compute_accounts(ENTRIES)
    assert accounts["complete"] is False
    assert accounts["contradictions"] == []
    assert [loss["reason"] for loss in accounts["losses"]] == ["unreadable"]
    assert accounts["totals"]["association"]["variant"] == {"n_in": 10, "n_kept": 6}
    assert compute_accounts(ENTRIES[1:])["complete"] is True


def test_a_silent_loss_is_a_contradiction() -> None:
    shrunk = Entry(
        step="kinship",
        unit="variant",
        source="genotypes",
        source_scopes=("chr1",),
        n_in=9,
        n_kept=9,
    )
    accounts = compute_accounts([ENTRIES[1], shrunk])
    assert accounts["complete"] is False
    assert "genotypes handed on 10" in accounts["contradictions"][0]


def test_nothing_in_nothing_out() -> None:
    assert compute_accounts([])["complete"] is True
    assert compute_ledger_table([])["step"] == []
