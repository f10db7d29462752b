"""Diversity in windows and spectra against scikit-allel, on the sample cohort's calls."""

import allel
import numpy as np
import pytest

from genocohort.io.store_selection import open_stores, select_variants
from genocohort.stats.diversity import compute_diversity
from genocohort.stats.spectrum import fold, projected_spectrum
from tiny.cohort_reference import AUTOSOMES, sample_cohort

pytestmark = pytest.mark.validation

WINDOW = 20_000


@pytest.mark.parametrize("members", [slice(None), slice(0, 120), slice(0, 7)])
def test_windows_and_spectra_equal_scikit_allel(members: slice) -> None:
    for store in open_stores(sample_cohort(), AUTOSOMES[:3]):
        selection = select_variants(store, pass_only=True)
        calls = np.concatenate([calls[:, members] for _, calls in selection.blocks()])
        called = (calls >= 0).sum(axis=1)
        alt = np.maximum(calls, 0).sum(axis=1, dtype=np.int64)
        counts = np.stack([2 * called - alt, alt], axis=1).astype(np.int64)
        positions = store.variants.vcf_pos[selection.indices]
        # At one position there may be several variants; scikit-allel's windows want them unique.
        first = np.concatenate([[True], np.diff(positions) > 0])
        counts, positions = counts[first], positions[first]
        ours = compute_diversity(counts, positions, WINDOW)
        assert len(ours.start) > 4
        spans = np.stack([ours.start + 1, ours.end], axis=1)
        theirs = [
            function(positions, counts, windows=spans)[0]
            for function in (
                allel.windowed_diversity, allel.windowed_watterson_theta, allel.windowed_tajima_d,
            )
        ]  # fmt: skip
        # scikit-allel's D is undefined below three segregating variants.
        few = ours.n_segregating < 3
        np.testing.assert_allclose(ours.pi, theirs[0], rtol=1e-12)
        np.testing.assert_allclose(ours.theta, theirs[1], rtol=1e-12)
        np.testing.assert_allclose(ours.tajima_d[~few], theirs[2][~few], rtol=1e-9)
        assert few.sum() < len(few)
        n = 2 * calls.shape[1]
        complete = counts[counts.sum(axis=1) == n]
        ours_alt = projected_spectrum(counts[:, 1], counts.sum(axis=1), n)
        assert ours_alt.n_left_out == len(counts) - len(complete)
        spectrum = allel.sfs_folded(complete, n=n)
        folded = fold(ours_alt.values)
        assert folded[: len(spectrum)].tolist() == spectrum.tolist()
        assert folded.sum() == len(complete) > 100
        # With REF as the ancestral allele everywhere; the tool leaves trailing zeros out.
        unfolded = allel.sfs(complete[:, 1], n=n)
        assert ours_alt.values[: len(unfolded)].tolist() == unfolded.tolist()
