"""Settings of the step `alignment_summary`."""

from genocohort.config import Settings


class AlignmentSummarySettings(Settings):
    """This step has no choices: what is measured is set in `alignments`."""
