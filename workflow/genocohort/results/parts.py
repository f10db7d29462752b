"""What a part of the results needs to be there, in words, for who asks for an absent one."""

from genocohort.domain.table import Table
from genocohort.io.results import GWAS_ENDING, declared_tables

CALLS = "give `inputs.calls` in config.yaml, or have variants called (`calls: {enabled: true}`)"
NEEDS = {
    "alignments": "name alignments in the sample sheet",
    "alignment_summary": "name alignments in the sample sheet",
    "genotypes": CALLS,
    "variants": CALLS,
    "variant_summary": CALLS,
    "kinship": CALLS,
    "structure": CALLS,
    "clinical": "give `inputs.clinical` in config.yaml",
    "outcomes": "give `inputs.clinical` in config.yaml",
    "association": "give calls, `inputs.clinical` and `association.models` in config.yaml",
    "association_summary": "give calls, `inputs.clinical` and `association.models` in config.yaml",
}


def remedy_for(name: str) -> str:
    """What to do where a table `<step>/<file>` is absent."""
    step = name.split("/")[0]
    if step in NEEDS:
        return f"{NEEDS[step]}, and run `genocohort run` again"
    return "run `genocohort run`; `names()` lists the tables there are"


def find_declaration(name: str) -> Table | None:
    """The declared table that a file `<step>/<file>` holds; one of a chromosome or phenotype, too.

    `variants/chr1.sites` holds `variants/sites`, `association_summary/ldl.gwas` the GWAS table.
    """
    declared = declared_tables()
    if name in declared:
        return declared[name]
    step, _, file = name.partition("/")
    if f"{file}.parquet".endswith(GWAS_ENDING):
        return declared["association_summary/gwas"]
    return declared.get(f"{step}/{file.rpartition('.')[2]}")
