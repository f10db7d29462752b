"""Settings of the step `variant_summary`."""

from genocohort.config import Settings


class VariantSummarySettings(Settings):
    """Thresholds and choices of this step."""
