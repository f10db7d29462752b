"""What a plan costs: by the user's prices, and never without saying what is left out."""

import json
from pathlib import Path

import pytest

from genocohort.commands.dry_run import PlannedJob
from genocohort.commands.estimates import ASKED, OWN, UNKNOWN, Estimate
from genocohort.commands.prices import EXAMPLE, Prices, compute_cost, cost_text, read_prices
from genocohort.errors import ConfigError, Problems

PRICES = Prices(currency="EUR", cpu_hour=0.5, gib_hour=0.25, gb_stored=2)
HOUR = Estimate(3600, OWN, 2**30 / 1e6 * 3, ASKED)


def test_the_documented_example_is_read_from_yaml_and_json(tmp_path: Path) -> None:
    path = tmp_path / "prices.yaml"
    path.write_text(EXAMPLE)
    prices = read_prices(path)
    assert (prices.currency, prices.cpu_hour) == ("EUR", 0.04)
    (tmp_path / "prices.json").write_text(json.dumps(prices.model_dump()))
    assert read_prices(tmp_path / "prices.json") == prices


def test_a_price_table_with_mistakes_names_them_all(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="plan --help"):
        read_prices(tmp_path / "absent.yaml")
    path = tmp_path / "prices.yaml"
    path.write_text("currency: EUR\ncpu_hour: -1\ngibhour: 2\ngb_stored: much\n")
    with pytest.raises(Problems) as caught:
        read_prices(path)
    text = caught.value.message()
    assert all(key in text for key in ("cpu_hour", "gib_hour", "gibhour: unknown", "gb_stored"))


def test_hours_sizes_and_money_by_hand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("big").write_bytes(bytes(5_000_000))
    jobs = [PlannedJob((), ("big", "not-there"), threads=4), PlannedJob((), ("work/passing",))]
    cost = compute_cost(jobs, [HOUR, HOUR])
    assert (cost.cpu_hours, cost.gib_hours, cost.gb_stored) == (5, 6, 0.005)
    text = cost_text(cost, PRICES)
    lines = [line.split() for line in text.splitlines()]
    assert lines[0][-1] == "EUR"
    assert lines[1] == ["CPU", "5.000", "CPU", "hours", "0.5", "2.50"]
    assert lines[2] == ["memory", "6.000", "GiB", "hours", "0.25", "1.50"]
    assert lines[3] == ["results", "0.005", "GB", "stored", "2", "0.01"]
    assert lines[4] == ["together", "4.01"]
    assert "leaves out" not in text


def test_what_is_not_known_is_counted_not_guessed() -> None:
    jobs = [PlannedJob((), ("results/x",))] * 3
    unknown = [HOUR, Estimate(None, UNKNOWN, 100, ASKED), Estimate(36, OWN, None, UNKNOWN)]
    cost = compute_cost(jobs, unknown)
    assert cost.cpu_hours == 1.01
    text = cost_text(cost, PRICES)
    assert "the time of 1, the memory of 1, the size of results of 3 of the jobs." in text
    assert "under 0.01" in cost_text(compute_cost(jobs[:1], unknown[2:]), PRICES)
