"""Open one contig of variant calls, whatever kind of file holds them."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

from genocohort.domain.calls import CallBatch
from genocohort.domain.genome import contig_class
from genocohort.domain.sheet import Sample
from genocohort.errors import InputDataError
from genocohort.io.calls import calls_format

# What a reader hands to its own `parse`; opaque to everyone else.
RawBatch = Any


class CallsReader(Protocol):
    """One contig of a file of calls: raw batches in order, each parsed in any thread."""

    path: Path
    contig: str
    file_samples: tuple[str, ...]
    absent: tuple[str, ...]
    notices: list[str]

    def batches(self) -> Iterator[RawBatch]:
        """Raw batches of the contig's records, in order."""
        ...

    def parse(self, batch: RawBatch) -> CallBatch:
        """One raw batch as arrays."""
        ...


def open_calls(
    path: Path, contig: str, samples: Sequence[str] | None = None, *, depths: bool = False
) -> CallsReader:
    """A reader of one contig (see VcfReader for the parameters).

    Raises
    ------
    InputDataError
        The kind of file is unknown, or the file is damaged.
    """
    if calls_format(path) in ("vcf", "bcf"):
        from genocohort.io.vcf import VcfReader

        return VcfReader(path, contig, samples, depths=depths)
    from genocohort.io.plink import PlinkReader

    return PlinkReader(path, contig, samples)


def open_cohort_calls(
    path: Path, contig: str, samples: Sequence[Sample], *, depths: bool = False
) -> CallsReader:
    """A reader of one contig with the columns of the cohort's samples, in the sheet's order.

    A sample may lack in a file only where it need not have calls: females on Y.

    Raises
    ------
    InputDataError
        The file is damaged or lacks samples of the sheet.
    """
    reader = open_calls(path, contig, [s.vcf_name for s in samples], depths=depths)
    sexes = {s.vcf_name: s.sex for s in samples}
    on_y = contig_class(contig) == "Y"
    missing = [name for name in reader.absent if not (on_y and sexes[name] == "female")]
    if missing:
        raise InputDataError(
            f"the calls of {contig} lack samples of the sheet that other chromosomes' calls have",
            where=str(path),
            offenders=missing,
            remedy="give every chromosome's file the same samples, or take these out of the sheet",
        )
    if reader.absent:
        reader.notices.append(f"{path}: {len(reader.absent)} females have no column: missing")
    return reader


def print_notices(reader: CallsReader, n_without_gt: int, n_gt_not_first: int) -> None:
    """Say on stderr what was tolerated while a contig was read.

    Parameters
    ----------
    n_without_gt, n_gt_not_first : int
        Records without GT, and records whose FORMAT has it in a later place than the first.
    """
    notices = list(reader.notices)
    if n_without_gt:
        notices.append(f"{reader.path}: {n_without_gt} records have no GT: genotypes missing")
    if n_gt_not_first:
        notices.append(
            f"{reader.path}: {n_gt_not_first} records have GT not first in FORMAT, against the "
            "specification: read by its key"
        )
    for notice in notices:
        print(f"notice: {notice}", file=sys.stderr)
