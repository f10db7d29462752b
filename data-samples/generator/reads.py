"""Reads."""

from .roster import Roster

CONTAMINATION = 0.08
CRAM_ROLE = "second"


def alignment_files(roster: Roster) -> dict[int, str]:
    """Return the alignment file of each aligned member, from the repository root."""
    cram = roster.alignments[CRAM_ROLE]
    return {
        index: f"data-samples/alignments/{roster.members[index].sample_id}."
        + ("cram" if index == cram else "bam")
        for index in roster.aligned()
    }
