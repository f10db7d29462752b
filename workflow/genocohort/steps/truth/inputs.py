"""Which of the cohort's samples have known calls, and in which files those are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from genocohort.domain.genome import canonical_contig
from genocohort.domain.sheet import Sample
from genocohort.errors import GenocohortError, InputDataError, Problems
from genocohort.io.calls import CallsHeader, calls_companions, read_calls_header
from genocohort.steps.truth.settings import TruthFiles


@dataclass(frozen=True)
class TruthInputs:
    """Known calls, resolved.

    Attributes
    ----------
    samples : tuple of Sample
        The cohort's samples that have some, `vcf_name` their name there.
    contigs : dict of str to (str, Path)
        By canonical name: the name in the file, and the file.
    regions : str or None
        BED.
    """

    samples: tuple[Sample, ...]
    contigs: dict[str, tuple[str, Path]]
    regions: str | None

    def files(self) -> tuple[str, ...]:
        """Every file, each once."""
        paths = [p for _, path in self.contigs.values() for p in (path, *calls_companions(path))]
        return tuple(dict.fromkeys([*map(str, paths), *([self.regions] if self.regions else [])]))


def resolve_truth(
    given: TruthFiles, genotyped: Sequence[Sample], chromosomes: Mapping[str, str]
) -> TruthInputs:
    """Open the headers of known calls.

    Parameters
    ----------
    genotyped : sequence of Sample
        Samples with calls.
    chromosomes : mapping of str to str
        Chromosomes of the analysis: canonical name -> name in the calls, which stands for
        `{chromosome}`.

    Raises
    ------
    Problems
        A header cannot be read, files have different samples, a sample is unknown on either side,
        or there is none, or no chromosome in common.
    """
    problems: list[GenocohortError] = []
    headers: list[CallsHeader] = []
    names = list(chromosomes.values()) if "{chromosome}" in given.calls else [""]
    for name in names:
        try:
            headers.append(read_calls_header(Path(given.calls.replace("{chromosome}", name))))
        except GenocohortError as error:
            problems.append(error)
    if problems:
        raise Problems(problems)
    contigs: dict[str, tuple[str, Path]] = {}
    for header in headers:
        if set(header.samples) != set(headers[0].samples):
            problems.append(
                InputDataError(
                    "files of the truth have different samples",
                    where=str(header.path),
                    expected=f"those of {headers[0].path}",
                )
            )
        for contig in header.contigs:
            if (name := canonical_contig(contig)) in chromosomes:
                contigs[name] = (contig, header.path)
    known, wrong = _samples(given, genotyped, headers[0].samples if headers else ())
    problems += wrong
    if not contigs:
        problems.append(
            InputDataError(
                "the truth has no chromosome of the analysis",
                where=given.calls,
                expected=", ".join(list(chromosomes)[:5]) or "calls of the cohort",
            )
        )
    if problems:
        raise Problems(problems)
    ordered = {name: contigs[name] for name in chromosomes if name in contigs}
    return TruthInputs(known, ordered, given.regions)


def _samples(
    given: TruthFiles, genotyped: Sequence[Sample], held: Sequence[str]
) -> tuple[tuple[Sample, ...], list[GenocohortError]]:
    """The cohort's samples with known calls, named as there."""
    by_id = {s.sample_id: s for s in genotyped}
    wanted = given.samples or {s.vcf_name: s.sample_id for s in genotyped if s.vcf_name in held}
    absent = [name for name in wanted if name not in held]
    unknown = [name for name in wanted.values() if name not in by_id]
    problems: list[GenocohortError] = []
    if absent:
        problems.append(
            InputDataError(
                "inputs.truth.samples names samples that the truth does not hold",
                where=given.calls, offenders=absent, expected=", ".join(list(held)[:5]),
            )
        )  # fmt: skip
    if unknown:
        problems.append(
            InputDataError(
                "inputs.truth.samples names samples that are not in the calls",
                where="inputs.truth.samples", offenders=unknown,
                expected="values are sample_id of the sample sheet",
            )
        )  # fmt: skip
    if not wanted:
        problems.append(
            InputDataError(
                "no sample of the truth is in the cohort's calls",
                where=given.calls, offenders=list(held)[:5],
                remedy="say which is which: inputs.truth.samples: {name in the truth: sample_id}",
            )
        )  # fmt: skip
    chosen = [replace(by_id[s], vcf_name=n) for n, s in wanted.items() if s in by_id]
    order = {s.sample_id: i for i, s in enumerate(genotyped)}
    return tuple(sorted(chosen, key=lambda s: order[s.sample_id])), problems
