"""Read the results of a run: by table name, checked against its declaration, when asked for."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import pyarrow as pa
import pyarrow.parquet as pq

from genocohort.domain import (
    tables_accounts,
    tables_alignments,
    tables_ancestry,
    tables_association,
    tables_clinical,
    tables_cohort,
    tables_groups,
    tables_identity,
    tables_pedigree,
    tables_truth,
    tables_variants,
)
from genocohort.domain.table import Table
from genocohort.errors import InputDataError

if TYPE_CHECKING:
    import pandas as pd

AREAS = (
    tables_accounts,
    tables_alignments,
    tables_variants,
    tables_groups,
    tables_truth,
    tables_cohort,
    tables_ancestry,
    tables_pedigree,
    tables_identity,
    tables_clinical,
    tables_association,
)
GWAS_ENDING = ".gwas.parquet"


@cache
def declared_tables() -> dict[str, Table]:
    """Every table declared in `domain.tables_*`, by its name."""
    found: dict[str, Table] = {}
    for module in AREAS:
        for value in vars(module).values():
            if isinstance(value, Table):
                found[value.name] = value
    return found


class Results:
    """The results folder of one run; nothing is read before it is asked for.

    Parameters
    ----------
    folder : Path or str
        The tier to read, such as `results/full`.

    Raises
    ------
    InputDataError
        The folder does not exist.

    Examples
    --------
    >>> results = Results("results/full")              # doctest: +SKIP
    >>> results.samples().query("verdict != 'pass'")   # doctest: +SKIP
    >>> results.association("ldl", columns=["vcf_pos", "neg_log10_p"])   # doctest: +SKIP
    """

    def __init__(self, folder: Path | str) -> None:
        self.folder = Path(folder)
        if not self.folder.is_dir():
            raise InputDataError(
                "the results folder does not exist",
                where=str(self.folder),
                remedy="run `genocohort run` first, or name another folder",
            )

    def __repr__(self) -> str:
        return f"Results({str(self.folder)!r}: {len(self.names())} tables)"

    def names(self) -> tuple[str, ...]:
        """Names `<step>/<file>` of all tables that are there, in alphabetical order."""
        paths = self.folder.glob("*/*.parquet")
        return tuple(sorted(f"{p.parent.name}/{p.name.removesuffix('.parquet')}" for p in paths))

    def path(self, name: str) -> Path:
        """The file of a table."""
        return self.folder / f"{name}.parquet"

    def has(self, name: str) -> bool:
        """Whether the run wrote this table."""
        return self.path(name).is_file()

    def arrow(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """One table as Arrow.

        Parameters
        ----------
        name : str
            `<step>/<file>`.
        columns : sequence of str or None
            Columns to read; None: all.
        where : mapping of str to str or None
            Only rows with these values in these columns; the others never take memory at once.

        Raises
        ------
        InputDataError
            It is not there, is not Parquet, is another version than this package reads, or lacks a
            column asked for.
        """
        if not self.has(name):
            raise InputDataError(
                f"no table {name} in the results",
                where=str(self.folder),
                expected="one of: " + ", ".join(self.names()),
                remedy="see `names()`; a table is absent where the study had no input for its step",
            )
        try:
            file = pq.ParquetFile(self.path(name))
        except pa.ArrowInvalid as error:
            raise InputDataError(
                "not a whole Parquet file",
                where=str(self.path(name)),
                remedy="run the step that writes it again",
            ) from error
        with file:
            self._check(name, file.schema_arrow)
            asked = {*(columns or ()), *(where or ())}
            missing = sorted(asked - set(file.schema_arrow.names))
            if missing:
                raise InputDataError(
                    f"table {name} has no column {missing[0]}",
                    where=str(self.path(name)),
                    expected="one of: " + ", ".join(file.schema_arrow.names),
                )
        wanted = None if columns is None else list(columns)
        filters = [(column, "=", value) for column, value in (where or {}).items()]
        # Without partitioning=None a folder called `site=1` above would become a column.
        return pq.read_table(
            self.path(name), columns=wanted, filters=filters or None, partitioning=None
        )

    def _check(self, name: str, schema: pa.Schema) -> None:
        metadata = schema.metadata or {}
        table = metadata.get(b"table", b"").decode()
        version = metadata.get(b"schema_version", b"").decode()
        declared = declared_tables().get(table)
        if declared is not None and str(declared.version) != version:
            raise InputDataError(
                f"holds table {table} version {version}",
                where=str(self.path(name)),
                expected=f"version {declared.version}",
                remedy="run that step again with this version of genocohort",
            )

    def table(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, str] | None = None,
    ) -> "pd.DataFrame":
        """One table as a data frame; a null in a column of whole numbers stays one (`<NA>`)."""
        import pandas as pd

        nullable = {
            pa.int8(): pd.Int8Dtype(),
            pa.int16(): pd.Int16Dtype(),
            pa.int32(): pd.Int32Dtype(),
            pa.int64(): pd.Int64Dtype(),
            pa.bool_(): pd.BooleanDtype(),
        }
        table = self.arrow(name, columns, where=where)
        nulls = {f.type for f, c in zip(table.schema, table.columns, strict=True) if c.null_count}
        kept = {k: v for k, v in nullable.items() if k in nulls}
        return cast("pd.DataFrame", table.to_pandas(types_mapper=kept.get))

    def columns(self, name: str) -> "pd.DataFrame":
        """What each column of a table means: name, type, meaning, what a null says."""
        import pandas as pd

        schema = pq.read_schema(self.path(name)) if self.has(name) else None
        key = ((schema.metadata or {}) if schema else {}).get(b"table", name.encode()).decode()
        declared = declared_tables().get(key)
        if declared is None:
            rows = [(f.name, str(f.type), "", "") for f in schema or ()]
        else:
            rows = [(c.name, c.type, c.meaning, c.missing) for c in declared.columns]
        return pd.DataFrame(rows, columns=["column", "type", "meaning", "missing"])

    def samples(self) -> "pd.DataFrame":
        """Metrics, verdict and reasons of every sample (`sample_qc/samples`)."""
        return self.table("sample_qc/samples")

    def phenotypes(self) -> tuple[str, ...]:
        """Names of the phenotypes that were tested, in the study's order."""
        if self.has("association_summary/phenotypes"):
            names = self.arrow("association_summary/phenotypes", ["phenotype"]).column(0)
            return tuple(cast("list[str]", names.to_pylist()))
        found = self.folder.glob(f"association_summary/*{GWAS_ENDING}")
        return tuple(sorted(p.name.removesuffix(GWAS_ENDING) for p in found))

    def association(self, phenotype: str, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """All tests of one phenotype, in genome order."""
        return self.table(f"association_summary/{phenotype}.gwas", columns)

    def accounts(self) -> dict[str, Any]:
        """Whether every sum of the ledger agrees, and what was lost; empty where not written."""
        path = self.folder / "accounts" / "accounts.json"
        if not path.is_file():
            return {}
        try:
            return cast("dict[str, Any]", json.loads(path.read_text(encoding="utf-8")))
        except ValueError as error:
            raise InputDataError(
                "not valid JSON", where=str(path), remedy="run the step accounts again"
            ) from error
