"""Every step keeps within its threads, memory and scratch, in its own image under real limits."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from executor.allotment.cohort import measure, read_steps, with_threads
from executor.lab import BASE_IMAGE, REPOSITORY, answers, new_folder, require
from genocohort.study_config import STEPS
from snakemake_executor_plugin_steps.submission import Step
from tiny.sample_cohort import edit_config, genocohort, write_cut

pytestmark = [pytest.mark.backend, pytest.mark.xdist_group("steps")]

CONTAINERS = REPOSITORY / "containers"
# More runnable threads than allotted may be seen for an instant: one wakes another, then waits.
INSTANTS = 0.1
MARGIN = 0.75
# Calls are made only where there are none, ancestry is inferred only where there is a panel.
NOT_IN_THE_STUDY = {"ancestry", "calls"}


@pytest.fixture(scope="module")
def images() -> dict[str, str]:
    """The image of each step, by digest."""
    require("docker", "docker", "info")
    lock = CONTAINERS / "images.lock.yaml"
    if not lock.is_file():
        pytest.skip("the images are not built")
    locked = yaml.safe_load(lock.read_text())["images"]
    table = yaml.safe_load((CONTAINERS / "images.yaml").read_text())
    absent = sorted(set(table.values()) - set(locked))
    if absent:
        pytest.skip(f"the images are not built: {', '.join(absent)}")
    return {step: locked[name]["reference"] for step, name in table.items()}


@pytest.fixture(scope="module")
def study(images: dict[str, str]) -> Iterator[Path]:
    """A cut of the sample cohort with its results, so that each step's inputs are there."""
    parent = new_folder()
    folder = parent / "study"
    write_cut(folder, ["chr20"])
    calls = "data-samples/calls/cohort.vcf.gz"
    optional = {"variant_groups": {"by": ["batch"]}, "inputs": {"truth": {"calls": calls}}}
    edit_config(folder, **optional)
    done = genocohort(["run", "--cores", "2", "--", "--notemp"], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    yield folder
    shutil.rmtree(parent)


@pytest.fixture(scope="module")
def steps(study: Path) -> dict[str, Step]:
    """One job of each step."""
    return read_steps(study, 2)


def _scratch(study: Path) -> Path:
    folder = study.with_name("job") / "scratch"
    shutil.rmtree(folder.parent, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder


def _digests(study: Path) -> dict[str, str]:
    """All files of the study, but Snakemake's own, logs and benchmarks."""
    apart = {".snakemake", "logs", "benchmarks"}
    files = (p for p in study.rglob("*") if p.is_file())
    return {
        str(p.relative_to(study)): hashlib.sha256(p.read_bytes()).hexdigest()
        for p in sorted(files)
        if p.relative_to(study).parts[0] not in apart
    }


def _run(step: Step, study: Path) -> dict[str, str]:
    """Run a step under its limits, check what it used, and return its outputs' digests."""
    outputs = [name for name in step.written if name.startswith("results/")]
    before = {k: v for k, v in _digests(study).items() if k not in outputs}
    for name in outputs:
        (study / name).unlink(missing_ok=True)
    scratch = _scratch(study)
    used = measure(step, study, scratch)
    log = study / next(name for name in step.written if name.startswith("logs/"))
    assert used.code == 0, used.text + log.read_text()
    assert used.usage is not None
    assert used.usage.oom_kills == 0
    peak = max(used.usage.peak_bytes or 0, used.rss_bytes) / 2**20
    assert 10 < peak < MARGIN * step.mem_mb
    assert used.share_above(step.threads) < INSTANTS, used.samples
    assert [str(p) for p in scratch.rglob("*") if p.is_file()] == []
    after = _digests(study)
    assert {k: v for k, v in after.items() if k not in outputs} == before
    return {name: after[name] for name in outputs}


def test_every_step_is_measured(steps: dict[str, Step]) -> None:
    assert {step.text.split()[1] for step in steps.values()} | NOT_IN_THE_STUDY == set(STEPS)


@pytest.mark.parametrize("name", [name for name in STEPS if name not in NOT_IN_THE_STUDY])
def test_a_step_stays_within_its_allotment(
    name: str, steps: dict[str, Step], images: dict[str, str], study: Path
) -> None:
    step = replace(steps[name], image=images[name])
    one = _run(with_threads(step, 1), study)
    if "--threads" in step.text:
        assert _run(with_threads(step, 2), study) == one


@pytest.mark.parametrize("busy", [1, 3])
def test_the_meter_sees_more_threads_than_allotted(busy: int, tmp_path: Path) -> None:
    """What the steps are measured with tells one busy thread from three."""
    require("docker", "docker", "info")
    if not answers("docker", "image", "inspect", BASE_IMAGE):
        pytest.skip(f"the base image {BASE_IMAGE} is not available")
    code = (
        "import hashlib, threading, time\n"
        "data, end = bytes(1 << 20), time.monotonic() + 1.5\n"
        "def work():\n"
        "    while time.monotonic() < end: hashlib.sha256(data)\n"
        f"threads = [threading.Thread(target=work) for _ in range({busy})]\n"
        "[t.start() for t in threads]\n"
    )
    study = new_folder() / "study"
    study.mkdir()
    (study / "busy.py").write_text(code)
    step = Step(
        rule="busy", image=BASE_IMAGE, script=".snakemake/steps/scripts/allotment.sh",
        text="python3 busy.py\n", threads=1, mem_mb=200, written=("out/x",),
    )  # fmt: skip
    (study / "out").mkdir()
    try:
        used = measure(step, study, _scratch(study))
    finally:
        shutil.rmtree(study.parent)
    assert used.code == 0, used.text
    assert (used.share_above(1) > 0.5) == (busy > 1), json.dumps(used.samples)
