"""What is looked at in one alignment: targets, pseudo-autosomal regions, known sites, regions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from genocohort.domain.genome import Genome, canonical_contig
from genocohort.errors import InputDataError
from genocohort.io.alignments import Alignment
from genocohort.io.intervals import Region
from genocohort.steps.alignments.alleles import KnownSites, place_sites
from genocohort.steps.alignments.compute import Contig
from genocohort.steps.alignments.intervals import merge_intervals, subtract_intervals
from genocohort.steps.alignments.regions import PlacedRegions, place_regions

NamedIntervals = Mapping[str, Sequence[tuple[int, int]]]


@dataclass(frozen=True)
class Given:
    """What a study asks of every alignment; None: nothing.

    Attributes
    ----------
    genome : Genome
    targets : mapping of str to sequence of (int, int), or None
        By canonical name of the contig.
    sites : dict of str to list, or None
        Columns of the table sites/sites.
    regions : list of Region, or None
    regions_path : str
        Where they are from, for messages.
    """

    genome: Genome
    targets: NamedIntervals | None = None
    sites: dict[str, list[Any]] | None = None
    regions: list[Region] | None = None
    regions_path: str = ""


@dataclass(frozen=True)
class Places:
    """The same on the contigs of one header."""

    contigs: tuple[Contig, ...]
    sites: KnownSites | None = None
    regions: PlacedRegions | None = None


def find_places(alignment: Alignment, given: Given) -> Places:
    """Find the contigs of everything that is given.

    Raises
    ------
    InputDataError
        Nothing of it lies on a contig of the header, or some lies beyond a contig's end.
    """
    contigs = _contigs(alignment, given.targets, given.genome)
    sites = regions = None
    if given.sites is not None:
        sites = place_sites(given.sites, alignment.contigs, alignment.lengths)
        contigs = tuple(replace(c, sites=sites.on(c.number)) for c in contigs)
    if given.regions is not None:
        regions = place_regions(
            given.regions, given.regions_path, alignment.contigs, alignment.lengths
        )
        contigs = tuple(replace(c, regions=regions.on(c.number)) for c in contigs)
    return Places(contigs, sites, regions)


def _contigs(
    alignment: Alignment, named: NamedIntervals | None, genome: Genome
) -> tuple[Contig, ...]:
    """The header's contigs with the parts whose depth is looked at."""
    contigs = []
    for number, (name, length) in enumerate(zip(alignment.contigs, alignment.lengths, strict=True)):
        targets = None
        if named is not None:
            targets = merge_intervals(named.get(canonical_contig(name), []), length)
        par = merge_intervals([(r.start, r.end) for r in genome.par_regions(name)], length)
        evaluated = targets
        if len(par):
            everything = merge_intervals([(0, length)], length)
            evaluated = subtract_intervals(everything if targets is None else targets, par)
        contigs.append(Contig(number, name, length, evaluated, targets))
    if named is not None and not any(c.targets for c in contigs):
        raise InputDataError(
            "no target lies on a contig of the alignment",
            where=str(alignment.path),
            offenders=sorted(named),
            expected="a BED file with contigs of the header: " + ", ".join(alignment.contigs[:3]),
        )
    return tuple(contigs)
