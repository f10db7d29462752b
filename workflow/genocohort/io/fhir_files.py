"""Read the resources of FHIR files one by one: NDJSON a line at a time, Bundles whole."""

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TextIO

from genocohort.errors import InputDataError

Resource = dict[str, Any]
FULL_URL = "_fullUrl"


def _parse(text: str) -> Any:
    # Numbers stay the text they are written as: ids keep their digits, values their decimals.
    return json.loads(text, parse_float=str, parse_int=str)


def _open(path: Path) -> TextIO:
    with path.open("rb") as stream:
        zipped = stream.read(2) == b"\x1f\x8b"
    if zipped:
        return gzip.open(path, "rt", encoding="utf-8-sig")
    return path.open("r", encoding="utf-8-sig")


def read_resources(
    path: Path, only: re.Pattern[str] | None = None
) -> Iterator[tuple[int, Resource]]:
    """Resources with their line (NDJSON) or entry number (Bundle, single resource).

    A resource of a Bundle gets its fullUrl as `_fullUrl`.

    Parameters
    ----------
    path : Path
        May be compressed with gzip.
    only : pattern, optional
        Lines of NDJSON in which it is not found are skipped without being parsed.

    Raises
    ------
    InputDataError
        The file cannot be read, or is no JSON.
    """
    try:
        with _open(path) as stream:
            yield from _resources(path, stream, only)
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputDataError("cannot read the FHIR file", where=str(path)) from error


def _resources(
    path: Path, stream: TextIO, only: re.Pattern[str] | None
) -> Iterator[tuple[int, Resource]]:
    number, first = 0, ""
    for line in stream:
        number, first = number + 1, line
        if line.strip():
            break
    if not first.strip():
        raise InputDataError("the FHIR file is empty", where=str(path))
    try:
        resource = _parse(first)
    except json.JSONDecodeError:
        yield from _whole(path, number, first + stream.read())
        return
    if isinstance(resource, dict) and resource.get("resourceType") == "Bundle":
        yield from _entries(resource)
        return
    yield number, _checked(path, number, resource)
    for line in stream:
        number += 1
        if not line.strip() or (only is not None and only.search(line) is None):
            continue
        try:
            yield number, _checked(path, number, _parse(line))
        except json.JSONDecodeError as error:
            raise _not_json(path, number) from error


def _not_json(path: Path, number: int) -> InputDataError:
    return InputDataError(
        "not a JSON resource", where=f"{path}, line {number}",
        expected="NDJSON with one resource a line, or one Bundle",
    )  # fmt: skip


def _checked(path: Path, number: int, resource: Any) -> Resource:
    if not isinstance(resource, dict):
        raise InputDataError(
            "not a FHIR resource", where=f"{path}, line {number}", expected="a JSON object"
        )
    return resource


def _whole(path: Path, number: int, text: str) -> Iterator[tuple[int, Resource]]:
    """A Bundle or one resource over several lines."""
    try:
        whole = _checked(path, number, _parse(text))
    except json.JSONDecodeError as error:
        raise _not_json(path, number) from error
    if whole.get("resourceType") == "Bundle":
        yield from _entries(whole)
    else:
        yield 1, whole


def _entries(bundle: Resource) -> Iterator[tuple[int, Resource]]:
    for number, entry in enumerate(bundle.get("entry", []), 1):
        if "resource" in entry:
            yield number, {**entry["resource"], FULL_URL: entry.get("fullUrl", "")}
