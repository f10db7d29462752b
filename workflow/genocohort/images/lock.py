"""The lock of images: which contents each step runs in, by digest."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

import yaml
from pydantic import Field

from genocohort.config import Settings, parse_settings, read_yaml
from genocohort.errors import ConfigError
from genocohort.images.recipe import CONTROLLER, Recipe, load_table
from genocohort.io.atomic import write_text

LOCK = "images.lock.yaml"
VARIABLE = "GENOCOHORT_IMAGES_LOCK"
REMEDY = "run `genocohort images build`"
_PINNED = re.compile(r"(\S+@)?sha256:[0-9a-f]{64}")
_HEADING = "# Written by `genocohort images`; names contents, so that nothing else can run.\n"


class LockedImage(Settings):
    """One image of the lock.

    `reference` is `name@sha256:...` of a registry, or the bare `sha256:...` of an image that only
    this machine's engine has; `image_id` is the hash of its configuration, the same everywhere.
    """

    reference: str
    image_id: str
    base: str = Field(description="the image it was built from, as it was named")
    base_id: str = Field(description="hash of that image's configuration")
    requirements: str = Field(description="hash of the locked packages")
    sources: str = Field(description="hash of everything it was made from, apart from its base")
    size_mb: int = Field(ge=0, description="unpacked")


class Lock(Settings):
    """All images of one platform."""

    platform: str = "linux/amd64"
    images: dict[str, LockedImage] = Field(default_factory=dict)


def find_lock(containers: Path) -> Path:
    """Where the lock is: the environment variable GENOCOHORT_IMAGES_LOCK, else beside the recipes.

    An image that holds the workflow holds the lock of the site that built it, too; elsewhere the
    variable names the lock that `genocohort images import` has written.
    """
    return Path(os.environ.get(VARIABLE) or containers / LOCK)


def read_lock(path: Path) -> Lock:
    """The lock.

    Raises
    ------
    ConfigError
        It is not there, is not well formed, or names an image by a tag.
    """
    if not path.is_file():
        raise ConfigError("the images of the steps are not built", where=str(path), remedy=REMEDY)
    lock = parse_settings(Lock, read_yaml(path), str(path))
    tagged = [n for n, image in lock.images.items() if not _PINNED.fullmatch(image.reference)]
    if tagged:
        raise ConfigError(
            "images are named by a tag, which can change",
            where=str(path),
            offenders=tagged,
            expected="name@sha256:...",
            remedy=REMEDY,
        )
    return lock


def write_lock(path: Path, lock: Lock) -> None:
    """Write the lock whole, images by name."""
    raw = lock.model_dump(mode="json")
    raw["images"] = dict(sorted(raw["images"].items()))
    write_text(path, _HEADING + yaml.safe_dump(raw, sort_keys=False, width=200))


def outdated(lock: Lock, recipes: Mapping[str, Recipe]) -> list[str]:
    """Images of steps that are missing from the lock or were made from other sources."""
    found = []
    for name, recipe in recipes.items():
        image = lock.images.get(name)
        if name != CONTROLLER and (image is None or image.sources != recipe.sources_hash()):
            found.append(name)
    return found


def check_lock(path: Path, recipes: Mapping[str, Recipe]) -> Lock:
    """The lock, which must fit the sources that are here.

    Raises
    ------
    ConfigError
        As `read_lock`; or an image was made from other sources than these.
    """
    lock = read_lock(path)
    if stale := outdated(lock, recipes):
        raise ConfigError(
            "images are missing or were built from other sources than these",
            where=str(path),
            offenders=stale,
            remedy=f"{REMEDY}; it builds only what has changed",
        )
    return lock


class ImageTable:
    """The `container:` of each step.

    Parameters
    ----------
    containers
        Folder with `images.yaml` and, once images are built, the lock.
    """

    def __init__(self, containers: Path) -> None:
        self._containers = containers
        self._table = load_table(containers)
        path = find_lock(containers)
        self._lock = read_lock(path) if path.is_file() else None

    def url(self, step: str) -> str:
        """The image of a step: by digest if the lock holds it, else only its name.

        A mere name is a tag, which no backend with containers accepts.

        Raises
        ------
        ConfigError
            The step has no image.
        """
        if step not in self._table:
            raise ConfigError(f"the step {step} has no image", where=str(self._containers))
        name = self._table[step]
        locked = self._lock.images.get(name) if self._lock else None
        return f"docker://{locked.reference if locked else f'genocohort/{name}'}"
