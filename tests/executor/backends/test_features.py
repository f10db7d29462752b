"""What rules may use and how paths may look, on the backends that mount files one by one."""

import json
import os
from pathlib import Path

import pytest

from executor.lab import (
    LABS,
    Lab,
    Study,
    images,
    new_folder,
    output_of,
    side_by_side,
)

pytestmark = pytest.mark.backend


@pytest.fixture(params=side_by_side(["docker", "podman", "slurm"]))
def lab(request: pytest.FixtureRequest) -> Lab:
    """Each backend in turn."""
    found = LABS[request.param]
    found.require()
    return found


def with_links(study: Study) -> Path:
    """Links of files and folders in the study that lead, step by step, to files elsewhere."""
    data = new_folder()
    (data / "v3").mkdir()
    for name in ("plain.tsv", "v3/deep.tsv"):
        (data / name).write_text(f"{name}\n")
    (data / "current").symlink_to("v3")
    (data / "hop.tsv").symlink_to("plain.tsv")
    (study.folder / "near.tsv").symlink_to(data / "hop.tsv")
    (study.folder / "link.tsv").symlink_to("near.tsv")
    (study.folder / "data").symlink_to(data / "current")
    for folder in ("first", "elsewhere"):
        (study.folder / folder).mkdir()
    (study.folder / "first/link").symlink_to("../elsewhere")
    if os.getuid() == 0:
        owner = (study.folder / "input.tsv").stat()
        for path in study.folder.rglob("*"):
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)
    return data


def test_what_rules_may_use(lab: Lab) -> None:
    study = lab.study("features.smk")
    data = with_links(study)
    study.run(seconds=900)
    folder = study.folder
    assert (folder / "odd folder/time 10:30 100%.txt").read_text() == "odd\n"
    assert (folder / "linked.txt").read_text() == "plain.tsv\nv3/deep.tsv\nread-only\n"
    assert (data / "plain.tsv").read_text() == "plain.tsv\n"
    assert (folder / "elsewhere/x.txt").read_text() == "linked\n"
    assert (folder / "top.txt").read_text() == "read-only\nread-only\n"
    assert (folder / "below/all.txt").read_text() == "read-only\n"
    assert not (folder / "below/parts/1.txt").exists()
    assert (folder / "beside/all.txt").read_text() == "read-only\n300\n"
    assert (folder / "flags/done").exists()
    assert (folder / "ensured.txt").read_text() == "as ensured\n"
    assert (folder / "protected.txt").stat().st_mode & 0o222 == 0
    assert (folder / "folder.txt").read_text() == "1\n2\n"
    assert (folder / "flaky.txt").read_text() == "2\n"
    assert [r["attempt"] for r in study.records() if r["rule"] == "flaky"] == [1, 2]
    assert (folder / "local.txt").read_text() == "local\n"
    assert (folder / "long.txt").read_text() == "400000\n"
    assert (folder / "user.txt").read_text() == "step /tmp\n"
    assert (folder / "end.txt").read_text() == "between\nstep-image-b\n"
    assert not (folder / "between.txt").exists()
    assert "Nothing to be done" in study.run()
    assert lab.left(study) == []


def test_what_a_rule_has_ensured_is_checked(lab: Lab) -> None:
    study = lab.study("features.smk")
    assert "Detected unexpected empty output files" in study.run("empty.txt", ok=False)


def test_output_that_is_no_text_is_kept_and_shown_harmlessly(lab: Lab) -> None:
    study = lab.study("features.smk")
    text = study.run("noise.txt", ok=False)
    assert "exit code 4" in text
    assert "[31mred" in text
    assert "\033" not in text
    logs = list((study.folder / ".snakemake/steps/logs").iterdir())
    assert len(logs) == len(study.records())
    for log in logs:  # Docker itself replaces the first byte
        assert b"\000\033[31mred\n" in log.read_bytes()


def test_a_checkpoint_is_refused_where_it_would_need_apptainer(lab: Lab) -> None:
    study = lab.study("features.smk")
    if lab.name == "slurm":
        study.run("after.txt")
        assert (study.folder / "after.txt").exists()
    else:
        text = study.run("after.txt", ok=False)
        assert "rule later: after a checkpoint Snakemake calls Apptainer on this machine" in text


def test_an_image_of_this_machine_is_named_by_its_id(lab: Lab) -> None:
    study = lab.study("features.smk")
    names = {key: url.removeprefix("docker://") for key, url in images().items()}
    engine = lab.name if lab.name != "slurm" else "docker"
    inspect = (engine, "image", "inspect", "--format", "{{.Id}}")
    ids = {}
    for key, name in names.items():
        if lab.name == "podman":
            output_of("podman", "pull", "--quiet", name)
        ids[key] = "sha256:" + output_of(*inspect, name).strip().removeprefix("sha256:")
    urls = {key: f"docker://{value}" for key, value in ids.items()}
    (study.folder / "images.json").write_text(json.dumps(urls))
    if lab.name == "slurm":  # Apptainer pulls from registries alone, and says so
        assert "Failed to pull singularity image" in study.run("end.txt", ok=False)
        return
    study.run("end.txt")
    assert (study.folder / "end.txt").read_text() == "between\nstep-image-b\n"
    assert [(r["image"], r["ran_in"]) for r in study.records()] == [
        (ids["a"], ids["a"]),
        (ids["b"], ids["b"]),
    ]
