"""Build the images whose sources have changed, and lock what came out."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genocohort.errors import ConfigError
from genocohort.images import engine as engines
from genocohort.images.lock import LOCK, Lock, LockedImage, find_lock, read_lock, write_lock
from genocohort.images.packages import (
    fetch_debs,
    fetch_wheels,
    read_packages,
    wheel_pin,
    wheels_text,
)
from genocohort.images.recipe import CONTROLLER, Recipe, load_recipes
from genocohort.version import VERSION


@dataclass(frozen=True)
class BuildOptions:
    """How images are built.

    Parameters
    ----------
    engine
        docker, podman or buildah.
    base
        Image to build on; None for the one that each Containerfile names.
    registry
        Where images are pushed, `host/path`; None to keep them on this machine.
    mirror
        Where Debian packages are fetched.
    force
        Build what has not changed, too.
    """

    engine: str
    base: str | None
    registry: str | None
    mirror: str
    force: bool = False


def build_images(
    containers: Path, workflow: Path, options: BuildOptions, say: Callable[[str], None]
) -> Lock:
    """Build what has changed, push it, and write the lock after each image.

    Parameters
    ----------
    containers, workflow
        The folders of the images and of the workflow.
    options
        How.
    say
        Told one line per image.
    """
    path = find_lock(containers)
    lock = read_lock(path) if path.is_file() else Lock()
    recipes = load_recipes(containers, workflow)
    lock = Lock(images={n: i for n, i in lock.images.items() if n in recipes})
    for name, recipe in recipes.items():
        if not options.force and _is_current(recipe, lock, options):
            say(f"{name}: unchanged, {lock.images[name].reference}")
            continue
        if recipe.lacks_kernels:
            say(f"{name}: no kernel is compiled here; its steps will run the slower plain engine")
        image = build_image(recipe, path, options)
        lock = Lock(images={**lock.images, name: image})
        write_lock(path, lock)
        say(f"{name}: built, {image.size_mb} MB, {image.reference}")
    return lock


def build_image(recipe: Recipe, lock: Path, options: BuildOptions) -> LockedImage:
    """Build one image, and push it if there is a registry."""
    engine = options.engine
    prefix = f"{options.registry.rstrip('/')}/" if options.registry else ""
    tag = f"{prefix}genocohort/{recipe.name}:{recipe.sources_hash()[7:19]}"
    base = base_of(recipe, options)
    if engines.image_id(engine, base) is None:
        engines.pull(engine, base)
    with tempfile.TemporaryDirectory(prefix="genocohort-image-") as folder:
        context = Path(folder)
        stage_context(recipe, context, options.mirror)
        if recipe.name == CONTROLLER and lock.is_file():
            shutil.copyfile(lock, context / "sources" / "containers" / LOCK)
        arguments = {**_labels(recipe), "BASE_IMAGE": base, "STEPS": " ".join(recipe.steps)}
        command = engines.build_command(engine, context, tag, arguments)
        engines.call(command, f"the build of the image {recipe.name}")
    identity = engines.image_id(engine, tag)
    assert identity is not None
    return LockedImage(
        reference=engines.push(engine, tag) if options.registry else identity,
        image_id=identity,
        base=base,
        base_id=engines.image_id(engine, base) or "",
        requirements=recipe.requirements_hash(),
        sources=recipe.sources_hash(),
        size_mb=engines.size_mb(engine, tag),
    )


def base_of(recipe: Recipe, options: BuildOptions) -> str:
    """The image that a recipe builds on.

    Raises
    ------
    ConfigError
        Its Containerfile names none.
    """
    if options.base:
        return options.base
    for line in recipe.containerfile.read_text(encoding="utf-8").splitlines():
        if line.startswith("ARG BASE_IMAGE="):
            return line.removeprefix("ARG BASE_IMAGE=")
    raise ConfigError("no ARG BASE_IMAGE=...", where=str(recipe.containerfile))


def stage_context(recipe: Recipe, folder: Path, mirror: str) -> None:
    """Lay out a build context: the build's own files, wheels or Debian packages, sources."""
    for path in recipe.build_files():
        shutil.copyfile(path, folder / path.name)
    for name, path in recipe.sources.items():
        target = folder / "sources" / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    if recipe.requirements:
        wheels = fetch_wheels(recipe.requirements, recipe.requirements_hash())
        shared = {path for path in wheels.glob("*.whl") if wheel_pin(path) in recipe.common}
        for part, paths in (("common", shared), ("lib", set(wheels.glob("*.whl")) - shared)):
            (folder / part).mkdir()
            for path in paths:
                shutil.copyfile(path, folder / part / path.name)
            text = wheels_text(folder / part)
            (folder / part / "hashes.txt").write_text(text, encoding="utf-8")
    if recipe.packages:
        (folder / "debs").mkdir()
        for package in fetch_debs(read_packages(recipe.packages), mirror):
            shutil.copyfile(package.file, folder / "debs" / package.name)


def _is_current(recipe: Recipe, lock: Lock, options: BuildOptions) -> bool:
    """Whether the lock's image was made from these sources, on this base, for this place."""
    image = lock.images.get(recipe.name)
    if image is None or image.sources != recipe.sources_hash():
        return False
    if image.base != base_of(recipe, options) or recipe.name == CONTROLLER:
        return False
    if options.registry:
        return image.reference.startswith(f"{options.registry.rstrip('/')}/genocohort/")
    return engines.image_id(options.engine, image.reference) is not None


def _labels(recipe: Recipe) -> dict[str, str]:
    return {"VERSION": VERSION, "REVISION": _revision(recipe)}


def _revision(recipe: Recipe) -> str:
    """The last commit that changed what the image is made from; empty outside a checkout."""
    files = [str(path) for path in (*recipe.build_files(), *recipe.sources.values())]
    done = subprocess.run(
        ["git", "log", "-1", "--format=%H", "--", *files],
        cwd=recipe.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else ""
