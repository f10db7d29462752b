"""The configuration of a study: config.yaml, its inputs and the settings of all steps."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from genocohort.config import Settings, parse_settings, read_yaml
from genocohort.domain.genome import Genome
from genocohort.steps.accounts.settings import AccountsSettings
from genocohort.steps.alignment_summary.settings import AlignmentSummarySettings
from genocohort.steps.alignments.settings import AlignmentsSettings
from genocohort.steps.ancestry.settings import AncestryPanel, AncestrySettings
from genocohort.steps.association.settings import AssociationSettings
from genocohort.steps.association_summary.settings import AssociationSummarySettings
from genocohort.steps.calls.settings import CallsSettings
from genocohort.steps.clinical.settings import ClinicalSettings
from genocohort.steps.genotypes.settings import GenotypesSettings
from genocohort.steps.identity.settings import IdentitySettings
from genocohort.steps.kinship.settings import KinshipSettings
from genocohort.steps.mendel.settings import MendelSettings
from genocohort.steps.multiqc.settings import MultiqcSettings
from genocohort.steps.outcomes.settings import OutcomesSettings
from genocohort.steps.preflight.settings import PreflightSettings
from genocohort.steps.report.settings import ReportSettings
from genocohort.steps.sample_qc.settings import SampleQcSettings
from genocohort.steps.sites.settings import SitesSettings
from genocohort.steps.structure.settings import StructureSettings
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
    ancestry_panel: AncestryPanel | None = Field(
        default=None, description="people of known ancestry, among whose components the samples "
        "are placed"
    )  # fmt: skip
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
    ancestry: AncestrySettings = AncestrySettings()
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


STEPS = tuple(
    name for name in Config.model_fields if name not in ("study", "genome", "inputs", "chromosomes")
)


def load_config(path: Path) -> Config:
    """Read and check config.yaml.

    Raises
    ------
    Problems
        Every problem of the file at once.
    """
    return parse_settings(Config, read_yaml(path), str(path))
