"""Open the files a column map names, and give each its meaning as tables of text."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from genocohort.io.clinical_tables import FAM_COLUMNS, read_clinical_table
from genocohort.io.pedigree import read_pedigree
from genocohort.io.text_table import TextTable
from genocohort.steps.clinical.column_map import Source, source_name
from genocohort.steps.clinical.fhir import load_fhir
from genocohort.steps.clinical.format_sources import (
    FhirSource,
    OmopSource,
    PhenopacketSource,
    RedcapSource,
)
from genocohort.steps.clinical.loaded import AnySource, LoadedSource
from genocohort.steps.clinical.omop import load_omop
from genocohort.steps.clinical.phenopackets import load_phenopackets
from genocohort.steps.clinical.redcap import load_redcap
from genocohort.steps.clinical.review import Review
from genocohort.steps.clinical.table_sources import ParticipantColumns, ParticipantsSource, Role


def load_source(spec: Source, missing: tuple[str, ...], review: Review) -> Sequence[AnySource]:
    """One source of the column map as one or more tables of text.

    Raises
    ------
    InputDataError
        The file cannot be read.
    """
    name = source_name(spec)
    if isinstance(spec, FhirSource):
        return load_fhir(spec, name, review)
    if isinstance(spec, OmopSource):
        return load_omop(spec, name, review)
    if isinstance(spec, PhenopacketSource):
        return load_phenopackets(spec, name, review)
    if isinstance(spec, RedcapSource):
        codes = frozenset(missing if spec.missing is None else spec.missing)
        return load_redcap(spec, name, codes, review)
    table = read_clinical_table(Path(spec.path), spec.format or "", spec.sheet)
    unnamed = spec.columns.participant_id is None and spec.columns.sample_id is None
    if unnamed and isinstance(spec, ParticipantsSource):
        with_id = spec.columns.model_copy(update={"sample_id": Role(column="IID")})
        spec = spec.model_copy(update={"columns": with_id})
    codes = frozenset(missing if spec.missing is None else spec.missing)
    return [LoadedSource(name, spec, table, codes)]


def load_pedigree(path: Path) -> LoadedSource:
    """A pedigree file: families, parents and sex; its phenotype column is not read.

    Raises
    ------
    Problems or InputDataError
        The file cannot be read or contradicts itself.
    """
    people = read_pedigree(path)
    sizes = Counter(person.family_id for person in people)
    rows = tuple(
        (
            # PLINK repeats the id as the family of whoever is alone in it.
            person.family_id if sizes[person.family_id] > 1 else "",
            person.person_id,
            person.father_id,
            person.mother_id,
            person.sex,
        )
        for person in people
    )
    table = TextTable(path, FAM_COLUMNS[:5], rows, tuple(range(1, len(rows) + 1)))
    columns = ParticipantColumns(
        sample_id=Role(column="IID"),
        family_id=Role(column="FID"),
        father_id=Role(column="PAT"),
        mother_id=Role(column="MAT"),
        sex_recorded=Role(column="SEX"),
    )
    spec = ParticipantsSource(table="participants", path=str(path), format="fam", columns=columns)
    return LoadedSource("pedigree", spec, table, frozenset())
