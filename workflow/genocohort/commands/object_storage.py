"""Where a study lives in object storage: its inputs go there first, its report comes back."""

import asyncio
import json
import re
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from genocohort.commands.backends import Profile
from genocohort.errors import ConfigError, ToolError
from genocohort.io.atomic import write_text

STORED = Path(".snakemake/genocohort-stored.json")
PROVIDER_OPTION, PREFIX_OPTION = "default-storage-provider", "default-storage-prefix"


class ObjectStorage:
    """The folder of a study in object storage.

    Parameters
    ----------
    provider
        Name of Snakemake's storage plugin, such as `s3`; it takes its settings from environment
        variables, `SNAKEMAKE_STORAGE_S3_...`.
    prefix
        What comes before each path, such as `s3://bucket/study`.
    """

    def __init__(self, provider: str, prefix: str) -> None:
        self.provider, self.prefix = provider, prefix.rstrip("/")

    def query(self, path: Path) -> str:
        """The address of a file of the study."""
        return f"{self.prefix}/{path.as_posix()}"

    def upload(self, paths: Iterable[Path]) -> list[Path]:
        """Store the files that have changed since they were last stored; those that were.

        Parameters
        ----------
        paths
            Relative to the study folder.

        Raises
        ------
        ConfigError
            A path leads out of the study folder, so that it has no place under the prefix.
        ToolError
            The storage does not take a file.
        """
        wanted = list(dict.fromkeys(paths))
        if outside := [str(p) for p in wanted if p.is_absolute() or ".." in p.parts]:
            raise ConfigError(
                "with object storage, all inputs must lie in the study folder",
                offenders=outside,
                remedy="put them, or links to them, into the study folder",
            )
        stored = self._stored()
        states = {path: [path.stat().st_size, path.stat().st_mtime_ns] for path in wanted}
        changed = [p for p in wanted if stored.get(self.query(p)) != states[p]]
        # One at a time, so that what has been stored is remembered if a later one fails.
        for path in changed:
            self._move("store", [path])
            stored[self.query(path)] = states[path]
            write_text(STORED, json.dumps(stored, indent=0, sort_keys=True))
        return changed

    def download(self, paths: Sequence[Path]) -> None:
        """Bring files of the study here, each to its own place; those that are not there stay away.

        Raises
        ------
        ToolError
            The storage does not answer.
        """
        from snakemake_executor_plugin_steps.staging.transfer import provider

        for path in paths:
            item = provider(self.provider).object(self.query(path))
            if asyncio.run(item.managed_exists()):
                self._move("fetch", [path])

    def download_logs(self, lines: Iterable[str]) -> None:
        """Bring the logs of the jobs that have failed here.

        Parameters
        ----------
        lines
            What Snakemake has said.
        """
        log = re.compile(rf"{re.escape(self.prefix)}/(\S+)")
        found, failed = [], False
        for line in lines:
            if line.startswith("Error in "):
                failed = True
            elif failed and line.lstrip().startswith("log: "):
                found += [Path(name) for name in log.findall(line)]
                failed = False
        self.download(list(dict.fromkeys(found)))

    def _stored(self) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if STORED.is_file():
            found = json.loads(STORED.read_text(encoding="utf-8"))
        return found

    def _move(self, action: str, paths: Sequence[Path]) -> None:
        from snakemake_executor_plugin_steps.staging.transfer import Mover

        entries = [[self.provider, self.query(path), str(path)] for path in paths]
        with tempfile.TemporaryDirectory() as folder:
            mover = Mover(Path(folder) / "notes")
            try:
                mover.store_all(entries) if action == "store" else mover.fetch_all(entries)
            except Exception as error:
                raise ToolError(
                    f"object storage: {type(error).__name__}: {error}",
                    where=self.query(paths[0]),
                    remedy=f"check the SNAKEMAKE_STORAGE_{self.provider.upper()}_... variables",
                ) from None


def find_storage(profile: Profile, extra: Sequence[str]) -> ObjectStorage | None:
    """The object storage that a run uses; None if steps see the study folder itself.

    Parameters
    ----------
    profile
        The backend.
    extra
        Further arguments for Snakemake, which come before the profile.

    Raises
    ------
    ConfigError
        The profile needs a prefix and there is none.
    """
    if profile.options.get("shared-fs-usage") != "none":
        return None
    options = {**profile.options, **_values(extra, (PROVIDER_OPTION, PREFIX_OPTION))}
    if not options.get(PREFIX_OPTION):
        raise ConfigError(
            "this backend keeps the study in object storage, and no place there is named",
            expected=f"--{PREFIX_OPTION} s3://bucket/study, after --, or in a profile of your own",
        )
    return ObjectStorage(str(options[PROVIDER_OPTION]), str(options[PREFIX_OPTION]))


def _values(arguments: Sequence[str], names: Sequence[str]) -> dict[str, str]:
    found = {}
    for number, argument in enumerate(arguments):
        name, equals, value = argument.removeprefix("--").partition("=")
        if argument.startswith("--") and name in names:
            if equals:
                found[name] = value
            elif number + 1 < len(arguments):
                found[name] = arguments[number + 1]
    return found
