"""What a study calls variants from: alignments with their indexes, and one reference."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from genocohort.domain.genome import Genome
from genocohort.domain.sheet import Sample
from genocohort.errors import ConfigError, GenocohortError, InputDataError, Problems
from genocohort.io.alignment_header import read_alignment_header
from genocohort.io.alignment_index import fasta_indexes, index_names
from genocohort.steps.calls.compute import (
    alignments_text,
    groups_text,
    ploidy_text,
    samples_text,
)


@dataclass(frozen=True)
class CallingInputs:
    """What variants are called from.

    Attributes
    ----------
    samples : tuple of Sample
        Those with an alignment, in the sheet's order, which is that of the calls' columns.
    contigs : dict of str to int
        Names and lengths in the header of the first alignment.
    reference : str
        FASTA.
    """

    samples: tuple[Sample, ...]
    contigs: dict[str, int]
    reference: str

    def reference_files(self) -> tuple[str, ...]:
        """The FASTA with the indexes that lie beside it; those that are missing, too."""
        return (self.reference, *map(str, fasta_indexes(Path(self.reference))))

    def alignment_files(self) -> tuple[str, ...]:
        """The alignments, each with its index; those that are missing, too."""
        pairs = [(s.alignment, str(_index(Path(s.alignment)))) for s in self.samples]
        return tuple(name for pair in pairs for name in pair)

    def lists(self, genome: Genome) -> dict[str, str]:
        """The texts that bcftools reads, by the ending of their names."""
        return {
            "alignments": alignments_text(self.samples),
            "groups": groups_text(self.samples),
            "samples": samples_text(self.samples),
            "ploidy": ploidy_text(self.contigs, genome),
        }


def _index(alignment: Path) -> Path:
    """The index that htslib takes for an alignment, or the one to make where there is none."""
    names = index_names(alignment)
    return next((name for name in names if name.exists()), names[-2])


def resolve_calling(samples: Sequence[Sample], reference: str | None) -> CallingInputs:
    """Find out what variants are called from.

    Parameters
    ----------
    samples
        The whole sheet.
    reference
        `inputs.reference`; None for the one that the sheet names.

    Raises
    ------
    Problems
        No alignments, unusable names, none or several references, an unreadable header.
    """
    aligned = tuple(s for s in samples if s.alignment)
    problems: list[GenocohortError] = []
    if not aligned:
        raise Problems(
            [
                InputDataError(
                    "calls.enabled is set, but no sample of the sheet has an alignment",
                    expected="BAM or CRAM files in the column `alignment`",
                )
            ]
        )
    problems += _check_names(aligned)
    contigs: dict[str, int] = {}
    try:
        contigs, _ = read_alignment_header(Path(aligned[0].alignment))
    except GenocohortError as error:
        problems.append(error)
    references = dict.fromkeys(s.reference for s in aligned if s.reference)
    if not reference and len(references) != 1:
        problems.append(
            ConfigError(
                "variants are called against one reference, but the sheet names "
                + (f"{len(references)}" if references else "none"),
                where="inputs.reference",
                offenders=list(references),
                remedy="name the FASTA that all reads were aligned to as inputs.reference",
            )
        )
    if problems:
        raise Problems(problems)
    return CallingInputs(aligned, contigs, reference or next(iter(references)))


def _check_names(samples: Sequence[Sample]) -> list[GenocohortError]:
    """Names become columns of the calls: each once, and without blanks."""
    counts = Counter(s.vcf_name for s in samples)
    wrong = [n for n, count in counts.items() if count > 1 or any(c.isspace() for c in n)]
    if not wrong:
        return []
    return [
        InputDataError(
            "two alignments are of one vcf_name, or it has blanks",
            where="sample sheet, column vcf_name",
            offenders=wrong,
            remedy="leave vcf_name empty: the calls are then named by sample_id",
        )
    ]
