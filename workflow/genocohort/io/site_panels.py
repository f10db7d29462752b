"""Read panels of known sites: a VCF with frequencies, or VerifyBamID2's .bed and .mu."""

import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from genocohort.domain.genome import canonical_contig
from genocohort.errors import InputDataError

# In the name of a line of .mu: 1:12345_A/G, with or without an identifier behind it.
_ALLELES = re.compile(r"_([ACGTN]+)/([ACGTN]+)")


@dataclass(frozen=True)
class PanelSite:
    """One line of a panel; `alt_frequency` is None where the line gives none."""

    chromosome: str
    vcf_pos: int
    ref: str
    alt: str
    alt_frequency: float | None


def panel_companions(path: Path) -> tuple[Path, ...]:
    """The files that belong to a panel, itself among them."""
    return (path, path.with_suffix(".mu")) if path.suffix == ".bed" else (path,)


def read_panel(path: Path) -> list[PanelSite]:
    """Read a panel, in the order of its lines.

    Parameters
    ----------
    path : Path
        A VCF (plain or gzipped) whose INFO has AF, or AC and AN; or the .bed of a panel of
        VerifyBamID2 with its .mu beside it, whose lines belong together one by one.

    Raises
    ------
    InputDataError
        A file cannot be read, or a line is no site.

    References
    ----------
    VerifyBamID2 (Zhang et al. 2020, Genome Res 30:185): .bed has contig, start, end, REF, ALT;
    .mu a name and the mean number of ALT alleles, twice the frequency over all its populations.
    """
    if path.suffix == ".bed":
        return _read_verifybamid(path, path.with_suffix(".mu"))
    return [_vcf_site(path, number, line) for number, line in _lines(path) if line[0] != "#"]


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    """Numbered lines that are not empty."""
    try:
        raw = path.read_bytes()
        text = (gzip.decompress(raw) if raw[:2] == b"\x1f\x8b" else raw).decode("utf-8-sig")
    except (OSError, EOFError, UnicodeDecodeError) as error:
        raise InputDataError(
            "cannot read the panel of known sites",
            where=str(path),
            expected="a VCF, or a .bed of VerifyBamID2 with its .mu beside it",
        ) from error
    for number, line in enumerate(text.splitlines(), 1):
        if line.strip():
            yield number, line


def _vcf_site(path: Path, number: int, line: str) -> PanelSite:
    cells = line.split("\t")
    try:
        info = dict(part.partition("=")[::2] for part in cells[7].split(";"))
        frequency = None
        # Of several ALT alleles none is a biallelic site: what INFO says of them is not used.
        if "," not in cells[4] and info.get("AF", ".") != ".":
            frequency = float(info["AF"])
        elif "," not in cells[4] and info.get("AN", "0") not in ("0", "."):
            frequency = int(info["AC"]) / int(info["AN"])
        return PanelSite(
            canonical_contig(cells[0]), int(cells[1]), cells[3].upper(), cells[4].upper(), frequency
        )
    except (IndexError, KeyError, ValueError) as error:
        raise InputDataError(
            "a line of the panel is no site",
            where=f"{path}, line {number}",
            expected="CHROM, POS, ID, REF, ALT, QUAL, FILTER, and INFO with AF, or AC and AN",
        ) from error


def _read_verifybamid(bed: Path, mean: Path) -> list[PanelSite]:
    places, means = list(_lines(bed)), list(_lines(mean))
    if len(places) != len(means):
        raise InputDataError(
            "the two files of the panel have different numbers of lines",
            where=f"{bed}: {len(places)}, {mean}: {len(means)}",
            expected="a .bed and a .mu of one panel",
        )
    sites = []
    for (number, place), (_, line) in zip(places, means, strict=True):
        cells, (name, *value) = place.split(), line.split()
        alleles = _ALLELES.search(name)
        try:
            contig, start, end, ref, alt = cells[:5]
            if int(end) != int(start) + 1 or (alleles and alleles.groups() != (ref, alt)):
                raise ValueError("place")
            frequency = float(value[0]) / 2
            sites.append(PanelSite(canonical_contig(contig), int(end), ref, alt, frequency))
        except (IndexError, ValueError) as error:
            raise InputDataError(
                "a line of the panel is no site, or its two files disagree",
                where=f"{bed} and {mean}, line {number}",
                expected="contig, start, end, REF, ALT; and a name with REF/ALT and a mean",
            ) from error
    return sites
