"""`python3 -m snakemake_executor_plugin_steps.staging in|out`: move a job's files.

It runs beside the steps in their pod, in the controller's image, and alone has the credentials.
"""

import asyncio
import importlib
import logging
import os
import sys
import threading
from collections.abc import Callable, Coroutine
from dataclasses import fields
from pathlib import Path
from typing import Any

from snakemake_executor_plugin_steps.benchmark import benchmark_text
from snakemake_executor_plugin_steps.kubernetes.fate import MISSING_OUTPUTS, TRANSFER_FAILED
from snakemake_executor_plugin_steps.kubernetes.pod import REPORTS
from snakemake_executor_plugin_steps.staging.manifest import unpack
from snakemake_executor_plugin_steps.submission import StepsError
from snakemake_executor_plugin_steps.wrapper import REPORT, parse_usage

CONCURRENT = 8
MAX_MESSAGE = 3000
logger = logging.getLogger("stager")
Entry = tuple[str, str, str]
_providers: dict[str, Any] = {}
_lock = threading.Lock()


def provider(name: str) -> Any:
    """Snakemake's plugin of a kind of storage, with settings from the environment."""
    with _lock:
        if name not in _providers:
            module = importlib.import_module(f"snakemake_storage_plugin_{name}")
            settings = getattr(module, "StorageProviderSettings", lambda: None)()
            for field in fields(settings) if settings else ():
                value = os.environ.get(f"SNAKEMAKE_STORAGE_{name}_{field.name}".upper())
                if value is not None:
                    setattr(settings, field.name, field.metadata.get("type", str)(value))
            prefix = Path(".snakemake/storage") / name
            _providers[name] = module.StorageProvider(
                local_prefix=prefix, logger=logger, settings=settings
            )
        return _providers[name]


def size_of(path: Path) -> int:
    """Bytes of a file, or of all files of a folder."""
    if path.is_dir():
        return sum(p.stat().st_size for p in path.rglob("*") if p.is_file())
    return path.stat().st_size


def _transfer(entry: Entry, action: Callable[[Any], Coroutine[Any, Any, None]]) -> None:
    name, query, path = entry
    item = provider(name).object(query)
    item.set_local_path(Path(path))
    asyncio.run(action(item))
    stored, local = asyncio.run(item.managed_size()), size_of(Path(path))
    if stored != local:
        raise StepsError(f"{query}: {stored} bytes are stored, but {local} are here")


async def _fetch(item: Any) -> None:
    await item.managed_retrieve()


async def _store(item: Any) -> None:
    await item.managed_store()
    if hasattr(item, "_is_dir"):
        item._is_dir = item.local_path().is_dir()


def transfer_all(
    entries: list[Entry], action: Callable[[Any], Coroutine[Any, Any, None]], seconds: float
) -> None:
    """Move files, some at a time.

    Raises
    ------
    StepsError
        A file was not moved whole.
    TimeoutError
        A file took longer than `seconds`: a connection may hang for ever.
    """

    async def run() -> None:
        gate = asyncio.Semaphore(CONCURRENT)

        async def one(entry: Entry) -> None:
            async with gate:
                # The plugins block, so that only threads move files at the same time.
                await asyncio.wait_for(asyncio.to_thread(_transfer, entry, action), seconds)
                logger.info("%s %s", action.__name__.strip("_"), entry[1])

        await asyncio.gather(*(one(entry) for entry in entries))

    # Not asyncio.run: it would wait for the threads of transfers that hang.
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(run())
    finally:
        loop.close()


def bring(manifest: dict[str, Any], seconds: float) -> None:
    """Make scripts and folders and fetch the inputs."""
    Path(REPORTS).mkdir(exist_ok=True)
    for path in (*manifest["scripts"], *manifest["written"]):
        Path(path).parent.mkdir(parents=True, exist_ok=True)
    for path, text in manifest["scripts"].items():
        Path(path).write_text(text, encoding="utf-8")
    transfer_all([tuple(entry) for entry in manifest["inputs"]], _fetch, seconds)


def take(manifest: dict[str, Any], seconds: float) -> tuple[int, str]:
    """Store logs in any case, and outputs and benchmarks of a job that ended well.

    Returns
    -------
    tuple of int and str
        Exit code and message.
    """
    logs = [tuple(entry) for entry in manifest["logs"] if Path(entry[2]).exists()]
    transfer_all(logs, _store, seconds)
    reports = [Path(REPORTS) / f"{i}.json" for i in range(len(manifest["scripts"]))]
    usages = [parse_usage(p.read_text(encoding="utf-8")) if p.exists() else None for p in reports]
    if any(usage is None or usage.exit_code or usage.oom_kills for usage in usages):
        return 0, ""  # the step's own container says why
    missing = [path for _, _, path in manifest["outputs"] if not Path(path).exists()]
    if missing:
        return MISSING_OUTPUTS, ", ".join(missing)
    entries: list[Entry] = [tuple(entry) for entry in manifest["outputs"]]
    for index, *entry in manifest["benchmarks"]:
        Path(entry[2]).write_text(benchmark_text(usages[index]), encoding="utf-8")
        entries.append(tuple(entry))
    transfer_all(entries, _store, seconds)
    return 0, ""


def main(way: str) -> int:
    """Move the files of the manifest in the environment."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    manifest = unpack(os.environ["STEP_MANIFEST"])
    seconds = float(os.environ.get("STEP_STORAGE_TIMEOUT", "900"))
    code, message = 0, ""
    try:
        if way == "in":
            bring(manifest, seconds)
        else:
            code, message = take(manifest, seconds)
    except TimeoutError:
        code, message = TRANSFER_FAILED, f"a transfer has not ended in {seconds:.0f} s"
    except Exception as error:
        code, message = TRANSFER_FAILED, f"{type(error).__name__}: {error}"
    if message:
        print(f"stager: {message}", file=sys.stderr, flush=True)
        Path(REPORT).write_text(message[:MAX_MESSAGE], encoding="utf-8")
    return code


if __name__ == "__main__":
    # Not sys.exit: it would wait for the thread of a transfer that hangs.
    exit_code = main(sys.argv[1])
    sys.stdout.flush()
    os._exit(exit_code)
