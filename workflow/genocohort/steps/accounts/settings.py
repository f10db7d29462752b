"""Settings of the step `accounts`."""

from genocohort.config import Settings


class AccountsSettings(Settings):
    """Thresholds and choices of this step."""
