"""Polygenic scores of the participants, from scoring files and the genotype store."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from genocohort.domain.genome import Genome, canonical_contig, contig_class
from genocohort.domain.ledger import Dropped, Entry
from genocohort.errors import ConfigError
from genocohort.io.scoring_files import ScoringFile, read_scoring_file
from genocohort.io.store import Store
from genocohort.steps.outcomes.genotypes import first_by_participant

Floats = npt.NDArray[np.float64]

NO_PLACE = "no place in the scoring file"
NOT_AUTOSOMAL = "not on an autosome"
ABSENT = "not in the calls"
OTHER_ALLELES = "other alleles in the calls"
REPEATED = "given twice: the first counts"
NO_CALL = "no sample has a call"
_BLOCK = 256


@dataclass(frozen=True)
class Score:
    """One score: the sum over variants of weight times copies of the effect allele.

    `value`, shape (n_participants,), is NaN for participants without a sample in the store.
    `dropped` has lines of the scoring file by reason.
    """

    name: str
    value: Floats
    n_rows: int
    dropped: dict[str, list[int]]

    @property
    def z(self) -> Floats:
        """In standard deviations from the mean of all who have one; NaN where all are alike."""
        spread = np.nanstd(self.value, ddof=1) if np.isfinite(self.value).sum() > 1 else 0.0
        if not spread > 0:
            return np.full(len(self.value), np.nan)
        return np.asarray((self.value - np.nanmean(self.value)) / spread)

    def groups(self, n_groups: int) -> list[str | None]:
        """Equal parts from the lowest (1) to the highest; equal values are in one part."""
        known = np.isfinite(self.value)
        shares = np.arange(1, n_groups) / n_groups
        limits = np.nanquantile(self.value, shares) if known.any() else shares
        part = np.searchsorted(limits, self.value, side="left") + 1
        return [f"{p} of {n_groups}" if ok else None for p, ok in zip(part, known, strict=True)]

    def entry(self) -> Entry:
        """Rows of the scoring file in the ledger."""
        n_dropped = sum(len(lines) for lines in self.dropped.values())
        return Entry(
            step="outcomes", scope=f"score {self.name}", unit="variant",
            n_in=self.n_rows, n_kept=self.n_rows - n_dropped,
            dropped=tuple(
                Dropped(reason=reason, n=len(lines),
                        examples=tuple(f"line {line}" for line in lines[:5]))
                for reason, lines in sorted(self.dropped.items())
            ),
        )  # fmt: skip


def compute_score(
    name: str,
    path: Path,
    genome: Genome,
    folder: Path | None,
    chromosomes: Sequence[str],
    links: Mapping[str, list[Any]],
    participants: Sequence[str],
) -> Score:
    """A score from the calls; a missing call counts as the mean of those called.

    A row is used where the calls have its position with its effect allele as ALT and its other
    allele as REF, or the reverse; letters are compared as they are, on the forward strand. Of a
    row without another allele any record with the effect allele counts. Of several samples of a
    participant the first in the store counts.

    Raises
    ------
    ConfigError
        The scoring file is for another build than the study's, or no row of it can be used.

    References
    ----------
    plink2 --score ... cols=scoresums.
    """
    file = read_scoring_file(path)
    if file.build and genome.build in ("GRCh37", "GRCh38") and file.build != genome.build:
        raise ConfigError(
            f"the scoring file is for {file.build}, the study for {genome.build}",
            where=str(path),
            remedy=f"take the file that is harmonised to {genome.build}",
        )
    dropped: dict[str, list[int]] = {}
    totals: Floats | None = None
    samples: tuple[str, ...] = ()
    for contig, rows in _by_contig(file, chromosomes if folder else (), dropped).items():
        assert folder is not None
        store = Store(folder, contig)
        samples = store.samples
        part = _sum_contig(store, file, rows, dropped)
        totals = part if totals is None else totals + part
    n_dropped = sum(len(lines) for lines in dropped.values())
    if totals is None or n_dropped == len(file.line):
        raise ConfigError(
            f"no row of the scoring file of {name} can be used",
            where=str(path),
            expected="; ".join(f"{r}: {len(lines)}" for r, lines in sorted(dropped.items())),
            remedy="check that file and calls are of one build",
        )
    value = first_by_participant(samples, totals, links, participants)
    return Score(name, value, len(file.line), dropped)


def _by_contig(
    file: ScoringFile, chromosomes: Sequence[str], dropped: dict[str, list[int]]
) -> dict[str, list[int]]:
    """Rows of each chromosome of the store, in the store's order."""
    names = {canonical_contig(name): name for name in chromosomes}
    rows: dict[str, list[int]] = {name: [] for name in chromosomes}
    for i, contig in enumerate(file.contig):
        if not contig:
            dropped.setdefault(NO_PLACE, []).append(file.line[i])
        elif contig_class(contig) != "autosome":
            dropped.setdefault(NOT_AUTOSOMAL, []).append(file.line[i])
        elif contig not in names:
            dropped.setdefault(ABSENT, []).append(file.line[i])
        else:
            rows[names[contig]].append(i)
    return {name: found for name, found in rows.items() if found}


def _sum_contig(
    store: Store, file: ScoringFile, rows: Sequence[int], dropped: dict[str, list[int]]
) -> Floats:
    """Sum over one chromosome's rows, per sample of the store."""
    total = np.zeros(store.n_samples)
    weights: dict[int, tuple[float, bool, int]] = {}
    position = store.variants.vcf_pos
    for i in rows:
        first, last = np.searchsorted(position, [file.position[i], file.position[i] + 1])
        found = _match(store, file, i, range(int(first), int(last)))
        if isinstance(found, str):
            dropped.setdefault(found, []).append(file.line[i])
        elif found[0] in weights:
            dropped.setdefault(REPEATED, []).append(file.line[i])
        else:
            weights[found[0]] = (float(file.weight[i]), found[1], file.line[i])
    for start, end in _spans(sorted(weights)):
        calls = store.read(start, end)
        for index in (i for i in range(start, end) if i in weights):
            weight, effect_is_alt, line = weights[index]
            call = calls[index - start].astype(np.float64)
            called = call >= 0
            if not called.any():
                dropped.setdefault(NO_CALL, []).append(line)
                continue
            copies = call if effect_is_alt else 2 - call
            total += weight * np.where(called, copies, copies[called].mean())
    return total


def _match(store: Store, file: ScoringFile, row: int, here: range) -> tuple[int, bool] | str:
    """The record that a row is about, and whether its effect allele is the ALT; or why none is."""
    effect, other = file.effect[row], file.other[row]
    for i in here:
        ref, alt = store.variants.ref[i], store.variants.alt[i]
        if effect == alt and other in ("", ref):
            return i, True
        if effect == ref and other in ("", alt):
            return i, False
    return OTHER_ALLELES if here else ABSENT


def _spans(indices: Sequence[int]) -> list[tuple[int, int]]:
    """Ranges that hold all indices, each of at most `_BLOCK` records."""
    spans: list[tuple[int, int]] = []
    for i in indices:
        if spans and i < spans[-1][0] + _BLOCK:
            spans[-1] = (spans[-1][0], i + 1)
        else:
            spans.append((i, i + 1))
    return spans
