"""The clinical column map: which files a study's clinical records come from, and what they mean.

It is an allow-list: a column that no role names is never carried, only counted.
"""

from datetime import date
from pathlib import PurePosixPath
from typing import Annotated, Any

from pydantic import Field, field_validator, model_validator

from genocohort.config import Settings
from genocohort.domain.units import Analyte
from genocohort.steps.clinical.analyte_map import AnalyteMap
from genocohort.steps.clinical.format_sources import (
    FhirSource,
    OmopSource,
    PhenopacketSource,
    RedcapSource,
    expand_patterns,
)
from genocohort.steps.clinical.table_sources import (
    ConditionsSource,
    ExposuresSource,
    ObservationsSource,
    OutcomesSource,
    ParticipantsSource,
    as_texts,
)

TABLES = (
    ParticipantsSource, ObservationsSource, ConditionsSource, ExposuresSource, OutcomesSource,
)  # fmt: skip
Source = Annotated[
    ParticipantsSource
    | ObservationsSource
    | ConditionsSource
    | ExposuresSource
    | OutcomesSource
    | FhirSource
    | OmopSource
    | RedcapSource
    | PhenopacketSource,
    Field(discriminator="table"),
]


class ColumnMap(Settings):
    """The YAML file that `inputs.clinical` names.

    Parameters
    ----------
    missing : tuple of str
        Cells that mean "no value", for sources that don't say otherwise; "" always is one.
    index_date : date, optional
        One index date for everybody, where the participants have none of their own.
    analytes : tuple
        Units of codes the package does not know.
    sources : tuple
        In order of precedence: the first source that knows something about a participant is right.
    """

    missing: tuple[str, ...] = ()
    index_date: date | None = None
    analytes: tuple[AnalyteMap, ...] = ()
    sources: tuple[Source, ...] = ()

    @field_validator("missing", mode="before")
    @classmethod
    def _missing_texts(cls, value: object) -> object:
        return as_texts(value)

    @model_validator(mode="after")
    def _check(self) -> "ColumnMap":
        names = [source_name(source) for source in self.sources]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ValueError(f"two sources are called {repeated[0]}: give them a `name`")
        for source in self.sources:
            rows = (
                [part.source for part in source.parts] if isinstance(source, RedcapSource) else []
            )
            rows += [source] if isinstance(source, TABLES) else []
            for table in rows:
                columns = table.columns
                if (columns.participant_id is None) != (columns.sample_id is None):
                    continue
                if table.format == "fam" or table.path.endswith((".fam", ".ped")):
                    continue
                raise ValueError(f"{source_name(source)}: give either participant_id or sample_id")
        return self

    def known_analytes(self) -> dict[str, Analyte]:
        """The map's own analytes, by code."""
        return {item.code: item.analyte() for item in self.analytes}

    def paths(self) -> tuple[str, ...]:
        """Every file the map reads, as written."""
        paths: list[str] = []
        for source in self.sources:
            if isinstance(source, FhirSource):
                paths += expand_patterns(source.paths)
            elif isinstance(source, TABLES):
                paths.append(source.path)
            else:
                paths += source.paths
        return tuple(dict.fromkeys(paths))


def source_name(source: Any) -> str:
    """The name a source goes by in ledger and findings: given, or its file's name."""
    return str(source.name) or PurePosixPath(source.path).name
