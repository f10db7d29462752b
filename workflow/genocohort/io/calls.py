"""Find out what a file of variant calls holds from its header and index alone."""

import gzip
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from genocohort.errors import InputDataError

CallsFormat = Literal["vcf", "bcf", "plink1", "plink2"]

_SUFFIXES: tuple[tuple[str, CallsFormat], ...] = (
    (".vcf", "vcf"), (".vcf.gz", "vcf"), (".vcf.bgz", "vcf"), (".bcf", "bcf"),
    (".bed", "plink1"), (".pgen", "plink2"),
)  # fmt: skip


@dataclass(frozen=True)
class CallsHeader:
    """What a file of calls says of itself.

    Attributes
    ----------
    path : Path
    format : str
    samples : tuple of str
        Names as written; empty for a sites-only file.
    contigs : dict of str to int or None
        Every contig the header or the index names, in order, with its length where it is given.
    """

    path: Path
    format: CallsFormat
    samples: tuple[str, ...]
    contigs: dict[str, int | None]


def calls_format(path: Path) -> CallsFormat:
    """The format, by the file's name.

    Raises
    ------
    InputDataError
        The name has none of the known endings.
    """
    for suffix, kind in _SUFFIXES:
        if path.name.endswith(suffix):
            return kind
    raise InputDataError(
        "unknown kind of variant calls",
        where=str(path),
        expected="a name that ends with " + ", ".join(s for s, _ in _SUFFIXES),
    )


def calls_companions(path: Path) -> tuple[Path, ...]:
    """Files that belong to a file of calls and exist: its index, or .bim/.fam, .pvar/.psam."""
    kind = calls_format(path)
    if kind == "plink1":
        names = [path.with_suffix(".bim"), path.with_suffix(".fam")]
    elif kind == "plink2":
        names = [path.with_suffix(".pvar"), path.with_suffix(".psam")]
    else:
        names = [Path(f"{path}.csi"), Path(f"{path}.tbi")]
        return tuple(n for n in names if n.exists())[:1]
    return tuple(names)


def read_calls_header(path: Path) -> CallsHeader:
    """Read samples and contigs of a VCF, BCF, PLINK 1 or PLINK 2 file.

    Raises
    ------
    InputDataError
        The file or a companion is missing or is not what its name says.
    """
    kind = calls_format(path)
    if kind == "vcf":
        return _vcf_header(path)
    if kind == "bcf":
        return _bcf_header(path)
    return _plink_header(path, kind)


def _open_text(path: Path) -> gzip.GzipFile | object:
    with open(path, "rb") as stream:
        magic = stream.read(2)
    return (
        gzip.open(path, "rt", encoding="utf-8")
        if magic == b"\x1f\x8b"
        else open(path, encoding="utf-8")
    )


def _vcf_header(path: Path) -> CallsHeader:
    contigs: dict[str, int | None] = {}
    try:
        with _open_text(path) as stream:  # type: ignore[attr-defined]
            for number, line in enumerate(stream, 1):
                if number == 1 and not line.startswith("##fileformat=VCF"):
                    raise InputDataError(
                        "not a VCF file", where=str(path), expected="##fileformat=VCF on line 1"
                    )
                if line.startswith("##contig=<"):
                    name, length = _contig_line(line)
                    contigs[name] = length
                elif line.startswith("#CHROM"):
                    samples = tuple(line.rstrip("\r\n").split("\t")[9:])
                    break
                elif not line.startswith("##"):
                    raise InputDataError(
                        "the VCF header has no #CHROM line", where=f"{path}, line {number}"
                    )
            else:
                raise InputDataError("the VCF header has no #CHROM line", where=str(path))
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputDataError(
            f"cannot read the VCF header ({type(error).__name__})",
            where=str(path),
            remedy="check that the file is there and whole",
        ) from error
    for name in _index_names(path):
        contigs.setdefault(name, None)
    return CallsHeader(path, "vcf", samples, contigs or _scan_contigs(path))


def _contig_line(line: str) -> tuple[str, int | None]:
    fields = dict(
        part.split("=", 1)
        for part in line[len("##contig=<") :].rstrip(">\r\n ").split(",")
        if "=" in part
    )
    length = fields.get("length", "")
    return fields.get("ID", ""), int(length) if length.isdigit() else None


def _index_names(path: Path) -> list[str]:
    """Contig names a tabix-style index holds; a damaged index is for preflight to report."""
    if not any(Path(f"{path}{s}").exists() for s in (".tbi", ".csi")):
        return []
    import pysam

    try:
        with pysam.TabixFile(str(path)) as tabix:
            return list(tabix.contigs)
    except (OSError, ValueError):
        return []


def _scan_contigs(path: Path) -> dict[str, int | None]:
    """Contigs in order of appearance, where neither header nor index names them."""
    contigs: dict[str, int | None] = {}
    with _open_text(path) as stream:  # type: ignore[attr-defined]
        for line in stream:
            if not line.startswith("#"):
                contigs.setdefault(line.split("\t", 1)[0], None)
    return contigs


def _bcf_header(path: Path) -> CallsHeader:
    import pysam

    try:
        with pysam.VariantFile(str(path)) as variants:
            contigs = {name: c.length for name, c in variants.header.contigs.items()}
            return CallsHeader(path, "bcf", tuple(variants.header.samples), contigs)
    except (OSError, ValueError) as error:
        raise InputDataError("cannot read the BCF header", where=str(path)) from error


def _plink_header(path: Path, kind: CallsFormat) -> CallsHeader:
    variants, samples = calls_companions(path)
    for companion in (path, variants, samples):
        if not companion.exists():
            raise InputDataError(
                f"missing {companion.name}", where=str(path), expected="all three PLINK files"
            )
    contigs: dict[str, int | None] = {}
    with open(variants, encoding="utf-8") as stream:
        for line in stream:
            if line.startswith("##contig=<"):
                name, length = _contig_line(line)
                contigs[name] = length
            elif not line.startswith("#") and line.strip():
                contigs.setdefault(line.split(None, 1)[0], None)
    with open(samples, encoding="utf-8") as stream:
        rows = [line.split() for line in stream if line.strip() and not line.startswith("##")]
    header = rows.pop(0) if rows and rows[0][0].startswith("#") else None
    column = 1 if header is None or header[0] == "#FID" else 0
    return CallsHeader(path, kind, tuple(row[column] for row in rows), contigs)
