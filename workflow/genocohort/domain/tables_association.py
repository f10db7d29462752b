"""Tables of the association steps."""

from genocohort.domain.table import Column, Table

# Why a result deserves care, or why there is none (then beta and P are null).
FLAGS = {
    "separated": "carriers are all cases or all controls; the Firth estimate is given",
    "not_converged": "the logistic fit did not converge; the Firth estimate is given",
    "firth_not_converged": "the Firth fit did not converge; no estimate",
    "constant": "every tested sample has the same genotype; no estimate",
    "collinear": "the covariates explain the genotype; no estimate",
    "too_few_samples": "not more samples than terms in the model; no estimate",
    "single_class": "only cases or only controls have a call; no estimate",
    "exact_fit": "the genotype and covariates explain the phenotype without residue; no estimate",
}

_NO_ESTIMATE = "no estimate; flag says why"

_RESULT = (
    Column("phenotype", "dictionary", "name of the phenotype's model"),
    Column("chromosome", "dictionary", "canonical name of the chromosome"),
    Column("vcf_pos", "int64", "position, 1-based"),
    Column("variant_id", "string", "identifier of the variant in the genotype store"),
    Column("effect_allele", "string", "allele whose effect beta is: ALT"),
    Column("other_allele", "string", "REF"),
    Column(
        "effect_allele_frequency",
        "float64",
        "effect alleles over all called alleles of the tested samples (a male has one on X)",
        "no tested sample has a call",
    ),
    Column("n", "int32", "samples tested: phenotype, covariates and call present"),
    Column("n_cases", "int32", "cases among them", "the phenotype is quantitative"),
    Column("minor_allele_count", "int32", "count of the rarer allele among the tested samples"),
    Column(
        "beta",
        "float64",
        "effect per effect allele: phenotype's unit (or standard normal), or log-odds",
        _NO_ESTIMATE,
    ),
    Column("standard_error", "float64", "standard error of beta", _NO_ESTIMATE),
    Column(
        "statistic",
        "float64",
        "t (linear), z (logistic, Wald) or likelihood ratio chi-squared (firth)",
        _NO_ESTIMATE,
    ),
    Column("neg_log10_p", "float64", "-log10 of the two-sided P", _NO_ESTIMATE),
    Column("test", "dictionary", "linear, logistic or firth"),
    Column("flag", "dictionary", "one of: " + ", ".join(FLAGS), "nothing to remark"),
)

ASSOCIATION = Table(
    "association/chromosome", 1, "single-variant tests of one chromosome, all phenotypes", _RESULT
)

GWAS = Table("association_summary/gwas", 1, "tests of one phenotype, all chromosomes", _RESULT)

_MODEL = (
    Column("phenotype", "string", "name of the phenotype's model"),
    Column("kind", "string", "quantitative or binary"),
    Column("transform", "string", "none or rint"),
    Column("covariates", "list<string>", "covariates adjusted for, in order"),
    Column("n_components", "int32", "principal components adjusted for"),
    Column("n", "int32", "samples with the phenotype and all covariates"),
    Column("n_cases", "int32", "cases among them", "the phenotype is quantitative"),
    Column("n_controls", "int32", "controls among them", "the phenotype is quantitative"),
)

MODELS = Table("association/models", 1, "what was fitted on one chromosome", _MODEL)

PHENOTYPES = Table(
    "association_summary/phenotypes",
    1,
    "one row per phenotype: its model and the calibration of its tests",
    (
        *_MODEL,
        Column("n_variants", "int64", "variants with a test"),
        Column("n_flagged", "int64", "variants with a flag"),
        Column("n_significant", "int64", "variants below the significance of the settings"),
        Column("n_loci", "int64", "loci with a significant variant"),
        Column("lambda_gc", "float64", "median chi-squared over 0.4549", "no tests"),
        Column(
            "lambda_1000",
            "float64",
            "lambda_gc scaled to 1,000 samples (binary: 1,000 cases and 1,000 controls)",
            "no tests",
        ),
        Column("lambda_maf_below_0_01", "float64", "lambda_gc of MAF < 0.01", "no tests"),
        Column("lambda_maf_0_01_to_0_05", "float64", "of 0.01 <= MAF < 0.05", "no tests"),
        Column("lambda_maf_from_0_05", "float64", "of MAF >= 0.05", "no tests"),
    ),
)

TOP_HITS = Table(
    "association_summary/top_hits",
    1,
    "the strongest variant of each locus, by phenotype",
    (
        Column("phenotype", "dictionary", "name of the phenotype's model"),
        Column("rank", "int32", "1 is the smallest P of the phenotype"),
        *(c for c in _RESULT if c.name != "phenotype"),
        Column("is_significant", "bool", "P below the significance of the settings"),
        Column("n_locus_variants", "int32", "tested variants that belong to the locus"),
        Column("nearest_gene", "string", "closest gene", "no gene file, or none on the chromosome"),
        Column(
            "gene_distance_bp",
            "int64",
            "bases between variant and gene; 0 inside it",
            "no gene file, or none on the chromosome",
        ),
    ),
)
