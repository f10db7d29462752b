"""Settings of the step `outcomes`."""

from genocohort.config import Settings


class OutcomesSettings(Settings):
    """Thresholds and choices of this step."""
