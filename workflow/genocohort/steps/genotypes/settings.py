"""Settings of the step `genotypes`."""

from typing import Annotated

from pydantic import Field

from genocohort.config import Settings


class GenotypesSettings(Settings):
    """Which records of the calls are read; the others are counted with their reason, and no more.

    By default all: the store holds every ordinary allele, its FILTER beside it, and each later
    step chooses. `inputs.include_regions` and `inputs.exclude_regions` choose by place.
    """

    filters: tuple[Annotated[str, Field(pattern=r"^[^\s;]+$")], ...] | None = Field(
        default=None,
        description="read a record only where each of its FILTER values is one of these; PASS "
        "stands for a missing one too; default: any",
    )
    min_quality: float | None = Field(
        default=None,
        ge=0,
        description="read a record only where QUAL is given and at least this; default: any",
    )
