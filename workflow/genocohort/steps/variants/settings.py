"""Settings of the step `variants`."""

from genocohort.config import Settings


class VariantsSettings(Settings):
    """Thresholds and choices of this step."""
