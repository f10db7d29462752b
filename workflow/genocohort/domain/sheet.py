"""The sample sheet, normalised: one row per sample, ids always text."""

from dataclasses import dataclass
from typing import Literal

Sex = Literal["male", "female", "unknown"]

# Codings accepted for sex: sarek (XX/XY), PLINK (1/2/0), words, OMOP concept ids.
SEX_CODES: dict[str, Sex] = {
    "xy": "male", "m": "male", "male": "male", "1": "male", "8507": "male",
    "xx": "female", "f": "female", "female": "female", "2": "female", "8532": "female",
    "": "unknown", "0": "unknown", "na": "unknown", "u": "unknown", "unknown": "unknown",
    "unk": "unknown", "other": "unknown", "nan": "unknown", ".": "unknown", "-9": "unknown",
    "8551": "unknown",
}  # fmt: skip

SHEET_COLUMNS = (
    "sample_id", "participant_id", "vcf_name", "sex", "assay", "batch", "alignment", "reference",
)  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """One row of the normalised sheet; empty text means not given."""

    sample_id: str
    participant_id: str
    vcf_name: str
    sex: Sex
    assay: str = ""
    batch: str = ""
    alignment: str = ""
    reference: str = ""
