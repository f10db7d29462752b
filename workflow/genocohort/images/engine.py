"""Docker, Podman and Buildah: the few commands that make, push and look at images."""

import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from genocohort.errors import ToolError

ENGINES = ("docker", "podman", "buildah")
MAX_MESSAGE = 3000
TIMESTAMP = "315532800"
"""All files of an image get this time (1980, the earliest a zip file can hold)."""


def find_engine(name: str | None) -> str:
    """The engine that was asked for, or the first that is here.

    Raises
    ------
    ToolError
        It is not installed.
    """
    for engine in (name,) if name else ENGINES:
        if shutil.which(engine):
            return engine
    raise ToolError(
        f"{name or 'a container engine'} is not installed",
        expected=", ".join(ENGINES),
        remedy="install one of them; `genocohort doctor` shows what this machine has",
    )


def call(command: Sequence[str], what: str, env: dict[str, str] | None = None) -> str:
    """Standard output of a command that must succeed.

    Raises
    ------
    ToolError
        It failed; its last words are quoted.
    """
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, **(env or {})},
    )
    if done.returncode:
        words = "\n".join(part.strip() for part in (done.stdout, done.stderr) if part.strip())
        raise ToolError(f"{what} failed: {words[-MAX_MESSAGE:]}", where=" ".join(command[:3]))
    return done.stdout


def build_command(engine: str, context: Path, tag: str, arguments: dict[str, str]) -> list[str]:
    """The command that builds an image without a network.

    Podman and Buildah give all files one time, so that the same context gives the same digest;
    Docker's builder records the present.
    """
    command = [engine, "build", "--file", str(context / "Containerfile"), "--tag", tag]
    if engine == "buildah":
        command += ["--isolation", "chroot"]
    if engine == "docker":
        command += ["--network", "none"]
    else:
        command += ["--timestamp", TIMESTAMP, "--layers=false"]
    for key, value in sorted(arguments.items()):
        command += ["--build-arg", f"{key}={value}"]
    return [*command, str(context)]


def image_id(engine: str, reference: str) -> str | None:
    """Hash of an image's configuration; None if the engine does not have it."""
    if engine == "buildah":
        command = ["buildah", "inspect", "--type", "image", "--format", "{{.FromImageID}}"]
    else:
        command = [engine, "image", "inspect", "--format", "{{.Id}}"]
    done = subprocess.run([*command, reference], capture_output=True, text=True, check=False)
    found = done.stdout.strip().removeprefix("sha256:")
    return f"sha256:{found}" if done.returncode == 0 and found else None


def size_mb(engine: str, reference: str) -> int:
    """Unpacked size in MB (10^6 bytes), all layers."""
    if engine == "buildah":
        found = json.loads(call(["buildah", "images", "--json", reference], "buildah images"))
        text = str(found[0].get("size", "0 MB"))
        return round(float(text.split()[0]) * {"GB": 1000, "MB": 1, "KB": 0.001}[text.split()[1]])
    text = call(
        [engine, "image", "inspect", "--format", "{{.Size}}", reference], f"{engine} inspect"
    )
    return round(int(text) / 1e6)


def push(engine: str, tag: str) -> str:
    """Push an image; its reference by digest, `name@sha256:...`."""
    name = tag.rsplit(":", 1)[0] if ":" in tag.rsplit("/", 1)[-1] else tag
    if engine == "docker":
        call(["docker", "push", "--quiet", tag], "docker push")
        found = call(
            ["docker", "image", "inspect", "--format", "{{json .RepoDigests}}", tag], "inspect"
        )
        digests: list[str] = json.loads(found)
        return next(d for d in digests if d.startswith(f"{name}@"))
    with tempfile.NamedTemporaryFile("r", encoding="utf-8") as file:
        call([engine, "push", "--digestfile", file.name, tag], f"{engine} push")
        return f"{name}@{Path(file.name).read_text(encoding='utf-8').strip()}"


def pull(engine: str, reference: str) -> None:
    """Bring an image to this machine."""
    call([engine, "pull", "--quiet", reference], f"{engine} pull")
