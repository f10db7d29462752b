"""Groups of samples: who is in them, and what is counted where sexes differ."""

import numpy as np
import pytest

from genocohort.domain.sheet import Sex
from genocohort.errors import ConfigError
from genocohort.stats.hwe import hwe_exact
from genocohort.steps.variant_groups.compute import GroupCounter, make_groups

SEXES: tuple[Sex, ...] = ("male", "male", "female", "female", "unknown")
CALLS = np.array([[2, 0, 1, 2, -1]], dtype=np.int8)


def _counts(chromosome: str, *, in_par: bool = False) -> dict[str, list[float]]:
    groups = make_groups({"all": ["x"] * 5, "sex": ["m", "m", "f", "f", None]}, 5)
    counter = GroupCounter(chromosome, SEXES, hwe_exact)
    found = counter.count(CALLS, np.array([in_par]), groups)
    return {name: values.tolist() for name, values in found.items()}


def test_groups_are_in_the_order_of_columns_and_values() -> None:
    groups = make_groups({"b": ["y", None, "x", "y"], "a": ["1", "1", "1", "1"]}, 2)
    assert [(g.group_by, g.name, g.members.tolist()) for g in groups] == [
        ("b", "x", [2]), ("b", "y", [0, 3]), ("a", "1", [0, 1, 2, 3]),
    ]  # fmt: skip


@pytest.mark.parametrize("values", [["1", "2", "3"], [None, None, None]])
def test_what_is_no_group_is_an_error(values: list[str | None]) -> None:
    with pytest.raises(ConfigError, match="these are no groups"):
        make_groups({"ldl": values}, 2)


def test_autosomes_and_pseudo_autosomal_regions() -> None:
    for found in (_counts("chr1"), _counts("chrX", in_par=True)):
        assert found["ac"] == [5, 3, 2]
        assert found["an"] == [8, 4, 4]
        assert found["n_called"] == [4, 2, 2]
        assert found["n_expected"] == [5, 2, 2]
        assert (found["n_hom_ref"], found["n_het"], found["n_hom_alt"]) == (
            [1, 0, 1], [1, 1, 0], [2, 1, 1],
        )  # fmt: skip
        assert found["hwe_p"][0] == hwe_exact([1], [1], [2]).p[0]


def test_one_allele_of_males_on_x_and_only_females_are_tested() -> None:
    found = _counts("chrX")
    assert found["ac"] == [4, 3, 1]
    assert found["an"] == [6, 4, 2]
    assert found["n_hom_alt"] == [2, 1, 1]
    assert found["hwe_p"][:2] == [hwe_exact([0], [1], [1]).p[0]] * 2
    assert np.isnan(found["hwe_p"][2])


def test_females_have_no_y() -> None:
    found = _counts("chrY")
    assert found["n_expected"] == [3, 0, 2]
    assert found["an"] == [2, 0, 2]
    assert np.isnan(found["hwe_p"]).all()
