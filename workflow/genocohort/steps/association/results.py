"""Tests of all blocks as the columns of the result tables."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from genocohort.steps.association.cohort import Fitted
from genocohort.steps.association.scan import TESTED, BlockResult
from genocohort.steps.association.settings import AssociationModel

_NUMBERS = ("frequency", "n", "n_cases", "minor_allele_count",
            "beta", "standard_error", "statistic", "neg_log10_p")  # fmt: skip


@dataclass(frozen=True)
class Piece:
    """Results of one phenotype on some variants; `rows` are their rows in the store."""

    rows: npt.NDArray[np.int64]
    result: BlockResult

    @property
    def tested_rows(self) -> npt.NDArray[np.int64]:
        return self.rows[self.result.rows]


def result_columns(
    models: Sequence[AssociationModel], pieces: Sequence[Sequence[Piece]]
) -> tuple[npt.NDArray[np.int64], dict[str, Any]]:
    """Join the pieces of every phenotype in the store's order.

    Parameters
    ----------
    models : sequence of AssociationModel
    pieces : sequence of sequence of Piece
        One sequence per model.

    Returns
    -------
    rows : ndarray of int64, shape (n_results,)
        Row of the store of each result: by phenotype, then in the store's order.
    columns : dict
        Columns of association/chromosome that do not describe the variant.
    """
    rows_parts, names = [np.empty(0, np.int64)], []
    parts: dict[str, list[Any]] = {name: [np.empty(0)] for name in _NUMBERS}
    texts: dict[str, list[Any]] = {name: [] for name in ("test", "flag")}
    for model, found in zip(models, pieces, strict=True):
        rows = np.concatenate([np.empty(0, np.int64), *(p.tested_rows for p in found)])
        order = np.argsort(rows, kind="stable")
        rows_parts.append(rows[order])
        names += [model.phenotype] * len(rows)
        for name in _NUMBERS:
            values = np.concatenate([np.empty(0), *(getattr(p.result, name) for p in found)])
            no_cases = name == "n_cases" and model.kind == "quantitative"
            parts[name].append(np.full(len(rows), np.nan) if no_cases else values[order])
        for name, joined in texts.items():
            column = [v for p in found for v in getattr(p.result, name)]
            joined += [column[i] for i in order]
    numbers = {name: np.concatenate(values) for name, values in parts.items()}
    columns: dict[str, Any] = {
        "phenotype": pa.array(names, pa.string()),
        "effect_allele_frequency": numbers.pop("frequency"),
    }
    for name in ("n", "n_cases", "minor_allele_count"):
        columns[name] = pa.array(numbers.pop(name), pa.int32(), from_pandas=True)
    columns |= numbers
    columns |= {name: pa.array(values, pa.string()) for name, values in texts.items()}
    return np.concatenate(rows_parts), columns


def variant_codes(n_variants: int, pieces: Sequence[Sequence[Piece]]) -> npt.NDArray[np.int8]:
    """Per variant: 0 if tested for some phenotype, else the reason given by the first phenotype.

    Parameters
    ----------
    n_variants : int
    pieces : sequence of sequence of Piece
        One sequence per model.
    """
    codes = np.zeros(n_variants, dtype=np.int8)
    tested = np.zeros(n_variants, dtype=bool)
    for i, found in enumerate(pieces):
        for piece in found:
            tested[piece.tested_rows] = True
            if i == 0:
                codes[piece.rows] = piece.result.filtered
    codes[tested] = TESTED
    return codes


def model_columns(models: Sequence[Fitted]) -> dict[str, Any]:
    """Columns of association/models."""
    binary = [f.model.kind == "binary" for f in models]
    cases = [f.n_cases if b else None for f, b in zip(models, binary, strict=True)]
    totals = [len(f.phenotype) for f in models]
    return {
        "phenotype": [f.model.phenotype for f in models],
        "kind": [f.model.kind for f in models],
        "transform": [f.model.transform for f in models],
        "covariates": pa.array([list(f.model.covariates) for f in models], pa.list_(pa.string())),
        "n_components": [f.model.components for f in models],
        "n": totals,
        "n_cases": cases,
        "n_controls": [None if c is None else n - c for n, c in zip(totals, cases, strict=True)],
    }
