"""Settings of the step `association`."""

from genocohort.config import Settings


class AssociationSettings(Settings):
    """Which phenotypes are tested, and how."""

    def phenotype_names(self) -> tuple[str, ...]:
        """Names of the phenotypes, in order."""
        return ()
