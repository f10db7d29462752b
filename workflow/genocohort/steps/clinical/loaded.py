"""A source that has been read: its cells as text, with what they mean."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.table_sources import LongSource, ParticipantsSource


@dataclass(frozen=True)
class LoadedSource:
    """One table of text with the part of the column map that says what it means.

    `fixed_columns` is set where the format says which columns there are: none is left behind.
    `left_out` counts, by reason, records that are not in the table (entered in error). `place`
    names the rows' file in messages where the name does not.
    """

    name: str
    spec: ParticipantsSource | LongSource
    table: TextTable
    missing: frozenset[str]
    fixed_columns: bool = False
    left_out: Mapping[str, int] = field(default_factory=dict)
    place: str = ""


@dataclass(frozen=True)
class RecordStream:
    """Records of a source that are read in pieces, since they may not fit in memory at once.

    `read` goes through the files anew each time it is called.
    """

    name: str
    read: Callable[[], Iterator[LoadedSource]]


AnySource = LoadedSource | RecordStream
