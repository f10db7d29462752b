"""Tables of the cohort's quality and structure: kinship, sample verdicts, components, Fst."""

from genocohort.domain.table import Column, Table

RELATIONS = (
    "duplicate", "parent_offspring", "full_siblings", "second_degree", "third_degree", "unrelated",
)  # fmt: skip
VERDICTS = ("pass", "warn", "fail")
INFERRED_SEXES = ("male", "female", "ambiguous", "unknown")
ROLES = ("fitted", "projected")

_NO_CALLS = "the sample has no calls, or none of this kind"
_NO_ALIGNMENT = "the sample has no alignment metrics, or the ratio is undefined"
_NO_YARDSTICK = "outlier_group is not known, has too few values, or does not vary"
_NO_GROUPS = "no two reported groups could be learned from"

KINSHIP_PAIRS = Table(
    "kinship/pairs",
    1,
    "Pairs of samples related by their calls or by the pedigree; all other pairs are unrelated.",
    (
        Column("sample_id_1", "string", "the earlier of the two in the calls' order"),
        Column("sample_id_2", "string", "the later of the two"),
        Column("n_snps", "int64", "autosomal variants called in both"),
        Column("n_het_het", "int64", "of these, heterozygous in both"),
        Column("ibs0", "float64", "share of n_snps where no allele is shared", "n_snps is 0"),
        Column("kinship", "float64", "KING-robust, between-family form",
               "a sample has no heterozygous call among the shared ones"),
        Column("relation_inferred", "string", "one of RELATIONS", "kinship is undefined"),
        Column("relation_recorded", "string",
               "by the pedigree, or `duplicate` for two samples of one participant; "
               "empty where no relation is recorded"),
        Column("is_contradiction", "bool", "calls and records cannot both be right"),
        Column("finding", "string", "what a reader should know, one sentence", "nothing to say"),
    ),
)  # fmt: skip

SAMPLE_QC_SAMPLES = Table(
    "sample_qc/samples",
    3,
    "Metrics and verdict of every sample of the sheet; a metric without its input is null.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("participant_id", "string", "as in the sample sheet"),
        Column("batch", "string", "as in the sample sheet; empty where not given"),
        Column("has_calls", "bool", "the sample is in the calls"),
        Column("has_alignment", "bool", "the sample has alignment metrics"),
        Column("sex_recorded", "string", "male, female or unknown"),
        Column("sex_inferred", "string", "one of INFERRED_SEXES, from X and Y calls and depths"),
        Column("call_rate", "float64", "share of autosomal genotypes called", _NO_CALLS),
        Column("n_het", "int64", "heterozygous autosomal genotypes, two ALT alleles included",
               _NO_CALLS),
        Column("n_hom_alt", "int64", "homozygous autosomal non-reference genotypes", _NO_CALLS),
        Column("het_hom_ratio", "float64", "n_het / n_hom_alt", _NO_CALLS),
        Column("f_inbreeding", "float64",
               "method of moments, Nei's small-sample expectation, autosomal variants", _NO_CALLS),
        Column("ts_tv", "float64", "transitions / transversions carried", _NO_CALLS),
        Column("n_singletons", "int64", "alleles seen in this sample only, once", _NO_CALLS),
        Column("mean_depth", "float64",
               "mean depth: of the alignment where there is one, else the calls' DP",
               "neither is there"),
        Column("ancestry", "string", "inferred by the panel, or reported; what outliers are judged "
               "within", "neither is known, or ancestry is not looked at"),
        Column("outlier_group", "string", "with whom the sample is compared for outliers",
               "no calls, no known ancestry, or too few others of it"),
        Column("het_hom_z", "float64", "robust standard deviations of het_hom_ratio from the "
               "median of outlier_group", _NO_YARDSTICK),
        Column("ts_tv_z", "float64", "the same for ts_tv", _NO_YARDSTICK),
        Column("singletons_z", "float64", "the same for n_singletons", _NO_YARDSTICK),
        Column("x_f", "float64", "F on X outside the pseudo-autosomal regions", _NO_CALLS),
        Column("x_het_rate", "float64", "share of called X genotypes outside PAR that are "
               "heterozygous", _NO_CALLS),
        Column("y_call_rate", "float64", "share of Y variants outside PAR called", _NO_CALLS),
        Column("x_depth_ratio", "float64", "mean depth on X / on the autosomes", _NO_ALIGNMENT),
        Column("y_depth_ratio", "float64", "mean depth on Y / on the autosomes", _NO_ALIGNMENT),
        Column("mean_fragment_depth", "float64", "mean depth, overlapping mates counted once",
               _NO_ALIGNMENT),
        Column("mapped_rate", "float64", "share of primary reads mapped", _NO_ALIGNMENT),
        Column("duplicate_rate", "float64", "share of primary mapped reads marked as duplicates",
               _NO_ALIGNMENT),
        Column("contamination", "float64", "share of the reads that are another person's",
               _NO_ALIGNMENT + ", or too few known sites have reads"),
        Column("own_concordance", "float64",
               "share of sites with the same genotype in the reads and in the sample's own calls",
               _NO_ALIGNMENT + ", or it has no calls"),
        Column("best_sample_id", "string", "whose calls fit the reads best", "as own_concordance"),
        Column("verdict", "string", "one of VERDICTS: the worst level among the reasons"),
        Column("reasons", "list<string>", "one sentence each, worst first; empty when none"),
    ),
)  # fmt: skip

SAMPLE_QC_REASONS = Table(
    "sample_qc/reasons",
    1,
    "Why a sample is not simply `pass`: one row per finding, worst first within a sample.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column(
            "metric",
            "string",
            "column of sample_qc/samples, or duplicate, pedigree, sex, karyotype, alignment, "
            "identity, manual",
        ),
        Column("value", "float64", "the sample's value", "the finding is not a number"),
        Column("threshold", "float64", "the limit it passed", "the finding is not a number"),
        Column("level", "string", "warn or fail; pass where a person signed it off"),
        Column("sentence", "string", "the finding in words"),
    ),
)

SAMPLE_QC_SIGN_OFFS = Table(
    "sample_qc/sign_offs",
    1,
    "What a person decided about findings (inputs.sign_offs), and what became of it.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("finding", "string", "metric of sample_qc/reasons, or manual"),
        Column("computed", "string", "level that the limits gave; pass for manual ones",
               "the finding is not there"),
        Column("verdict", "string", "level given by the person: pass, warn or fail"),
        Column("applied", "bool", "the finding is there, and its level was replaced"),
        Column("signed_by", "string", "who decided"),
        Column("date", "string", "when, as YYYY-MM-DD"),
        Column("reason", "string", "why, in the person's words"),
    ),
)  # fmt: skip

STRUCTURE_EIGENVALUES = Table(
    "structure/eigenvalues",
    1,
    "Eigenvalues of the genetic relationship matrix of the fitted samples, largest first.",
    (
        Column("component", "int32", "1-based number of the component"),
        Column("eigenvalue", "float64", "of G = mean over variants of z z'",
               "fewer fitted samples than components"),
        Column("fraction", "float64", "eigenvalue / trace of G", "as eigenvalue"),
    ),
)  # fmt: skip

STRUCTURE_PRUNED = Table(
    "structure/pruned",
    1,
    "Variants kept by the LD pruning, in the store's order; the components are made from these.",
    (
        Column("chromosome", "dictionary", "canonical name"),
        Column("vcf_pos", "int64", "1-based position"),
        Column("variant_id", "string", "as in the genotype store"),
    ),
)

STRUCTURE_FST = Table(
    "structure/fst",
    1,
    "Hudson's Fst between groups of samples (ratio of averages) with block-jackknife errors.",
    (
        Column(
            "group_by",
            "string",
            "what the groups are: ancestry_reported, ancestry_inferred or batch",
        ),
        Column("group_1", "string", "name of the first group (alphabetical order)"),
        Column("group_2", "string", "name of the second group"),
        Column("n_1", "int64", "samples in the first group"),
        Column("n_2", "int64", "samples in the second group"),
        Column("n_variants", "int64", "variants used: called in both groups, denominator not 0"),
        Column("fst", "float64", "Hudson's Fst", "no variant could be used"),
        Column("standard_error", "float64", "block jackknife", "fewer than 2 blocks of variants"),
    ),
)


STRUCTURE_ANCESTRY = Table(
    "structure/ancestry",
    1,
    "Ancestry of every sample that did not fail: the reported group nearest in the components.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("ancestry_reported", "string", "label from the clinical records", "none is given"),
        Column("nearest", "string", "the group whose centre lies nearest", _NO_GROUPS),
        Column("ancestry_inferred", "string", "nearest, or `unassigned` where none is near enough",
               _NO_GROUPS),
        Column("probability", "float64",
               "of the nearest group; all equally likely beforehand", _NO_GROUPS),
        Column("distance_p", "float64",
               "chance that a member of the nearest group lies as far from its centre", _NO_GROUPS),
        Column("is_contradiction", "bool",
               "assigned to another group than reported, both being groups learned from"),
    ),
)  # fmt: skip


STRUCTURE_ROH_SEGMENTS = Table(
    "structure/roh_segments",
    1,
    "Runs of homozygosity of every sample that did not fail, on autosomes, before LD pruning.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("chromosome", "dictionary", "canonical name"),
        Column("start", "int64", "0-based position of the first variant"),
        Column("end", "int64", "end of the last variant's first base, half-open"),
        Column("n_variants", "int64", "variants used from the first to the last"),
    ),
)

STRUCTURE_ROH_SAMPLES = Table(
    "structure/roh_samples",
    1,
    "Runs of homozygosity summed over each sample that did not fail.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("n_runs", "int64", "rows in structure/roh_segments"),
        Column("total_bp", "int64", "summed length of the runs"),
        Column("longest_bp", "int64", "length of the longest run; 0 without one"),
        Column("covered_bp", "int64",
               "autosomal length between the first and last variants used, without wide gaps"),
        Column("f_roh", "float64", "total_bp / covered_bp", "no variant could be used"),
    ),
)  # fmt: skip


_GROUPING = (
    Column(
        "group_by",
        "string",
        "all, or what the groups are: ancestry_reported, ancestry_inferred or batch",
    ),
    Column("group", "string", "name of the group; empty where group_by is all"),
    Column("n_samples", "int64", "unrelated samples in the group"),
)

STRUCTURE_DIVERSITY = Table(
    "structure/diversity",
    1,
    "Diversity of groups of unrelated samples in windows with any biallelic variant; bases without "
    "a variant count as called and invariant.",
    (
        *_GROUPING,
        Column("chromosome", "dictionary", "canonical name"),
        Column("start", "int64", "0-based start of the window"),
        Column("end", "int64", "end of the window, half-open"),
        Column("n_segregating", "int64", "variants with both alleles in the group"),
        Column("pi", "float64", "mean pairwise differences per base pair"),
        Column("theta", "float64", "Watterson's estimate per base pair"),
        Column("tajima_d", "float64", "Tajima's D", "no variant segregates, or under four alleles"),
    ),
)

STRUCTURE_SPECTRUM = Table(
    "structure/spectrum",
    2,
    "Site frequency spectra of biallelic variants, projected to n_alleles of the group's alleles: "
    "folded of all variants, unfolded of those whose ancestral allele is known.",
    (
        *_GROUPING,
        Column("spectrum", "string", "folded: by the rarer allele; unfolded: by the derived one"),
        Column("n_alleles", "int64", "alleles projected to; 2 n_samples where none is missing"),
        Column("allele_count", "int64", "copies of the rarer or derived allele, from 0"),
        Column("n_variants", "float64", "expected number of variants with so many copies"),
        Column("n_left_out", "int64", "variants not in this spectrum: with fewer alleles called "
               "than n_alleles, or (unfolded) without a known ancestral allele"),
    ),
)  # fmt: skip

STRUCTURE_LD_DECAY = Table(
    "structure/ld_decay",
    1,
    "Mean squared correlation of the ALT counts of pairs of variants by their distance.",
    (
        *_GROUPING,
        Column("start", "int64", "distance from which a pair counts, base pairs"),
        Column("end", "int64", "distance below which a pair counts, base pairs"),
        Column("n_pairs", "int64", "pairs of variants"),
        Column("mean_r2", "float64", "mean r2; without LD about 1 / n_samples", "no pair"),
        Column("adjusted_r2", "float64", "mean of r2 - (1 - r2) / (n_samples - 2)",
               "no pair, or under three samples"),
    ),
)  # fmt: skip

STRUCTURE_IBS = Table(
    "structure/ibs",
    1,
    "Identity by state of all pairs of samples that did not fail, over the pruned variants; empty "
    "unless structure.ibs asks for it.",
    (
        Column("sample_id_1", "string", "the earlier of the two in the calls' order"),
        Column("sample_id_2", "string", "the later of the two"),
        Column("n_variants", "int32", "variants called in both"),
        Column("n_ibs0", "int32", "of these, no allele in common"),
        Column("n_ibs1", "int32", "of these, one allele in common"),
        Column("ibs", "float64", "(IBS2 + IBS1 / 2) / n_variants; the distance is 1 - ibs",
               "no variant is called in both"),
    ),
)  # fmt: skip

STRUCTURE_MDS = Table(
    "structure/mds",
    1,
    "Classical multidimensional scaling of the distances 1 - IBS: fitted on unrelated samples, the "
    "others placed by their distances; empty unless structure.mds_dimensions asks for it.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("role", "string", "one of ROLES: fitted, or projected (a relative of one)"),
        Column("dimension", "int32", "1-based, the largest first"),
        Column("coordinate", "float64", "place on the dimension, in units of the distance",
               "there are fewer dimensions, or the sample shares no call with some other"),
    ),
)  # fmt: skip


def components_table(n_components: int) -> Table:
    """Declaration of structure/components with columns PC1 ... PCk.

    Parameters
    ----------
    n_components : int
        k. A reader that knows no k may pass 0: reading checks only name and version.
    """
    components = tuple(
        Column(f"PC{i}", "float64", f"component {i}, unit-length eigenvector (fitted samples)",
               "the cohort has fewer components")
        for i in range(1, n_components + 1)
    )  # fmt: skip
    return Table(
        "structure/components",
        1,
        "Principal components of every sample that did not fail: fitted on unrelated samples, the "
        "others projected.",
        (
            Column("sample_id", "string", "as in the sample sheet"),
            Column("role", "string", "one of ROLES: fitted, or projected (a relative of one)"),
            *components,
        ),
    )


def loadings_table(n_components: int) -> Table:
    """Declaration of structure/loadings with columns PC1 ... PCk; k as in `components_table`."""
    components = tuple(
        Column(f"PC{i}", "float64", f"weight of the variant in component {i}, unit length over all "
               "variants", "the cohort has fewer components")
        for i in range(1, n_components + 1)
    )  # fmt: skip
    return Table(
        "structure/loadings",
        1,
        "What each pruned variant adds to the components. A sample's place on one is the sum of "
        "its standardised ALT counts times the weights, / sqrt(variants x eigenvalue).",
        (
            Column("chromosome", "dictionary", "canonical name"),
            Column("vcf_pos", "int64", "1-based position"),
            Column("variant_id", "string", "as in the genotype store"),
            Column("ref", "string", "REF allele"),
            Column("alt", "string", "ALT allele, whose count is standardised"),
            Column("alt_frequency", "float64", "p of (g - 2p) / sqrt(2p(1-p)), fitted samples"),
            *components,
        ),
    )
