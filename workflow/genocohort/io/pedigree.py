"""Read pedigrees: PED and FAM files (no header), or with a PLINK 2 header line."""

from pathlib import Path

from genocohort.domain.pedigree import Person, sort_generations
from genocohort.domain.sheet import SEX_CODES
from genocohort.errors import GenocohortError, InputDataError, Problems

_HEADER_NAMES = {
    "FID": "family", "FAMILY_ID": "family", "IID": "person", "INDIVIDUAL_ID": "person",
    "PAT": "father", "FATHER": "father", "PATERNAL_ID": "father",
    "MAT": "mother", "MOTHER": "mother", "MATERNAL_ID": "mother", "SEX": "sex",
}  # fmt: skip
_ORDER = ("family", "person", "father", "mother", "sex")
_NOBODY = ("0", "", ".", "NA", "-9")


def read_pedigree(path: Path) -> tuple[Person, ...]:
    """Read family, person, father, mother and sex; the phenotype and further columns are ignored.

    Fields are separated by tabs or blanks. Lines that start with `#` are comments unless they are a
    header (`#FID IID PAT MAT SEX`). A parent `0`, `.` or `NA` is not recorded.

    Raises
    ------
    Problems
        Every problem found: too few fields, a person twice, unknown code for sex, a mother recorded
        as male or a father as female, somebody their own parent.
    InputDataError
        The file cannot be read, has no person, or records somebody as their own ancestor.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputDataError(
            "cannot read the pedigree", where=str(path), expected="a PED file, UTF-8 text"
        ) from error
    people, lines, problems = _parse(path, text)
    problems += _check_parents(path, people, lines)
    if problems:
        raise Problems(problems)
    if not people:
        raise InputDataError("the pedigree has no person", where=str(path))
    try:
        sort_generations(people)
    except InputDataError as error:
        raise InputDataError(
            error.what, where=str(path), offenders=error.offenders, remedy=error.remedy
        ) from error
    return tuple(people)


def _parse(path: Path, text: str) -> tuple[list[Person], list[int], list[GenocohortError]]:
    columns: tuple[str, ...] = _ORDER
    people: list[Person] = []
    lines: list[int] = []
    problems: list[GenocohortError] = []
    first_line: dict[str, int] = {}
    for number, line in enumerate(text.splitlines(), 1):
        cells = line.split("\t") if "\t" in line.strip() else line.split()
        cells = [c.strip() for c in cells]
        if not any(cells):
            continue
        names = _header(cells)
        if names is not None:
            columns = names
            continue
        if cells[0].startswith("#"):
            continue
        where = f"{path}, line {number}"
        person, found = _person(cells, columns, where)
        problems += found
        if person is None:
            continue
        if person.person_id in first_line:
            problems.append(
                InputDataError(
                    "a person has two lines in the pedigree",
                    where=where,
                    offenders=[f"{person.person_id} (first on {first_line[person.person_id]})"],
                    remedy="keep one line per person; ids must be unique over all families",
                )
            )
        first_line.setdefault(person.person_id, number)
        people.append(person)
        lines.append(number)
    return people, lines, problems


def _header(cells: list[str]) -> tuple[str, ...] | None:
    """Column roles of a header line, None for any other line."""
    names = tuple(_HEADER_NAMES.get(c.lstrip("#").upper(), "") for c in cells)
    return names if "person" in names and ("father" in names or cells[0][:1] == "#") else None


def _person(
    cells: list[str], columns: tuple[str, ...], where: str
) -> tuple[Person | None, list[GenocohortError]]:
    if len(cells) < len(columns):
        problem = InputDataError(
            f"a line of the pedigree has {len(cells)} fields",
            where=where,
            expected="family, person, father, mother, sex (and phenotype), separated by tabs",
        )
        return None, [problem]
    row = {role: cell for role, cell in zip(columns, cells, strict=False) if role}
    if row["person"] in _NOBODY:
        return None, [InputDataError("a line of the pedigree names no person", where=where)]
    code = row.get("sex", "").lower()
    problems: list[GenocohortError] = []
    if code not in SEX_CODES:
        problems.append(
            InputDataError(
                "unknown code for sex in the pedigree",
                where=where,
                offenders=[row["sex"]],
                expected="1 male, 2 female, 0 unknown",
            )
        )
    father, mother = (_known(row.get(role, "")) for role in ("father", "mother"))
    if row["person"] in (father, mother) or (father and father == mother):
        problems.append(
            InputDataError(
                "the parents of a person are not two other people",
                where=where,
                offenders=[row["person"]],
            )
        )
    person = Person(
        _known(row.get("family", "")), row["person"], father, mother,
        SEX_CODES.get(code, "unknown"),
    )  # fmt: skip
    return person, problems


def _known(parent: str) -> str:
    return "" if parent in _NOBODY else parent


def _check_parents(path: Path, people: list[Person], lines: list[int]) -> list[GenocohortError]:
    """A father with a line of his own must not be female there, nor a mother male."""
    sex = {p.person_id: p.sex for p in people}
    problems: list[GenocohortError] = []
    for person, line in zip(people, lines, strict=True):
        for parent, role, wrong in (
            (person.father_id, "father", "female"),
            (person.mother_id, "mother", "male"),
        ):
            if sex.get(parent) == wrong:
                problems.append(
                    InputDataError(
                        f"a {role} is recorded as {wrong}",
                        where=f"{path}, line {line}",
                        offenders=[f"{parent}, {role} of {person.person_id}"],
                        remedy="exchange father and mother, or correct the parent's sex",
                    )
                )
    return problems
