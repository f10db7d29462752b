"""A genotype store and the tables that the association step reads, written by the tests."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort import cli
from genocohort.domain.sheet import Sample
from genocohort.domain.tables_clinical import SAMPLES, phenotypes_wide_table
from genocohort.domain.tables_cohort import SAMPLE_QC_SAMPLES, components_table
from genocohort.io.parquet import write_table
from genocohort.io.store import write_pgen, write_psam, write_pvar


@dataclass
class AssociationStudy:
    """What one cohort is; the first values given are one per sample, in the store's order."""

    folder: Path
    ids: Sequence[str]
    columns: Mapping[str, npt.NDArray[np.float64]]
    sexes: Sequence[str] = ()
    participants: Sequence[str] = ()
    components: npt.NDArray[np.float64] | None = None
    roles: Sequence[str] = ()
    verdicts: Sequence[str] = ()
    call_rates: Sequence[float] = ()
    chromosomes: list[str] = field(default_factory=list)

    def write_tables(self) -> None:
        """Write the four tables."""
        n = len(self.ids)
        participants = list(self.participants or self.ids)
        once = list(dict.fromkeys(participants))
        write_table(
            self.folder / "phenotypes_wide.parquet",
            phenotypes_wide_table(list(self.columns)),
            {"participant_id": once, **self.columns},
        )
        linked = {"sample_id": list(self.ids), "participant_id": participants}
        write_table(self.folder / "links.parquet", SAMPLES, _filled(SAMPLES, n) | linked)
        quality = {
            "verdict": list(self.verdicts or ["pass"] * n),
            "call_rate": list(self.call_rates or [1.0] * n),
        }
        rows = _filled(SAMPLE_QC_SAMPLES, n) | linked | quality
        write_table(self.folder / "sample_qc.parquet", SAMPLE_QC_SAMPLES, rows)
        pcs = np.empty((n, 0)) if self.components is None else self.components
        parts = {f"PC{i + 1}": pcs[:, i] for i in range(pcs.shape[1])}
        roles = list(self.roles or ["fitted"] * n)
        write_table(
            self.folder / "components.parquet",
            components_table(pcs.shape[1]),
            {"sample_id": list(self.ids), "role": roles, **parts},
        )

    def write_chromosome(
        self,
        name: str,
        calls: npt.NDArray[np.int8],
        vcf_pos: Sequence[int] | None = None,
        variant_ids: Sequence[str] | None = None,
    ) -> None:
        """Write one chromosome of the store; `calls` has shape (m, n), -1 missing."""
        m = len(calls)
        positions = vcf_pos if vcf_pos is not None else [10 * (i + 1) for i in range(m)]
        names = variant_ids if variant_ids is not None else [f"{name}_{i}" for i in range(m)]
        sexes: Any = list(self.sexes or ["unknown"] * len(self.ids))
        samples = [Sample(s, s, s, x) for s, x in zip(self.ids, sexes, strict=True)]
        rows = (
            (name, p, v, "A", "C", ".", ".", ".") for p, v in zip(positions, names, strict=True)
        )
        write_psam(self.folder / f"{name}.psam", samples)
        write_pvar(self.folder / f"{name}.pvar", [], iter(rows))
        write_pgen(self.folder / f"{name}.pgen", len(self.ids), m, iter([calls]))
        self.chromosomes.append(name)

    def associate(
        self, chromosome: str, settings: Mapping[str, Any], *, threads: int = 1, out: str = "out"
    ) -> int:
        """Run the step on one chromosome; its exit code."""
        return cli.main(self.arguments(chromosome, settings, threads=threads, out=out))

    def arguments(
        self, chromosome: str, settings: Mapping[str, Any], *, threads: int = 1, out: str = "out"
    ) -> list[str]:
        """The step's command line for one chromosome."""
        target = self.folder / out
        arguments = {
            "folder": self.folder,
            "chromosome": chromosome,
            "phenotypes": self.folder / "phenotypes_wide.parquet",
            "links": self.folder / "links.parquet",
            "components": self.folder / "components.parquet",
            "sample-qc": self.folder / "sample_qc.parquet",
            "settings": json.dumps(settings),
            "genome": '{"build": "synthetic"}',
            "threads": threads,
            "results": target / f"{chromosome}.parquet",
            "models": target / f"{chromosome}.models.parquet",
            "ledger": target / f"{chromosome}.ledger.json",
        }
        pairs = [str(part) for name, value in arguments.items() for part in (f"--{name}", value)]
        return ["association", *pairs]

    def summarise(
        self, settings: Mapping[str, Any] | None = None, genes: Path | None = None
    ) -> int:
        """Run association_summary on the chromosomes written; its exit code."""
        target = self.folder / "summary"
        arguments = ["--folder", str(self.folder / "out"), "--chromosomes", *self.chromosomes]
        arguments += ["--genes", str(genes)] if genes else []
        arguments += ["--settings", json.dumps(settings or {}), "--genome", '{"build": "GRCh38"}']
        arguments += ["--output-folder", str(target), "--ledger", str(target / "ledger.json")]
        return cli.main(["association_summary", *arguments])


def _filled(table: Any, n: int) -> dict[str, list[Any]]:
    """A table's columns without content: null where allowed."""
    empty: dict[str, Any] = {"bool": False, "list<string>": []}
    return {c.name: [None if c.missing else empty.get(c.type, "")] * n for c in table.columns}
