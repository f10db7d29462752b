"""What samtools prints, and the names of its figures in our tables."""

import subprocess
from pathlib import Path

STATS_LINES = {
    "sequences": "sequences",
    "reads mapped": "sequences_mapped",
    "reads MQ0": "sequences_mapq0",
    "total length": "bases",
    "bases mapped": "bases_mapped",
    "bases mapped (cigar)": "bases_mapped_cigar",
    "mismatches": "mismatches",
    "inward oriented pairs": "pairs_inward",
    "outward oriented pairs": "pairs_outward",
    "pairs with other orientation": "pairs_other",
}


def samtools(*arguments: str | Path) -> str:
    """Standard output of a command of samtools that must succeed."""
    done = subprocess.run(
        ["samtools", *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return done.stdout
