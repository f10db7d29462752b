"""Genomic control: the inflation factor of association tests."""

import numpy as np
import numpy.typing as npt

from genocohort.stats.tails import chi2_of_neg_log10_p

# Median of chi-squared with one degree of freedom.
MEDIAN_CHI2 = 0.454936423119572


def lambda_gc(neg_log10_p: npt.ArrayLike) -> float:
    """Median chi-squared of the tests over its expectation.

    Parameters
    ----------
    neg_log10_p : array_like of float
        NaN (no test) is left out.

    Returns
    -------
    float
        NaN where there is no test.

    References
    ----------
    Devlin B., Roeder K., Biometrics 55 (1999) 997: equation for lambda by the median.
    """
    values = np.asarray(neg_log10_p, dtype=np.float64)
    values = values[~np.isnan(values)]
    if values.size == 0:
        return float("nan")
    return float(np.median(chi2_of_neg_log10_p(values)) / MEDIAN_CHI2)


def lambda_1000(inflation: float, n_cases: int, n_controls: int) -> float:
    """The inflation factor scaled to 1,000 cases and 1,000 controls.

    Parameters
    ----------
    inflation : float
        lambda_gc of the study.
    n_cases, n_controls : int
        For a quantitative trait of n samples pass n and n: the result is then for 1,000 samples.

    Returns
    -------
    float
        NaN where a group is empty.

    References
    ----------
    Freedman M. L. et al., Nat Genet 36 (2004) 388; de Bakker P. I. et al., Hum Mol Genet 17 (2008)
    R122.
    """
    if n_cases < 1 or n_controls < 1:
        return float("nan")
    return 1.0 + (inflation - 1.0) * (1 / n_cases + 1 / n_controls) / (2 / 1000)
