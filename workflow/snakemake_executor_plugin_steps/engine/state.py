"""What Docker and Podman say about containers."""

import json
from dataclasses import dataclass
from typing import Any

ENDED = {"exited", "dead", "stopped"}


@dataclass(frozen=True)
class Ended:
    """A container that has ended.

    Parameters
    ----------
    image_id
        What it really ran in, `sha256:...`.
    error
        Why it could not start, if so.
    """

    exit_code: int
    oom_killed: bool
    image_id: str
    error: str = ""


def parse_list(text: str) -> dict[str, str]:
    """Name to state, from the listing; Podman says "Exited (1) 2 seconds ago"."""
    words = (line.split() for line in text.splitlines() if line)
    return {name: state.lower() for name, state, *_ in words}


def parse_inspect(text: str) -> dict[str, Ended]:
    """Name to fate, from `inspect` of ended containers."""
    found: list[dict[str, Any]] = json.loads(text or "[]")
    return {
        one["Name"].lstrip("/"): Ended(
            exit_code=int(one["State"]["ExitCode"]),
            oom_killed=bool(one["State"].get("OOMKilled")),
            image_id=image_id(one["Image"]),
            error=str(one["State"].get("Error") or ""),
        )
        for one in found
    }


def image_id(text: str) -> str:
    """An image's id; Podman leaves its algorithm away."""
    return text if text.startswith("sha256:") else f"sha256:{text}"
