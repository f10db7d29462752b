"""Error texts say what, where, expected and remedy, and carry the right exit code."""

import pytest

from genocohort.errors import ConfigError, InputDataError, Problems, ToolError


def test_message_has_every_part_in_order() -> None:
    error = InputDataError(
        "bad", where="f, line 2", expected="good", remedy="mend", offenders=["a"]
    )
    assert error.message().splitlines() == [
        "bad",
        "  where:    f, line 2",
        "  found:    a",
        "  expected: good",
        "  remedy:   mend",
    ]


def test_only_five_offenders_are_shown_and_the_rest_counted() -> None:
    error = InputDataError("bad", offenders=[f"s{i}" for i in range(8)])
    assert "s4 ... 3 more" in error.message()
    assert "s5" not in error.message()


def test_problems_number_all_and_take_the_smallest_exit_code() -> None:
    problems = Problems([InputDataError("one"), ConfigError("two"), ToolError("three")])
    assert problems.exit_code == 2
    text = problems.message()
    assert text.startswith("3 problems found")
    assert all(part in text for part in ("1. one", "2. two", "3. three"))


def test_problems_need_a_problem() -> None:
    with pytest.raises(ValueError, match="at least one"):
        Problems([])
