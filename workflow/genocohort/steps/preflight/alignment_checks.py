"""Are the alignments whole, of the right sample, and is their reference there?"""

from pathlib import Path

from genocohort.domain.sheet import Sample
from genocohort.errors import InputDataError
from genocohort.io.alignment_header import read_alignment_header
from genocohort.io.bgzf import damage, has_eof_marker
from genocohort.steps.preflight.outcome import Outcome
from genocohort.steps.preflight.settings import PreflightSettings

MEGABYTE = 1 << 20


def check_alignment(
    sample: Sample, settings: PreflightSettings, outcome: Outcome
) -> dict[str, int | None]:
    """Integrity, header, read groups, index and reference of one sample's alignments.

    Returns
    -------
    dict of str to int or None
        Contig lengths of the header; empty where it could not be read.
    """
    path = Path(sample.alignment)
    outcome.n_checks += 5
    problem = None
    if path.suffix != ".cram" and path.stat().st_size <= settings.full_read_mb * MEGABYTE:
        problem = damage(path)
    if not problem and not has_eof_marker(path):
        problem = "the end-of-file marker is missing: the file is cut off"
    if problem:
        outcome.add(
            InputDataError(
                problem, where=str(path), remedy="copy it again, or make it again from its source"
            )
        )
        return {}
    header = outcome.attempt(lambda: read_alignment_header(path))
    if header is None:
        return {}
    contigs, names = header
    _check_read_groups(sample, names, settings, outcome)
    _check_index(path, outcome)
    _check_reference(sample, contigs, outcome)
    return dict(contigs)


def _check_read_groups(
    sample: Sample, names: set[str], settings: PreflightSettings, outcome: Outcome
) -> None:
    if not names:
        outcome.notices.append(f"{sample.alignment}: no read group names a sample")
    elif not names & {sample.sample_id, sample.vcf_name}:
        text = f"read groups name {', '.join(sorted(names))}, the sheet says {sample.sample_id}"
        if settings.read_group_mismatch == "notice":
            outcome.notices.append(f"{sample.alignment}: {text}")
            return
        outcome.add(
            InputDataError(
                "the alignment's read groups name another sample",
                where=sample.alignment,
                offenders=[text],
                remedy="correct the sheet, or set preflight.read_group_mismatch to `notice`",
            )
        )


def _check_index(path: Path, outcome: Outcome) -> None:
    names = [Path(f"{path}{s}") for s in (".bai", ".csi", ".crai")]
    names += [path.with_suffix(s) for s in (".bai", ".csi", ".crai")]
    found = [name for name in names if name.exists()]
    if not found:
        outcome.notices.append(f"{path} has no index: it is read from start to end")
    elif found[0].stat().st_mtime < path.stat().st_mtime:
        outcome.notices.append(f"{found[0]} is older than its file: it is not used")


def _check_reference(sample: Sample, contigs: dict[str, int], outcome: Outcome) -> None:
    if not sample.reference:
        if sample.alignment.endswith(".cram"):
            outcome.add(
                InputDataError(
                    "a CRAM needs its reference",
                    where=sample.alignment,
                    expected="a FASTA file in the column `reference` of the sample sheet",
                )
            )
        return
    index = Path(f"{sample.reference}.fai")
    if not index.exists():
        outcome.add(
            InputDataError(
                "the reference has no index",
                where=sample.reference,
                remedy=f"samtools faidx {sample.reference}",
            )
        )
        return
    rows = [line.split("\t") for line in index.read_text(encoding="utf-8").splitlines() if line]
    lengths = {row[0]: int(row[1]) for row in rows}
    wrong = [
        f"{name}: {n} bp, reference {lengths.get(name, 'lacks it')}"
        for name, n in contigs.items()
        if lengths.get(name) != n
    ]
    if wrong:
        outcome.add(
            InputDataError(
                "the reference is not the one the alignment was made with",
                where=f"{sample.alignment} and {sample.reference}",
                offenders=wrong,
                remedy="name the FASTA file that was used for the alignment",
            )
        )
