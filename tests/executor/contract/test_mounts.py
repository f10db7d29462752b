"""What a step sees and may write."""

from pathlib import Path

from snakemake_executor_plugin_steps.mounts import MAX_FILES, step_mounts
from snakemake_executor_plugin_steps.submission import Step


def mounts(workdir: Path, inputs: tuple[str, ...], written: tuple[str, ...]) -> dict[str, bool]:
    """Mounts of a step, relative to the working directory where they lie in it."""
    step = Step("r", "i", "s.sh", "", inputs=inputs, written=written)
    found = step_mounts(step, workdir)
    assert list(found) == sorted(found)
    return {path.removeprefix(f"{workdir}/"): mode for path, mode in found.items()}


def test_the_working_directory_is_read_only_and_outputs_are_not(tmp_path: Path) -> None:
    (tmp_path / "in.tsv").touch()
    found = mounts(tmp_path, ("in.tsv",), ("out/a/x", "out/b/y", "logs/l"))
    assert found == {str(tmp_path): False, "out/a": True, "out/b": True, "logs": True}


def test_an_input_beside_an_output_stays_read_only(tmp_path: Path) -> None:
    (tmp_path / "both").mkdir()
    (tmp_path / "both/in").touch()
    found = mounts(tmp_path, ("both/in",), ("both/out",))
    assert found == {str(tmp_path): False, "both": True, "both/in": False}


def test_an_output_at_the_top_does_not_open_snakemakes_own_folder(tmp_path: Path) -> None:
    found = mounts(tmp_path, (), ("x.txt",))
    assert found == {str(tmp_path): True, ".snakemake": False}


def test_inputs_elsewhere_and_what_links_point_to_are_seen(tmp_path: Path) -> None:
    workdir, data = tmp_path / "work", tmp_path / "data"
    workdir.mkdir()
    data.mkdir()
    (data / "a.bam").touch()
    (data / "b.bam").touch()
    (workdir / "link.bam").symlink_to(data / "a.bam")
    found = mounts(workdir, ("link.bam", str(data / "b.bam"), "../data/absent"), ("out/x",))
    assert found == {
        str(workdir): False,
        "out": True,
        str(data / "a.bam"): False,
        str(data / "b.bam"): False,
    }


def test_many_inputs_elsewhere_are_mounted_by_their_folders(tmp_path: Path) -> None:
    workdir, data = tmp_path / "work", tmp_path / "data"
    data.mkdir()
    inputs = tuple(str(data / f"{i}.bam") for i in range(MAX_FILES + 1))
    for path in inputs:
        Path(path).touch()
    assert mounts(workdir, inputs, ("out/x",)) == {
        str(workdir): False,
        "out": True,
        str(data): False,
    }


def test_a_folder_with_a_similar_name_is_elsewhere(tmp_path: Path) -> None:
    workdir = tmp_path / "work"
    (tmp_path / "work2").mkdir()
    (tmp_path / "work2/x").touch()
    assert str(tmp_path / "work2/x") in mounts(workdir, ("../work2/x",), ("out/x",))


def test_an_input_far_below_an_output_stays_read_only_by_its_folder(tmp_path: Path) -> None:
    (tmp_path / "out/parts").mkdir(parents=True)
    parts = tuple(f"out/parts/{i}" for i in range(MAX_FILES + 1))
    for part in parts:
        (tmp_path / part).touch()
    found = mounts(tmp_path, parts, ("out/all",))
    assert found == {str(tmp_path): False, "out": True, "out/parts": False}


def test_many_inputs_beside_an_output_stay_read_only(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    parts = tuple(f"out/{i}" for i in range(MAX_FILES + 1))
    for part in parts:
        (tmp_path / part).touch()
    found = mounts(tmp_path, parts, ("out/all",))
    assert {part: found[part] for part in parts} == dict.fromkeys(parts, False)


def test_folders_that_link_from_one_to_the_next_lead_to_the_input(tmp_path: Path) -> None:
    workdir, archive = tmp_path / "work", tmp_path / "archive"
    (archive / "v3").mkdir(parents=True)
    workdir.mkdir()
    (archive / "v3/a.bam").touch()
    (archive / "current").symlink_to("v3")
    (workdir / "inside").symlink_to("data")
    (workdir / "data").symlink_to(archive / "current")
    found = mounts(workdir, ("inside/a.bam",), ("out/x",))
    assert set(found) == {
        str(workdir),
        "out",
        str(archive / "current/a.bam"),
        str(archive / "v3/a.bam"),
    }


def test_links_in_a_circle_are_no_reason_to_hang(tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to("b")
    (tmp_path / "b").symlink_to("a")
    assert mounts(tmp_path, ("a",), ("out/x",)) == {str(tmp_path): False, "out": True}
