"""Matching a panel's variants, and from places to groups."""

import numpy as np
import pytest

from genocohort.errors import InputDataError
from genocohort.steps.ancestry.compute import (
    UNASSIGNED,
    PanelSieve,
    Wanted,
    alt_frequency,
    assign_groups,
    is_clear,
)
from genocohort.steps.ancestry.settings import AncestryPanel, AncestrySettings

CALLS = np.array([0, 1, 2, 1], dtype=np.int8)


def test_alleles_that_are_complements_of_each_other_do_not_tell_their_strand() -> None:
    clear = {a + b for a in "ACGT" for b in "ACGT" if a != b and is_clear(a, b)}
    assert clear == {"AC", "AG", "CA", "GA", "CT", "TC", "GT", "TG"}
    assert not is_clear("A", "AC")
    assert not is_clear("A", "<DEL>")


def sieve(**settings: float) -> PanelSieve:
    wanted = Wanted(
        np.array([100, 200, 200, 5000, 9000, 9500]),
        ["A", "C", "C", "G", "A", "A"],
        ["G", "A", "T", "T", "G", "G"],
    )
    chosen = {"min_spacing_kb": 0, "min_maf": 0.1, "max_missing": 0.25} | settings
    return PanelSieve(wanted, 4, AncestrySettings(**chosen))


def test_variants_are_matched_by_alleles_in_either_order() -> None:
    found = sieve()
    found.add(100, "A", "C", CALLS)
    found.add(200, "T", "C", np.array([0, 0, 1, -1], dtype=np.int8))
    found.add(200, "C", "A", CALLS)
    found.add(200, "C", "A", np.zeros(4, dtype=np.int8))
    found.add(5000, "G", "T", np.array([0, 0, -1, -1], dtype=np.int8))
    found.add(9000, "A", "G", np.array([2, 2, 2, 2], dtype=np.int8))
    found.add(9500, "A", "G", CALLS)
    ranks, calls = found.taken()
    assert ranks.tolist() == [1, 2, 5]
    assert calls.tolist() == [[0, 1, 2, 1], [2, 2, 1, -1], [0, 1, 2, 1]]
    assert found.is_matched.tolist() == [False, True, True, True, True, True]
    np.testing.assert_allclose(alt_frequency(calls), [0.5, 5 / 6, 0.5])


def test_variants_close_to_the_last_one_taken_are_passed_over() -> None:
    found = sieve(min_spacing_kb=0.5)
    for pos, ref, alt in ((100, "A", "G"), (200, "C", "A"), (9000, "A", "G"), (9500, "A", "G")):
        found.add(pos, ref, alt, CALLS)
    assert found.taken()[0].tolist() == [0, 4, 5]


def test_nothing_taken_has_the_panels_width() -> None:
    assert sieve().taken()[1].shape == (0, 4)


def clouds() -> tuple[np.ndarray, list[str]]:
    rng = np.random.default_rng(1)
    centres = np.array([[0.0, 0, 0], [1, 0, 0], [0, 1, 0]])
    return np.repeat(centres, 40, axis=0) + rng.normal(size=(120, 3)) * 0.05, [
        name for name in "abc" for _ in range(40)
    ]


def test_members_strangers_and_samples_without_calls() -> None:
    panel, labels = clouds()
    labels[0] = "b"
    places = np.array([[0.02, 0.01, 0], [0.98, 0, 0], [0.5, 0, 0], [0, 0, 3.0], [np.nan] * 3])
    chosen = AncestrySettings(n_components=3, group_components=3)
    found = assign_groups(list("vwxyz"), np.array([9, 9, 9, 9, 0]), places, panel, labels, chosen)
    columns = found.samples
    assert columns["ancestry_inferred"] == ["a", "b", UNASSIGNED, UNASSIGNED, UNASSIGNED]
    assert columns["nearest"][:2] == ["a", "b"]
    assert columns["nearest"][4] is None
    assert columns["probability"][4] is None
    assert columns["distance_p"][3] < 1e-9
    assert found.groups["group"] == ["a", "b", "c"]
    assert found.groups["n_panel"] == [39, 41, 40]
    assert found.groups["n_assigned"] == [1, 1, 0]
    assert found.groups["panel_agreement"] == pytest.approx([1, 40 / 41, 1])
    assert found.notice == "2 samples assigned to 3 groups, 3 unassigned"


def test_a_panel_without_groups_is_refused() -> None:
    panel, _ = clouds()
    with pytest.raises(InputDataError, match="told apart"):
        assign_groups([], np.zeros(0, int), panel[:0], panel, ["a"] * 120, AncestrySettings())


def test_a_panel_is_one_of_two_kinds() -> None:
    with pytest.raises(ValueError, match="either calls or fitted"):
        AncestryPanel()
    with pytest.raises(ValueError, match="need labels"):
        AncestryPanel(calls="x.vcf")
    assert AncestryPanel(fitted="f", labels="l.tsv").files([]) == [
        "l.tsv", "f/loadings.parquet", "f/eigenvalues.parquet", "f/components.parquet",
    ]  # fmt: skip
    with pytest.raises(ValueError, match="group_components"):
        AncestrySettings(n_components=4)
