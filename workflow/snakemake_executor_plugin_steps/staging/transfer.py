"""Moves files through Snakemake's storage plugins, and proves that they arrived whole."""

import asyncio
import hashlib
import importlib
import json
import logging
import os
import shutil
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_steps.staging.report import Moved, parse_moved
from snakemake_executor_plugin_steps.submission import StepsError

CONCURRENT = 8
ATTEMPTS = 3
_TIMESTAMP = ".snakemake_timestamp"
"""Snakemake's own mark in a folder; no part of its contents."""
_TIME = 315532800.0
"""All that is fetched gets this time (1980): when something was stored says not which is newer."""
logger = logging.getLogger("stager")
_providers: dict[str, Any] = {}
_lock = threading.Lock()


def provider(name: str) -> Any:
    """Snakemake's plugin of a kind of storage, with settings from the environment."""
    with _lock:
        if name not in _providers:
            module = importlib.import_module(f"snakemake_storage_plugin_{name}")
            settings = getattr(module, "StorageProviderSettings", lambda: None)()
            for field in fields(settings) if settings else ():
                value = os.environ.get(f"SNAKEMAKE_STORAGE_{name}_{field.name}".upper())
                if value is not None:
                    setattr(settings, field.name, field.metadata.get("type", str)(value))
            prefix = Path(".snakemake/storage") / name
            _providers[name] = module.StorageProvider(
                local_prefix=prefix, logger=logger, settings=settings
            )
        return _providers[name]


def digest(path: Path) -> tuple[str, int]:
    """Checksum and bytes of a file, or of all files of a folder."""
    if not path.is_dir():
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest(), path.stat().st_size
    total, whole = 0, hashlib.sha256()
    for one in sorted(p for p in path.rglob("*") if p.is_file() and p.name != _TIMESTAMP):
        sha256, size = digest(one)
        total += size
        whole.update(json.dumps([one.relative_to(path).as_posix(), sha256]).encode())
    return whole.hexdigest(), total


def _object(storage: str, query: str, path: Path) -> Any:
    item = provider(storage).object(query)
    item.set_local_path(path)
    return item


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def _describe(item: Any, storage: str, sha256: str, size: int) -> Moved:
    """The record of an object; its size in storage must be that of the file here."""
    stored, mtime = asyncio.run(item.managed_size()), asyncio.run(item.managed_mtime())
    if not item.local_path().is_dir() and stored != size:
        raise StepsError(f"{item.query}: {stored} bytes are stored, but {size} are here")
    return Moved(storage, item.query, sha256, size, float(mtime))


def _check_own_checksum(item: Any, path: Path) -> None:
    """Compare with the checksum that the storage itself has, where its plugin tells one."""
    algorithm, colon, value = str(asyncio.run(item.managed_checksum()) or "").partition(":")
    if not colon or algorithm not in hashlib.algorithms_available or path.is_dir():
        return
    with path.open("rb") as file:
        found = hashlib.file_digest(file, algorithm).hexdigest()
    if found != value.lower():
        raise StepsError(f"{item.query}: {algorithm} {found} is here, {value} is stored")


def fetch(storage: str, query: str, path: Path, known: dict[str, Any] | None = None) -> Moved:
    """Bring one object here.

    Raises
    ------
    StepsError
        What arrived is not what was stored.
    """
    item = _object(storage, query, path)
    asyncio.run(item.managed_retrieve())
    sha256, size = digest(path)
    moved = _describe(item, storage, sha256, size)
    _check_own_checksum(item, path)
    for one in (path, *path.rglob("*")) if path.is_dir() else (path,):
        os.utime(one, (_TIME, _TIME))
    before = parse_moved(known)
    if before and before.sha256 != sha256:
        if path.is_dir() or before.mtime == moved.mtime:
            raise StepsError(
                f"{query}: what arrived has sha256 {sha256}, but {before.sha256} was moved before"
            )
        logger.info("%s was replaced since it was last moved", query)
    return moved


def store(storage: str, query: str, path: Path) -> Moved:
    """Take one file away, and read it back: some plugins switch the storage's checks off.

    Raises
    ------
    StepsError
        What can be read is not what was stored.
    """
    sha256, size = digest(path)
    item = _object(storage, query, path)
    asyncio.run(item.managed_store())
    copy = Path(".steps/read-back") / hashlib.sha256(query.encode()).hexdigest()
    again = _object(storage, query, copy)
    try:
        asyncio.run(again.managed_retrieve())
        found, _ = digest(copy)
        if found != sha256:
            raise StepsError(f"{query}: sha256 {sha256} was stored, but {found} is read back")
        return _describe(again, storage, sha256, size)
    finally:
        _remove(copy)


class Mover:
    """Moves many files, some at a time, and notes each one that has arrived.

    Parameters
    ----------
    notes
        File of what has arrived: a stager that is started again goes on from there.
    """

    def __init__(self, notes: Path) -> None:
        self._notes = notes
        self._done: dict[tuple[str, str, str], Moved] = {}
        self._under_way: set[str] = set()
        self._lock = threading.Lock()
        if notes.exists():
            for line in notes.read_text(encoding="utf-8").splitlines():
                action, path, content = json.loads(line)
                moved = parse_moved(content)
                if moved:
                    self._done[action, moved.query, path] = moved

    @property
    def moved(self) -> list[Moved]:
        """What has arrived."""
        return list(self._done.values())

    @property
    def under_way(self) -> list[str]:
        """What is being moved."""
        with self._lock:
            return sorted(self._under_way)

    def fetch_all(self, entries: list[list[Any]]) -> None:
        """Bring objects: kind of storage, query, path, and what is known of them."""
        self._all("fetch", entries)

    def store_all(self, entries: list[list[Any]]) -> None:
        """Take files away: kind of storage, query, path."""
        self._all("store", entries)

    def _all(self, action: str, entries: list[list[Any]]) -> None:
        left = [e for e in entries if (action, e[1], e[2]) not in self._done]
        with ThreadPoolExecutor(CONCURRENT) as pool:
            futures = [pool.submit(self._one, action, entry) for entry in left]
            try:
                for future in futures:
                    future.result()
            finally:
                pool.shutdown(wait=True, cancel_futures=True)

    def _one(self, action: str, entry: list[Any]) -> None:
        storage, query, path, *known = entry
        with self._lock:
            self._under_way.add(query)
        for attempt in range(ATTEMPTS):
            try:
                moved = (
                    fetch(storage, query, Path(path), *known)
                    if action == "fetch"
                    else store(storage, query, Path(path))
                )
                break
            except Exception as error:
                if attempt + 1 == ATTEMPTS:
                    raise
                logger.warning("again: %s: %s", type(error).__name__, error)
                time.sleep(2.0**attempt)
        with self._lock:
            self._under_way.discard(query)
            self._done[action, query, path] = moved
            self._notes.parent.mkdir(parents=True, exist_ok=True)
            with self._notes.open("a", encoding="utf-8") as file:
                file.write(json.dumps([action, path, asdict(moved)]) + "\n")
        logger.info("%s %s", action, query)
