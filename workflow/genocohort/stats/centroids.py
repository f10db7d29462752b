"""Nearest labelled group in a space of components, with probability and distance."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import chi2

from genocohort.stats.robust import MAD_TO_SD

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
    samples lie nearest to the group of their label; means and covariance are made from those.

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
    names = tuple(name for name, n in sizes.items() if n >= min_size)
    if len(names) < 2 or values.shape[1] == 0:
        return None
    code = np.array([names.index(x) if x in names else -1 for x in labels])
    known = np.flatnonzero(code >= 0)
    values, code = values[known], code[known]
    centres = np.stack([np.median(values[code == g], axis=0) for g in range(len(names))])
    scale = MAD_TO_SD * np.median(np.abs(values - centres[code]), axis=0)
    if (scale <= 0).any():
        return None
    apart = ((values[:, None, :] - centres[None, :, :]) / scale) ** 2
    own = apart.sum(axis=2).argmin(axis=1) == code
    if min(int((own & (code == g)).sum()) for g in range(len(names))) < min_size:
        return None
    means = np.stack([values[own & (code == g)].mean(axis=0) for g in range(len(names))])
    rest = values[own] - means[code[own]]
    freedom = int(own.sum()) - len(names)
    if freedom <= values.shape[1]:
        return None
    covariance = rest.T @ rest / freedom
    spread = np.linalg.eigvalsh(covariance)
    if spread[0] <= _SINGULAR * spread[-1]:
        return None
    return Centroids(names, means, covariance, int((~own).sum()))


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
