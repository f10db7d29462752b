"""What a stager tells the controller of each file, in lines of its output."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass

_MARK = "moved "


@dataclass(frozen=True)
class Moved:
    """One file that was moved whole.

    Parameters
    ----------
    storage, query
        Kind and place of the storage object.
    sha256
        Of the contents; of a folder, over the names and checksums of its files.
    size
        Bytes.
    mtime
        When the storage says that it was changed, in seconds.
    """

    storage: str
    query: str
    sha256: str
    size: int
    mtime: float

    def line(self) -> str:
        """As a line of output."""
        return _MARK + json.dumps(asdict(self), sort_keys=True)


def parse_moved(content: object) -> Moved | None:
    """A file's record; None if it is something else."""
    try:
        assert isinstance(content, dict)
        return Moved(
            str(content["storage"]),
            str(content["query"]),
            str(content["sha256"]),
            int(content["size"]),
            float(content["mtime"]),
        )
    except (AssertionError, KeyError, TypeError, ValueError):
        return None


def parse_report(text: str) -> tuple[Mapping[str, object], ...]:
    """The records in a stager's output."""
    found = []
    for line in text.splitlines():
        if line.startswith(_MARK):
            try:
                moved = parse_moved(json.loads(line.removeprefix(_MARK)))
            except ValueError:
                continue
            if moved:
                found.append(asdict(moved))
    return tuple(found)
