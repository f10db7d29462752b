"""Read GA4GH Phenopackets v2 into tables of text; only the elements named here are looked at.

Labels, descriptions, file names, pedigrees and meta data are not.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from genocohort.errors import InputDataError

Row = tuple[str, ...]
COLUMNS = {
    "subjects": ("id", "sex", "birth", "last_date", "last_age", "collected",
                 "deceased"),
    "features": ("id", "start", "start_age", "end", "end_age", "system", "code", "status"),
    "measurements": (
        "id", "date", "age", "system", "code", "value", "unit", "value_code", "ref_low",
        "ref_high", "status",
    ),
    "treatments": ("id", "kind", "system", "code", "start", "end", "dose", "unit"),
}  # fmt: skip
# Prefixes of compact identifiers whose codes are written without them; others stay whole.
_BARE = {
    "LOINC": "LOINC", "ICD10CM": "ICD-10", "ICD10": "ICD-10", "OMIM": "OMIM", "RXNORM": "RxNorm",
    "SNOMED": "SNOMED", "SNOMEDCT": "SNOMED", "SCTID": "SNOMED", "UCUM": "UCUM",
}  # fmt: skip
_WHOLE = {"HP": "HPO", "MONDO": "MONDO", "ORPHA": "Orphanet", "NCIT": "NCIT"}
VARIANT, ALLELIC_STATE = "81252-9", "53034-5"
_AGE = re.compile(
    r"P(?:(\d+(?:\.\d+)?)Y)?(?:(\d+(?:\.\d+)?)M)?(?:(\d+(?:\.\d+)?)W)?(?:(\d+(?:\.\d+)?)D)?(?:T.*)?",
    re.ASCII,
)


@dataclass
class PhenopacketTables:
    """Tables of text by name, each row with the number of its phenopacket.

    `ids` holds (subject, phenopacket) in order; `no_time` counts times that are neither a date nor
    an age (a phase of life such as congenital onset, or a range), `no_code` records without a code.
    """

    rows: dict[str, list[tuple[int, Row]]] = field(
        default_factory=lambda: {name: [] for name in COLUMNS}
    )
    ids: list[tuple[str, str]] = field(default_factory=list)
    no_time: int = 0
    not_read: dict[str, int] = field(default_factory=dict)


def age_years(text: str) -> float | None:
    """An ISO 8601 duration such as P38Y7M in years; None where it is none."""
    match = _AGE.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    years, months, weeks, days = (float(part or 0) for part in match.groups())
    return years + months / 12 + (7 * weeks + days) / 365.25


def read_phenopackets(paths: tuple[str, ...], id_of: str) -> PhenopacketTables:
    """Read files of phenopackets, families or cohorts.

    Parameters
    ----------
    paths : tuple of str
    id_of : str
        `subject` or `phenopacket`: whose id fills the column `id`.

    Raises
    ------
    InputDataError
        A file is no JSON, or a message has not the shape of version 2.
    """
    tables = PhenopacketTables()
    number = 0
    for path in paths:
        for place, packet in _packets(Path(path)):
            number += 1
            try:
                _add(tables, number, packet, id_of)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                raise InputDataError(
                    "a message has not the shape of a phenopacket", where=f"{path}, {place}",
                    expected="Phenopacket, Family or Cohort of the schema's version 2",
                ) from error  # fmt: skip
    return tables


def _packets(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Phenopackets of a file with their place: members of families and cohorts one by one."""
    for place, message in _messages(path):
        parts = [message]
        if "proband" in message:
            parts = [message["proband"], *message.get("relatives", [])]
        elif "members" in message:
            parts = message["members"]
        for part in parts:
            yield place, part


def _messages(path: Path) -> Iterator[tuple[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputDataError("cannot read the phenopackets", where=str(path)) from error
    try:
        whole = json.loads(text, parse_float=str, parse_int=str)
    except json.JSONDecodeError:
        for number, line in enumerate(text.splitlines(), 1):
            if line.strip():
                try:
                    yield f"line {number}", json.loads(line, parse_float=str, parse_int=str)
                except json.JSONDecodeError as error:
                    raise InputDataError(
                        "not a JSON message", where=f"{path}, line {number}",
                        expected="one message a file, an array of them, or one a line",
                    ) from error  # fmt: skip
        return
    items = whole if isinstance(whole, list) else [whole]
    for number, item in enumerate(items, 1):
        yield f"message {number}", item


def _coded(term: dict[str, Any] | None) -> tuple[str, str]:
    """Vocabulary and code of an ontology class; the label is not looked at."""
    identifier = str((term or {}).get("id", ""))
    prefix, colon, local = identifier.partition(":")
    if not colon:
        return ("(none)", identifier) if identifier else ("(none)", "")
    bare = _BARE.get(prefix.upper())
    return (bare, local) if bare else (_WHOLE.get(prefix.upper(), prefix), identifier)


def _time(tables: PhenopacketTables, element: dict[str, Any] | None) -> tuple[str, str]:
    """Date and age of a time element: one of them, or neither."""
    if not element:
        return "", ""
    stamp = element.get("timestamp") or element.get("interval", {}).get("start") or ""
    age = element.get("age", {}).get("iso8601duration", "")
    years = age_years(age) if age else None
    if not stamp and years is None:
        tables.no_time += 1
        return "", ""
    return str(stamp), "" if years is None or stamp else repr(years)


def _add(tables: PhenopacketTables, number: int, packet: dict[str, Any], id_of: str) -> None:
    subject = packet["subject"]
    name = str(subject["id"] if id_of == "subject" else packet["id"])
    if not name:
        raise ValueError
    tables.ids.append((str(subject["id"]), str(packet["id"])))
    samples = packet.get("biosamples", [])
    stamps = [str(s.get("timeOfCollection", {}).get("timestamp", "")) for s in samples]
    last = _time(tables, subject.get("timeAtLastEncounter"))
    birth = str(subject.get("dateOfBirth", ""))
    sex = str(subject.get("sex", "UNKNOWN_SEX"))
    collected = min((s for s in stamps if s), default="")
    vital = subject.get("vitalStatus", {})
    deceased = _time(tables, vital.get("timeOfDeath"))[0]
    if not deceased and vital.get("status") == "DECEASED":
        deceased = "unknown"
    tables.rows["subjects"].append((number, (name, sex, birth, *last, collected, deceased)))
    for kind, term in (("phenotypicFeatures", "type"), ("diseases", "term")):
        for item in packet.get(kind, []):
            status = "excluded" if item.get("excluded") else "present"
            times = (*_time(tables, item.get("onset")), *_time(tables, item.get("resolution")))
            row = (name, *times, *_coded(item[term]), status)
            tables.rows["features"].append((number, row))
    for item in packet.get("measurements", []):
        _add_measurement(tables, number, name, item)
    for item in packet.get("medicalActions", []):
        _add_action(tables, number, name, item)
    for item in packet.get("interpretations", []):
        for found in item.get("diagnosis", {}).get("genomicInterpretations", []):
            _add_variant(tables, number, name, found.get("variantInterpretation"))


def _add_measurement(
    tables: PhenopacketTables, number: int, name: str, item: dict[str, Any]
) -> None:
    """One row, or one for each part of a complex value (blood pressure)."""
    when = _time(tables, item.get("timeObserved"))
    parts = [(item["assay"], item.get("value", {}))]
    typed = item.get("complexValue", {}).get("typedQuantities", [])
    if typed:
        parts = [(part["type"], {"quantity": part["quantity"]}) for part in typed]
    for assay, value in parts:
        quantity = value.get("quantity", {})
        limits = quantity.get("referenceRange", {})
        number_text = str(quantity.get("value", ""))
        coded = _coded(value.get("ontologyClass"))[1]
        row = (
            name, *when, *_coded(assay), number_text, _coded(quantity.get("unit"))[1], coded,
            str(limits.get("low", "")), str(limits.get("high", "")), "",
        )  # fmt: skip
        tables.rows["measurements"].append((number, row))


def _add_action(tables: PhenopacketTables, number: int, name: str, item: dict[str, Any]) -> None:
    if "treatment" in item:
        doses = item["treatment"].get("doseIntervals", []) or [{}]
        for dose in doses:
            quantity, interval = dose.get("quantity", {}), dose.get("interval", {})
            times = (str(interval.get("start", "")), str(interval.get("end", "")))
            amount = (str(quantity.get("value", "")), _coded(quantity.get("unit"))[1])
            row = (name, "drug", *_coded(item["treatment"]["agent"]), *times, *amount)
            tables.rows["treatments"].append((number, row))
    elif "procedure" in item:
        when = _time(tables, item["procedure"].get("performed"))[0]
        row = (name, "procedure", *_coded(item["procedure"]["code"]), when, "", "", "")
        tables.rows["treatments"].append((number, row))
    else:
        kind = next((key for key in item if key.endswith(("Therapy", "Regimen"))), "(other)")
        tables.not_read[kind] = tables.not_read.get(kind, 0) + 1


def _add_variant(
    tables: PhenopacketTables, number: int, name: str, item: dict[str, Any] | None
) -> None:
    """A reported variant and its allelic state, as coded answers to two LOINC questions."""
    if not item:
        return
    described = item.get("variationDescriptor", {})
    record = described.get("vcfRecord", {})
    parts = [record.get(key) for key in ("genomeAssembly", "chrom", "pos", "ref", "alt")]
    gene = described.get("geneContext", {}).get("valueId", "")
    kind = described.get("structuralType", {}).get("id", "")
    # A structural variant has no VCF record: its gene and its kind are what is known.
    answer = ":".join(map(str, parts)) if all(parts) else " ".join(p for p in (gene, kind) if p)
    status = str(item.get("acmgPathogenicityClassification", "")).lower()
    blank = ("", "")
    row = (name, *blank, "LOINC", VARIANT, "", "", answer, *blank, status)
    tables.rows["measurements"].append((number, row))
    state = str(described.get("allelicState", {}).get("id", ""))
    if state:
        row = (name, *blank, "LOINC", ALLELIC_STATE, "", "", state, *blank, "")
        tables.rows["measurements"].append((number, row))
