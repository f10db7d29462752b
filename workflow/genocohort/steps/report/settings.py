"""Settings of the step `report`."""

from genocohort.config import Settings


class ReportSettings(Settings):
    """Thresholds and choices of this step."""
