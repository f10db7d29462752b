"""Settings of the step `association_summary`."""

from genocohort.config import Settings


class AssociationSummarySettings(Settings):
    """Thresholds and choices of this step."""
