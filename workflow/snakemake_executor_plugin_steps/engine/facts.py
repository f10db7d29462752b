"""What an engine says about itself."""

import json
from dataclasses import dataclass
from typing import Any

from snakemake_executor_plugin_steps.submission import StepsError

_BYTES_PER_MB = 1024 * 1024


@dataclass(frozen=True)
class Facts:
    """An engine's properties.

    Parameters
    ----------
    name
        docker or podman.
    cpus, mem_mb
        What containers may use together.
    rootless
        Whether it runs without root's rights.
    limits
        Whether it can limit memory, CPUs and processes.
    selinux
        Whether the system labels files, so that folders can only be read without labels.
    """

    name: str
    cpus: int
    mem_mb: int
    rootless: bool = False
    limits: bool = True
    selinux: bool = False


def parse_facts(name: str, text: str) -> Facts:
    """Facts from the output of `docker info` or `podman info` as JSON."""
    info: dict[str, Any] = json.loads(text)
    if name == "podman":
        host = info["host"]
        security = host.get("security", {})
        rootless = bool(security.get("rootless"))
        return Facts(
            name,
            int(host["cpus"]),
            int(host["memTotal"]) // _BYTES_PER_MB,
            rootless,
            # Only version 2 lets users without root's rights limit control groups.
            limits=not (rootless and host.get("cgroupVersion") == "v1"),
            selinux=bool(security.get("selinuxEnabled")),
        )
    options = " ".join(info.get("SecurityOptions") or [])
    rootless = "name=rootless" in options
    return Facts(
        name,
        int(info["NCPU"]),
        int(info["MemTotal"]) // _BYTES_PER_MB,
        rootless,
        limits=not (rootless and info.get("CgroupVersion") == "1"),
        selinux="name=selinux" in options,
    )


def container_user(facts: Facts, run_as: str | None, uid: int, gid: int) -> str | None:
    """`uid:gid` of the steps, so that what they write belongs to whoever runs the workflow.

    Returns
    -------
    str or None
        None if steps would be root on this machine.

    Raises
    ------
    StepsError
        `run_as` is not made of numbers.
    """
    if run_as:
        user, _, group = run_as.partition(":")
        if not user.isdigit() or not (group or user).isdigit():
            raise StepsError(f"--steps-run-as takes numbers, uid[:gid], not {run_as}")
        return None if int(user) == 0 else f"{user}:{group or user}"
    if facts.rootless and facts.name == "docker":
        return "0:0"  # its root is this machine's user, and the only one who may write our files
    return None if uid == 0 else f"{uid}:{gid}"
