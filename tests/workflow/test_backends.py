"""The sample cohort on every backend: the bytes of the local run, each step in its own image."""

import hashlib
import json
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path

import pytest

import executor.cluster  # noqa: F401  adds its labs
from executor.lab import LABS, Lab, Study, end_controllers, output_of
from genocohort.commands.backends import CONTAINERS
from genocohort.commands.studies import WORKFLOW
from genocohort.errors import ConfigError
from genocohort.images.lock import LOCK, Lock, check_lock
from genocohort.images.recipe import load_recipes, load_table
from tiny.sample_cohort import genocohort, write_cut

pytestmark = [pytest.mark.backend, pytest.mark.end_to_end]

WHOLE = ("docker",)
"""Where all chromosomes and alignments run; elsewhere a cut of them."""


@dataclass
class CohortStudy(Study):
    """The sample cohort, run by `genocohort run`."""

    def command(self, *args: str) -> list[str]:
        return [
            *self.become(), sys.executable, "-m", "genocohort.cli", "run",
            "--backend", self.profile.name, "--", "--nocolor", *self.options, *args,
        ]  # fmt: skip


def require_images() -> Lock:
    """The lock; skip where images are not built from these sources."""
    try:
        return check_lock(CONTAINERS / LOCK, load_recipes(CONTAINERS, WORKFLOW))
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
    kept = {field.name: getattr(base, field.name) for field in fields(Study)}
    return CohortStudy(**{**kept, "folder": folder})


def digests(study: Path) -> dict[str, str]:
    """Every result's hash."""
    files = sorted(path for path in (study / "results").rglob("*") if path.is_file())
    return {str(p.relative_to(study)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Callable[[bool], dict[str, str]]:
    """Results of a local run, of the whole cohort or of the cut."""

    @cache
    def results(whole: bool) -> dict[str, str]:
        study = tmp_path_factory.mktemp("local") / "study"
        write_study(study, whole)
        done = genocohort(["run"], study)
        assert done.returncode == 0, done.stderr
        return digests(study)

    return results


@pytest.fixture(params=LABS)
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Each backend in turn."""
    require_images()
    found = LABS[request.param]
    found.require()
    yield found
    end_controllers()


def test_the_cohort_gives_the_bytes_of_the_local_run(
    lab: Lab, local: Callable[[bool], dict[str, str]]
) -> None:
    whole = lab.name in WHOLE
    study = cohort_on(lab, whole)
    study.run(seconds=1500)
    found, wanted = digests(study.folder), local(whole)
    assert found.keys() == wanted.keys()
    assert [name for name in found if found[name] != wanted[name]] == []
    check_images(study)
    assert "Nothing to be done" in study.run()
    assert lab.left(study) == []


def check_images(study: Study) -> None:
    """Every job ran in the image that the lock names for its step."""
    lock, table = require_images(), load_table(CONTAINERS)
    records = study.records()
    assert len(records) >= len(load_table(CONTAINERS)) - 1  # calls are given
    for record in records:
        image = lock.images[table[str(record["rule"])]]
        assert record["reason"] == ""
        assert record["image"] == image.reference
        ran_in = str(record["ran_in"])
        assert image.reference.split("@")[-1] in ran_in or image.image_id in ran_in


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
