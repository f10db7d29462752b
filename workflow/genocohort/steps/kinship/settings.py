"""Settings of the step `kinship`."""

from genocohort.config import Settings


class KinshipSettings(Settings):
    """Thresholds and choices of this step."""
