"""Concept ids of the OMOP vocabulary into codes; 0 is unmapped and never a category."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from genocohort.io.omop_tables import OmopTables
from genocohort.steps.clinical.review import Review

# Concept ids of UCUM units in the OMOP vocabulary.
_UNITS = {
    "8840": "mg/dL", "8753": "mmol/L", "8749": "umol/L", "8554": "%", "9579": "mmol/mol",
    "8751": "mg/L", "8636": "g/L", "8713": "g/dL", "9529": "kg", "8582": "cm", "9531": "kg/m2",
    "8876": "mm[Hg]", "586323": "Cel", "9289": "[degF]",
}  # fmt: skip
_VOCABULARIES = {"ICD10": "ICD-10", "ICD10CM": "ICD-10"}
_NO_UNIT = "(unmapped)"


@dataclass(frozen=True)
class Concepts:
    """Codes of concepts: those the column map names go first, then those of the table `concept`.

    Attributes
    ----------
    named : mapping of str to str
        Code by concept id, in the vocabulary that fits the table.
    table : mapping of str to (str, str)
        Vocabulary and code by concept id.
    """

    named: Mapping[str, str]
    table: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    def code(self, concept: str, source: str, system: str) -> tuple[str, str, str]:
        """Code system, code and source code of a concept; no code for 0 and for none."""
        if concept in ("0", ""):
            return "OMOP", "", source or "(no source value)"
        if concept in self.named:
            return system, self.named[concept], ""
        if concept in self.table:
            vocabulary, code = self.table[concept]
            return _VOCABULARIES.get(vocabulary, vocabulary), code, ""
        return "OMOP", concept, ""

    def unit(self, concept: str, source: str) -> str:
        """UCUM code of a unit; else the unit as the source wrote it, or a mark for unmapped."""
        if concept in _UNITS:
            return _UNITS[concept]
        vocabulary, code = self.table.get(concept, ("", ""))
        if vocabulary == "UCUM":
            return code
        return source or (_NO_UNIT if concept == "0" else concept)

    def answer(self, concept: str) -> str:
        """A coded answer; blank for 0 and for none."""
        return "" if concept in ("0", "") else self.code(concept, "", "")[1]


def read_concepts(
    tables: OmopTables, named: Mapping[str, str], used: Callable[[], set[str]]
) -> Concepts:
    """Codes of the concepts that are used; a vocabulary of millions of rows is read row by row."""
    if "concept" not in tables:
        return Concepts(named)
    wanted = used() - {"0", ""}
    found = {
        cells[0]: (cells[1], cells[2])
        for _, cells in tables.rows("concept", ("concept_id", "vocabulary_id", "concept_code"))
        if cells[0] in wanted
    }
    return Concepts(named, found)


def count_zero(name: str, column: str, cells: tuple[str, ...], review: Review) -> None:
    """Tell unmapped (0) and not stated (empty) apart; neither is a category."""
    for cell, kind, meaning in (
        ("0", "concept_unmapped", "rows have concept 0: unmapped, kept with their source value"),
        ("", "concept_not_stated", "rows have no concept: not stated"),
    ):
        review.tally(name, kind, cells.count(cell), f"{{n}} {meaning}", column)
