"""Where a read lies: CIGAR, NM and MD from the haplotype it was drawn from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

MATCH, INSERTION, DELETION, SOFT, HARD = 0, 1, 2, 4, 5
ANCHOR = 5
LETTERS = "MIDNSHP=X"


@dataclass
class Placement:
    """An alignment of one read to one contig."""

    position: int
    cigar: list[tuple[int, int]]
    edits: int
    mismatches: str

    @property
    def end(self) -> int:
        """Return the reference position after the last aligned base."""
        return self.position + sum(n for op, n in self.cigar if op in (MATCH, DELETION))

    def text(self) -> str:
        """Return the CIGAR as text."""
        return "".join(f"{n}{LETTERS[op]}" for op, n in self.cigar)


def _runs(positions: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return operations of a read whose bases have these reference positions."""
    runs: list[tuple[int, int]] = []
    last = -1
    for position in positions.tolist():
        if position < 0:
            operation = INSERTION
        else:
            if 0 <= last < position - 1:
                runs.append((DELETION, position - last - 1))
            operation, last = MATCH, position
        if runs and runs[-1][0] == operation:
            runs[-1] = (operation, runs[-1][1] + 1)
        else:
            runs.append((operation, 1))
    return runs


def _unanchored(runs: list[tuple[int, int]]) -> int:
    """Return how many leading read bases lie before the first well-anchored match."""
    clipped = 0
    for operation, length in runs:
        if operation == MATCH and length >= ANCHOR:
            break
        clipped += 0 if operation == DELETION else length
    return clipped


def _describe(
    bases: NDArray[np.uint8], runs: list[tuple[int, int]], start: int, reference: NDArray[np.uint8]
) -> tuple[int, str]:
    """Return NM and MD of aligned operations (no clips)."""
    edits, text, streak, at, ref = 0, [], 0, 0, start
    for operation, length in runs:
        if operation == INSERTION:
            edits += length
            at += length
        elif operation == DELETION:
            edits += length
            text.append(f"{streak}^{reference[ref : ref + length].tobytes().decode()}")
            streak = 0
            ref += length
        else:
            wrong = np.flatnonzero(bases[at : at + length] != reference[ref : ref + length])
            previous = 0
            for offset in wrong.tolist():
                text.append(f"{streak + offset - previous}{chr(reference[ref + offset])}")
                streak, previous = 0, offset + 1
            edits += len(wrong)
            streak += length - previous
            at += length
            ref += length
    return edits, "".join(text) + str(streak)


def place(
    bases: NDArray[np.uint8],
    positions: NDArray[np.int64],
    reference: NDArray[np.uint8],
    clips: tuple[int, int] = (0, 0),
) -> Placement:
    """Align a read to the reference positions it came from.

    Ends that an indel leaves with fewer than ANCHOR matching bases are soft-clipped, as an
    aligner would; `clips` are bases known not to come from the haplotype, left and right.
    """
    left, right = clips
    inner = positions[left : len(positions) - right]
    if inner[0] >= 0 and inner[-1] - inner[0] == len(inner) - 1 and (inner >= 0).all():
        runs = [(MATCH, len(inner))]
    else:
        runs = _runs(inner)
        left += _unanchored(runs)
        right += _unanchored(runs[::-1])
        inner = positions[left : len(positions) - right]
        runs = _runs(inner)
    aligned = bases[left : len(bases) - right]
    start = int(inner[0])
    edits, mismatches = _describe(aligned, runs, start, reference)
    cigar = [(SOFT, left)] * (left > 0) + runs + [(SOFT, right)] * (right > 0)
    return Placement(start, cigar, edits, mismatches)
