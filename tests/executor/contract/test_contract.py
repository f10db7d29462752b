"""What rules must be, and what becomes of their jobs."""

from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_executor_plugin_steps.contract import (
    check_image,
    check_rule,
    digest_of,
    image_of,
    is_pinned,
    step_of,
)
from snakemake_executor_plugin_steps.submission import StepsError

DIGEST = "sha256:" + "0123456789abcdef" * 4
PINNED = f"docker://registry.example:5000/group/step@{DIGEST}"


def job(**changes: Any) -> SimpleNamespace:
    """A job as Snakemake has it."""
    fields: dict[str, Any] = {
        "rule": SimpleNamespace(name="call", is_handover=False, is_checkpoint=False),
        "is_shell": True,
        "is_pipe": False,
        "is_service": False,
        "is_shadow": False,
        "benchmark": None,
        "benchmark_repeats": None,
        "container_img_url": PINNED,
        "container_img_path": "/prefix/x.simg",
        "jobid": 7,
        "attempt": 2,
        "shellcmd": "echo 1 > out/x",
        "threads": 3,
        "resources": {"mem_mb": 700, "runtime": 30, "tmpdir": "<TBD>", "slurm_partition": "main"},
        "input": ["in/a"],
        "output": ["out/x"],
        "log": ["logs/x"],
    }
    return SimpleNamespace(**fields | changes)


def test_a_shell_rule_with_a_digest_is_accepted() -> None:
    check_rule(job(), allow_tags=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"is_shell": False}, "without shell:"),
        ({"is_pipe": True}, r"pipe\(\)"),
        ({"is_service": True}, r"service\(\)"),
        ({"is_shadow": True}, "shadow:"),
        ({"benchmark": "b.tsv", "benchmark_repeats": 3}, "repeat"),
        ({"rule": SimpleNamespace(is_handover=True, is_checkpoint=False)}, "handover:"),
        ({"container_img_url": None}, "names no container: image"),
        ({"container_img_url": "docker://registry.example/step:1.0"}, "named by a tag"),
        ({"container_img_url": "docker://debian"}, "named by a tag"),
        ({"container_img_url": "docker://step@sha256:abc"}, "named by a tag"),
        ({"container_img_url": "library://a/b@" + DIGEST}, "not of a registry"),
        ({"container_img_url": "/images/step.sif"}, "not of a registry"),
    ],
)
def test_what_cannot_run_in_an_image_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(StepsError, match=message):
        check_rule(job(**changes), allow_tags=False)


def test_a_benchmark_without_repeats_is_accepted() -> None:
    check_rule(job(benchmark="b.tsv", benchmark_repeats=1), allow_tags=False)


def test_tags_are_accepted_on_request_only() -> None:
    check_image("registry.example:5000/step:1.0", allow_tags=True)
    with pytest.raises(StepsError):
        check_image("--privileged", allow_tags=True)
    with pytest.raises(StepsError):
        check_image("step:1 --privileged", allow_tags=True)


def test_digests() -> None:
    assert is_pinned(image_of(PINNED))
    assert is_pinned(DIGEST)  # an image of this machine, by its id
    assert digest_of(image_of(PINNED)) == DIGEST
    assert digest_of("step:1.0") == ""


def test_a_job_becomes_a_step() -> None:
    step = step_of(job(benchmark="b/x.tsv"), "s.sh", with_sif=True)
    assert step.image == f"registry.example:5000/group/step@{DIGEST}"
    assert step.text.splitlines() == ["# rule call, jobid 7, attempt 2", "echo 1 > out/x"]
    assert (step.threads, step.mem_mb, step.runtime_minutes, step.disk_mb) == (3, 700, 30, 0)
    assert step.written == ("out/x", "logs/x", "b/x.tsv")
    assert step.sif == "/prefix/x.simg"
    assert step_of(job(), "s.sh", with_sif=False).sif is None


def test_resources_that_are_not_known_yet_have_defaults() -> None:
    step = step_of(job(resources={"mem_mb": "<TBD>"}), "s.sh", with_sif=False)
    assert step.mem_mb == 1000


def test_a_checkpoint_is_refused_only_where_snakemake_would_call_apptainer() -> None:
    checkpoint = job(rule=SimpleNamespace(name="call", is_handover=False, is_checkpoint=True))
    check_rule(checkpoint, allow_tags=False, pulls_checkpoints=False)
    with pytest.raises(StepsError, match="after a checkpoint Snakemake calls Apptainer"):
        check_rule(checkpoint, allow_tags=False, pulls_checkpoints=True)


def test_part_of_a_minute_or_of_a_megabyte_is_rounded_up() -> None:
    step = step_of(job(resources={"mem_mb": 99.2, "runtime": 0.5}), "s.sh", with_sif=False)
    assert (step.mem_mb, step.runtime_minutes) == (100, 1)
