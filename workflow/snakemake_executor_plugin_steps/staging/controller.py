"""The controller's part of staging: manifests of jobs, and checksums of what they move."""

import asyncio
import hashlib
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_steps.staging.checksums import Checksums
from snakemake_executor_plugin_steps.staging.manifest import (
    MAX_CHARACTERS,
    manifest_of,
    pack,
    pointer,
    storage_name,
)
from snakemake_executor_plugin_steps.submission import Outcome, Step, StepsError


class Staging:
    """Tells the stagers of each job what to move.

    Parameters
    ----------
    workflow
        Snakemake's workflow.
    folder
        Where the controller keeps its own files.
    prefix
        Place of those files in the storage, after the default prefix.
    """

    def __init__(self, workflow: Any, folder: Path, prefix: str) -> None:
        self._workflow, self._folder, self._prefix = workflow, folder, prefix
        self._checksums = Checksums(folder / "checksums.jsonl")
        self._stored: dict[str, Any] = {}

    def manifest(self, name: str, members: list[Any], steps: list[Step], unneeded: set[str]) -> str:
        """The manifest of a job, or where it is, if it is long.

        Raises
        ------
        StepsError
            A file is not in storage, or there is no storage for a long manifest.
        """
        text = pack(manifest_of(members, steps, unneeded, self._checksums))
        if len(text) <= MAX_CHARACTERS:
            return text
        provider = self._workflow.storage_registry.default_storage_provider
        if provider is None:
            raise StepsError(
                f"the job names too many files for a variable ({len(text)} > {MAX_CHARACTERS}"
                " characters, packed), and no --default-storage-provider could hold their list"
            )
        before = str(self._workflow.storage_settings.default_storage_prefix or "")
        before = f"{before.rstrip('/')}/" if before else ""
        item = provider.object(f"{before}{self._prefix}/{name}.manifest")
        path = self._folder / f"{name}.manifest"
        path.write_text(text, encoding="ascii")
        item.set_local_path(path)
        self._stored[name] = item
        try:
            _wait(item.managed_store())
        finally:
            path.unlink()
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        return pointer(storage_name(item), item.query, sha256)

    def learn(self, outcome: Outcome) -> None:
        """Remember the checksums of what a job has moved."""
        self._checksums.add(outcome.moved)

    def forget(self, name: str) -> None:
        """Remove the manifest of a job that has ended."""
        if item := self._stored.pop(name, None):
            _wait(item.managed_remove())

    def forget_all(self) -> None:
        """Remove the manifests of all jobs."""
        for name in list(self._stored):
            self.forget(name)


def _wait(work: Coroutine[Any, Any, None]) -> None:
    """Wait for a storage plugin from wherever we are called, inside a loop or outside."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(asyncio.run, work).result()
