"""Stands for Docker: runs steps on this machine and answers as the engine does.

FAKE_ENGINE is its folder. Files in it change what it does: `wrong-image`, `silent`, `forgetful`,
`slow`, `no-bash`, `stubborn`, `stuck`, `garbled`.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path

FOLDER = Path(os.environ["FAKE_ENGINE"])
ID = "sha256:" + "1" * 64


def state_file(name: str) -> Path:
    """Where the state of a container is kept."""
    return FOLDER / f"{name}.json"


def run(args: list[str]) -> None:
    """Run a container to its end, which `--detach` does not forbid."""
    name = args[args.index("--name") + 1]
    labels = [args[i + 1] for i, arg in enumerate(args) if arg == "--label"]
    mounts = [args[i + 1] for i, arg in enumerate(args) if arg == "--mount"]
    report = next(m for m in mounts if "target=/dev/termination-log" in m)
    image = args.index("--entrypoint") + 2
    if (FOLDER / "no-bash").exists():
        state_file(name).write_text(json.dumps({"labels": labels, "code": 127, "output": ""}))
        sys.exit('exec: "bash": executable file not found in $PATH')
    done = subprocess.run(
        ["bash", *args[image + 1 :]],
        cwd=args[args.index("--workdir") + 1],
        env={"PATH": os.environ["PATH"], "STEP_REPORT": report.split("source=")[1].split(",")[0]},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    )
    if (FOLDER / "garbled").exists():
        Path(report.split("source=")[1].split(",")[0]).write_bytes(b"\xff\x00 no report")
    state = {"labels": labels, "code": done.returncode, "output": done.stdout}
    state_file(name).write_text(json.dumps(state))


def ps(args: list[str]) -> None:
    """List containers; only once a job runs may the engine be silent."""
    silent = FOLDER / "silent"
    if silent.exists() and list(FOLDER.glob("*.json")) and int(silent.read_text()):
        silent.write_text(str(int(silent.read_text()) - 1))
        sys.exit("Cannot connect to the Docker daemon")
    label = args[args.index("--filter") + 1].removeprefix("label=")
    for path in [] if (FOLDER / "forgetful").exists() else sorted(FOLDER.glob("*.json")):
        if label in json.loads(path.read_text())["labels"]:
            print(path.stem, "running" if (FOLDER / "stuck").exists() else "exited")


def image(args: list[str]) -> None:
    """The id of an image that was pulled."""
    if not (FOLDER / "pulled").exists():
        sys.exit("Error: No such image")
    print(ID)


def pull(args: list[str]) -> None:
    """Pull any image."""
    if (FOLDER / "no-registry").exists():
        sys.exit("Error response from daemon: manifest unknown: manifest unknown")
    (FOLDER / "pulled").touch()


def inspect(args: list[str]) -> None:
    """How containers have ended."""
    ran_in = ID.replace("1", "2") if (FOLDER / "wrong-image").exists() else ID
    found = [(name, json.loads(state_file(name).read_text())) for name in args[1:]]
    states = [
        {"Name": f"/{name}", "Image": ran_in, "State": {"ExitCode": state["code"]}}
        for name, state in found
    ]
    print(json.dumps(states))


def info(args: list[str]) -> None:
    """Two CPUs, 8000 MB."""
    if (FOLDER / "slow").exists():
        time.sleep(2)
    print(json.dumps({"NCPU": 2, "MemTotal": 8000 * 1024 * 1024}))


def logs(args: list[str]) -> None:
    """The output of a container."""
    print(json.loads(state_file(args[1]).read_text())["output"], end="")


def rm(args: list[str]) -> None:
    """Remove containers."""
    if (FOLDER / "stubborn").exists():
        sys.exit("device or resource busy")
    for name in args[2:]:
        state_file(name).unlink(missing_ok=True)


COMMANDS = {f.__name__: f for f in (image, info, inspect, logs, ps, pull, rm, run)}
with (FOLDER / "calls").open("a") as calls:
    calls.write(sys.argv[1] + "\n")
COMMANDS[sys.argv[1]](sys.argv[1:])
