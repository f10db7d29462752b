"""Images as files, for sites without a registry or a network: OCI archives and SIFs."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from genocohort.errors import ConfigError, InputDataError, ToolError
from genocohort.images import engine as engines
from genocohort.images.lock import LOCK, Lock, LockedImage, check_lock, find_lock, write_lock
from genocohort.images.packages import sha256_of
from genocohort.images.recipe import CONTROLLER, load_recipes
from genocohort.images.verify import read_manifest

SUMS = "SHA256SUMS"
SIF_LABEL = "snakemake-steps.image"


@dataclass(frozen=True)
class Place:
    """Where a bundle is loaded: exactly one of an engine, a registry, a folder of SIFs."""

    engine: str | None = None
    registry: str | None = None
    sif_folder: Path | None = None


def export_images(
    containers: Path,
    workflow: Path,
    folder: Path,
    engine: str | None,
    with_sif: bool,
    say: Callable[[str], None],
) -> None:
    """Write all images of the lock into a folder, with a lock of its own and checksums.

    Parameters
    ----------
    containers, workflow
        The folders of the images and of the workflow.
    folder
        New; it appears only when it is complete.
    engine
        Whose images to take, where the lock names those of this machine.
    with_sif
        Whether Apptainer's files are made, too.
    say
        Told one line per file.

    Raises
    ------
    ConfigError
        There is no lock, it does not fit the sources, or the folder exists.
    ToolError
        skopeo or apptainer is missing or failed.
    """
    lock = check_lock(find_lock(containers), load_recipes(containers, workflow))
    if folder.exists():
        raise ConfigError("the folder of the bundle exists already", where=str(folder))
    if with_sif and not shutil.which("apptainer"):
        raise ToolError("apptainer is not installed", remedy="install it, or add --no-sif")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".bundle-") as temporary:
        made = Path(temporary) / "bundle"
        made.mkdir()
        images = {}
        for name, image in lock.images.items():
            archive = made / f"{name}.oci.tar"
            images[name] = _export(image, name, archive, engine)
            say(f"{archive.name}: {archive.stat().st_size / 1e6:.0f} MB")
            if with_sif and name != CONTROLLER:
                sif = made / f"{name}.sif"
                _build_sif(archive, sif, images[name].reference)
                say(f"{sif.name}: {sif.stat().st_size / 1e6:.0f} MB")
        write_lock(made / LOCK, Lock(platform=lock.platform, images=images))
        files = sorted(path for path in made.iterdir())
        (made / SUMS).write_text("".join(f"{sha256_of(p)}  {p.name}\n" for p in files))
        os.replace(made, folder)


def import_images(
    containers: Path, workflow: Path, folder: Path, place: Place, say: Callable[[str], None]
) -> None:
    """Check a bundle, load it, and write the lock that names its images at this site.

    Raises
    ------
    InputDataError
        A file of the bundle is missing or damaged.
    ConfigError
        The bundle was made from other sources than these.
    """
    check_sums(folder)
    lock = check_lock(folder / LOCK, load_recipes(containers, workflow))
    images = dict(lock.images)
    for name, image in lock.images.items():
        loaded = _load(folder, name, image, place)
        if loaded is None:
            del images[name]
        else:
            images[name] = loaded
            say(f"{name}: {loaded.reference}")
    write_lock(find_lock(containers), Lock(platform=lock.platform, images=images))


def check_sums(folder: Path) -> None:
    """Compare every file of a bundle with its checksum.

    Raises
    ------
    InputDataError
        Files are missing or damaged, all of them named.
    """
    path = folder / SUMS
    if not path.is_file():
        raise InputDataError("this is no bundle of images", where=str(folder), expected=SUMS)
    wrong = []
    for line in path.read_text(encoding="utf-8").splitlines():
        wanted, name = line.split(maxsplit=1)
        file = folder / name
        if not file.is_file() or sha256_of(file) != wanted:
            wrong.append(name)
    if wrong:
        raise InputDataError(
            "files of the bundle are missing or damaged",
            where=str(folder),
            offenders=wrong,
            remedy="copy the bundle again",
        )


def sif_name(reference: str) -> str:
    """The file under which Snakemake looks for an image in its --apptainer-prefix."""
    url = f"docker://{reference}"
    return f"{hashlib.md5(url.encode(), usedforsecurity=False).hexdigest()}.simg"


def _export(image: LockedImage, name: str, archive: Path, engine: str | None) -> LockedImage:
    if "@" in image.reference:
        source = f"docker://{image.reference}"
    elif engines.find_engine(engine) == "docker":
        source = f"docker-daemon:{image.reference}"
    else:
        source = f"containers-storage:{image.reference.removeprefix('sha256:')}"
    _copy(source, f"oci-archive:{archive}:{name}")
    digest, manifest = read_manifest(f"oci-archive:{archive}")
    # Docker's format becomes OCI's, so that the digests are new; what they name is the same.
    return image.model_copy(
        update={
            "reference": f"genocohort/{name}@{digest}",
            "image_id": manifest["config"]["digest"],
        }
    )


def _build_sif(archive: Path, sif: Path, reference: str) -> None:
    definition = sif.with_suffix(".def")
    definition.write_text(
        f"Bootstrap: oci-archive\nFrom: {archive}\n\n%labels\n    {SIF_LABEL} {reference}\n"
    )
    try:
        engines.call(["apptainer", "--silent", "build", str(sif), str(definition)], "apptainer")
    finally:
        definition.unlink()


def _load(folder: Path, name: str, image: LockedImage, place: Place) -> LockedImage | None:
    archive = folder / f"{name}.oci.tar"
    if place.sif_folder:
        if name == CONTROLLER:
            return None
        place.sif_folder.mkdir(parents=True, exist_ok=True)
        target = place.sif_folder / sif_name(image.reference)
        temporary = target.with_suffix(f".{os.getpid()}")
        shutil.copyfile(folder / f"{name}.sif", temporary)
        os.replace(temporary, target)
        return image
    if place.registry:
        target_name = f"{place.registry.rstrip('/')}/genocohort/{name}"
        digest = image.reference.split("@")[1]
        _copy(
            f"oci-archive:{archive}", f"docker://{target_name}:{digest[7:19]}", "--preserve-digests"
        )
        return image.model_copy(update={"reference": f"{target_name}@{digest}"})
    tag = f"genocohort/{name}:{image.sources[7:19]}"
    assert place.engine is not None
    kind = "docker-daemon" if place.engine == "docker" else "containers-storage"
    _copy(f"oci-archive:{archive}", f"{kind}:{tag}")
    identity = engines.image_id(place.engine, tag)
    if identity is None:
        raise ToolError(f"{place.engine} has not kept the image {name}")
    return image.model_copy(update={"reference": identity, "image_id": identity})


def _copy(source: str, target: str, *options: str) -> None:
    engines.call(["skopeo", "copy", "--quiet", *options, source, target], f"skopeo copy {source}")
