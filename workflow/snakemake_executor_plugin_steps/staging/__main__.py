"""`python3 -m snakemake_executor_plugin_steps.staging in|out`: move a job's files.

It runs beside the steps in their pod, in the controller's image, and alone has the credentials.
"""

import logging
import os
import sys
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_steps.benchmark import benchmark_text
from snakemake_executor_plugin_steps.kubernetes.fate import (
    MISSING_OUTPUTS,
    STEP_FAILED,
    TRANSFER_FAILED,
)
from snakemake_executor_plugin_steps.kubernetes.pod import (
    REPORTS,
    STAGER_MODULE,
    step_container_name,
)
from snakemake_executor_plugin_steps.staging.manifest import load
from snakemake_executor_plugin_steps.staging.transfer import Mover, digest, fetch
from snakemake_executor_plugin_steps.staging.watchdog import Watchdog
from snakemake_executor_plugin_steps.submission import Step, StepsError
from snakemake_executor_plugin_steps.wrapper import REPORT, failure, parse_usage

MAX_MESSAGE_BYTES = 3000
RESTARTS = 2
_RESTARTED = "STEP_RESTARTED"


def bring(manifest: dict[str, Any], mover: Mover) -> None:
    """Make scripts and folders and fetch the inputs."""
    Path(REPORTS).mkdir(exist_ok=True)
    for path in (*manifest["scripts"], *manifest["written"]):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    for path, text in manifest["scripts"].items():
        Path(path).write_text(text, encoding="utf-8")
    mover.fetch_all(manifest["inputs"])


def take(manifest: dict[str, Any], mover: Mover) -> tuple[int, str]:
    """Store logs in any case, and outputs and benchmarks of a job that ended well.

    Returns
    -------
    tuple of int and str
        Exit code and message.
    """
    mover.store_all([entry for entry in manifest["logs"] if Path(entry[2]).exists()])
    usages = []
    for index, (rule, mem_mb) in enumerate(manifest["steps"]):
        report = Path(REPORTS) / f"{index}.json"
        usage = parse_usage(report.read_text(encoding="utf-8")) if report.exists() else None
        reason = failure(Step(rule, "", "", "", mem_mb=mem_mb), None, usage, False)
        if reason:
            return STEP_FAILED, f"{step_container_name(index)}: {reason}"
        usages.append(usage)
    missing = [path for _, _, path in manifest["outputs"] if not Path(path).exists()]
    if missing:
        return MISSING_OUTPUTS, ", ".join(missing)
    for index, _, _, path in manifest["benchmarks"]:
        Path(path).write_text(benchmark_text(usages[index]), encoding="utf-8")
    mover.store_all([*manifest["outputs"], *(entry[1:] for entry in manifest["benchmarks"])])
    return 0, ""


def fetch_manifest(storage: str, query: str, sha256: str) -> str:
    """A manifest that was too long for a variable."""
    path = Path(REPORTS) / "manifest"
    path.parent.mkdir(exist_ok=True)
    fetch(storage, query, path)
    found, _ = digest(path)
    if found != sha256:
        raise StepsError(f"the manifest {query} has sha256 {found}, not {sha256}")
    return path.read_text(encoding="ascii")


def tell(message: str) -> None:
    """Leave a message where the cluster passes it on; it passes on some 4 kB."""
    print(f"stager: {message}", file=sys.stderr, flush=True)
    raw = message.encode()[:MAX_MESSAGE_BYTES]
    Path(REPORT).write_text(raw.decode("utf-8", "ignore"), encoding="utf-8")


def start_again(way: str, seconds: float, mover: Mover) -> None:
    """Start this process afresh, or give up; threads that hang in a connection go with it."""
    count = int(os.environ.get(_RESTARTED, "0"))
    hanging = ", ".join(mover.under_way[:5]) or "the storage"
    text = f"no byte has moved for {seconds:.0f} s: {hanging}"
    if count >= RESTARTS:
        try:
            tell(f"{text} ({count + 1} times)")
        finally:
            os._exit(TRANSFER_FAILED)
    print(f"stager: {text}; starting again", file=sys.stderr, flush=True)
    command = [sys.executable, "-m", STAGER_MODULE, way]
    os.execve(sys.executable, command, {**os.environ, _RESTARTED: str(count + 1)})


def main(way: str) -> int:
    """Move the files of the manifest in the environment."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    seconds = float(os.environ.get("STEP_STORAGE_TIMEOUT", "120"))
    mover = Mover(Path(REPORTS) / f"moved-{way}")
    with Watchdog(seconds, lambda: start_again(way, seconds, mover)):
        try:
            manifest = load(os.environ["STEP_MANIFEST"], fetch_manifest)
            if way == "in":
                bring(manifest, mover)
                return 0
            code, message = take(manifest, mover)
        except Exception as error:
            code, message = TRANSFER_FAILED, f"{type(error).__name__}: {error}"
    if message:
        tell(message)
    else:
        fetched = Mover(Path(REPORTS) / "moved-in").moved
        print(*(one.line() for one in (*fetched, *mover.moved)), sep="\n", flush=True)
    return code


if __name__ == "__main__":
    # Not sys.exit: it would wait for threads that hang.
    exit_code = main(sys.argv[1])
    sys.stdout.flush()
    os._exit(exit_code)
