"""Which paths a step sees, and which of them it may write."""

import os
from pathlib import Path

from snakemake_executor_plugin_steps.contract import output_folders
from snakemake_executor_plugin_steps.submission import Step

MAX_FILES = 100
"""More files than this outside the working directory are mounted as their folders."""


def step_mounts(step: Step, workdir: Path) -> dict[str, bool]:
    """Paths that a step sees, each at its own place, and whether it may write there.

    The working directory is read-only; the folders of what the step writes are not. Inputs in
    such a folder are read-only again, and so is Snakemake's own folder. Inputs elsewhere are seen
    one by one, with what links point to.

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
    mounts = {root: False, **dict.fromkeys(writable, True)}
    own = os.path.join(root, ".snakemake")
    if root in writable:
        mounts[own] = False
    outside, guarded = set(), set()
    for path in step.inputs:
        absolute = os.path.normpath(os.path.join(root, path))
        for place in (absolute, os.path.realpath(absolute)):
            if os.path.dirname(place) in writable:
                guarded.add(place)
            elif not place.startswith(root + os.sep) and place != root:
                outside.add(place)
    if len(guarded) <= MAX_FILES:
        mounts.update({p: False for p in guarded if os.path.exists(p) and p not in writable})
    if len(outside) > MAX_FILES:
        outside = {os.path.dirname(place) for place in outside}
    mounts.update({p: False for p in outside if os.path.exists(p) and p not in writable})
    return dict(sorted(mounts.items()))
