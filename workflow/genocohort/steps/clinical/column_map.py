"""The clinical column map: which files a study's clinical records come from, and what they mean."""

from genocohort.config import Settings


class ColumnMap(Settings):
    """The YAML file that `inputs.clinical` names."""

    def paths(self) -> tuple[str, ...]:
        """Every file the map reads, as written."""
        return ()
