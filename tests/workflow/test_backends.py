"""The sample cohort on every backend: the bytes of the local run, each step in its own image."""

import fcntl
import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import pytest

from executor.cluster import (
    NAMESPACE,
    STAGED,
    bucket_contents,
    end_controller,
    finish_controller,
    kubectl,
    start_controller,
)
from executor.lab import (
    LABS,
    REGISTRY,
    Lab,
    Study,
    new_folder,
    output_of,
    sif_folder,
)
from genocohort.commands.backends import CONTAINERS
from genocohort.commands.studies import WORKFLOW
from genocohort.errors import ConfigError
from genocohort.images.lock import LOCK, VARIABLE, Lock, check_lock, find_lock
from genocohort.images.recipe import CONTROLLER, load_recipes, load_table
from tiny.sample_cohort import genocohort, write_cut

pytestmark = [pytest.mark.backend, pytest.mark.end_to_end]

SERIAL = ("--max-threads", "1")
"""On a cluster with one small node: two jobs of one processor each, side by side."""
Local = Callable[[bool], dict[str, str]]


@dataclass
class CohortStudy(Study):
    """The sample cohort, run by `genocohort run`."""

    bucket: str = ""

    def command(self, *args: str) -> list[str]:
        return [
            *self.become(), sys.executable, "-m", "genocohort.cli", "run",
            "--backend", self.profile.name, "--", "--nocolor", *self.options, *args,
        ]  # fmt: skip

    def digests(self) -> dict[str, str]:
        """Every result's hash."""
        if not self.bucket:
            return digests(self.folder)
        found = bucket_contents(self.bucket, "run/")
        return {
            name: hashlib.sha256(content).hexdigest()
            for name, content in found.items()
            if name.startswith("results/")
        }


def require_images(lock: Path | None = None) -> Lock:
    """The lock; skip where images are not built from these sources."""
    try:
        return check_lock(lock or find_lock(CONTAINERS), load_recipes(CONTAINERS, WORKFLOW))
    except ConfigError as error:
        pytest.skip(f"the images are not available: {error.what}")


def write_study(folder: Path, whole: bool) -> None:
    """The sample cohort, or a cut of it."""
    if whole:
        done = genocohort(["init", str(folder)], folder.parent)
        assert done.returncode == 0, done.stderr
    else:
        write_cut(folder)


def cohort_on(lab: Lab, whole: bool) -> CohortStudy:
    """The cohort in a folder that the backend's user may write."""
    base = lab.study("dag.smk")
    folder = base.folder / "study"
    write_study(folder, whole)
    (folder / "home").mkdir()
    if os.getuid() == 0:
        for path in (folder, *folder.rglob("*")):
            os.chown(path, base.user, base.user)
    kept = {field.name: getattr(base, field.name) for field in fields(base)}
    study = CohortStudy(**{**kept, "folder": folder})
    lab.studies.append(study)
    return study


def digests(study: Path) -> dict[str, str]:
    """Every result's hash."""
    files = sorted(path for path in (study / "results").rglob("*") if path.is_file())
    return {str(p.relative_to(study)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


# Rules that are not named as the step they call, and steps that the sample cohort does not ask for.
OF_STEP = {"alignments_sites": "alignments"}
OPTIONAL = {"ancestry", "calls", "truth", "variant_groups"}


@pytest.fixture(scope="session")
def local(tmp_path_factory: pytest.TempPathFactory) -> Local:
    """Results of a local run, of the whole cohort or of the cut, for all processes of the tests."""
    base = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent

    def results(whole: bool) -> dict[str, str]:
        kept = base / f"local-{'whole' if whole else 'cut'}.json"
        with kept.with_suffix(".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not kept.exists():
                study = tmp_path_factory.mktemp("local") / "study"
                write_study(study, whole)
                done = genocohort(["run"], study)
                assert done.returncode == 0, done.stderr
                kept.write_text(json.dumps(digests(study)))
        found: dict[str, str] = json.loads(kept.read_text())
        return found

    return results


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """Controllers and jobs that a failed test has left are ended."""
    yield
    for lab in (*LABS.values(), STAGED):
        lab.clear()


def check(study: CohortStudy, wanted: dict[str, str], lock: Lock) -> None:
    """The wanted bytes, and nothing else; every job in the image that the lock names."""
    found = study.digests()
    assert found.keys() == wanted.keys()
    assert [name for name in found if found[name] != wanted[name]] == []
    check_images(study, lock)


@pytest.mark.xdist_group("cohort")
@pytest.mark.parametrize("name", ["docker", "podman"])
def test_engines_of_this_machine_give_the_bytes_of_the_local_run(name: str, local: Local) -> None:
    lock, lab = require_images(), LABS[name]
    lab.require()
    whole = name == "docker"
    study = cohort_on(lab, whole)
    study.run(seconds=1500)
    check(study, local(whole), lock)
    assert "Nothing to be done" in study.run()
    assert lab.left(study) == []


def imported(*place: str, sif: bool) -> Path:
    """Export the images, import them as at a site without a network; that site's lock."""
    site = new_folder()
    bundle = site / "bundle"
    done = genocohort(["images", "export", str(bundle), *([] if sif else ["--no-sif"])], site)
    assert done.returncode == 0, done.stderr
    lock = site / LOCK
    output_of(
        sys.executable, "-m", "genocohort.cli", "images", "import", str(bundle), *place,
        env={**os.environ, VARIABLE: str(lock)},
    )  # fmt: skip
    for file in bundle.iterdir():
        file.unlink()
    return lock


@pytest.mark.xdist_group("slurm")
def test_slurm_gives_the_bytes_of_the_local_run_from_imported_files(local: Local) -> None:
    require_images()
    lab = LABS["slurm"]
    lab.require()
    path = imported("--sif-folder", str(sif_folder()), sif=True)
    study = cohort_on(lab, whole=False)
    study.environment[VARIABLE] = str(path)
    files = set(sif_folder().iterdir())
    study.run(seconds=1500)
    check(study, local(False), require_images(path))
    assert set(sif_folder().iterdir()) == files  # nothing was pulled
    assert "Nothing to be done" in study.run()
    assert lab.left(study) == []


@pytest.mark.xdist_group("cohort")
def test_a_controller_in_the_cluster_gives_the_bytes_of_the_local_run(local: Local) -> None:
    require_images()
    lab = LABS["kubernetes"]
    lab.require()
    path = imported("--push", f"{REGISTRY}/site", sif=False)
    lock = require_images(path)
    study = cohort_on(lab, whole=True)
    shared = f"/study/{study.folder.parent.name}"
    (study.folder.parent / LOCK).write_bytes(path.read_bytes())

    def run() -> str:
        args = ["run", "--backend", "kubernetes", "--", *SERIAL, "--steps-poll-seconds", "0.5"]
        # The tests' node is small: what the controller asks for is left to the steps.
        changes = {"requests: {cpu: 500m,": "requests: {cpu: 10m,"}
        start_controller(
            "kubernetes/controller.yaml", lock.images[CONTROLLER].reference,
            f"{shared}/study", ["genocohort"], args, changes, {VARIABLE: f"{shared}/{LOCK}"},
        )  # fmt: skip
        try:
            return finish_controller(seconds=1500)
        finally:
            end_controller()

    run()
    check(study, local(True), lock)
    assert "Nothing to be done" in run()
    label = "app.kubernetes.io/managed-by=snakemake-steps"
    assert kubectl("-n", NAMESPACE, "get", "pods", "-l", label, "-o", "name") == ""


@pytest.mark.xdist_group("kubernetes-s3")
def test_object_storage_gives_the_bytes_of_the_local_run(local: Local) -> None:
    lock = require_images()
    STAGED.require()
    study = cohort_on(STAGED, whole=False)
    assert isinstance(study, CohortStudy)
    options = list(study.options)
    options[options.index("--steps-stager-image") + 1] = lock.images[CONTROLLER].reference
    study.options = (*options, *SERIAL)
    study.run(seconds=1500)
    check(study, local(False), lock)
    assert "Nothing to be done" in study.run()
    assert STAGED.left(study) == []


def check_images(study: Study, lock: Lock) -> None:
    """Every job ran in the image that the lock names for its step."""
    table, records = load_table(CONTAINERS), study.records()
    steps = [OF_STEP.get(str(r["rule"]), str(r["rule"])) for r in records]
    assert set(steps) == set(table) - OPTIONAL
    for step, record in zip(steps, records, strict=True):
        image = lock.images[table[step]]
        assert record["reason"] == ""
        assert record["image"] == image.reference
        ran_in = str(record["ran_in"])
        assert image.reference.split("@")[-1] in ran_in or image.image_id in ran_in


@pytest.mark.xdist_group("cohort")
def test_containers_are_confined_on_docker() -> None:
    lock, lab = require_images(), LABS["docker"]
    lab.require()
    study = cohort_on(lab, whole=False)
    # One job of each of two images is enough: all are started by the same code.
    study.run(
        "--steps-keep", "results/full/preflight/preflight.json", "results/full/clinical/ledger.json"
    )
    names = lab.left(study)
    try:
        found = json.loads(output_of("docker", "inspect", *names))
        assert {one["Config"]["Image"] for one in found} == {
            lock.images[name].reference for name in ("preflight", "clinical")
        }
        for one in found:
            host = one["HostConfig"]
            assert host["ReadonlyRootfs"] is True
            assert host["NetworkMode"] == "none"
            assert host["CapDrop"] == ["ALL"]
            assert not host["CapAdd"]
            assert any(o.startswith("no-new-privileges") for o in host["SecurityOpt"])
            assert one["Config"]["User"].split(":")[0] not in ("", "0", "root")
            assert host["Memory"] > 0
            assert host["PidsLimit"] > 0
            writable = {m["Destination"] for m in one["Mounts"] if m["RW"]}
            assert str(study.folder) not in writable
    finally:
        output_of("docker", "rm", "--force", *names)
