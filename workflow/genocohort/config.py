"""What every settings class shares: frozen, no unknown keys, problems reported all at once."""

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from genocohort.errors import ConfigError, Problems


class Settings(BaseModel):
    """Base of all settings: immutable, and an unknown key is an error."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    def to_json(self) -> str:
        """Canonical JSON (sorted keys), so that comments and order change nothing."""
        import json

        return json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))


S = TypeVar("S", bound=Settings)


def parse_settings(model: type[S], raw: Any, where: str) -> S:
    """Validate a raw mapping against a settings class.

    Raises
    ------
    Problems
        One ConfigError per invalid key, all at once.
    """
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        problems = []
        for item in error.errors(include_url=False, include_context=False):
            key = ".".join(str(part) for part in item["loc"]) or "(whole file)"
            unknown = item["type"] == "extra_forbidden"
            problems.append(
                ConfigError(
                    f"{key}: {'unknown key' if unknown else item['msg']}",
                    where=where,
                    remedy="remove it or correct its spelling" if unknown else "correct this key",
                )
            )
        raise Problems(problems) from error


def settings_from_json(model: type[S], text: str) -> S:
    """Read the settings a rule passes on the command line."""
    import json

    try:
        raw = json.loads(text)
    except json.JSONDecodeError as error:
        raise ConfigError(f"--settings is not JSON: {error}", where="command line") from error
    return parse_settings(model, raw, "--settings")


def read_yaml(path: Path) -> Any:
    """Read one YAML file.

    Raises
    ------
    ConfigError
        The file is missing or is not YAML.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError as error:
        raise ConfigError(
            "the configuration file does not exist",
            where=str(path),
            remedy="run `genocohort init DIR` for a study folder, or name the file with --config",
        ) from error
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise ConfigError(f"not valid YAML: {error}", where=str(path)) from error
