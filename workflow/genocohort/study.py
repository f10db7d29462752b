"""One study: its configuration, sample sheet and calls, resolved into what the workflow needs."""

from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from genocohort.config import Settings, parse_settings, read_yaml
from genocohort.domain.genome import PRIMARY, Genome, canonical_contig
from genocohort.domain.sheet import Sample
from genocohort.errors import ConfigError, GenocohortError, Problems
from genocohort.io.alignment_index import companions
from genocohort.io.atomic import write_text
from genocohort.io.calls import CallsHeader, calls_companions, read_calls_header
from genocohort.io.crosswalk import open_pseudonyms, read_erased
from genocohort.io.sheet import read_sample_sheet, sheet_text
from genocohort.io.site_panels import panel_companions
from genocohort.steps.accounts.settings import AccountsSettings
from genocohort.steps.alignment_summary.settings import AlignmentSummarySettings
from genocohort.steps.alignments.settings import AlignmentsSettings
from genocohort.steps.association.settings import AssociationSettings
from genocohort.steps.association_summary.settings import AssociationSummarySettings
from genocohort.steps.calls.compute import Regions, compute_regions
from genocohort.steps.calls.inputs import CallingInputs, resolve_calling
from genocohort.steps.calls.settings import CallsSettings
from genocohort.steps.clinical.column_map import ColumnMap
from genocohort.steps.clinical.settings import ClinicalSettings
from genocohort.steps.genotypes.settings import GenotypesSettings
from genocohort.steps.identity.settings import IdentitySettings
from genocohort.steps.kinship.settings import KinshipSettings
from genocohort.steps.mendel.settings import MendelSettings
from genocohort.steps.multiqc.settings import MultiqcSettings
from genocohort.steps.outcomes.settings import OutcomesSettings
from genocohort.steps.preflight.settings import CheckedInputs, PreflightSettings
from genocohort.steps.report.settings import ReportSettings
from genocohort.steps.sample_qc.settings import SampleQcSettings
from genocohort.steps.sites.settings import SitesSettings
from genocohort.steps.structure.settings import StructureSettings
from genocohort.steps.truth.inputs import TruthInputs, resolve_truth
from genocohort.steps.truth.settings import TruthFiles, TruthSettings
from genocohort.steps.variant_groups.settings import VariantGroupsSettings
from genocohort.steps.variant_summary.settings import VariantSummarySettings
from genocohort.steps.variants.settings import VariantsSettings


class PseudonymFiles(Settings):
    """Pseudonyms of participants in place of their ids, everywhere in the results.

    random: from an encrypted crosswalk that `genocohort pseudonyms` makes and extends; hmac: keyed
    hashes of the ids, the same at every site with the same key.
    """

    kind: Literal["random", "hmac"] = "random"
    key: str = Field(min_length=1, description="file with 64 hexadecimal digits")
    crosswalk: str = "config/crosswalk.enc"

    @property
    def crosswalk_file(self) -> str:
        """The crosswalk, where there is one."""
        return self.crosswalk if self.kind == "random" else ""


class Inputs(Settings):
    """The files a study hands in; paths are relative to the study folder.

    `calls` is one file with all chromosomes, or a pattern with `{chromosome}` for one file each;
    `reference` the FASTA that variants are called against (default: the sample sheet's);
    `targets` a BED of the regions that were sequenced (exome, panel), `genes` a BED4 of genes.
    """

    sample_sheet: str = "config/samples.tsv"
    calls: str | None = None
    reference: str | None = None
    clinical: str | None = None
    pedigree: str | None = None
    targets: str | None = None
    include_regions: str | None = Field(
        default=None, description="BED of the regions whose calls are read (by POS); default: all"
    )
    exclude_regions: str | None = Field(
        default=None, description="BED of the regions whose calls are left out (by POS)"
    )
    sites: str | None = Field(
        default=None,
        description="known sites with frequencies, a VCF or the .bed of a VerifyBamID2 panel with "
        "its .mu beside it; default: common ones of the calls",
    )
    truth: TruthFiles | None = None
    genes: str | None = None
    ancestral: str | None = Field(
        default=None, description="VCF whose INFO/AA holds ancestral alleles (the calls themselves "
        "or other sites): site frequency spectra are then unfolded too"
    )  # fmt: skip
    scores: dict[Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")], str] = Field(
        default_factory=dict, description="polygenic scores by name: scoring files of the PGS "
        "Catalog, harmonised to the study's build"
    )  # fmt: skip
    sign_offs: str | None = Field(
        default=None, description="findings about samples that a person decided about: columns "
        "sample_id, finding, verdict, signed_by, date, reason"
    )  # fmt: skip
    pseudonyms: PseudonymFiles | None = None
    erased: str | None = Field(
        default=None, description="file of participants to leave out; see `genocohort erase`"
    )


class Config(Settings):
    """config.yaml: science only. Resources live in profiles, images in the lock."""

    study: str = Field(default="study", min_length=1)
    genome: Genome = Genome()
    inputs: Inputs
    chromosomes: tuple[str, ...] = Field(
        default=(), description="names as in the calls; empty: all primary ones, or all contigs"
    )
    preflight: PreflightSettings = PreflightSettings()
    alignments: AlignmentsSettings = AlignmentsSettings()
    alignment_summary: AlignmentSummarySettings = AlignmentSummarySettings()
    calls: CallsSettings = CallsSettings()
    genotypes: GenotypesSettings = GenotypesSettings()
    variants: VariantsSettings = VariantsSettings()
    variant_summary: VariantSummarySettings = VariantSummarySettings()
    variant_groups: VariantGroupsSettings = VariantGroupsSettings()
    truth: TruthSettings = TruthSettings()
    kinship: KinshipSettings = KinshipSettings()
    mendel: MendelSettings = MendelSettings()
    sites: SitesSettings = SitesSettings()
    identity: IdentitySettings = IdentitySettings()
    sample_qc: SampleQcSettings = SampleQcSettings()
    structure: StructureSettings = StructureSettings()
    clinical: ClinicalSettings = ClinicalSettings()
    outcomes: OutcomesSettings = OutcomesSettings()
    association: AssociationSettings = AssociationSettings()
    association_summary: AssociationSummarySettings = AssociationSummarySettings()
    accounts: AccountsSettings = AccountsSettings()
    report: ReportSettings = ReportSettings()
    multiqc: MultiqcSettings = MultiqcSettings()

    @model_validator(mode="after")
    def _calls_come_from_one_place(self) -> "Config":
        if self.calls.enabled and self.inputs.calls:
            raise ValueError(
                "calls.enabled calls variants from the alignments, but inputs.calls names a file "
                "of calls: leave out one of them"
            )
        return self

    @model_validator(mode="after")
    def _columns_exist(self) -> "Config":
        made = set(self.clinical.wide_columns())
        wanted = {
            f"association.models {model.phenotype}": (model.source_column, *model.covariates)
            for model in self.association.models
        }
        wanted |= {f"outcomes.survival {s.outcome}": s.covariates for s in self.outcomes.survival}
        for where, names in wanted.items():
            if absent := [name for name in names if name not in made]:
                raise ValueError(
                    f"{where}: {', '.join(absent)} is not among clinical.phenotypes and "
                    f"clinical.covariates ({', '.join(sorted(made)) or 'none'})"
                )
        return self

    @model_validator(mode="after")
    def _scores_exist(self) -> "Config":
        for survival in self.outcomes.survival:
            if absent := [name for name in survival.scores if name not in self.inputs.scores]:
                raise ValueError(
                    f"outcomes.survival {survival.outcome}: {', '.join(absent)} is not among "
                    f"inputs.scores ({', '.join(self.inputs.scores) or 'none'})"
                )
        return self

    @field_validator("chromosomes", mode="before")
    @classmethod
    def _names_are_text(cls, value: object) -> object:
        # YAML reads 21 as a number; a chromosome's name is text.
        return [str(v) for v in value] if isinstance(value, list) else value


CALLED = Path("results/full/calls")
"""Where the step `calls` puts one file per chromosome."""

STEPS = tuple(
    name for name in Config.model_fields if name not in ("study", "genome", "inputs", "chromosomes")
)


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
                given.include_regions,
                given.exclude_regions,
                given.genes,
                given.ancestral,
                *given.scores.values(),
            )
            if p
        ]
        paths += [Path(p) for p in self.panel_files()]
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
            truth_regions=given.truth.regions if given.truth else None,
            include_regions=given.include_regions,
            exclude_regions=given.exclude_regions,
            sites=tuple(self.panel_files()),
            genes=given.genes,
            ancestral=given.ancestral,
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


def load_config(path: Path) -> Config:
    """Read and check config.yaml.

    Raises
    ------
    Problems
        Every problem of the file at once.
    """
    return parse_settings(Config, read_yaml(path), str(path))


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
