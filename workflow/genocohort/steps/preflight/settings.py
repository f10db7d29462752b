"""Settings of the step `preflight`."""

from genocohort.config import Settings


class PreflightSettings(Settings):
    """Thresholds and choices of this step."""
