"""PLINK 1 genotypes of one chromosome, written from the called genotypes."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from .sites import Site

MAGIC = b"\x6c\x1b\x01"
# two bits a sample by the number of ALT alleles (A1 is the ALT allele); 1 is missing
CODES = np.array([3, 2, 0], dtype=np.uint8)
MISSING_CODE = 1


def _packed(codes: NDArray[np.uint8]) -> bytes:
    """Return four samples a byte, the first in the lowest bits."""
    padded = np.zeros(-(-len(codes) // 4) * 4, dtype=np.uint8)
    padded[: len(codes)] = codes
    shifted = padded.reshape(-1, 4) << np.array([0, 2, 4, 6], dtype=np.uint8)
    return bytes(np.sum(shifted, axis=1, dtype=np.uint8))


def write_bed(sites: list[Site], missing: NDArray[np.bool_], fam: Path, prefix: Path) -> None:
    """Write .bed, .bim and .fam of the biallelic sites of an autosome.

    A1 is the ALT allele and variants are named chromosome:position:ref:alt.
    """
    prefix.parent.mkdir(parents=True, exist_ok=True)
    body, names = [MAGIC], []
    for row, site in enumerate(sites):
        if site.kind == "multiallelic":
            continue
        codes = np.where(missing[row], MISSING_CODE, CODES[site.dosage()])
        body.append(_packed(codes.astype(np.uint8)))
        number, position, (alt,) = site.contig.removeprefix("chr"), site.position + 1, site.alts
        name = f"{site.contig}:{position}:{site.ref}:{alt}"
        names.append(f"{number}\t{name}\t0\t{position}\t{alt}\t{site.ref}\n")
    prefix.with_suffix(".bed").write_bytes(b"".join(body))
    prefix.with_suffix(".bim").write_text("".join(names))
    shutil.copyfile(fam, prefix.with_suffix(".fam"))
