"""Tables of ancestry by a reference panel."""

from genocohort.domain.table import Column, Table

PANEL_ROLES = ("panel", "cohort")

_NO_CALL = "no call among the variants shared with the panel"

ANCESTRY_SAMPLES = Table(
    "ancestry/samples",
    1,
    "The group of the reference panel that each genotyped sample lies nearest to.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("n_variants", "int64", "variants called, of those shared with the panel"),
        Column("nearest", "string", "the group whose centre lies nearest", _NO_CALL),
        Column("ancestry_inferred", "string", "nearest, or `unassigned` where none is near enough"),
        Column("probability", "float64", "of the nearest group; all equally likely beforehand",
               _NO_CALL),
        Column("distance_p", "float64",
               "chance that a member of the nearest group lies as far from its centre", _NO_CALL),
    ),
)  # fmt: skip

ANCESTRY_GROUPS = Table(
    "ancestry/groups",
    1,
    "Groups of the panel that could be learned, how well they hold, and what was assigned to them.",
    (
        Column("group", "string", "as labelled in the panel"),
        Column("n_panel", "int64", "panel samples with this label"),
        Column("panel_agreement", "float64", "share of these that lie nearest to its own centre"),
        Column("n_assigned", "int64", "samples of the cohort assigned to it"),
    ),
)  # fmt: skip

ANCESTRY_EIGENVALUES = Table(
    "ancestry/eigenvalues",
    1,
    "Eigenvalues of the genetic relationship matrix of the panel, largest first.",
    (
        Column("component", "int32", "1-based number of the component"),
        Column("eigenvalue", "float64", "of G = mean over variants of z z'",
               "fewer panel samples than components"),
    ),
)  # fmt: skip


def ancestry_components_table(n_components: int) -> Table:
    """Declaration of ancestry/components with columns PC1 ... PCk; k may be 0 to read it."""
    components = tuple(
        Column(f"PC{i}", "float64", f"component {i}, unit-length eigenvector of the panel",
               "not fitted, or (cohort) not corrected for shrinkage")
        for i in range(1, n_components + 1)
    )  # fmt: skip
    return Table(
        "ancestry/components",
        1,
        "Components of the panel, and the samples of the cohort placed among them.",
        (
            Column("sample_id", "string", "of the panel, or as in the sample sheet"),
            Column("role", "string", "one of PANEL_ROLES"),
            Column("group", "string", "label in the panel", "none is given"),
            *components,
        ),
    )


def ancestry_loadings_table(n_components: int) -> Table:
    """Declaration of ancestry/loadings with columns PC1 ... PCk; k may be 0 to read it."""
    components = tuple(
        Column(f"PC{i}", "float64", f"weight of the variant in component {i}, unit length over all "
               "variants", "not fitted")
        for i in range(1, n_components + 1)
    )  # fmt: skip
    return Table(
        "ancestry/loadings",
        1,
        "What each variant adds to the panel's components; as structure/loadings.",
        (
            Column("chromosome", "dictionary", "canonical name"),
            Column("vcf_pos", "int64", "1-based position"),
            Column("variant_id", "string", "as in the genotype store"),
            Column("ref", "string", "REF allele"),
            Column("alt", "string", "ALT allele, whose count is standardised"),
            Column("alt_frequency", "float64", "p of (g - 2p) / sqrt(2p(1-p)), in the panel"),
            *components,
        ),
    )
