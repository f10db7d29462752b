"""Sources whose format says what they hold: FHIR, OMOP, REDCap, Phenopackets."""

from typing import Literal

from pydantic import Field, field_validator

from genocohort.config import Settings


class FhirSource(Settings):
    """FHIR R4 resources, as NDJSON files or Bundles.

    Patient, Observation, Condition and MedicationRequest are read; Encounter for the index date.
    """

    table: Literal["fhir"]
    paths: tuple[str, ...] = Field(min_length=1)
    name: str = "fhir"
    identifier_system: str = Field(
        default="", description="system of the identifier used as participant id; empty: Patient.id"
    )
    ancestry_extension: str = Field(default="", description="URL of the extension of Patient")
    site_codes: dict[str, str] = Field(
        default_factory=dict, description="reference of the managing organization: site"
    )
    index: Literal["first_encounter", "none"] = "first_encounter"


class OmopSource(Settings):
    """Tables of the OMOP CDM 5.4 as CSV, TSV or Parquet.

    `concepts` maps concept ids to LOINC codes (measurement) and ICD-10 codes (conditions); what it
    does not name keeps its concept id. The first visit is the index date.
    """

    table: Literal["omop"]
    name: str = "omop"
    person: str = Field(min_length=1)
    measurement: str = ""
    condition_occurrence: str = ""
    visit_occurrence: str = ""
    participant_id: Literal["person_id", "person_source_value"] = "person_id"
    concepts: dict[str, str] = Field(default_factory=dict)
    site_codes: dict[str, str] = Field(default_factory=dict, description="care_site_id: site")

    @field_validator("concepts", "site_codes", mode="before")
    @classmethod
    def _text_keys(cls, value: object) -> object:
        return {str(k): str(v) for k, v in value.items()} if isinstance(value, dict) else value

    @property
    def paths(self) -> tuple[str, ...]:
        """Its files."""
        given = (self.person, self.measurement, self.condition_occurrence, self.visit_occurrence)
        return tuple(path for path in given if path)
