"""The BAM and CRAM files of the aligned samples."""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pysam
from numpy.typing import NDArray

from .haplotypes import make_strands
from .layout import CONTIG_LENGTHS, stream
from .reads import CONTAMINATION, Read, ReadMaker
from .reference import checksums
from .roster import Roster
from .sites import Site

CRAM_ROLE = "second"
CRAM_NAME_AT, CRAM_NAME_SIZE = 6, 20


def alignment_files(roster: Roster) -> dict[int, str]:
    """Return the alignment file of each aligned member, from the repository root."""
    cram = roster.alignments[CRAM_ROLE]
    return {
        index: f"data-samples/alignments/{roster.members[index].sample_id}."
        + ("cram" if index == cram else "bam")
        for index in roster.aligned()
    }


def dna_source(roster: Roster, index: int) -> int:
    """Return whose DNA is in a member's file: two files are exchanged."""
    one, two = roster.alignments["exchanged_1"], roster.alignments["exchanged_2"]
    return {one: two, two: one}.get(index, index)


def _header(sample_id: str, lane: int, sums: dict[str, str]) -> dict[str, Any]:
    group = {
        "ID": f"{sample_id}.{lane}",
        "SM": sample_id,
        "LB": f"LIB-{sample_id}",
        "PL": "ILLUMINA",
        "PU": f"FC01.{lane}",
    }
    contigs = [{"SN": n, "LN": size, "M5": sums[n]} for n, size in CONTIG_LENGTHS.items()]
    return {"HD": {"VN": "1.6", "SO": "coordinate"}, "SQ": contigs, "RG": [group]}


def _segment(read: Read, header: pysam.AlignmentHeader, group: str) -> pysam.AlignedSegment:
    segment = pysam.AlignedSegment(header)
    segment.query_name, segment.flag = read.name, read.flag
    segment.query_sequence = read.bases.tobytes().decode()
    segment.query_qualities = array("B", read.qualities.tobytes())
    if read.contig:
        segment.reference_name, segment.reference_start = read.contig, read.position
    if read.mate_contig:
        segment.next_reference_name = read.mate_contig
        segment.next_reference_start = read.mate_position
    segment.mapping_quality, segment.template_length = read.mapping_quality, read.template
    if read.placement is not None:
        segment.cigartuples = read.placement.cigar
        segment.set_tag("NM", read.placement.edits)
        segment.set_tag("MD", read.placement.mismatches)
    for name, value in read.tags.items():
        segment.set_tag(name, value)
    segment.set_tag("RG", group)
    return segment


def _sort_key(read: Read) -> tuple[int, int]:
    order = {name: rank for rank, name in enumerate(CONTIG_LENGTHS)}
    return (order.get(read.contig, len(order)), read.position)


@contextmanager
def _references_by_checksum(sequences: dict[str, str], sums: dict[str, str]) -> Iterator[None]:
    """Let htslib find references by M5, because naming the FASTA leaves its path in a CRAM."""
    before = os.environ.get("REF_PATH")
    with TemporaryDirectory() as folder:
        for name, text in sequences.items():
            (Path(folder) / sums[name]).write_text(text)
        os.environ["REF_PATH"] = f"{folder}/%s"
        try:
            yield
        finally:
            if before is None:
                del os.environ["REF_PATH"]
            else:
                os.environ["REF_PATH"] = before


def _write(reads: list[Read], header: dict[str, Any], path: Path) -> None:
    mode = "wc" if path.suffix == ".cram" else "wb"
    parsed = pysam.AlignmentHeader.from_dict(header)
    group = header["RG"][0]["ID"]
    with pysam.AlignmentFile(str(path), mode, header=parsed) as handle:
        for read in sorted(reads, key=_sort_key):
            handle.write(_segment(read, parsed, group))
    if mode == "wc":
        _name_cram(path)
    pysam.index(str(path))


def _name_cram(path: Path) -> None:
    """Put the file's name where htslib left the start of its path, in the file definition."""
    with path.open("r+b") as handle:
        handle.seek(CRAM_NAME_AT)
        handle.write(path.name.encode().ljust(CRAM_NAME_SIZE, b"\0"))


def write_alignments(
    roster: Roster, sequences: dict[str, str], sites: dict[str, list[Site]], out: Path
) -> None:
    """Write one file per aligned member, drawn from the haplotypes in the VCF."""
    folder = out / "alignments"
    folder.mkdir(parents=True, exist_ok=True)
    sums = checksums(sequences)
    reference: dict[str, NDArray[np.uint8]] = {
        name: np.frombuffer(text.encode(), dtype=np.uint8) for name, text in sequences.items()
    }
    for lane, (index, file) in enumerate(alignment_files(roster).items(), start=1):
        sample_id = roster.members[index].sample_id
        maker = ReadMaker(reference, lane, stream(f"reads {sample_id}"))
        own = make_strands(sequences, sites, dna_source(roster, index))
        contaminated = index == roster.alignments["contaminated"]
        if contaminated:
            other = roster.alignments["contaminant"]
            maker.draw(make_strands(sequences, sites, other), CONTAMINATION)
        maker.draw(own, 1 - CONTAMINATION if contaminated else 1.0)
        maker.add_chimeras(own)
        maker.add_unmapped()
        header = _header(sample_id, lane, sums)
        with _references_by_checksum(sequences, sums):
            _write(maker.reads, header, folder / Path(file).name)
