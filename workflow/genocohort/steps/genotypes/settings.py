"""Settings of the step `genotypes`."""

from genocohort.config import Settings


class GenotypesSettings(Settings):
    """Nothing to choose: the store holds every ordinary allele, its FILTER beside it."""
