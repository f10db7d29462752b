"""Do the contigs of all inputs belong to one genome build?"""

from collections.abc import Mapping

from genocohort.domain.genome import (
    PRIMARY,
    Genome,
    canonical_contig,
    known_length,
    matching_builds,
)
from genocohort.errors import InputDataError
from genocohort.steps.preflight.outcome import Outcome

Lengths = Mapping[str, int | None]


def check_build(genome: Genome, path: str, contigs: Lengths, outcome: Outcome) -> None:
    """Compare a file's contig lengths with the build the configuration names."""
    outcome.n_checks += 1
    if genome.build == "synthetic":
        return
    lengths = {name: n for name, n in contigs.items() if n is not None}
    wrong = [
        f"{name}: {n} bp, not {expected}"
        for name, n in lengths.items()
        if (expected := known_length(genome.build, name)) is not None
        and n != expected
        and canonical_contig(name) != "chrM"
    ]
    if wrong:
        builds = matching_builds(lengths)
        outcome.add(
            InputDataError(
                f"the contigs are not those of {genome.build}",
                where=path,
                offenders=wrong,
                expected=f"contig lengths of {genome.build}",
                remedy=(
                    f"these lengths are those of {builds[0]}: if all inputs are on it, set "
                    "genome.build to it"
                    if builds
                    else "bring all inputs to one build, or correct genome.build"
                ),
            )
        )


def check_same_genome(contigs: Mapping[str, Lengths], outcome: Outcome) -> None:
    """Compare the contig lengths of all files with each other, by canonical name."""
    outcome.n_checks += 1
    first: dict[str, tuple[str, int]] = {}
    for path, lengths in contigs.items():
        wrong = []
        other = ""
        for name, length in lengths.items():
            if length is None:
                continue
            seen_in, seen = first.setdefault(canonical_contig(name), (path, length))
            if seen != length and canonical_contig(name) != "chrM":
                wrong.append(f"{name}: {length} bp, but {seen} bp there")
                other = seen_in
        if wrong:
            outcome.add(
                InputDataError(
                    "two inputs give a contig different lengths: two genome builds are mixed",
                    where=f"{path} and {other}",
                    offenders=wrong,
                    remedy="bring all inputs to one genome build",
                )
            )


def check_shared_contigs(
    calls: set[str], alignments: Mapping[str, Lengths], outcome: Outcome
) -> None:
    """Every alignment shares at least one contig with the calls."""
    for path, contigs in alignments.items():
        outcome.n_checks += 1
        if calls and not calls & {canonical_contig(name) for name in contigs}:
            outcome.add(
                InputDataError(
                    "no contig of the alignment is in the calls",
                    where=path,
                    offenders=list(contigs),
                    expected="contigs such as " + ", ".join(sorted(calls, key=_order)[:3]),
                    remedy="check that both are of one species and genome build",
                )
            )


def _order(name: str) -> tuple[int, str]:
    return (PRIMARY.index(name) if name in PRIMARY else len(PRIMARY), name)
