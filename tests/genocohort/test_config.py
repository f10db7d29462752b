"""The configuration is strict, and its JSON does not depend on comments or order."""

from pathlib import Path

import pytest
from pydantic import Field

from genocohort.config import Settings, parse_settings, read_yaml, settings_from_json
from genocohort.errors import ConfigError, Problems


class Example(Settings):
    rate: float = Field(default=0.5, ge=0, le=1)
    name: str = "x"


def test_every_problem_is_reported_at_once() -> None:
    with pytest.raises(Problems) as caught:
        parse_settings(Example, {"rate": 3, "nmae": "y"}, "config.yaml")
    text = caught.value.message()
    assert "rate: " in text
    assert "nmae: unknown key" in text
    assert caught.value.exit_code == 2


def test_json_is_canonical() -> None:
    first = parse_settings(Example, {"rate": 0.25, "name": "a"}, "f").to_json()
    second = parse_settings(Example, {"name": "a", "rate": 0.25}, "f").to_json()
    assert first == second == '{"name":"a","rate":0.25}'
    assert settings_from_json(Example, first) == Example(rate=0.25, name="a")


def test_settings_are_frozen() -> None:
    from pydantic import ValidationError

    with pytest.raises(ValidationError):
        Example().rate = 1.0  # type: ignore[misc]


def test_broken_json_and_yaml_are_configuration_errors(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="not JSON"):
        settings_from_json(Example, "{")
    path = tmp_path / "config.yaml"
    path.write_text("a: [1\n")
    with pytest.raises(ConfigError, match="not valid YAML"):
        read_yaml(path)
    with pytest.raises(ConfigError, match="does not exist"):
        read_yaml(tmp_path / "absent.yaml")
