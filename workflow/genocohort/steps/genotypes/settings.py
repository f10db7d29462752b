"""Settings of the step `genotypes`."""

from genocohort.config import Settings


class GenotypesSettings(Settings):
    """Thresholds and choices of this step."""
