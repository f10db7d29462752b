"""Settings of the step `alignment_summary`."""

from genocohort.config import Settings


class AlignmentSummarySettings(Settings):
    """Thresholds and choices of this step."""
