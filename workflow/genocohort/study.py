"""One study: its configuration, sample sheet and calls, resolved into what the workflow needs."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from genocohort.config import Settings, parse_settings, read_yaml
from genocohort.domain.genome import PRIMARY, canonical_contig
from genocohort.domain.sheet import Sample
from genocohort.errors import ConfigError, GenocohortError, Problems
from genocohort.io.alignment_index import companions
from genocohort.io.atomic import write_text
from genocohort.io.calls import CallsHeader, calls_companions, read_calls_header
from genocohort.io.crosswalk import open_pseudonyms, read_erased
from genocohort.io.sheet import read_sample_sheet, sheet_text
from genocohort.io.site_panels import panel_companions
from genocohort.steps.calls.compute import Regions, compute_regions
from genocohort.steps.calls.inputs import CallingInputs, resolve_calling
from genocohort.steps.clinical.column_map import ColumnMap
from genocohort.steps.preflight.settings import CheckedInputs
from genocohort.steps.truth.inputs import TruthInputs, resolve_truth
from genocohort.study_config import Config, Inputs, load_config

CALLED = Path("results/full/calls")
"""Where the step `calls` puts one file per chromosome."""


@dataclass(frozen=True)
class Chromosome:
    """A chromosome of the analysis: canonical name, name in its file, the file."""

    name: str
    contig: str
    path: Path

    def companions(self) -> tuple[Path, ...]:
        """Files that belong to it: an index, or the other files of PLINK."""
        if self.path.parent == CALLED:
            return (Path(f"{self.path}.csi"),)
        return calls_companions(self.path)


def _calls_only(sample: Sample) -> Sample:
    """The sample without its alignment, so that a new alignment changes nothing of the calls."""
    return replace(sample, alignment="", reference="")


@dataclass(frozen=True)
class Study:
    """A configuration with the files it names opened just far enough to know what to run."""

    path: Path
    config: Config
    samples: tuple[Sample, ...]
    headers: tuple[CallsHeader, ...]
    column_map: ColumnMap | None
    calling: CallingInputs | None = None
    truth: TruthInputs | None = None

    @cached_property
    def genotyped(self) -> tuple[Sample, ...]:
        """Samples of the sheet that the calls hold, in the calls' order."""
        if self.calling:
            return self.calling.samples
        if not self.headers:
            return ()
        by_name = {s.vcf_name: s for s in self.samples}
        return tuple(by_name[n] for n in self.headers[0].samples if n in by_name)

    @cached_property
    def aligned(self) -> tuple[Sample, ...]:
        """Samples with an alignment file."""
        return tuple(s for s in self.samples if s.alignment)

    @cached_property
    def chromosomes(self) -> tuple[Chromosome, ...]:
        """What the per-chromosome steps run over, in karyotype order (then the calls' order)."""
        found = {
            canonical_contig(name): Chromosome(canonical_contig(name), name, header.path)
            for header in self.headers
            for name in header.contigs
        }
        for contig in self.calling.contigs if self.calling else ():
            name = canonical_contig(contig)
            found[name] = Chromosome(name, contig, CALLED / f"{name}.vcf.gz")
        wanted = [canonical_contig(name) for name in self.config.chromosomes]
        if not wanted:
            wanted = [n for n in PRIMARY if n in found] or list(found)
        return tuple(found[name] for name in wanted if name in found)

    @cached_property
    def absent_chromosomes(self) -> tuple[str, ...]:
        """Chromosomes the configuration asks for and no file of calls holds."""
        held = {c.name for c in self.chromosomes}
        return tuple(n for n in self.config.chromosomes if canonical_contig(n) not in held)

    def call_regions(self, chromosome: Chromosome) -> dict[str, Regions]:
        """The pieces in which variants are called on a chromosome, by name, in order."""
        if not self.calling:
            return {}
        length = self.calling.contigs[chromosome.contig]
        return compute_regions(chromosome.contig, length, self.config.calls)

    def settings_json(self, step: str) -> str:
        """The settings of one step, as its rule passes them on."""
        settings: Settings = getattr(self.config, step)
        return settings.to_json()

    def panel_files(self) -> list[str]:
        """The panel of known sites, and what belongs to it; empty where there is none."""
        panel = self.config.inputs.sites
        return [str(path) for path in panel_companions(Path(panel))] if panel else []

    def ancestry_files(self) -> list[str]:
        """The files of the ancestry panel; empty where there is none."""
        panel = self.config.inputs.ancestry_panel
        return [] if panel is None else panel.files([c.name for c in self.chromosomes])

    def randomized_components(self) -> bool:
        """Whether components are found without the relationship matrix of all samples."""
        settings = self.config.structure
        if settings.pca == "auto":
            return len(self.genotyped) > settings.pca_exact_max
        return settings.pca == "randomized"

    def outlier_ancestry(self) -> Literal["inferred", "reported", "none"]:
        """Which ancestry outliers of `sample_qc` are judged within, of those that are there."""
        wanted = self.config.sample_qc.outlier_ancestry
        there = {
            "inferred": bool(self.genotyped and self.config.inputs.ancestry_panel),
            "reported": bool(self.genotyped and self.column_map),
        }
        if wanted in there and not there[wanted]:
            raise ConfigError(
                f"sample_qc.outlier_ancestry is {wanted}, but there is "
                f"{'no ancestry panel' if wanted == 'inferred' else 'no clinical source'}",
                where=str(self.path),
                remedy="give one as inputs.ancestry_panel or inputs.clinical, or say auto",
            )
        if wanted in ("inferred", "reported", "none"):
            return wanted
        return "inferred" if there["inferred"] else "reported" if there["reported"] else "none"

    def input_files(self) -> tuple[Path, ...]:
        """Every file the study reads, each once."""
        given = self.config.inputs
        paths = [self.path, Path(given.sample_sheet)]
        for header in self.headers:
            paths += [header.path, *calls_companions(header.path)]
        paths += [
            Path(p)
            for p in (
                given.clinical,
                given.pedigree,
                given.sign_offs,
                given.erased,
                given.targets,
                self.config.alignments.regions,
                given.include_regions,
                given.exclude_regions,
                given.genes,
                given.ancestral,
                *given.scores.values(),
            )
            if p
        ]
        paths += [Path(p) for p in (*self.panel_files(), *self.ancestry_files())]
        paths += [Path(p) for p in (self.column_map.paths() if self.column_map else ())]
        paths += [Path(p) for p in (self.truth.files() if self.truth else ())]
        for sample in self.aligned:
            own = (sample.alignment, sample.reference)
            paths += [Path(p) for p in (*own, *companions(*own)) if p]
        if self.calling:
            names = [*self.calling.reference_files(), *self.calling.alignment_files()]
            paths += [Path(name) for name in names]
        return tuple(dict.fromkeys(paths))

    def _checked_inputs(self) -> CheckedInputs:
        given = self.config.inputs
        return CheckedInputs(
            genome=self.config.genome,
            calls=tuple(str(p) for p in _calls_paths(self.config, [])),
            chromosomes=tuple(c.name for c in self.chromosomes),
            absent_chromosomes=self.absent_chromosomes,
            reference=self.calling.reference if self.calling else given.reference,
            calling=self.calling is not None,
            sample_sheet=given.sample_sheet,
            clinical=given.clinical,
            clinical_settings=self.config.clinical,
            pedigree=given.pedigree,
            sign_offs=given.sign_offs,
            scores=given.scores,
            targets=given.targets,
            regions=self.config.alignments.regions,
            truth_regions=given.truth.regions if given.truth else None,
            include_regions=given.include_regions,
            exclude_regions=given.exclude_regions,
            sites=tuple(self.panel_files()),
            genes=given.genes,
            ancestral=given.ancestral,
            ancestry_panel=tuple(self.ancestry_files()),
        )

    def write_inputs(self, folder: Path) -> None:
        """Write the normalised sheets; a file whose content is unchanged keeps its time."""
        texts = {
            "samples.tsv": sheet_text(self.samples),
            "genotyped.tsv": sheet_text(tuple(map(_calls_only, self.genotyped))),
            "aligned.tsv": sheet_text(self.aligned),
            "inputs.json": self._checked_inputs().to_json() + "\n",
        }
        if self.truth:
            texts["truth.tsv"] = sheet_text(tuple(map(_calls_only, self.truth.samples)))
        if self.calling:
            lists = self.calling.lists(self.config.genome)
            texts |= {f"calls.{ending}": text for ending, text in lists.items()}
        for name, text in texts.items():
            path = folder / name
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                write_text(path, text)


def load_study(path: Path) -> Study:
    """Load the configuration and open what it names; the working directory is the study folder.

    Raises
    ------
    Problems
        Every problem that keeps the workflow from being laid out.
    """
    study, problems = resolve_study(path)
    if problems:
        raise Problems(problems)
    return study


def resolve_study(path: Path) -> tuple[Study, list[GenocohortError]]:
    """Open as much of a study as can be opened; the study, and what is wrong with it.

    Raises
    ------
    Problems
        The configuration itself is wrong.
    """
    config = load_config(path)
    problems: list[GenocohortError] = []
    samples: tuple[Sample, ...] = ()
    try:
        samples = read_sample_sheet(Path(config.inputs.sample_sheet))
    except GenocohortError as error:
        problems.append(error)
    try:
        samples = _as_in_results(config.inputs, samples)
    except GenocohortError as error:
        problems.append(error)
    column_map = None
    if config.inputs.clinical:
        try:
            where = config.inputs.clinical
            column_map = parse_settings(ColumnMap, read_yaml(Path(where)), where)
        except GenocohortError as error:
            problems.append(error)
    headers: list[CallsHeader] = []
    for calls_path in _calls_paths(config, problems):
        try:
            headers.append(read_calls_header(calls_path))
        except GenocohortError as error:
            problems.append(error)
    calling = None
    if config.calls.enabled and samples:
        try:
            calling = resolve_calling(samples, config.inputs.reference)
        except GenocohortError as error:
            problems.append(error)
    study = Study(path, config, samples, tuple(headers), column_map, calling)
    if config.inputs.truth:
        contigs = {c.name: c.contig for c in study.chromosomes}
        try:
            known = resolve_truth(config.inputs.truth, study.genotyped, contigs)
            study = replace(study, truth=known)
        except GenocohortError as error:
            problems.append(error)
    return study, _flat(problems)


def _as_in_results(inputs: Inputs, samples: tuple[Sample, ...]) -> tuple[Sample, ...]:
    """The sheet without who is erased, and with pseudonyms in place of participants' ids."""
    erased = read_erased(inputs.erased or "")
    samples = tuple(s for s in samples if s.participant_id not in erased)
    files = inputs.pseudonyms
    if files is None:
        return samples
    pseudonyms = open_pseudonyms(files.key, files.crosswalk_file)
    try:
        return tuple(
            replace(s, participant_id=pseudonyms.participant(s.participant_id)) for s in samples
        )
    except KeyError as error:
        raise ConfigError(
            "participants of the sample sheet have no pseudonym", where=files.crosswalk,
            remedy="run `genocohort pseudonyms`, then run again",
        ) from error  # fmt: skip


def _flat(problems: list[GenocohortError]) -> list[GenocohortError]:
    flat: list[GenocohortError] = []
    for problem in problems:
        flat += problem.problems if isinstance(problem, Problems) else [problem]
    return flat


def _calls_paths(config: Config, problems: list[GenocohortError]) -> list[Path]:
    pattern = config.inputs.calls
    if not pattern:
        return []
    if "{chromosome}" not in pattern:
        return [Path(pattern)]
    if not config.chromosomes:
        problems.append(
            ConfigError(
                "inputs.calls has {chromosome}, so the chromosomes must be listed",
                remedy="add for example `chromosomes: [chr21, chr22]`",
            )
        )
    return [Path(pattern.replace("{chromosome}", name)) for name in config.chromosomes]
