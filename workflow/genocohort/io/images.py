"""Which container image each step runs in."""

from pathlib import Path

import yaml

from genocohort.errors import ConfigError


class ImageTable:
    """The table of images: step -> name of its image.

    Raises
    ------
    ConfigError
        A step that is asked for has no image.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._images: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))

    def url(self, step: str) -> str:
        """The image of a step, as Snakemake's `container:` directive takes it."""
        if step not in self._images:
            raise ConfigError(f"the step {step} has no image", where=str(self._path))
        return f"docker://genocohort/{self._images[step]}"
