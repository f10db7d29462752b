"""What is stored before a run, and where."""

from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace

import pytest

from genocohort.commands.backends import load_profile
from genocohort.commands.object_storage import ObjectStorage, find_storage
from genocohort.commands.run import store_inputs
from genocohort.errors import ConfigError, ToolError
from genocohort.study_config import Inputs


class Recorded(ObjectStorage):
    """Notes what it would move, and refuses one name."""

    def __init__(self, prefix: str) -> None:
        super().__init__("s3", prefix)
        self.moves: list[str] = []

    def _move(self, action: str, paths: Sequence[Path]) -> None:
        for path in paths:
            if path.name == "refused.tsv":
                raise ToolError("no")
            self.moves.append(f"{action} {self.query(path)}")


@pytest.fixture
def study(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A study folder with two inputs, as the working directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config").mkdir()
    (tmp_path / ".snakemake").mkdir()
    (tmp_path / "config/config.yaml").write_text("a")
    (tmp_path / "samples.tsv").write_text("b")
    return tmp_path


PATHS = [Path("config/config.yaml"), Path("samples.tsv")]


def test_only_what_has_changed_is_stored_again(study: Path) -> None:
    first = Recorded("s3://bucket/study/")
    assert first.upload(PATHS) == PATHS
    assert first.moves == [
        "store s3://bucket/study/config/config.yaml",
        "store s3://bucket/study/samples.tsv",
    ]
    assert Recorded("s3://bucket/study").upload(PATHS) == []
    (study / "samples.tsv").write_text("other")
    assert Recorded("s3://bucket/study").upload(PATHS) == [Path("samples.tsv")]
    assert Recorded("s3://elsewhere").upload(PATHS) == PATHS


def test_what_was_stored_before_a_failure_is_remembered(study: Path) -> None:
    (study / "refused.tsv").write_text("c")
    with pytest.raises(ToolError):
        Recorded("s3://bucket").upload([PATHS[0], Path("refused.tsv"), PATHS[1]])
    assert Recorded("s3://bucket").upload(PATHS) == [PATHS[1]]


@pytest.mark.parametrize("path", ["/data/calls.vcf.gz", "../calls.vcf.gz"])
def test_an_input_outside_the_study_has_no_place(study: Path, path: str) -> None:
    with pytest.raises(ConfigError, match=r"calls\.vcf\.gz"):
        Recorded("s3://bucket").upload([Path(path)])


def test_the_key_of_pseudonyms_stays_here(study: Path) -> None:
    inputs = Inputs.model_validate({"pseudonyms": {"key": "config/secret.key"}})
    config = SimpleNamespace(inputs=inputs)
    storage = Recorded("s3://bucket")
    with pytest.raises(ConfigError, match="key of the pseudonyms"):
        store_inputs(SimpleNamespace(config=config, path=Path("config/config.yaml")), storage)
    assert storage.moves == []


def test_logs_of_failed_jobs_are_brought_here(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    storage, found = Recorded("s3://bucket/study"), []
    monkeypatch.setattr(storage, "download", found.extend)
    storage.download_logs(
        [
            "rule clinical:",
            "    log: s3://bucket/study/logs/clinical.log (send to storage)",
            "Error in rule preflight:",
            "    message: exit code 3",
            "    log: s3://bucket/study/logs/preflight.log (send to storage), /x/1.log (check)",
            "rule kinship:",
            "    log: s3://bucket/study/logs/kinship.log (send to storage)",
        ]
    )
    assert found == [Path("logs/preflight.log")]


def test_the_prefix_comes_from_the_command_line() -> None:
    profile = load_profile("kubernetes-s3")
    for extra in (["--default-storage-prefix", "s3://b/x"], ["--default-storage-prefix=s3://b/x"]):
        found = find_storage(profile, extra)
        assert found is not None
        assert (found.provider, found.prefix) == ("s3", "s3://b/x")
    with pytest.raises(ConfigError, match="default-storage-prefix"):
        find_storage(profile, [])
    assert find_storage(load_profile("kubernetes"), []) is None
