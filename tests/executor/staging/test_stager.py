"""The stager, with a storage plugin of the test's own: a folder."""

import json
import shutil
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from snakemake_executor_plugin_steps.staging import __main__ as stager
from snakemake_executor_plugin_steps.staging.manifest import manifest_text, pack, unpack
from snakemake_executor_plugin_steps.submission import Step, StepsError


@dataclass
class FolderSettings:
    """What the plugin can be told."""

    root: str | None = field(default=None, metadata={"type": str})
    delay: float = field(default=0.0, metadata={"type": float})


class FolderObject:
    """A file in the folder."""

    def __init__(self, provider: "FolderProvider", query: str) -> None:
        self.provider, self.query = provider, query
        self.stored = Path(provider.settings.root or "") / query

    def set_local_path(self, path: Path) -> None:
        self.path = path

    def local_path(self) -> Path:
        return self.path

    async def managed_size(self) -> int:
        if self.query.startswith("cut"):
            return 0
        return stager.size_of(self.stored)

    async def managed_retrieve(self) -> None:
        time.sleep(self.provider.settings.delay)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(self.stored, self.path)

    async def managed_store(self) -> None:
        self.stored.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_dir():
            shutil.copytree(self.path, self.stored)
        else:
            shutil.copyfile(self.path, self.stored)


class FolderProvider:
    """The plugin."""

    def __init__(self, local_prefix: Path, logger: Any, settings: FolderSettings) -> None:
        self.settings = settings

    def object(self, query: str) -> FolderObject:
        return FolderObject(self, query)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder; the working directory is another."""
    module: Any = ModuleType("snakemake_storage_plugin_folder")
    module.StorageProvider, module.StorageProviderSettings = FolderProvider, FolderSettings
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(stager, "_providers", {})
    monkeypatch.setattr(stager, "REPORT", str(tmp_path / "message"))
    (tmp_path / "bucket").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("SNAKEMAKE_STORAGE_FOLDER_ROOT", str(tmp_path / "bucket"))
    return tmp_path / "bucket"


MANIFEST: dict[str, Any] = {
    "scripts": {".snakemake/steps/s.sh": "echo"},
    "inputs": [["folder", "in/a", "local/in/a"]],
    "outputs": [["folder", "out/x", "local/out/x"], ["folder", "out/d", "local/out/d"]],
    "written": ["local/out/x", "local/out/d", "local/logs/l", "local/b/t"],
    "logs": [["folder", "logs/l", "local/logs/l"]],
    "benchmarks": [[0, "folder", "b/t", "local/b/t"]],
}


def run(way: str, monkeypatch: pytest.MonkeyPatch, **changes: Any) -> int:
    """Run the stager."""
    monkeypatch.setenv("STEP_MANIFEST", pack(MANIFEST | changes))
    return stager.main(way)


def report(code: int, oom_kills: int = 0) -> None:
    """Leave what the wrapper leaves."""
    Path(".steps").mkdir(exist_ok=True)
    fields = {"exit_code": code, "started": 1.0, "ended": 3.5, "cpu_ticks": 10}
    fields |= {"peak_bytes": 1048576, "oom_kills": oom_kills}
    Path(".steps/0.json").write_text(json.dumps(fields))


def write(*paths: str) -> None:
    """Write files as a step does."""
    for path in paths:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        Path(path).write_text(path)


def test_inputs_scripts_and_folders_are_there(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bucket / "in").mkdir()
    (bucket / "in/a").write_text("contents")
    assert run("in", monkeypatch) == 0
    assert Path("local/in/a").read_text() == "contents"
    assert Path(".snakemake/steps/s.sh").read_text() == "echo"
    assert all(Path(p).is_dir() for p in ("local/out", "local/logs", "local/b", ".steps"))


def test_outputs_logs_and_benchmarks_are_stored(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report(0)
    write("local/out/x", "local/out/d/1", "local/logs/l", "local/b/absent")
    assert run("out", monkeypatch) == 0
    assert (bucket / "out/x").read_text() == "local/out/x"
    assert (bucket / "out/d/1").read_text() == "local/out/d/1"
    assert (bucket / "logs/l").exists()
    assert (bucket / "b/t").read_text().splitlines()[1].startswith("2.5000\t0:00:02\t1.00\t")


@pytest.mark.parametrize(("code", "oom_kills"), [(3, 0), (0, 1), (None, 0)])
def test_a_failed_step_stores_its_log_alone(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, code: int | None, oom_kills: int
) -> None:
    if code is not None:
        report(code, oom_kills)
    write("local/out/x", "local/out/d/1", "local/logs/l")
    assert run("out", monkeypatch) == 0
    assert [p.name for p in bucket.iterdir()] == ["logs"]


def test_missing_outputs_are_named_and_nothing_is_stored(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    report(0)
    write("local/out/x")
    assert run("out", monkeypatch) == 64
    assert (tmp_path / "message").read_text() == "local/out/d"
    assert not (bucket / "out").exists()


def test_an_input_that_is_not_there_is_named(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert run("in", monkeypatch) == 65
    assert "in/a" in (tmp_path / "message").read_text()


def test_a_file_that_was_cut_is_refused(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (bucket / "cut").write_text("12345")
    assert run("in", monkeypatch, inputs=[["folder", "cut", "local/cut"]]) == 65
    assert "0 bytes are stored, but 5 are here" in (tmp_path / "message").read_text()


def test_a_transfer_that_hangs_is_ended(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (bucket / "slow").write_text("1")
    monkeypatch.setenv("SNAKEMAKE_STORAGE_FOLDER_DELAY", "1.5")
    monkeypatch.setenv("STEP_STORAGE_TIMEOUT", "0.2")
    start = time.monotonic()
    assert run("in", monkeypatch, inputs=[["folder", "slow", "local/slow"]]) == 65
    assert time.monotonic() - start < 1.4
    assert (tmp_path / "message").read_text() == "a transfer has not ended in 0 s"


class File(str):
    """A file as Snakemake has it: in storage, or not."""

    is_storage = True

    @property
    def storage_object(self) -> Any:
        """Its place in storage."""
        plugin = {"__module__": "snakemake_storage_plugin_s3"}
        provider = type("StorageProvider", (), plugin)()
        path = Path(str(self))
        return SimpleNamespace(
            provider=provider, query=f"s3://bucket/{self}", local_path=lambda: path
        )


def job(inputs: list[str], outputs: list[str]) -> SimpleNamespace:
    """A job as Snakemake has it."""
    return SimpleNamespace(
        input=[File(f) for f in inputs],
        output=[File(f) for f in outputs],
        log=[File("l")],
        benchmark=File("b"),
    )


def test_a_manifest_leaves_out_what_stays_inside_a_group() -> None:
    members = [job(["in"], ["middle", "kept"]), job(["middle", "in"], ["out"])]
    steps = [Step("r", "i", f"{i}.sh", "text", written=("w",)) for i in range(2)]
    manifest = unpack(manifest_text(members, steps, {"middle"}))
    assert manifest["inputs"] == [["s3", "s3://bucket/in", "in"]]
    assert [entry[2] for entry in manifest["outputs"]] == ["kept", "out"]
    assert [entry[0] for entry in manifest["benchmarks"]] == [0, 1]
    assert manifest["scripts"] == {"0.sh": "text", "1.sh": "text"}


def test_a_manifest_is_the_same_text_every_time() -> None:
    assert pack(MANIFEST) == pack(MANIFEST)
    assert unpack(pack(MANIFEST)) == MANIFEST


def test_a_file_outside_storage_is_refused() -> None:
    one = job(["in"], ["out"])
    one.input[0].is_storage = False
    with pytest.raises(StepsError, match="in is not in storage"):
        manifest_text([one], [Step("r", "i", "s", "")], set())


def test_too_many_files_are_refused() -> None:
    import random

    names = [f"{random.Random(i).random()}" for i in range(20_000)]
    with pytest.raises(StepsError, match="gather in two levels"):
        pack({"inputs": names})
