"""What goes into each image: its steps, its locked requirements and the sources they need."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from genocohort.errors import ConfigError
from genocohort.images.closure import module_closure
from genocohort.images.packages import pins

CONTROLLER = "controller"
SCRIPTS = ("install-python.sh", "genocohort.sh", "check-modules.py")
"""Files of the folder of images that go into every image with Python."""
_PACKAGES = ("genocohort", "snakemake_executor_plugin_steps")


@dataclass(frozen=True)
class Recipe:
    """One image.

    Parameters
    ----------
    name
        Its name, and that of its folder.
    folder
        Holds `Containerfile` and the locked requirements.
    steps
        The steps that run in it; none for the controller's.
    sources
        Path inside the image's folder of sources -> file here.
    common
        Packages that all images with Python have, as `name==version`.
    """

    name: str
    folder: Path
    steps: tuple[str, ...]
    sources: dict[str, Path]
    common: frozenset[str] = frozenset()

    @property
    def containerfile(self) -> Path:
        """How the image is built."""
        return self.folder / "Containerfile"

    @property
    def requirements(self) -> Path | None:
        """Python packages by hash; None for an image without Python."""
        path = self.folder / "requirements.txt"
        return path if path.is_file() else None

    @property
    def packages(self) -> Path | None:
        """Debian packages by hash, where the image is made of those."""
        path = self.folder / "packages.lock"
        return path if path.is_file() else None

    @property
    def locked(self) -> Path:
        """The file that names what is installed."""
        path = self.requirements or self.packages
        assert path is not None
        return path

    @property
    def lacks_kernels(self) -> bool:
        """Whether it holds kernels that nothing has compiled here."""
        names = self.sources
        return any(n.endswith(".pyx") for n in names) and not any(n.endswith(".so") for n in names)

    def requirements_hash(self) -> str:
        """Hash of what is installed."""
        return f"sha256:{hashlib.sha256(self.locked.read_bytes()).hexdigest()}"

    def sources_hash(self) -> str:
        """Hash of everything that makes the image, apart from its base: names and contents.

        Of a compiled module only its name counts: compilers differ in its bytes, and its own
        sources are here.
        """
        parts = {f"build/{path.name}": path for path in self.build_files()}
        total = hashlib.sha256()
        for name, path in sorted((parts | self.sources).items()):
            content = b"" if path.suffix == ".so" else path.read_bytes()
            total.update(f"{name}\0{hashlib.sha256(content).hexdigest()}\n".encode())
        total.update(" ".join(sorted(self.common)).encode())
        return f"sha256:{total.hexdigest()}"

    def build_files(self) -> list[Path]:
        """Files of the build itself."""
        own = [self.containerfile, self.locked]
        if self.requirements:
            own += [self.folder.parent / script for script in SCRIPTS]
        return own


def load_recipes(containers: Path, workflow: Path) -> dict[str, Recipe]:
    """All images, the controller's last, since it holds the lock of the others.

    Parameters
    ----------
    containers
        Folder with `images.yaml` and one folder per image.
    workflow
        Folder with the Snakefile and the package.

    Raises
    ------
    ConfigError
        An image that a step names has no folder.
    """
    steps: dict[str, list[str]] = {}
    for step, image in load_table(containers).items():
        steps.setdefault(image, []).append(step)
    common = _common_packages(containers, [*steps, CONTROLLER])
    recipes = {}
    for name in sorted(steps):
        folder = containers / name
        if not (folder / "Containerfile").is_file():
            raise ConfigError(f"the image {name} has no Containerfile", where=str(folder))
        recipe = Recipe(name, folder, tuple(steps[name]), {})
        if recipe.requirements:
            sources = _step_sources(workflow, steps[name])
            recipe = replace(recipe, sources=sources, common=common)
        recipes[name] = recipe
    sources = _controller_sources(containers, workflow)
    recipes[CONTROLLER] = Recipe(CONTROLLER, containers / CONTROLLER, (), sources, common)
    return recipes


def _common_packages(containers: Path, images: Iterable[str]) -> frozenset[str]:
    paths = [containers / image / "requirements.txt" for image in images]
    found = [pins(path) for path in paths if path.is_file()]
    return frozenset.intersection(*found) if found else frozenset()


def load_table(containers: Path) -> dict[str, str]:
    """Step -> image."""
    path = containers / "images.yaml"
    table: dict[str, str] = yaml.safe_load(path.read_text(encoding="utf-8"))
    return table


def _step_sources(workflow: Path, steps: Iterable[str]) -> dict[str, Path]:
    entries = ["genocohort.cli", *(f"genocohort.steps.{step}.run" for step in steps)]
    files = module_closure(workflow, entries)
    return {f"workflow/{file.as_posix()}": workflow / file for file in files}


def _controller_sources(containers: Path, workflow: Path) -> dict[str, Path]:
    """The whole workflow and all recipes, by which it checks that the locked images fit.

    The lock itself is added when the image is built.
    """
    tables = [containers / "images.yaml", *(containers / script for script in SCRIPTS)]
    for pattern in ("Containerfile", "requirements.txt", "packages.lock"):
        tables += sorted(containers.glob(f"*/{pattern}"))
    found = {f"containers/{p.relative_to(containers).as_posix()}": p for p in tables}
    for part in ("Snakefile", "rules", "profiles", *_PACKAGES):
        path = workflow / part
        files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
        for file in files:
            if file.suffix != ".pyc":
                found[f"workflow/{file.relative_to(workflow).as_posix()}"] = file
    return found
