"""The controller's memory of what stagers have moved, apart from the storage itself."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any


class Checksums:
    """Checksums by storage object, kept in a file of lines; the last line of an object counts.

    Storage plugins differ in what they can attach to an object, and some switch checksums off.
    So the controller keeps them: whatever a job has written is compared when another job reads
    it, and an input that no job has made is compared with what the first reader has seen.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known: dict[tuple[str, str], dict[str, Any]] = {}
        if path.exists():
            for line in path.read_text(encoding="utf-8").splitlines():
                try:
                    self._remember(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    continue  # a controller that was killed has written half a line

    def _remember(self, moved: Mapping[str, Any]) -> None:
        self._known[str(moved["storage"]), str(moved["query"])] = dict(moved)

    def known(self, storage: str, query: str) -> dict[str, Any] | None:
        """What is known of an object."""
        return self._known.get((storage, query))

    def add(self, moved: Iterable[Mapping[str, Any]]) -> None:
        """Remember what a job has moved."""
        new = []
        for one in moved:
            if self.known(str(one["storage"]), str(one["query"])) != dict(one):
                self._remember(one)
                new.append(json.dumps(dict(one), sort_keys=True) + "\n")
        with self._path.open("a", encoding="utf-8") as file:
            file.writelines(new)
