"""Settings of the step `association`."""

from typing import Literal

from pydantic import Field, model_validator

from genocohort.config import Settings
from genocohort.domain.genome import ContigClass

Kind = Literal["quantitative", "binary"]
Transform = Literal["none", "rint"]

# The name is also a file name.
NAME = r"^[A-Za-z0-9][A-Za-z0-9_.\-]*$"


class AssociationModel(Settings):
    """One phenotype and how it is tested."""

    phenotype: str = Field(pattern=NAME, description="name of the results")
    column: str | None = Field(
        None, min_length=1, description="column of phenotypes_wide; default: the phenotype's name"
    )
    kind: Kind = Field(description="quantitative (linear) or binary (0 control, 1 case; logistic)")
    covariates: tuple[str, ...] = Field(
        (), description="columns of phenotypes_wide that are adjusted for"
    )
    components: int = Field(
        4, ge=0, le=100, description="leading principal components adjusted for, count"
    )
    transform: Transform = Field(
        "none",
        description="rint: rank-based inverse normal, (rank - 3/8) / (n + 1/4) (Blom 1958)",
    )

    @property
    def source_column(self) -> str:
        """The column of phenotypes_wide that holds the phenotype."""
        return self.column or self.phenotype

    @model_validator(mode="after")
    def _consistent(self) -> "AssociationModel":
        if self.kind == "binary" and self.transform != "none":
            raise ValueError(f"{self.phenotype}: a binary phenotype cannot be transformed")
        if self.source_column in self.covariates:
            raise ValueError(f"{self.phenotype}: the phenotype is also listed as a covariate")
        if len(set(self.covariates)) != len(self.covariates):
            raise ValueError(f"{self.phenotype}: a covariate is listed twice")
        return self


class AssociationSettings(Settings):
    """Which phenotypes are tested, and how."""

    models: tuple[AssociationModel, ...] = Field((), description="one entry per phenotype")
    min_maf: float = Field(
        0.0, ge=0, le=0.5, description="least minor allele frequency among those tested"
    )
    min_mac: int = Field(
        5, ge=0, description="least minor allele count among those tested (regenie's --minMAC is 5)"
    )
    max_missing: float = Field(
        0.1, ge=0, le=1, description="largest rate of missing calls among those tested"
    )
    exclude_related: bool = Field(
        True, description="test only the unrelated samples that the components were fitted on"
    )
    exclude_classes: tuple[ContigClass, ...] = Field(
        ("Y", "MT"), description="kinds of chromosome that are not tested"
    )
    x_sex_covariate: bool = Field(
        True,
        description="adjust for recorded sex on X, as plink2 --glm does; males count as 0 or 2",
    )
    max_vif: float = Field(
        50.0,
        gt=1,
        description="largest variance inflation factor of a variant by covariates (plink2 --vif)",
    )
    firth_p: float = Field(
        0.05, ge=0, le=1, description="below this P a rare variant is tested by Firth regression"
    )
    firth_mac: int = Field(
        20, ge=0, description="minor allele count below which a variant is rare for firth_p"
    )
    max_iterations: int = Field(
        50, ge=5, le=1000, description="iterations of a logistic or Firth fit, count"
    )

    @model_validator(mode="after")
    def _distinct(self) -> "AssociationSettings":
        names = [m.phenotype.lower() for m in self.models]
        repeated = sorted({n for n in names if names.count(n) > 1})
        if repeated:
            raise ValueError(f"two models have the same phenotype: {', '.join(repeated)}")
        return self

    def phenotype_names(self) -> tuple[str, ...]:
        """Names of the phenotypes, in order."""
        return tuple(m.phenotype for m in self.models)
