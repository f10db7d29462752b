"""Ancestry of every sample by the labels of the cohort itself and the components."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.stats.centroids import assign_nearest, fit_centroids
from genocohort.steps.structure.compute import Roles
from genocohort.steps.structure.settings import StructureSettings

UNASSIGNED = "unassigned"


@dataclass(frozen=True)
class Ancestry:
    """Columns of structure/ancestry, and what a reader should be told (empty text: nothing)."""

    columns: dict[str, list[Any]]
    notice: str


def infer_ancestry(
    samples: Sequence[str],
    roles: Roles,
    components: npt.NDArray[np.float64],
    reported: Sequence[str | None],
    settings: StructureSettings,
) -> Ancestry:
    """Assign each sample to the reported group whose centre lies nearest, where one is near enough.

    Groups are learned from the fitted samples only; relatives are placed by their projection.

    Parameters
    ----------
    components : ndarray, shape (n_fitted + n_projected, n_components), float64
        Fitted samples first.
    reported : sequence of str or None
        Label of each sample of the store.
    """
    k = min(settings.ancestry_components, components.shape[1])
    exists = ~np.isnan(components[:, :k]).any(axis=0)
    values = components[:, :k][:, exists]
    n_fitted = len(roles.fitted)
    told = [reported[i] or None for i in roles.all.tolist()]
    centroids = fit_centroids(values[:n_fitted], told[:n_fitted], settings.ancestry_min_labelled)
    order = np.argsort(roles.all, kind="stable").tolist()
    rows: list[dict[str, Any]] = [
        {"sample_id": samples[roles.all[i]], "ancestry_reported": told[i]} for i in range(len(told))
    ]
    if centroids is None:
        nothing = ("nearest", "ancestry_inferred", "probability", "distance_p")
        filled = [row | dict.fromkeys(nothing) | {"is_contradiction": False} for row in rows]
        notice = "" if not any(told) else (
            "no ancestry is inferred: it needs two reported groups of "
            f"{settings.ancestry_min_labelled} unrelated samples that the components tell apart"
        )  # fmt: skip
        return Ancestry(_columns([filled[i] for i in order]), notice)
    found = assign_nearest(values, centroids)
    near = found.probability >= settings.ancestry_min_probability
    near &= found.distance_p >= settings.ancestry_min_distance_p
    for i, row in enumerate(rows):
        name = centroids.names[found.nearest[i]]
        row["nearest"] = name
        row["ancestry_inferred"] = name if near[i] else UNASSIGNED
        row["probability"] = float(found.probability[i])
        row["distance_p"] = float(found.distance_p[i])
        row["is_contradiction"] = bool(near[i] and told[i] in centroids.names and told[i] != name)
    n_wrong = sum(row["is_contradiction"] for row in rows)
    n_open = int((~near).sum())
    notice = (
        f"ancestry: {len(rows) - n_open} samples assigned, {n_open} unassigned, {n_wrong} assigned "
        f"to another group than reported; {centroids.n_set_aside} labelled samples not learned from"
    )
    return Ancestry(_columns([rows[i] for i in order]), notice)


def _columns(rows: Sequence[dict[str, Any]]) -> dict[str, list[Any]]:
    names = (
        "sample_id", "ancestry_reported", "nearest", "ancestry_inferred", "probability",
        "distance_p", "is_contradiction",
    )  # fmt: skip
    return {name: [row[name] for row in rows] for name in names}
