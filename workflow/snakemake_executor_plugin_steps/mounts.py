"""Which paths a step sees, and which of them it may write."""

import os
from pathlib import Path

from snakemake_executor_plugin_steps.contract import output_folders
from snakemake_executor_plugin_steps.submission import Step

MAX_FILES = 100
"""More files than this outside the working directory, or beside outputs, are seen differently."""
MAX_LINKS = 40


def step_mounts(step: Step, workdir: Path) -> dict[str, bool]:
    """Paths that a step sees, each at its own place, and whether it may write there.

    The working directory is read-only; the folders of what the step writes are not. Inputs in
    such a folder are read-only again, and so are folders of inputs below it and Snakemake's own.
    Inputs elsewhere are seen one by one, with what links point to; if they are many, their folders.

    Parameters
    ----------
    step
        The step; its paths are relative to `workdir` or absolute.
    workdir
        The working directory, without links.

    Returns
    -------
    dict of str to bool
        Sorted, so that a folder comes before what lies in it.
    """
    root = str(workdir)
    writable = set(output_folders(step, workdir))
    outside, guarded = set(), set()
    for path in step.inputs:
        absolute = os.path.normpath(os.path.join(root, path))
        for place in {absolute, _where_links_leave(absolute, root), os.path.realpath(absolute)}:
            if _is_below(place, writable):
                folder = os.path.dirname(place)
                guarded.add(place if folder in writable else folder)
            elif not _is_below(place, {root}) and place != root:
                outside.add(place)
    if len(outside) > MAX_FILES:
        outside = {os.path.dirname(place) for place in outside}
    own = {os.path.join(root, ".snakemake")} if root in writable else set()
    found = {root: False, **dict.fromkeys(writable, True), **dict.fromkeys(own, False)}
    found.update({p: False for p in guarded | outside if os.path.exists(p) and p not in writable})
    return dict(sorted(found.items()))


def _is_below(path: str, folders: set[str]) -> bool:
    """Whether a path lies in one of the folders, at any depth."""
    while (parent := os.path.dirname(path)) != path:
        if parent in folders:
            return True
        path = parent
    return False


def _where_links_leave(path: str, root: str) -> str:
    """Where links of the working directory first lead out of it: what a step must find there."""
    for _ in range(MAX_LINKS):
        if not path.startswith(root + os.sep):
            return path
        parts = os.path.relpath(path, root).split(os.sep)
        current = root
        for i, part in enumerate(parts):
            current = os.path.join(current, part)
            if os.path.islink(current):
                rest = parts[i + 1 :]
                folder = os.path.dirname(current)
                path = os.path.normpath(os.path.join(folder, os.readlink(current), *rest))
                break
        else:
            return path
    return path
