"""Read the sample sheet as users write it, and write the normalised one that steps read."""

from pathlib import Path

from genocohort.domain.sheet import SEX_CODES, SHEET_COLUMNS, Sample, Sex
from genocohort.errors import ConfigError, GenocohortError, InputDataError, Problems
from genocohort.io.text_table import read_text_table

_ALIASES = {
    "sample": "sample_id", "iid": "sample_id", "patient": "participant_id",
    "participant": "participant_id", "bam": "alignment", "cram": "alignment",
    "fasta": "reference", "gender": "sex",
}  # fmt: skip
_KNOWN = set(SHEET_COLUMNS)


def read_sample_sheet(path: Path) -> tuple[Sample, ...]:
    """Read and normalise a sample sheet (own columns, or sarek-like `patient,sample,sex`).

    Raises
    ------
    Problems
        Every problem found: missing column, empty or repeated id, unusable id, unknown sex code.
    """
    table = read_text_table(path)
    names = [_ALIASES.get(c.lower(), c.lower()) for c in table.columns]
    if "sample_id" not in names:
        raise ConfigError(
            "the sample sheet has no column sample_id",
            where=str(path),
            expected="columns " + ", ".join(SHEET_COLUMNS) + " (only sample_id is required)",
        )
    problems: list[GenocohortError] = []
    samples: list[Sample] = []
    first_line: dict[str, int] = {}
    for line, cells in zip(table.lines, table.rows, strict=True):
        row = {n: c for n, c in zip(names, cells, strict=True) if n in _KNOWN}
        where = f"{path}, line {line}"
        sample_id = row.get("sample_id", "")
        problems += _check_id(sample_id, where, first_line)
        first_line.setdefault(sample_id, line)
        sex = _sex(row.get("sex", ""), where, problems)
        row |= {
            "participant_id": row.get("participant_id") or sample_id,
            "vcf_name": row.get("vcf_name") or sample_id,
        }
        row.pop("sex", None)
        samples.append(Sample(sex=sex, **row))
    if not samples:
        problems.append(InputDataError("the sample sheet has no rows", where=str(path)))
    if problems:
        raise Problems(problems)
    return tuple(samples)


def _check_id(sample_id: str, where: str, seen: dict[str, int]) -> list[GenocohortError]:
    if not sample_id:
        return [InputDataError("sample_id is empty", where=f"{where}, column sample_id")]
    if sample_id in seen:
        return [
            InputDataError(
                "sample_id appears twice",
                where=f"{where}, column sample_id",
                offenders=[f"{sample_id} (first on line {seen[sample_id]})"],
                remedy="keep one row per sample",
            )
        ]
    if "/" in sample_id or sample_id.startswith((".", "-")) or any(c.isspace() for c in sample_id):
        return [
            InputDataError(
                "sample_id cannot be used as a file name",
                where=f"{where}, column sample_id",
                offenders=[sample_id],
                expected="no blanks, no '/', not starting with '.' or '-'",
                remedy="choose another sample_id and give the name in the calls as vcf_name",
            )
        ]
    return []


def _sex(text: str, where: str, problems: list[GenocohortError]) -> Sex:
    if text.lower() not in SEX_CODES:
        problems.append(
            InputDataError(
                "unknown code for sex",
                where=f"{where}, column sex",
                offenders=[text],
                expected="XX/XY, F/M, female/male, 2/1, or empty",
            )
        )
        return "unknown"
    return SEX_CODES[text.lower()]


def sheet_text(samples: tuple[Sample, ...]) -> str:
    """The normalised sheet as tab-separated text with a header."""
    lines = ["\t".join(SHEET_COLUMNS)]
    lines += ["\t".join(getattr(s, c) for c in SHEET_COLUMNS) for s in samples]
    return "\n".join(lines) + "\n"


def read_normalised_sheet(path: Path) -> tuple[Sample, ...]:
    """Read a sheet that `sheet_text` wrote."""
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    columns = lines[0].split("\t")
    return tuple(
        Sample(**dict(zip(columns, line.split("\t"), strict=True)))  # type: ignore[arg-type]
        for line in lines[1:]
    )
