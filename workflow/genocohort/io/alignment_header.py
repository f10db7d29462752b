"""What the header of a BAM or CRAM says: contigs and samples."""

from pathlib import Path

from genocohort.errors import InputDataError


def read_alignment_header(path: Path) -> tuple[dict[str, int], set[str]]:
    """Contig lengths in the header's order, and the samples that its read groups name.

    Raises
    ------
    InputDataError
        Neither BAM nor CRAM, a damaged header, or one without contigs.
    """
    import pysam

    try:
        with pysam.AlignmentFile(str(path), check_sq=False, require_index=False) as file:
            header = file.header.to_dict()
    except (OSError, ValueError) as error:
        raise InputDataError(
            "not a BAM or CRAM file, or its header is damaged",
            where=str(path),
            remedy="check with `samtools quickcheck`",
        ) from error
    contigs = {row["SN"]: int(row["LN"]) for row in header.get("SQ", [])}
    if not contigs:
        raise InputDataError(
            "the header has no @SQ line: no contig is known",
            where=str(path),
            remedy="align the reads, or restore the header with `samtools reheader`",
        )
    return contigs, {row["SM"] for row in header.get("RG", []) if "SM" in row}
