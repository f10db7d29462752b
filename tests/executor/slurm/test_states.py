"""What squeue and Apptainer say, read."""

import json

import pytest

from snakemake_executor_plugin_steps.slurm.states import (
    ALIVE,
    HOPELESS,
    LOST,
    Listed,
    parse_image,
    parse_queue,
    reason_of,
)
from snakemake_executor_plugin_steps.submission import Step, Usage

STEP = Step("call", "image", "s.sh", "", mem_mb=300)


def test_the_queue() -> None:
    text = (
        "12|steps-own-r-1|PENDING|Resources\n"
        "13|steps-own-r-2|COMPLETED|None\n"
        "14|bash|RUNNING|None\n"
        "15|steps-own-r-3|PENDING|(PartitionTimeLimit)\n"
        "16|steps-own-r-4|PENDING|ReqNodeNotAvail, UnavailableNodes:n1|n2\n"
    )
    queue = parse_queue(text)
    assert queue["steps-own-r-1"] == Listed("12", "PENDING", "Resources")
    assert queue["steps-own-r-2"].state not in ALIVE
    assert queue["steps-own-r-3"].reason in HOPELESS
    assert queue["steps-own-r-4"].reason.endswith("n1|n2")
    assert parse_queue("") == {}


def test_accounting_tells_the_same_in_more_words() -> None:
    text = "12|steps-own-r-1|CANCELLED by 1000|None\n13|steps-own-r-2|NODE_FAIL|None\n"
    found = parse_queue(text)
    assert found["steps-own-r-1"].state == "CANCELLED"
    assert found["steps-own-r-2"].state in LOST


def test_lines_that_an_odd_name_has_broken_are_left_out() -> None:
    text = "12|two\nlines|RUNNING|None\n13|steps-own-r-2|RUNNING|None\n"
    assert list(parse_queue(text)) == ["steps-own-r-2"]


@pytest.mark.parametrize(
    ("state", "code", "expected"),
    [
        ("COMPLETED", 0, ""),
        ("FAILED", 3, "exit code 3"),
        ("FAILED", None, "FAILED: it has left no exit code"),
        ("TIMEOUT", None, "TIMEOUT: it ran longer than its runtime=30 minutes"),
        ("TIMEOUT", 143, "TIMEOUT: it ran longer than its runtime=30 minutes"),
        (
            "OUT_OF_MEMORY",
            None,
            "OOMKilled: it needed more than its mem_mb=300 (without an exit code)",
        ),
        (
            "OUT_OF_MEMORY",
            137,
            "OOMKilled: it needed more than its mem_mb=300 (exit code 137)",
        ),
        ("NODE_FAIL", None, "NODE_FAIL: its node has failed"),
        ("PREEMPTED", 143, "PREEMPTED: another job has taken its place"),
        ("CANCELLED", None, "CANCELLED: someone has cancelled it"),
        (
            None,
            None,
            "it has vanished: Slurm no longer knows it, and it has left no exit code",
        ),
        (None, 0, ""),
        (None, 2, "exit code 2"),
    ],
)
def test_reasons(state: str | None, code: int | None, expected: str) -> None:
    listed = Listed("1", state) if state else None
    usage = None if code is None else Usage(code, 0.0, 1.0)
    assert reason_of(STEP, listed, usage, minutes=30) == expected


def test_the_image_of_a_file() -> None:
    reference = "registry.example/a@sha256:" + "a" * 64
    label = "org.label-schema.usage.singularity.deffile.from"
    document = {"data": {"attributes": {"labels": {label: reference}}}}
    assert parse_image(json.dumps(document)) == reference


def test_a_file_from_a_bundle_names_its_image_before_what_it_was_made_from() -> None:
    named = "registry.example/a@sha256:" + "b" * 64
    labels = {
        "org.label-schema.usage.singularity.deffile.from": "/bundle/a.tar",
        "snakemake-steps.image": f"docker://{named}",
    }
    assert parse_image(json.dumps({"data": {"attributes": {"labels": labels}}})) == named


@pytest.mark.parametrize("text", ["", "{", "{}", '{"data": null}', "FATAL: not an image"])
def test_an_unknown_image(text: str) -> None:
    assert parse_image(text) == ""
