"""Settings of the step `truth`."""

from pydantic import Field

from genocohort.config import Settings


class TruthFiles(Settings):
    """Known calls of some of the cohort's samples, such as those of Genome in a Bottle.

    Where the truth has no record inside its regions the sample is taken as homozygous for REF.
    """

    calls: str = Field(
        min_length=1, description="one file with all chromosomes, or a pattern with {chromosome}"
    )
    regions: str | None = Field(
        default=None, description="BED of the regions in which the truth is known; default: all"
    )
    samples: dict[str, str] = Field(
        default_factory=dict,
        description="sample_id by name in the truth; default: names that are the same as vcf_name",
    )


class TruthSettings(Settings):
    """How calls are compared with the truth: allele by allele, as the store has them.

    An allele counts as found where position, REF and ALT are the same, so both sides must write
    indels alike (left-aligned: `bcftools norm -f`). Alleles that mean the same in other words are
    not recognised; hap.py and vcfeval do that.
    """
