"""Places of further samples among the components of a reference, without shrinkage."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

# Samples whose small matrices are decomposed at once.
_BATCH = 1024


@dataclass
class ProjectionSums:
    """Sums over variants of samples to be placed.

    Attributes
    ----------
    products : ndarray, shape (n_samples, k)
        Of standardised ALT counts and loadings.
    squares : ndarray, shape (n_samples,)
        Of standardised ALT counts.
    n_called : ndarray, shape (n_samples,), int64
    """

    products: Floats
    squares: Floats
    n_called: npt.NDArray[np.int64]

    def __add__(self, other: "ProjectionSums") -> "ProjectionSums":
        return ProjectionSums(
            self.products + other.products,
            self.squares + other.squares,
            self.n_called + other.n_called,
        )

    @classmethod
    def zero(cls, n_samples: int, k: int) -> "ProjectionSums":
        """No variant yet."""
        zeros = np.zeros(n_samples, dtype=np.int64)
        return cls(np.zeros((n_samples, k)), np.zeros(n_samples), zeros)


def sum_projections(z: Floats, called: npt.NDArray[np.bool_], weights: Floats) -> ProjectionSums:
    """Sums of a block of variants.

    Parameters
    ----------
    z : ndarray, shape (n_variants, n_samples)
        Standardised by the reference's frequencies; 0 where not called.
    called : ndarray, shape (n_variants, n_samples), bool
    weights : ndarray, shape (n_variants, k)
        Loadings, of unit length over all variants of the reference.
    """
    return ProjectionSums(z.T @ weights, (z**2).sum(axis=0), called.sum(axis=0, dtype=np.int64))


def coordinates(sums: ProjectionSums, gram: Floats, n_shared: int) -> tuple[Floats, Floats]:
    """Coordinates along the reference's axes, and the squared length of each sample.

    Parameters
    ----------
    gram : ndarray, shape (k, k)
        Products of the loadings of the variants shared with the reference: the unit matrix where
        all of them are there. Of others the coordinates are found by least squares.
    n_shared : int
        Variants shared. What a sample lacks among them is made up in proportion.

    Returns
    -------
    tuple
        Shapes (n_samples, k) and (n_samples,); NaN without a call.
    """
    factor = np.full(len(sums.n_called), np.nan)
    np.divide(n_shared, sums.n_called, out=factor, where=sums.n_called > 0)
    along = np.linalg.solve(gram, (sums.products * factor[:, None]).T).T
    # Without some of the variants, lengths are a share of what they would be with all.
    share = np.trace(gram) / max(len(gram), 1)
    return along, sums.squares * factor / (share if share > 0 else np.nan)


def augment(along: Floats, squares: Floats, singular: Floats, n_components: int) -> Floats:
    """Places of samples, each as if the reference had been decomposed with it and turned back.

    A sample's plain projection lies nearer to the origin than it would have been fitted, the more
    so the more variants there are for a sample of the reference. Here its part outside the
    reference's axes is one more axis; the decomposition with it is laid over the reference's own by
    rotation and scaling (Procrustes), and takes the sample along.

    Parameters
    ----------
    along : ndarray, shape (n_samples, k)
        Coordinates along the reference's axes.
    squares : ndarray, shape (n_samples,)
        Squared length over all variants.
    singular : ndarray, shape (k,)
        Singular values of the reference, sqrt(variants x eigenvalue).
    n_components : int
        Axes wanted; k should be twice as many or more.

    Returns
    -------
    ndarray, shape (n_samples, n_components)
        In units of the reference's unit-length eigenvectors; NaN where `along` is.

    References
    ----------
    Zhang, Dey and Lee 2020, Bioinformatics 36:3439 (online augmentation, decomposition and
    Procrustes); Prive et al. 2020, Bioinformatics 36:4449; Lee, Zou and Wright 2010, Ann Stat
    38:3605 (shrinkage).
    """
    placed = np.full((len(along), n_components), np.nan)
    known = np.flatnonzero(~np.isnan(along).any(axis=1) & ~np.isnan(squares))
    for start in range(0, len(known), _BATCH):
        chosen = known[start : start + _BATCH]
        placed[chosen] = _augmented(along[chosen], squares[chosen], singular, n_components)
    return placed


def _augmented(along: Floats, squares: Floats, singular: Floats, n: int) -> Floats:
    k = len(singular)
    outside = np.sqrt(np.maximum(squares - (along**2).sum(axis=1), 0.0))
    grown = np.zeros((len(along), k + 1, k + 1))
    grown[:, np.arange(k), np.arange(k)] = singular
    grown[:, :k, k] = along
    grown[:, k, k] = outside
    _, s, turned = np.linalg.svd(grown)
    s, right = s[:, :n], turned[:, :n, :].transpose(0, 2, 1)
    # The reference after the decomposition is V right[:k] s; before it was V singular.
    moved = right[:, :k, :] * s[:, None, :]
    cross = moved[:, :n, :].transpose(0, 2, 1) * singular[None, None, :n]
    left, size, back = np.linalg.svd(cross)
    scale = size.sum(axis=1) / (moved**2).sum(axis=(1, 2))
    sample = right[:, k, :] * s
    turned_back = np.einsum("ij,ijk,ikl->il", sample, left, back)
    return np.asarray(scale[:, None] * turned_back / singular[:n])
