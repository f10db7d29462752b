"""How many different molecules a sequencing library held."""

import math


def estimate_library_size(pairs: int, unique_pairs: int) -> float | None:
    """Distinct molecules of the library, from how often one was sequenced again.

    Parameters
    ----------
    pairs : int
        Pairs that were sequenced, duplicates too.
    unique_pairs : int
        Pairs that are no duplicates.

    Returns
    -------
    float or None
        X with unique_pairs = X (1 - exp(-pairs / X)); None where there is no duplicate, when any
        large library fits, or no unique pair.

    References
    ----------
    Lander E., Waterman M., Genomics 1988;2:231, as in Picard's MarkDuplicates and
    EstimateLibraryComplexity. Every molecule is taken to be sequenced with the same chance.
    """
    if not 0 < unique_pairs < pairs:
        return None
    ratio = pairs / unique_pairs

    def excess(multiple: float) -> float:
        # Falls through 0 where the library is this multiple of the unique pairs.
        return 1 / multiple + math.expm1(-ratio / multiple)

    low, high = 1.0, 2.0
    while excess(high) > 0:
        low, high = high, 2 * high
    while (middle := (low + high) / 2) not in (low, high):
        if excess(middle) > 0:
            low = middle
        else:
            high = middle
    return unique_pairs * middle
