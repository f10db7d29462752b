"""Check that the lock, the sources and what an engine or a registry holds are the same."""

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from genocohort.errors import GenocohortError, InputDataError, Problems, ToolError
from genocohort.images import engine as engines
from genocohort.images.lock import LockedImage, check_lock, find_lock
from genocohort.images.recipe import load_recipes

Manifest = dict[str, dict[str, str]]


def verify_images(
    containers: Path, workflow: Path, engine: str | None, say: Callable[[str], None]
) -> None:
    """Check every image of the lock.

    Parameters
    ----------
    containers, workflow
        The folders of the images and of the workflow.
    engine
        Whose images to look at, where the lock names those of this machine.
    say
        Told one line per image that is right.

    Raises
    ------
    ConfigError
        There is no lock, or images were made from other sources than these.
    Problems
        All images that are missing or hold something else.
    """
    path = find_lock(containers)
    lock = check_lock(path, load_recipes(containers, workflow))
    problems: list[GenocohortError] = []
    for name, image in lock.images.items():
        try:
            place = verify_image(image, engine)
        except GenocohortError as error:
            error.where = error.where or name
            problems.append(error)
        else:
            say(f"{name}: {image.reference} is in {place}")
    if problems:
        raise Problems(problems)


def verify_image(image: LockedImage, engine: str | None) -> str:
    """Check one image; where it was found.

    Raises
    ------
    InputDataError
        It is not there, or it holds something else.
    """
    if "@" in image.reference and shutil.which("skopeo"):
        digest, manifest = read_manifest(f"docker://{image.reference}")
        wanted = image.reference.split("@")[1]
        found = (digest, manifest.get("config", {}).get("digest", ""))
        if found != (wanted, image.image_id):
            raise InputDataError(
                f"the registry's {image.reference} is another image",
                expected=f"{wanted} with configuration {image.image_id}",
                offenders=found,
            )
        return "the registry"
    engine = engines.find_engine(engine)
    if "@" in image.reference and engines.image_id(engine, image.reference) is None:
        engines.pull(engine, image.reference)
    identity = engines.image_id(engine, image.reference)
    if identity != image.image_id:
        raise InputDataError(
            f"{engine} has no such image" if identity is None else f"{engine} has another image",
            expected=image.image_id,
            offenders=[identity] if identity else [],
            remedy="run `genocohort images build`",
        )
    return engine


def read_manifest(source: str) -> tuple[str, Manifest]:
    """Digest and contents of an image's manifest, from anywhere that skopeo reads.

    Raises
    ------
    ToolError
        skopeo is not installed or could not read it.
    """
    if not shutil.which("skopeo"):
        raise ToolError("skopeo is not installed", remedy="install it, as by `apt install skopeo`")
    text = engines.call(["skopeo", "inspect", "--raw", source], f"skopeo inspect {source}")
    return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}", json.loads(text)
