"""Robust location and scale: outliers are found without the outliers moving the yardstick."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

# Makes the median absolute deviation estimate the standard deviation of a normal distribution.
MAD_TO_SD = 1.482602218505602


def robust_z(values: npt.NDArray[np.float64], min_size: int = 10) -> npt.NDArray[np.float64]:
    """Distance from the median in robust standard deviations (1.4826 MAD).

    Parameters
    ----------
    values : ndarray, shape (n,), float64
        NaN is missing and stays NaN.
    min_size : int
        With fewer values than this nothing can be called an outlier: all NaN.

    Returns
    -------
    ndarray, shape (n,), float64
        All NaN where the MAD is 0.

    References
    ----------
    Rousseeuw and Croux 1993, J Am Stat Assoc 88:1273.
    """
    z = np.full(len(values), np.nan)
    known = ~np.isnan(values)
    if known.sum() < min_size:
        return z
    centred = values[known] - np.median(values[known])
    scale = MAD_TO_SD * np.median(np.abs(centred))
    if scale > 0:
        z[known] = centred / scale
    return z


def robust_z_by_group(
    values: npt.NDArray[np.float64], groups: Sequence[str], min_size: int = 10
) -> npt.NDArray[np.float64]:
    """`robust_z` within each group; members of a group below `min_size` get NaN."""
    names = np.asarray(groups, dtype=object)
    z = np.full(len(values), np.nan)
    for name in dict.fromkeys(groups):
        members = names == name
        z[members] = robust_z(values[members], min_size)
    return z
