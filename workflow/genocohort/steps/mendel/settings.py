"""Settings of the step `mendel`."""

from pydantic import Field

from genocohort.config import Settings


class MendelSettings(Settings):
    """When the genotypes of child and parents contradict a pedigree."""

    max_error_rate: float = Field(
        default=0.02,
        ge=0,
        le=1,
        description="share of Mendelian errors, among genotypes with ALT in child or parents, "
        "above which a trio is contradicted; errors of calling give about 0.001 to 0.01",
    )
    min_tested: int = Field(
        default=200, ge=1, description="such genotypes without which a trio is not judged"
    )
    pass_only: bool = Field(
        default=True, description="use only variants whose FILTER is PASS or missing"
    )
