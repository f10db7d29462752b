"""What the stagers move for one job, small enough to travel in one environment variable."""

import base64
import gzip
import json
from collections.abc import Callable
from typing import Any

from snakemake_executor_plugin_steps.staging.checksums import Checksums
from snakemake_executor_plugin_steps.submission import Step, StepsError

MAX_CHARACTERS = 120_000
"""The kernel takes one variable of at most 128 KiB; longer manifests travel as files."""
_ELSEWHERE = "@"


def storage_name(item: Any) -> str:
    """The plugin of a storage object, such as `s3`."""
    plugin = type(item.provider).__module__.split(".")[0]
    return plugin.removeprefix("snakemake_storage_plugin_")


def _entry(file: Any) -> list[Any]:
    if not file.is_storage:
        raise StepsError(f"{file} is not in storage: without shared files, all of a step's must be")
    item = file.storage_object
    return [storage_name(item), item.query, str(item.local_path())]


def manifest_of(
    members: list[Any], steps: list[Step], unneeded: set[str], checksums: Checksums
) -> dict[str, Any]:
    """The manifest of a job.

    Parameters
    ----------
    members
        Snakemake's jobs, in the order in which they run.
    steps
        Their steps.
    unneeded
        Outputs that nothing outside this job reads.
    checksums
        What is known of the inputs.

    Raises
    ------
    StepsError
        A file is not in storage.
    """
    made = {str(file) for member in members for file in member.output}
    inputs = {str(file): file for member in members for file in member.input}
    fetched = [_entry(file) for name, file in inputs.items() if name not in made]
    return {
        "scripts": {step.script: step.text for step in steps},
        "steps": [[step.rule, step.mem_mb] for step in steps],
        "inputs": [[*entry, checksums.known(entry[0], entry[1])] for entry in fetched],
        "outputs": [_entry(f) for m in members for f in m.output if str(f) not in unneeded],
        "written": [path for step in steps for path in step.written],
        "logs": [_entry(file) for member in members for file in member.log],
        "benchmarks": [[i, *_entry(m.benchmark)] for i, m in enumerate(members) if m.benchmark],
    }


def pack(manifest: dict[str, Any]) -> str:
    """A manifest as text."""
    raw = json.dumps(manifest, sort_keys=True).encode()
    return base64.b64encode(gzip.compress(raw, mtime=0)).decode()


def unpack(text: str) -> dict[str, Any]:
    """The manifest in a text."""
    manifest: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text)))
    return manifest


def pointer(storage: str, query: str, sha256: str) -> str:
    """A text that says where a manifest is."""
    return _ELSEWHERE + json.dumps([storage, query, sha256])


def load(text: str, fetch: Callable[[str, str, str], str]) -> dict[str, Any]:
    """The manifest that a text is or points to."""
    if text.startswith(_ELSEWHERE):
        text = fetch(*json.loads(text.removeprefix(_ELSEWHERE)))
    return unpack(text)
