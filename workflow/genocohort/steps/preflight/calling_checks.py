"""Is everything there that variants are called from?"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from genocohort.domain.sheet import Sample
from genocohort.errors import InputDataError
from genocohort.io.alignment_index import fasta_indexes, index_names
from genocohort.io.bgzf import is_bgzf, is_gzip
from genocohort.steps.preflight.genome_checks import Lengths
from genocohort.steps.preflight.outcome import Outcome


def check_calling(
    samples: Sequence[Sample],
    reference: str,
    alignments: Mapping[str, Lengths],
    outcome: Outcome,
) -> None:
    """Indexes of the alignments, the reference with its indexes, and the same contigs everywhere.

    Parameters
    ----------
    samples
        The sheet's samples with an alignment that exists.
    reference
        FASTA that variants are called against.
    alignments
        Contig lengths of each alignment; empty where the header could not be read.
    """
    for sample in samples:
        outcome.n_checks += 1
        _check_index(Path(sample.alignment), outcome)
    outcome.n_checks += 2
    lengths = _check_reference(reference, outcome)
    if lengths is None:
        return
    for path, contigs in alignments.items():
        outcome.n_checks += 1
        wrong = [
            f"{name}: {n} bp, reference {lengths.get(name, 'lacks it')}"
            for name, n in contigs.items()
            if lengths.get(name) != n
        ]
        if wrong:
            outcome.add(
                InputDataError(
                    "variants cannot be called against a reference with other contigs",
                    where=f"{path} and {reference}",
                    offenders=wrong,
                    expected="the FASTA that all reads were aligned to",
                    remedy="correct the column `reference` of the sheet, or inputs.reference",
                )
            )
    _check_same_names(alignments, outcome)


def _check_index(path: Path, outcome: Outcome) -> None:
    """bcftools opens pieces of the file, so that it needs the index; htslib takes any it finds."""
    names = index_names(path)
    found = next((name for name in names if name.exists()), None)
    if found is None:
        what = "calling variants needs the alignment's index, which is missing"
    elif found.stat().st_mtime < path.stat().st_mtime:
        what = f"the index {found.name} is older than its alignment"
    else:
        return
    outcome.add(
        InputDataError(
            what,
            where=str(path),
            expected=" or ".join(n.name for n in names[::2]) + ", made after it",
            remedy=f"samtools index {path}",
        )
    )


def _check_reference(reference: str, outcome: Outcome) -> dict[str, int] | None:
    """Contig lengths of the reference; None where it cannot be used."""
    path = Path(reference)
    if not path.is_file():
        return None
    if is_gzip(path) and not is_bgzf(path):
        outcome.add(
            InputDataError(
                "the reference is compressed with gzip: no piece of it can be read alone",
                where=reference,
                remedy=f"gunzip {reference}, or compress it with bgzip; then samtools faidx",
            )
        )
        return None
    wanted = fasta_indexes(path)
    missing = [name.name for name in wanted if not name.is_file()]
    if missing:
        outcome.add(
            InputDataError(
                "calling variants needs the reference's index, which is missing",
                where=reference,
                offenders=missing,
                remedy=f"samtools faidx {reference}",
            )
        )
        return None
    rows = [line.split("\t") for line in wanted[0].read_text(encoding="utf-8").splitlines()]
    return {row[0]: int(row[1]) for row in rows if len(row) > 1}


def _check_same_names(alignments: Mapping[str, Lengths], outcome: Outcome) -> None:
    """A region is asked of all files at once: its contig must have one name in all of them."""
    outcome.n_checks += 1
    known = [(path, contigs) for path, contigs in alignments.items() if contigs]
    for path, contigs in known[1:]:
        absent = [name for name in known[0][1] if name not in contigs]
        if absent:
            outcome.add(
                InputDataError(
                    "variants cannot be called across alignments with different contigs",
                    where=f"{path} and {known[0][0]}",
                    offenders=absent,
                    expected="the same contigs, by the same names, in every header",
                    remedy="align all reads to one reference, or leave this sample out",
                )
            )
