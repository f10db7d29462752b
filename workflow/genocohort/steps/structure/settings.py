"""Settings of the step `structure`."""

from genocohort.config import Settings


class StructureSettings(Settings):
    """Thresholds and choices of this step."""
