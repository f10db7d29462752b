"""Settings of the step `variant_summary`."""

from genocohort.config import Settings


class VariantSummarySettings(Settings):
    """Nothing to choose: the step adds up what `variants` counted."""
