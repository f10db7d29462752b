"""Settings of the step `multiqc`."""

from pydantic import Field

from genocohort.config import Settings


class MultiqcSettings(Settings):
    """Tables and plots for MultiQC: run `multiqc results` afterwards. It reads with them the texts
    of `alignments.peer_texts` and of variant_summary. Its option --fullnames keeps names of samples
    that end like a program's file (`S1.dup`) as they are.
    """

    enabled: bool = Field(default=True, description="write them")
    max_rows: int = Field(
        default=2_000,
        ge=1,
        le=100_000,
        description="samples, or pairs of samples, of a table or plot: MultiQC draws each one. "
        "Conspicuous ones come first; each section says how many it leaves out",
    )
