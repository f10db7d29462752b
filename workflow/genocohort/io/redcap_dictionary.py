"""Read the data dictionary of a REDCap project: fields, choices and which of them identify."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from genocohort.errors import InputDataError
from genocohort.io.text_table import TextTable, read_text_table

# Column of a download from the web page, and of the API.
_NAMES = {
    "name": ("Variable / Field Name", "field_name"),
    "kind": ("Field Type", "field_type"),
    "choices": (
        "Choices, Calculations, OR Slider Labels",
        "Choices OR Calculations",
        "select_choices_or_calculations",
    ),
    "validation": (
        "Text Validation Type OR Show Slider Number",
        "text_validation_type_or_show_slider_number",
    ),
    "identifier": ("Identifier?", "identifier"),
}
_FREE_KINDS = {"notes", "file", "signature", "descriptive"}
_FREE_VALIDATIONS = ("email", "phone", "zipcode", "postalcode", "mrn")


@dataclass(frozen=True)
class RedcapField:
    """One field of the dictionary.

    `choices` maps raw codes to labels where there are any. `identifies` is set for fields marked as
    identifiers, free text, files, and text validated as e-mail, telephone, postal code or record
    number.
    """

    name: str
    kind: str
    choices: Mapping[str, str]
    identifies: bool

    def checkbox_column(self, code: str) -> str:
        """The export's column of one choice of a checkbox; `-` and `.` become `_` in it."""
        return f"{self.name}___{re.sub(r'[^a-z0-9_]', '_', code.lower())}"


def read_redcap_dictionary(path: Path) -> dict[str, RedcapField]:
    """Fields of a data dictionary by name, in its order.

    Raises
    ------
    InputDataError
        The file cannot be read, or is not a data dictionary.
    """
    table = read_text_table(path)
    columns = {key: _column(table, names) for key, names in _NAMES.items()}
    fields: dict[str, RedcapField] = {}
    rows = zip(*columns.values(), table.lines, strict=True)
    for name, kind, choices, validation, identifier, line in rows:
        if not name or name in fields:
            raise InputDataError(
                "a field has no name, or the same name as another one",
                where=f"{path}, line {line}",
            )
        identifies = (
            identifier.lower() in ("y", "yes")
            or kind in _FREE_KINDS
            or validation.lower().startswith(_FREE_VALIDATIONS)
        )
        fields[name] = RedcapField(name, kind, _choices(kind, choices, path, line), identifies)
    return fields


def _column(table: TextTable, names: tuple[str, ...]) -> tuple[str, ...]:
    found = next((name for name in names if name in table.columns), None)
    if found is None:
        raise InputDataError(
            "not a REDCap data dictionary", where=str(table.path),
            expected="a column " + " or ".join(names),
            remedy="download it from Designer > Data Dictionary, or with the API (metadata)",
        )  # fmt: skip
    return table.column(found)


def _choices(kind: str, text: str, path: Path, line: int) -> dict[str, str]:
    """Codes and labels: `1, male | 2, female`; yes/no and true/false have fixed ones."""
    if kind == "yesno":
        return {"1": "Yes", "0": "No"}
    if kind == "truefalse":
        return {"1": "True", "0": "False"}
    if kind not in ("radio", "dropdown", "checkbox"):
        return {}
    choices = {}
    for part in text.split("|"):
        code, comma, label = part.partition(",")
        if not comma:
            raise InputDataError(
                "a choice has no code", where=f"{path}, line {line}",
                expected="choices such as `1, male | 2, female`",
            )  # fmt: skip
        choices[code.strip()] = label.strip()
    return choices
