"""The controller's part of staging: manifests and checksums."""

import asyncio
import hashlib
import random
from dataclasses import asdict
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from snakemake_executor_plugin_steps.staging.checksums import Checksums
from snakemake_executor_plugin_steps.staging.controller import Staging
from snakemake_executor_plugin_steps.staging.manifest import load, manifest_of, pack, unpack
from snakemake_executor_plugin_steps.staging.report import Moved
from snakemake_executor_plugin_steps.submission import Step, StepsError


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


@pytest.fixture
def checksums(tmp_path: Path) -> Checksums:
    """None are known."""
    return Checksums(tmp_path / "checksums.jsonl")


def test_a_manifest_leaves_out_what_stays_inside_a_group(checksums: Checksums) -> None:
    members = [job(["in"], ["middle", "kept"]), job(["middle", "in"], ["out"])]
    steps = [Step("r", "i", f"{i}.sh", "text", written=("w",)) for i in range(2)]
    moved = Moved("s3", "s3://bucket/in", "a" * 64, 5, 1.5)
    checksums.add([asdict(moved)])
    manifest = unpack(pack(manifest_of(members, steps, {"middle"}, checksums)))
    assert manifest["inputs"] == [["s3", "s3://bucket/in", "in", asdict(moved)]]
    assert [entry[2] for entry in manifest["outputs"]] == ["kept", "out"]
    assert [entry[0] for entry in manifest["benchmarks"]] == [0, 1]
    assert manifest["scripts"] == {"0.sh": "text", "1.sh": "text"}
    assert manifest["steps"] == [["r", 1000], ["r", 1000]]


def test_a_manifest_is_the_same_text_every_time(checksums: Checksums) -> None:
    texts = {
        pack(manifest_of([job(["in"], ["out"])], [Step("r", "i", "s", "")], set(), checksums))
        for _ in range(2)
    }
    assert len(texts) == 1


def test_a_file_outside_storage_is_refused(checksums: Checksums) -> None:
    one = job(["in"], ["out"])
    one.input[0].is_storage = False
    with pytest.raises(StepsError, match="in is not in storage"):
        manifest_of([one], [Step("r", "i", "s", "")], set(), checksums)


def test_checksums_outlive_the_controller_even_if_it_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "checksums.jsonl"
    old, new = (asdict(Moved("s3", "x", letter * 64, 1, 1.0)) for letter in "ab")
    Checksums(path).add([old])
    Checksums(path).add([new, new])
    with path.open("a") as file:
        file.write('{"storage": "s3", "que')
    assert Checksums(path).known("s3", "x") == new
    assert Checksums(path).known("s3", "y") is None
    assert len(path.read_text().splitlines()) == 3


class Place:
    """A storage that remembers what it holds."""

    def __init__(self) -> None:
        self.held: dict[str, str] = {}
        self.settings = SimpleNamespace(default_storage_prefix="s3://bucket/run")

    def object(self, query: str) -> Any:
        """A place in it."""
        return PlaceObject(self, query)


Place.__module__ = "snakemake_storage_plugin_s3"


class PlaceObject:
    """One object."""

    def __init__(self, provider: Place, query: str) -> None:
        self.provider, self.query = provider, query

    def set_local_path(self, path: Path) -> None:
        self.path = path

    async def managed_store(self) -> None:
        self.provider.held[self.query] = self.path.read_text()

    async def managed_remove(self) -> None:
        del self.provider.held[self.query]


def staging(tmp_path: Path, place: Place | None) -> Staging:
    """The controller's part, with a storage."""
    workflow = SimpleNamespace(
        storage_registry=SimpleNamespace(default_storage_provider=place),
        storage_settings=SimpleNamespace(default_storage_prefix="s3://bucket/run"),
    )
    return Staging(workflow, tmp_path, ".snakemake/steps/manifests")


def names(count: int) -> list[str]:
    """Names that do not pack well."""
    return [f"{random.Random(i).random()}" for i in range(count)]


def test_a_long_manifest_goes_to_the_storage_and_is_removed_at_the_end(tmp_path: Path) -> None:
    place = Place()
    side = staging(tmp_path, place)
    step = [Step("r", "i", "s.sh", "")]
    short = side.manifest("r-1", [job(["in"], ["out"])], step, set())
    assert unpack(short)["outputs"][0][2] == "out"
    assert place.held == {}
    many = job(names(10_000), ["out"])

    async def inside_a_loop() -> str:
        return side.manifest("r-2", [many], step, set())

    pointed = asyncio.run(inside_a_loop())
    query = "s3://bucket/run/.snakemake/steps/manifests/r-2.manifest"
    assert len(pointed) < 300
    given: list[tuple[str, str]] = []

    def fetch(storage: str, query: str, sha256: str) -> str:
        given.append((storage, query))
        assert hashlib.sha256(place.held[query].encode()).hexdigest() == sha256
        return place.held[query]

    assert len(load(pointed, fetch)["inputs"]) == 10_000
    assert given == [("s3", query)]
    side.manifest("r-3", [many], step, set())
    side.forget("r-2")
    assert [q.split("/")[-1] for q in place.held] == ["r-3.manifest"]
    side.forget_all()
    assert place.held == {}
    assert [p.name for p in tmp_path.iterdir()] == []


def test_a_long_manifest_needs_a_default_storage(tmp_path: Path) -> None:
    with pytest.raises(StepsError, match="no --default-storage-provider"):
        staging(tmp_path, None).manifest(
            "r-1", [job(names(10_000), ["out"])], [Step("r", "i", "s", "")], set()
        )
