"""Nearest labelled group in a space of components, with probability and distance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from genocohort.stats.robust import MAD_TO_SD

# Share of a group's labelled samples that must lie nearest to its own centre.
_HOLDS = 0.5
# A direction with less than this share of the largest variance within groups has none.
_SINGULAR = 1e-10


@dataclass(frozen=True)
class Centroids:
    """Groups as normal clouds of one common covariance.

    Attributes
    ----------
    names : tuple of str
        Groups, in alphabetical order.
    means : ndarray, shape (n_groups, k), float64
    covariance : ndarray, shape (k, k), float64
        Pooled within groups.
    n_set_aside : int
        Labelled samples that lie nearer to another group than to their own and do not count.
    """

    names: tuple[str, ...]
    means: npt.NDArray[np.float64]
    covariance: npt.NDArray[np.float64]
    n_set_aside: int


@dataclass(frozen=True)
class Assignment:
    """Where samples lie; arrays of shape (n_samples,).

    Attributes
    ----------
    nearest : ndarray, int64
        Index of the nearest group.
    probability : ndarray, float64
        Of that group, all groups being equally likely beforehand.
    distance_p : ndarray, float64
        Chance that a member of that group lies as far from its centre.
    """

    nearest: npt.NDArray[np.int64]
    probability: npt.NDArray[np.float64]
    distance_p: npt.NDArray[np.float64]


def fit_centroids(
    values: npt.NDArray[np.float64], labels: Sequence[str | None], min_size: int
) -> Centroids | None:
    """Means of labelled groups and their common covariance, without wrongly labelled samples.

    Medians and median absolute deviations, which few wrong labels do not move, tell first which
    samples lie nearest to the group of their label; means and covariance are made from those. A
    group is not learned when fewer than half of its samples, or than `min_size`, do so.

    Parameters
    ----------
    values : ndarray, shape (n_samples, k), float64
        Components without NaN.
    labels : sequence of str or None
        Group of each sample; None or empty text: not labelled.
    min_size : int
        Labelled samples that a group needs.

    Returns
    -------
    Centroids or None
        None with fewer than two groups, or too few samples for a covariance.

    References
    ----------
    Fisher 1936, Ann Eugen 7:179 (linear discriminants).
    """
    sizes = {name: list(labels).count(name) for name in sorted({x for x in labels if x})}
    names = [name for name, n in sizes.items() if n >= min_size]
    while True:
        if len(names) < 2 or values.shape[1] == 0:
            return None
        code = np.array([names.index(x) if x in names else -1 for x in labels])
        own = _nearest_is_own(values, code, len(names))
        share = np.array([own[code == g].mean() for g in range(len(names))])
        held = np.array([own[code == g].sum() for g in range(len(names))])
        loose = (held < min_size) | (share < _HOLDS)
        if not loose.any():
            break
        # A group that is no cloud of its own ("other") must not decide about the rest.
        del names[int(np.where(loose, share, np.inf).argmin())]
    means = np.stack([values[own & (code == g)].mean(axis=0) for g in range(len(names))])
    rest = values[own] - means[code[own]]
    freedom = int(own.sum()) - len(names)
    if freedom <= values.shape[1]:
        return None
    covariance = rest.T @ rest / freedom
    spread = np.linalg.eigvalsh(covariance)
    if spread[0] <= _SINGULAR * spread[-1]:
        return None
    return Centroids(tuple(names), means, covariance, int((code >= 0).sum() - own.sum()))


def _nearest_is_own(
    values: npt.NDArray[np.float64], code: npt.NDArray[np.int64], n_groups: int
) -> npt.NDArray[np.bool_]:
    """Whether labelled samples lie nearest to the median of their group, in robust deviations."""
    known = code >= 0
    centres = np.stack([np.median(values[code == g], axis=0) for g in range(n_groups)])
    scale = MAD_TO_SD * np.median(np.abs(values[known] - centres[code[known]]), axis=0)
    if (scale <= 0).any():
        return np.zeros(len(code), dtype=bool)
    apart = ((values[:, None, :] - centres[None, :, :]) / scale) ** 2
    return np.asarray(known & (apart.sum(axis=2).argmin(axis=1) == code))


def assign_nearest(values: npt.NDArray[np.float64], centroids: Centroids) -> Assignment:
    """Nearest group of each sample by Mahalanobis distance.

    Parameters
    ----------
    values : ndarray, shape (n_samples, k), float64
        Components without NaN.
    """
    inverse = np.linalg.inv(centroids.covariance)
    offset = values[:, None, :] - centroids.means[None, :, :]
    squared = np.einsum("sgi,ij,sgj->sg", offset, inverse, offset)
    nearest = squared.argmin(axis=1)
    smallest = squared.min(axis=1, initial=np.inf)
    weight = np.exp(-(squared - smallest[:, None]) / 2)
    return Assignment(nearest, 1 / weight.sum(axis=1), chi2.sf(smallest, values.shape[1]))
