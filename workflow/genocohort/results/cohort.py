"""The results of one run as a researcher asks for them: by part, lazily, by declared schema."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as pads

from genocohort.domain.genome import PRIMARY, canonical_contig
from genocohort.errors import InputDataError
from genocohort.io.results import Results
from genocohort.results.lazy import open_dask, open_dataset
from genocohort.results.parts import NEEDS, find_declaration, remedy_for
from genocohort.results.regions import Genotypes, read_genotypes, scan_region

if TYPE_CHECKING:
    import pandas as pd

VARIABLE = "GENOCOHORT_RESULTS"
TIER = Path("results/full")
Region = tuple[str, int, int]
"""Chromosome, first and last position (1-based, both included)."""


def open_results(folder: Path | str | None = None) -> "CohortResults":
    """Open the results of a run; nothing is read yet.

    Parameters
    ----------
    folder : Path, str or None
        The study folder, its `results`, or a tier such as `results/full`. None: what the
        variable GENOCOHORT_RESULTS names, else `results/full` here or in a folder above.

    Raises
    ------
    InputDataError
        There are no results.

    Examples
    --------
    >>> results = open_results("mystudy")                             # doctest: +SKIP
    >>> results.samples().query("verdict != 'pass'")                  # doctest: +SKIP
    >>> results.association("ldl", region=("chr20", 1, 500_000))      # doctest: +SKIP
    """
    if folder is None:
        here = Path.cwd()
        above = [path / TIER for path in (here, *here.parents)]
        found = next((path for path in above if path.is_dir()), TIER)
        folder = os.environ.get(VARIABLE) or found
    folder = Path(folder)
    for candidate in (folder / TIER, folder / TIER.name):
        if candidate.is_dir():
            return CohortResults(candidate.resolve())
    return CohortResults(folder.resolve())


class CohortResults(Results):
    """One run's results, by part. Tables come as pandas data frames, or lazily where large.

    `names()` lists the tables, `columns(name)` tells what each column means, `status()` which parts
    were run. A part that was not run is an error which says what it would need.
    """

    def arrow(
        self,
        name: str,
        columns: Sequence[str] | None = None,
        *,
        where: Mapping[str, str] | None = None,
    ) -> pa.Table:
        """One table as Arrow; see `Results.arrow`.

        Raises
        ------
        InputDataError
            As there; where the table is absent, with what it would need.
        """
        if not self.has(name):
            raise self._absent(name)
        return super().arrow(name, columns, where=where)

    def _absent(self, name: str) -> InputDataError:
        step = name.split("/")[0]
        there = [n for n in self.names() if n.startswith(f"{step}/")]
        what = f"no table {name}" if there else f"the step {step} was not run: no table {name}"
        expected = "one of: " + ", ".join(there or self.names())
        return InputDataError(
            what, where=str(self.folder), expected=expected, remedy=remedy_for(name)
        )

    def columns(self, name: str) -> "pd.DataFrame":
        """What each column of a table means: name, type, meaning, what a null says.

        Raises
        ------
        InputDataError
            There is no such table, neither declared nor in the results.
        """
        if not self.has(name) and find_declaration(name) is None:
            raise self._absent(name)
        declared = find_declaration(name)
        return super().columns(name if self.has(name) or declared is None else declared.name)

    def status(self) -> "pd.DataFrame":
        """Which parts there are: step, number of tables, and what an absent one would need."""
        import pandas as pd

        counts = dict.fromkeys(NEEDS, 0)
        for name in self.names():
            step = name.split("/")[0]
            counts[step] = counts.get(step, 0) + 1
        counts["genotypes"] = len(list(self.folder.glob("genotypes/*.pgen")))
        rows = [(step, n, "" if n else NEEDS[step]) for step, n in counts.items()]
        return pd.DataFrame(rows, columns=["step", "files", "to have it"])

    # Alignments, samples, variants

    def alignments(self, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """Alignment metrics of every sample that has an alignment."""
        return self.table("alignment_summary/samples", columns)

    def reasons(self) -> "pd.DataFrame":
        """Why samples are not simply `pass`: one row per finding."""
        return self.table("sample_qc/reasons")

    def chromosomes(self) -> tuple[str, ...]:
        """Chromosomes whose variants were summarised, in karyotype order."""
        found = self.folder.glob("variants/*.sites.parquet")
        names = {path.name.removesuffix(".sites.parquet") for path in found}
        return (*[n for n in PRIMARY if n in names], *sorted(names - set(PRIMARY)))

    def variants(self, chromosome: str, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """One row per ALT allele of a chromosome; `dataset("variants/sites")` has all, lazily."""
        return self.table(f"variants/{canonical_contig(chromosome)}.sites", columns)

    # Structure

    def structure(self) -> "pd.DataFrame":
        """Components of every sample that did not fail, with batch and participant."""
        sheet = self.table("sample_qc/samples", ["sample_id", "participant_id", "batch"])
        components = self.table("structure/components")
        merged = components.merge(sheet, on="sample_id", how="left")
        if self.has("structure/ancestry"):
            merged = merged.merge(self.table("structure/ancestry"), on="sample_id", how="left")
        return merged

    def kinship(self) -> "pd.DataFrame":
        """Pairs of samples related by calls or pedigree."""
        return self.table("kinship/pairs")

    # Clinical records and outcomes

    def clinical(self, name: str = "phenotypes_wide") -> "pd.DataFrame":
        """One clinical table: participants, samples, observations, ..., phenotypes_wide."""
        return self.table(f"clinical/{name}")

    def table1(self) -> "pd.DataFrame":
        """The description of the cohort by group."""
        return self.table("outcomes/table1")

    def survival(self, outcome: str | None = None) -> "pd.DataFrame":
        """Kaplan-Meier curves, of one outcome or of all."""
        return self.table("outcomes/survival_curves", where={"outcome": outcome} if outcome else {})

    def hazards(self, outcome: str | None = None) -> "pd.DataFrame":
        """Terms of the Cox models, of one outcome or of all."""
        return self.table("outcomes/hazards", where={"outcome": outcome} if outcome else {})

    # Association

    def association(
        self,
        phenotype: str,
        columns: Sequence[str] | None = None,
        *,
        region: Region | None = None,
    ) -> "pd.DataFrame":
        """Tests of one phenotype in genome order, of all variants or of a region alone.

        Raises
        ------
        InputDataError
            The phenotype was not tested.
        """
        name = self._gwas(phenotype)
        if region is None:
            return self.table(name, columns)
        chromosome, first, last = region
        inside = (
            (pc.field("chromosome").cast("string") == canonical_contig(chromosome))
            & (pc.field("vcf_pos") >= first)
            & (pc.field("vcf_pos") <= last)
        )
        wanted = None if columns is None else list(columns)
        found: pd.DataFrame = self.dataset(name).to_table(columns=wanted, filter=inside).to_pandas()
        return found

    def top_hits(self, phenotype: str | None = None) -> "pd.DataFrame":
        """The strongest variant of each locus, of one phenotype or of all."""
        where = {"phenotype": phenotype} if phenotype else {}
        return self.table("association_summary/top_hits", where=where)

    def region(self, phenotype: str, region: Region, given: Sequence[str] = ()) -> "pd.DataFrame":
        """Test the variants of a region again by the phenotype's own model, from the store.

        Parameters
        ----------
        phenotype : str
        region : tuple
            Chromosome, first and last position.
        given : sequence of str
            Variants (`chrom:pos:ref:alt`) of that chromosome to adjust for: a conditional analysis.

        Returns
        -------
        DataFrame
            Variant, n, beta, standard_error, neg_log10_p, and r2 with the first of `given` (else
            with the strongest variant) among the tested samples. A variant that was left out of the
            scan, or is one of `given`, has no row.
        """
        self._gwas(phenotype)
        return scan_region(self, phenotype, region, given)

    def genotypes(self, region: Region) -> Genotypes:
        """Calls of a region from the genotype store."""
        if not list(self.folder.glob("genotypes/*.pgen")):
            raise self._absent("genotypes/(store)")
        return read_genotypes(self.folder / "genotypes", region)

    def _gwas(self, phenotype: str) -> str:
        name = f"association_summary/{phenotype}.gwas"
        if self.phenotypes() and not self.has(name):
            raise InputDataError(
                f"the phenotype {phenotype} was not tested",
                where=str(self.folder),
                expected="one of: " + ", ".join(self.phenotypes()),
                remedy="add it to `association.models`, and run `genocohort run` again",
            )
        if not self.has(name):
            raise self._absent(name)
        return name

    # The account of everything, and what is larger than memory

    def ledger(self) -> "pd.DataFrame":
        """What came into each step, what was kept, what was dropped and why."""
        return self.table("accounts/ledger")

    def paths(self, name: str) -> list[Path]:
        """Files of a table: one, or all chromosomes' of `variants/sites` and the like.

        Raises
        ------
        InputDataError
            There is none.
        """
        if self.has(name):
            return [self.path(name)]
        step, _, file = name.partition("/")
        found = {p.name.split(".")[0]: p for p in self.folder.glob(f"{step}/*.{file}.parquet")}
        if not found:
            raise self._absent(name)
        order = {n: i for i, n in enumerate(PRIMARY)}
        return [found[n] for n in sorted(found, key=lambda n: (order.get(n, len(order)), n))]

    def dataset(self, name: str) -> pads.Dataset:
        """A table, or the same table of all chromosomes, as an Arrow data set: read as needed."""
        return open_dataset(self.paths(name))

    def dask(self, name: str, columns: Sequence[str] | None = None) -> Any:
        """The same as a Dask data frame; `.compute()` reads it piece by piece."""
        return open_dask(self.paths(name), columns)
