"""Settings of the step `clinical`."""

from genocohort.config import Settings


class ClinicalSettings(Settings):
    """Thresholds and choices of this step."""
