"""Settings of the step `sample_qc`."""

from genocohort.config import Settings


class SampleQcSettings(Settings):
    """Thresholds and choices of this step."""
