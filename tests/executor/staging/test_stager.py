"""The stager, with a storage plugin of the test's own: a folder."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from snakemake_executor_plugin_steps.staging import __main__ as stager
from snakemake_executor_plugin_steps.staging import transfer
from snakemake_executor_plugin_steps.staging.manifest import pack, pointer
from snakemake_executor_plugin_steps.staging.report import parse_report
from snakemake_executor_plugin_steps.submission import StepsError


@dataclass
class FolderSettings:
    """What the plugin can be told."""

    root: str | None = field(default=None, metadata={"type": str})
    faults: int = field(default=0, metadata={"type": int})


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
        return 0 if self.stored.is_dir() else self.stored.stat().st_size

    async def managed_mtime(self) -> float:
        return self.stored.stat().st_mtime

    async def managed_checksum(self) -> str | None:
        sums = Path(f"{self.stored}.md5")
        return f"md5:{sums.read_text()}" if sums.exists() else None

    async def managed_retrieve(self) -> None:
        self.path.parent.mkdir(parents=True, exist_ok=True)
        _copy(self.stored, self.path)
        self.provider.break_one(self.path)

    async def managed_store(self) -> None:
        self.stored.parent.mkdir(parents=True, exist_ok=True)
        _copy(self.path, self.stored)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, dirs_exist_ok=True)
    else:
        shutil.copyfile(source, target)


class FolderProvider:
    """The plugin."""

    def __init__(self, local_prefix: Path, logger: Any, settings: FolderSettings) -> None:
        self.settings = settings
        self.how: Any = None

    def break_one(self, path: Path) -> None:
        """Let a transfer go wrong, as often as the settings say."""
        if self.settings.faults > 0 and self.how:
            self.settings.faults -= 1
            self.how(path)

    def object(self, query: str) -> FolderObject:
        return FolderObject(self, query)


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder; the working directory is another."""
    module: Any = ModuleType("snakemake_storage_plugin_folder")
    module.StorageProvider, module.StorageProviderSettings = FolderProvider, FolderSettings
    monkeypatch.setitem(sys.modules, module.__name__, module)
    monkeypatch.setattr(transfer, "_providers", {})
    monkeypatch.setattr("time.sleep", lambda _: None)
    monkeypatch.setattr(stager, "REPORT", str(tmp_path / "message"))
    (tmp_path / "bucket").mkdir()
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setenv("SNAKEMAKE_STORAGE_FOLDER_ROOT", str(tmp_path / "bucket"))
    return tmp_path / "bucket"


MANIFEST: dict[str, Any] = {
    "scripts": {".snakemake/steps/s.sh": "echo"},
    "steps": [["call", 300]],
    "inputs": [["folder", "in/a", "local/in/a", None]],
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
    assert Path("local/in/a").stat().st_mtime == transfer._TIME
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


@pytest.mark.parametrize(
    ("code", "oom_kills", "expected"),
    [
        (3, 0, "step-0: exit code 3"),
        (0, 1, "step-0: OOMKilled: it needed more than its mem_mb=300 (although its script"),
        (None, 0, "step-0: it ended without an exit code"),
    ],
)
def test_a_failed_step_stores_its_log_alone_and_says_why(
    bucket: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    code: int | None,
    oom_kills: int,
    expected: str,
) -> None:
    if code is not None:
        report(code, oom_kills)
    write("local/out/x", "local/out/d/1", "local/logs/l")
    assert run("out", monkeypatch) == 66
    assert (tmp_path / "message").read_text().startswith(expected)
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


def cut(path: Path) -> None:
    """A connection that ends too early."""
    path.write_text(path.read_text()[:2])


def flip(path: Path) -> None:
    """A bit that changes on its way; the length is the same."""
    path.write_text("X" + path.read_text()[1:])


def refuse(path: Path) -> None:
    """A server that is too busy."""
    path.unlink()
    raise OSError("503 Slow Down")


def break_transfers(monkeypatch: pytest.MonkeyPatch, how: Any, faults: int) -> None:
    """Let the next transfers go wrong."""
    monkeypatch.setenv("SNAKEMAKE_STORAGE_FOLDER_FAULTS", str(faults))
    transfer.provider("folder").how = how


KNOWN = {"storage": "folder", "query": "in/a", "size": 8}
SHA256 = "d1b2a59fbea7e20077af9f91b27e95e865061b270be03ff539ab3b73587882e8"  # of "contents"


@pytest.mark.parametrize("how", [cut, refuse])
@pytest.mark.parametrize(("faults", "code"), [(2, 0), (3, 65)])
def test_a_transfer_that_goes_wrong_is_made_again(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, how: Any, faults: int, code: int
) -> None:
    (bucket / "in").mkdir()
    (bucket / "in/a").write_text("contents")
    break_transfers(monkeypatch, how, faults)
    assert run("in", monkeypatch) == code
    assert (Path("local/in/a").exists() and Path("local/in/a").read_text() == "contents") == (
        code == 0
    )


@pytest.mark.parametrize("known_by", ["an earlier job", "the storage"])
@pytest.mark.parametrize(("faults", "code"), [(2, 0), (3, 65)])
def test_changed_bytes_of_the_same_length_are_found(
    bucket: Path,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    known_by: str,
    faults: int,
    code: int,
) -> None:
    (bucket / "in").mkdir()
    (bucket / "in/a").write_text("contents")
    known = None
    if known_by == "the storage":
        (bucket / "in/a.md5").write_text("98bf7d8c15784f0a3d63204441e1e2aa")
    else:
        known = {**KNOWN, "sha256": SHA256, "mtime": (bucket / "in/a").stat().st_mtime}
    break_transfers(monkeypatch, flip, faults)
    assert run("in", monkeypatch, inputs=[["folder", "in/a", "local/in/a", known]]) == code
    if code:
        assert "in/a: " in (tmp_path / "message").read_text()
    else:
        assert Path("local/in/a").read_text() == "contents"


def test_an_input_that_was_replaced_since_is_no_error(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bucket / "in").mkdir()
    (bucket / "in/a").write_text("another")
    known = {**KNOWN, "sha256": SHA256, "mtime": 1.0}
    assert run("in", monkeypatch, inputs=[["folder", "in/a", "local/in/a", known]]) == 0
    assert Path("local/in/a").read_text() == "another"


@pytest.mark.parametrize("how", [cut, flip])
def test_what_is_stored_is_read_back(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, how: Any
) -> None:
    report(0)
    write("local/out/x", "local/out/d/1")
    break_transfers(monkeypatch, how, 1_000)
    folder = ["folder", "out/x", "local/out/x"]
    assert run("out", monkeypatch, logs=[], benchmarks=[], outputs=[folder]) == 65
    assert "is read back" in (tmp_path / "message").read_text()
    assert not list(Path(".steps/read-back").iterdir())


def test_checksums_of_all_that_was_moved_are_told(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (bucket / "in").mkdir()
    (bucket / "in/a").write_text("contents")
    run("in", monkeypatch)
    report(0)
    write("local/out/x", "local/out/d/1", "local/out/d/2", "local/logs/l")
    (Path("local/out/d") / ".snakemake_timestamp").touch()
    capsys.readouterr()
    assert run("out", monkeypatch) == 0
    told = {str(one["query"]): one for one in parse_report(capsys.readouterr().out)}
    assert set(told) == {"in/a", "out/x", "out/d", "logs/l", "b/t"}
    assert told["in/a"] == {
        **KNOWN,
        "sha256": SHA256,
        "mtime": (bucket / "in/a").stat().st_mtime,
    }
    shutil.rmtree("local/out/d")
    shutil.copytree(bucket / "out/d", "again")
    Path("again/.snakemake_timestamp").unlink()
    assert transfer.digest(Path("again"))[0] == told["out/d"]["sha256"]
    Path("again/2").rename("again/3")
    assert transfer.digest(Path("again"))[0] != told["out/d"]["sha256"]


def test_a_stager_that_is_started_again_moves_only_what_is_left(
    bucket: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (bucket / "in").mkdir()
    (bucket / "in/a").write_text("contents")
    assert run("in", monkeypatch) == 0
    (bucket / "in/a").unlink()
    assert run("in", monkeypatch) == 0


HANGS = """
import os, sys, time
from dataclasses import dataclass
from pathlib import Path
from snakemake_executor_plugin_steps.staging import watchdog

watchdog._NETWORK = Path("silence")  # this machine's own traffic is not the stager's
sys.modules["__main__"].REPORT = "message"

@dataclass
class StorageProviderSettings:
    pass

class Item:
    def set_local_path(self, path): self.path = path
    async def managed_retrieve(self): time.sleep(600)

class StorageProvider:
    def __init__(self, local_prefix, logger, settings): pass
    def object(self, query): return Item()
"""


def test_a_stager_whose_connections_hang_starts_again_and_gives_up(tmp_path: Path) -> None:
    (tmp_path / "snakemake_storage_plugin_hangs.py").write_text(HANGS)
    (tmp_path / "silence").write_text("")
    manifest = {**MANIFEST, "inputs": [["hangs", "in/a", "local/in/a", None]]}
    env = {
        "PATH": os.environ["PATH"],
        "PYTHONPATH": f"{tmp_path}:{Path(stager.__file__).parents[2]}",
        "STEP_MANIFEST": pack(manifest),
        "STEP_STORAGE_TIMEOUT": "1",
    }
    done = subprocess.run(
        [sys.executable, "-m", stager.STAGER_MODULE, "in"],
        cwd=tmp_path, env=env, timeout=120, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 65
    assert done.stderr.count("starting again") == 2
    assert (tmp_path / "message").read_text() == "no byte has moved for 1 s: in/a (3 times)"


def test_a_long_manifest_is_fetched_and_compared(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    text = pack({**MANIFEST, "inputs": []})
    (bucket / "m").write_text(text)
    sha256 = transfer.digest(bucket / "m")[0]
    monkeypatch.setenv("STEP_MANIFEST", pointer("folder", "m", sha256))
    assert stager.main("in") == 0
    assert Path(".snakemake/steps/s.sh").read_text() == "echo"
    monkeypatch.setenv("STEP_MANIFEST", pointer("folder", "m", "0" * 64))
    assert stager.main("in") == 65
    assert "has sha256" in (tmp_path / "message").read_text()


def test_messages_are_cut_in_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stager, "REPORT", str(tmp_path / "message"))
    stager.tell("\u00e4" * 4000)
    assert (tmp_path / "message").stat().st_size == 3000


def test_another_released_plugin_works_as_well(
    bucket: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pytest.importorskip(
        "snakemake_storage_plugin_fs", reason="snakemake-storage-plugin-fs is not installed"
    )
    write("local/x", "local/d/e/f")
    for path in ("x", "d"):
        stored = transfer.store("fs", str(bucket / path), Path("local") / path)
        fetched = transfer.fetch("fs", str(bucket / path), tmp_path / path, asdict(stored))
        assert fetched == stored
        assert transfer.digest(tmp_path / path)[0] == stored.sha256
    flip(bucket / "x")
    wrong = {**asdict(stored), "query": str(bucket / "x"), "mtime": (bucket / "x").stat().st_mtime}
    with pytest.raises(StepsError, match="was moved before"):
        transfer.fetch("fs", str(bucket / "x"), tmp_path / "x", wrong)
