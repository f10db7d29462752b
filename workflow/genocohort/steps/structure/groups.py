"""What is computed for groups of samples: diversity, spectra, Fst, decay of LD."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from genocohort.domain.tables_ancestry import ANCESTRY_SAMPLES
from genocohort.domain.tables_clinical import PARTICIPANTS
from genocohort.domain.tables_cohort import (
    STRUCTURE_DIVERSITY,
    STRUCTURE_FST,
    STRUCTURE_LD_DECAY,
    STRUCTURE_SPECTRUM,
)
from genocohort.engine.allotment import Allotment
from genocohort.engine.tasks import map_tasks
from genocohort.errors import ConfigError
from genocohort.io.ancestral import Variants, read_ancestral
from genocohort.io.parquet import read_table, write_table
from genocohort.io.store_selection import Selection, block_bytes
from genocohort.stats.ld_decay import DecaySums, choose_anchors, sum_decay
from genocohort.steps.structure.ancestry import UNASSIGNED
from genocohort.steps.structure.compute import (
    Roles,
    count_group_alleles,
    fst_table,
    group_samples,
)
from genocohort.steps.structure.diversity import (
    ChromosomeDiversity,
    diversity_columns,
    measure_chromosome,
)
from genocohort.steps.structure.ld_decay import common_enough, decay_columns, decay_edges
from genocohort.steps.structure.settings import StructureSettings
from genocohort.steps.structure.spectrum import (
    ChromosomeSpectra,
    measure_spectra,
    spectrum_columns,
)
from genocohort.steps.structure.variants import Chosen

# A block of calls read, and one group's part of it with its counts.
_PER_BLOCK = 5
# LD of anchors with the variants in reach: calls read, float32 planes of them.
_PER_PLANE = 30
_MOST_IN_REACH = 4096


@dataclass(frozen=True)
class Groups:
    """All fitted samples, and the named groups of them that are large enough.

    Attributes
    ----------
    labels : list of (group_by, name, number of samples)
    members : list of ndarray, int64
        Samples of each, as indices into the store's.
    """

    labels: list[tuple[str, str, int]]
    members: list[npt.NDArray[np.int64]]


def named_groups(
    participants: Path | None,
    inferred: Path | None,
    samples: tuple[str, ...],
    quality: Sequence[dict[str, object]],
    settings: StructureSettings,
) -> list[str | None]:
    """The group of each sample of the store; None where it has none."""
    if settings.group_by == "none":
        return [None] * len(samples)
    if settings.group_by == "batch":
        batch = {str(r["sample_id"]): str(r["batch"]) or None for r in quality}
        return [batch.get(s) for s in samples]
    if settings.group_by == "ancestry_inferred":
        return _inferred_groups(inferred, samples)
    if participants is None:
        print(
            "structure: no clinical participants, so no reported ancestry: Fst is not computed "
            "(set structure.group_by to batch or none)",
            file=sys.stderr,
        )
        return [None] * len(samples)
    columns = ["participant_id", "ancestry_reported"]
    rows = read_table(participants, PARTICIPANTS, columns).to_pylist()
    ancestry = {r["participant_id"]: r["ancestry_reported"] for r in rows}
    participant = {str(r["sample_id"]): r["participant_id"] for r in quality}
    return [ancestry.get(participant.get(s)) for s in samples]


def _inferred_groups(path: Path | None, samples: tuple[str, ...]) -> list[str | None]:
    """By the panel; samples that it left unassigned have none."""
    if path is None:
        raise ConfigError(
            "structure.group_by is ancestry_inferred, but there is no ancestry panel",
            where="command line",
            remedy="give one as inputs.ancestry_panel, or group by something else",
        )
    columns = ["sample_id", "ancestry_inferred"]
    rows = read_table(path, ANCESTRY_SAMPLES, columns).to_pylist()
    found = {r["sample_id"]: r["ancestry_inferred"] for r in rows}
    return [None if found.get(s) == UNASSIGNED else found.get(s) for s in samples]


def make_groups(roles: Roles, named: Sequence[str | None], settings: StructureSettings) -> Groups:
    """The groups that tables have a part for."""
    own = group_samples(roles, named, settings.min_group_size)
    labels = [("all", "", len(roles.fitted))]
    labels += [(settings.group_by, name, len(found)) for name, found in own.items()]
    return Groups(labels, [roles.fitted, *own.values()])


def write_diversity_and_spectra(
    diversity: Path,
    spectrum: Path,
    ancestral: Path | None,
    selections: Sequence[Selection],
    groups: Groups,
    settings: StructureSettings,
    threads: int,
) -> None:
    """Windows of diversity, and spectra: unfolded too where ancestral alleles are given."""
    sizes = [n for _, _, n in groups.labels]
    window = round(1000 * settings.diversity_window_kb)
    codes = _ancestral(ancestral, selections, settings) if ancestral else {}

    def of_chromosome(selection: Selection) -> tuple[ChromosomeDiversity, ChromosomeSpectra]:
        name = selection.store.chromosome
        counts = count_group_alleles((calls for _, calls in selection.blocks()), groups.members)
        position = selection.store.variants.vcf_pos[selection.indices]
        windows = measure_chromosome(name, counts, position, window)
        spectra = measure_spectra(counts, sizes, settings.spectrum_max_missing, codes.get(name))
        return windows, spectra

    found = map_tasks(of_chromosome, selections, threads=threads)
    columns = diversity_columns(groups.labels, [windows for windows, _ in found])
    write_table(diversity, STRUCTURE_DIVERSITY, columns)
    spectra = [part for _, part in found]
    table = spectrum_columns(groups.labels, spectra, settings.spectrum_max_missing)
    write_table(spectrum, STRUCTURE_SPECTRUM, table)


def _ancestral(
    path: Path, selections: Sequence[Selection], settings: StructureSettings
) -> dict[str, npt.NDArray[np.int8]]:
    """Ancestral alleles of the chosen variants by chromosome; tells what became of them."""
    wanted = {
        s.store.chromosome: Variants(
            s.store.variants.vcf_pos[s.indices],
            s.store.variants.chosen("ref", s.indices),
            s.store.variants.chosen("alt", s.indices),
        )
        for s in selections
    }
    found = read_ancestral(path, wanted, confident_only=settings.ancestral_confident_only)
    n = sum(len(v.vcf_pos) for v in wanted.values())
    told = ", ".join(f"{name}: {count}" for name, count in sorted(found.outcomes.items()))
    print(f"structure: ancestral alleles of {n} variants: {told or 'none given'}", file=sys.stderr)
    return found.codes


def write_ld_decay(
    path: Path,
    usable: Sequence[Chosen],
    groups: Groups,
    settings: StructureSettings,
    allotment: Allotment,
) -> None:
    """Mean r2 of pairs of variants by their distance, before LD pruning."""
    edges = decay_edges(settings)

    def of_chromosome(chosen: Chosen) -> list[DecaySums]:
        selection = chosen.selection
        counts = count_group_alleles((calls for _, calls in selection.blocks()), groups.members)
        return [
            _decay(
                selection, members, common_enough(own, settings.ld_decay_min_maf), edges, settings
            )
            for members, own in zip(groups.members, counts, strict=True)
        ]

    n_samples = max((len(m) for m in groups.members), default=0)
    task_bytes = _PER_PLANE * _MOST_IN_REACH * n_samples + _PER_BLOCK * block_bytes(n_samples)
    found = map_tasks(of_chromosome, usable, threads=allotment.workers(task_bytes))
    zero = DecaySums.zero(len(edges) - 1)
    sums = [sum((part[k] for part in found), zero) for k in range(len(groups.labels))]
    write_table(path, STRUCTURE_LD_DECAY, decay_columns(groups.labels, sums, edges))


def _decay(
    selection: Selection,
    members: npt.NDArray[np.int64],
    keep: npt.NDArray[np.bool_],
    edges: npt.NDArray[np.int64],
    settings: StructureSettings,
) -> DecaySums:
    """One group on one chromosome."""
    store, indices = selection.store, selection.indices[keep]

    def read(start: int, end: int) -> npt.NDArray[np.int8]:
        first = int(indices[start])
        calls = store.read(first, int(indices[end - 1]) + 1)
        return calls[np.ix_(indices[start:end] - first, members)]

    positions = store.variants.vcf_pos[indices]
    anchors = choose_anchors(len(indices), settings.ld_decay_anchors)
    return sum_decay(read, positions, anchors, edges)


def write_fst(
    path: Path,
    selections: Sequence[Selection],
    roles: Roles,
    named: Sequence[str | None],
    settings: StructureSettings,
    threads: int,
) -> None:
    """Fst of all pairs of named groups."""
    groups = group_samples(roles, named, settings.min_group_size)
    counts = np.zeros((len(groups), 0, 2), dtype=np.int64)
    if len(groups) > 1:
        members = list(groups.values())
        parts = map_tasks(
            lambda s: count_group_alleles((calls for _, calls in s.blocks()), members),
            selections,
            threads=threads,
        )
        counts = np.concatenate(parts, axis=1)
    columns, estimates = fst_table(settings.group_by, groups, counts, settings.fst_blocks)
    for first, second, fst in estimates:
        if fst.n_undefined:
            print(
                f"structure: Fst of {first} and {second}: {fst.n_undefined} variants left out "
                "(fixed for one allele in both, or not called in one)",
                file=sys.stderr,
            )
    write_table(path, STRUCTURE_FST, columns)
