"""The step `structure` on a store, for the validation tests."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from genocohort.cli import main
from genocohort.domain.tables_cohort import (
    KINSHIP_PAIRS,
    SAMPLE_QC_SAMPLES,
    STRUCTURE_EIGENVALUES,
    STRUCTURE_FST,
    STRUCTURE_PRUNED,
    components_table,
)
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store_selection import Selection, open_stores, select_variants
from genocohort.steps.structure.run import OUTPUTS
from tiny.cohort_reference import SYNTHETIC


class Structure:
    """The step on one store, without failed or related samples unless given."""

    def __init__(
        self, folder: Path, chromosomes: Sequence[str], out: Path, groups: dict[str, str]
    ) -> None:
        self.folder, self.chromosomes, self.out = folder, tuple(chromosomes), out
        self.samples = open_stores(folder, chromosomes[:1])[0].samples
        rows = [
            dict.fromkeys(SAMPLE_QC_SAMPLES.column_names)
            | {
                "sample_id": s, "participant_id": s, "batch": groups.get(s, ""), "has_calls": True,
                "has_alignment": False, "sex_recorded": "unknown", "sex_inferred": "unknown",
                "verdict": "pass", "reasons": [],
            }
            for s in self.samples
        ]  # fmt: skip
        columns = {c: [r[c] for r in rows] for c in SAMPLE_QC_SAMPLES.column_names}
        write_table(out / "qc.parquet", SAMPLE_QC_SAMPLES, columns)
        nothing: dict[str, list[Any]] = {c: [] for c in KINSHIP_PAIRS.column_names}
        write_table(out / "pairs.parquet", KINSHIP_PAIRS, nothing)

    def run(self, *extra: str, **settings: Any) -> "Structure":
        """Run the step with these settings; groups are batches."""
        chosen = json.dumps({"group_by": "batch", **settings})
        words = ["structure", "--folder", str(self.folder), "--chromosomes", *self.chromosomes]
        words += ["--settings", chosen, "--genome", SYNTHETIC, "--threads", "2"]
        words += ["--kinship", str(self.out / "pairs.parquet")]
        words += ["--sample-qc", str(self.out / "qc.parquet")]
        for name in OUTPUTS:
            words += [f"--{name}", str(self.out / f"{name}.parquet")]
        assert main([*words, "--ledger", str(self.out / "ledger.json"), *extra]) == 0
        return self

    @property
    def components(self) -> pd.DataFrame:
        table = read_table(self.out / "components.parquet", components_table(0))
        return table.to_pandas().set_index("sample_id")

    @property
    def eigenvalues(self) -> np.ndarray:
        table = read_table(self.out / "eigenvalues.parquet", STRUCTURE_EIGENVALUES)
        return table.to_pandas().eigenvalue.to_numpy()

    @property
    def fst(self) -> pd.DataFrame:
        return read_table(self.out / "fst.parquet", STRUCTURE_FST).to_pandas()

    def selections(self) -> list[Selection]:
        """The variants the pruning kept."""
        kept = read_table(self.out / "pruned.parquet", STRUCTURE_PRUNED).to_pandas()
        ids = {c: set(part.variant_id) for c, part in kept.groupby("chromosome", observed=True)}
        found = []
        for store in open_stores(self.folder, self.chromosomes):
            everything = select_variants(store, pass_only=True)
            names = store.variants.variant_id[everything.indices]
            keep = np.isin(names, list(ids.get(store.chromosome, ())))
            found.append(everything.narrowed(keep.astype(bool), "pruned"))
        return found

    def pruned(self) -> set[tuple[str, int]]:
        """Chromosome and index in the store of the variants kept."""
        return {(s.store.chromosome, int(i)) for s in self.selections() for i in s.indices}
