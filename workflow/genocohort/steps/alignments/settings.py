"""Settings of the step `alignments`."""

from genocohort.config import Settings


class AlignmentsSettings(Settings):
    """Thresholds and choices of this step."""
