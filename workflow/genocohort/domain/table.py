"""How a result table is declared: every column once, with its type, unit and meaning."""

from dataclasses import dataclass

# Type names are pyarrow's; "dictionary" is an int32-indexed string dictionary (contigs, ids).
TYPES = (
    "string", "dictionary", "bool", "int8", "int16", "int32", "int64", "float32", "float64",
    "list<string>",
)  # fmt: skip


@dataclass(frozen=True)
class Column:
    """One column of a table.

    `missing` says what a null means; an empty text means that nulls are not allowed.
    """

    name: str
    type: str
    meaning: str
    missing: str = ""

    def __post_init__(self) -> None:
        if self.type not in TYPES:
            raise ValueError(f"column {self.name}: unknown type {self.type}")


@dataclass(frozen=True)
class Table:
    """One table: name as `<step>/<file>`, version of its schema, columns in order."""

    name: str
    version: int
    meaning: str
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)
