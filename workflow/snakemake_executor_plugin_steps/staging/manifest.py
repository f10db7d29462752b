"""What the stager moves for one job, small enough to travel in one environment variable."""

import base64
import gzip
import json
from typing import Any

from snakemake_executor_plugin_steps.submission import Step, StepsError

MAX_CHARACTERS = 120_000
"""The kernel takes one variable of at most 128 KiB."""


def _entry(file: Any) -> list[str]:
    if not file.is_storage:
        raise StepsError(f"{file} is not in storage: without shared files, all of a step's must be")
    item = file.storage_object
    plugin = type(item.provider).__module__.split(".")[0]
    return [plugin.removeprefix("snakemake_storage_plugin_"), item.query, str(item.local_path())]


def manifest_text(members: list[Any], steps: list[Step], unneeded: set[str]) -> str:
    """The manifest of a job, packed.

    Parameters
    ----------
    members
        Snakemake's jobs, in the order in which they run.
    steps
        Their steps.
    unneeded
        Outputs that nothing outside this job reads.

    Raises
    ------
    StepsError
        A file is not in storage, or there are too many.
    """
    made = {str(file) for member in members for file in member.output}
    inputs = {str(file): file for member in members for file in member.input}
    manifest = {
        "scripts": {step.script: step.text for step in steps},
        "inputs": [_entry(file) for name, file in inputs.items() if name not in made],
        "outputs": [_entry(f) for m in members for f in m.output if str(f) not in unneeded],
        "written": [path for step in steps for path in step.written],
        "logs": [_entry(file) for member in members for file in member.log],
        "benchmarks": [[i, *_entry(m.benchmark)] for i, m in enumerate(members) if m.benchmark],
    }
    return pack(manifest)


def pack(manifest: dict[str, Any]) -> str:
    """A manifest as text.

    Raises
    ------
    StepsError
        It is too long for an environment variable.
    """
    raw = json.dumps(manifest, sort_keys=True).encode()
    text = base64.b64encode(gzip.compress(raw, mtime=0)).decode()
    if len(text) > MAX_CHARACTERS:
        raise StepsError(
            f"the job names too many files for one pod ({len(text)} > {MAX_CHARACTERS} characters"
            " of names, packed): gather in two levels"
        )
    return text


def unpack(text: str) -> dict[str, Any]:
    """The manifest in a text."""
    manifest: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text)))
    return manifest
