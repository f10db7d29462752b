"""PLINK and PED files: families, phenotypes and covariates by sample id."""

from __future__ import annotations

from pathlib import Path

from .people import Person
from .roster import Roster

MISSING = "-9"


def _family_columns(person: Person, roster: Roster) -> list[str]:
    """Return FID IID PAT MAT SEX with the recorded labels and the recorded sex."""
    member = person.member
    family = roster.family_of().get(member.index, member.sample_id)
    recorded = roster.pedigree().get(member.index)
    parents = roster.ids(*recorded[1:]) if recorded else ["0", "0"]
    return [family, member.sample_id, *parents, "1" if person.male else "2"]


def _case_control(person: Person) -> str:
    return MISSING if person.cad is None else str(int(person.cad) + 1)


def _value(value: float | None) -> str:
    return MISSING if value is None else f"{value:g}"


def _write(path: Path, rows: list[list[str]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join("\t".join(row) + "\n" for row in rows))


def write_plink_tables(people: list[Person], roster: Roster, out: Path) -> None:
    """Write pedigree.ped and the files of clinical/plink."""
    family = [[*_family_columns(p, roster), _case_control(p)] for p in people]
    _write(out / "pedigree.ped", family)
    folder = out / "clinical" / "plink"
    _write(folder / "cohort.fam", family)
    header = ["#FID", "IID", "PAT", "MAT", "SEX", "CAD"]
    _write(folder / "cohort.psam", [header, *family])
    phenotypes = [["FID", "IID", "LDL", "HDL", "CAD"]]
    covariates = [["FID", "IID", "AGE", "SEX", "BMI", "BATCH"]]
    for row, person in zip(family, people, strict=True):
        values = [_value(person.baseline(name)) for name in ("LDL", "HDL")]
        phenotypes.append([*row[:2], *values, row[5]])
        batch = person.member.batch.removeprefix("B")
        covariates.append([*row[:2], str(person.age), row[4], _value(person.bmi), batch])
    _write(folder / "phenotypes.pheno", phenotypes)
    _write(folder / "covariates.cov", covariates)


def write_sample_sheet(roster: Roster, alignments: dict[int, str], out: Path) -> None:
    """Write samples.tsv; alignments maps a member to its file under data-samples."""
    columns = "sample_id participant_id alignment reference sex assay batch"
    rows = [columns.split()]
    for member in roster.members:
        path = alignments.get(member.index, "")
        reference = "data-samples/reference/genome.fa.gz" if path else ""
        ids = [member.sample_id, member.participant_id]
        rows.append([*ids, path, reference, member.recorded_sex, "WGS", member.batch])
    _write(out / "samples.tsv", rows)
