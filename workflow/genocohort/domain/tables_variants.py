"""Tables of the variant calls: per allele, per sample, distributions, and sums of these."""

from genocohort.domain.table import Column, Table

ALLELE_CLASSES = (
    "snv", "insertion", "deletion", "mnv", "complex", "star", "symbolic", "breakend", "non_ref",
    "no_alt", "coded",
)  # fmt: skip
FILTER_SETS = ("all", "pass")
SCOPES = ("autosomes", "X", "Y", "MT", "other", "all")
METRICS = (
    "substitution", "indel_length", "sfs", "af_transitions", "af_transversions",
    "site_missingness", "dp", "gq", "qual", "hwe_neg_log10_p", "density",
)  # fmt: skip

# Every genotype is in exactly one of these classes, so they add up to n_records.
GENOTYPE_COUNTS = (
    "n_hom_ref", "n_het", "n_hom_alt", "n_het_alt", "n_half", "n_haploid_ref", "n_haploid_alt",
    "n_missing", "n_other_ploidy", "n_het_haploid", "n_not_expected",
)  # fmt: skip
# Called alleles a sample carries, by kind; a homozygous genotype counts its allele once.
CARRIED_COUNTS = (
    "n_transitions", "n_transversions", "n_snv", "n_insertions", "n_deletions", "n_mnv",
    "n_other_alleles", "n_singletons",
)  # fmt: skip
SITE_COUNTS = (
    "n_records", "n_pass", "n_no_alt_sites", "n_snv_sites", "n_indel_sites", "n_mnv_sites",
    "n_other_sites", "n_multiallelic", "n_multiallelic_snv", "n_snv_alleles", "n_insertions",
    "n_deletions", "n_mnv_alleles", "n_complex_alleles", "n_star", "n_symbolic", "n_breakend",
    "n_non_ref", "n_transitions", "n_transversions", "n_singletons", "n_singleton_snv",
    "n_singleton_indel", "n_half", "n_het_haploid",
)  # fmt: skip

_NO_CALL = "no allele of the record is called"
_NO_AD = "no such genotype has FORMAT/AD"
_NO_SAMPLES = "no genotype is expected (no samples, or only females on Y)"
_MEANING = {
    "n_hom_ref": "genotypes 0/0",
    "n_het": "genotypes 0/x",
    "n_hom_alt": "genotypes x/x",
    "n_het_alt": "genotypes x/y of two ALT alleles",
    "n_half": "genotypes with called and uncalled alleles (0/., ./1)",
    "n_haploid_ref": "reference calls where one allele is expected or written (0; 0/0 of a male on "
    "X outside the pseudo-autosomal regions)",
    "n_haploid_alt": "ALT calls where one allele is expected or written",
    "n_missing": "genotypes without any called allele, or without GT",
    "n_other_ploidy": "complete genotypes of three or more alleles",
    "n_het_haploid": "heterozygous calls where one allele is expected (males on X outside PAR, Y, "
    "MT): taken as missing",
    "n_not_expected": "genotypes where none is expected (females on Y outside PAR): left out",
    "n_transitions": "transitions carried",
    "n_transversions": "transversions carried",
    "n_snv": "SNV alleles carried",
    "n_insertions": "insertion alleles carried",
    "n_deletions": "deletion alleles carried",
    "n_mnv": "MNV alleles carried",
    "n_other_alleles": "alleles of any other class carried",
    "n_singletons": "SNV, indel, MNV and complex alleles carried whose AC is 1 in the cohort",
}
_SITE_MEANING = {
    "n_records": "records",
    "n_pass": "records whose FILTER is PASS or .",
    "n_no_alt_sites": "records without an ALT allele",
    "n_snv_sites": "records with at least one SNV allele",
    "n_indel_sites": "records with at least one insertion or deletion allele",
    "n_mnv_sites": "records with at least one MNV allele",
    "n_other_sites": "records with a complex, symbolic, breakend, <NON_REF> or coded allele",
    "n_multiallelic": "records with two or more ALT alleles as written",
    "n_multiallelic_snv": "records with two or more SNV alleles",
    "n_snv_alleles": "SNV alleles",
    "n_insertions": "insertion alleles",
    "n_deletions": "deletion alleles",
    "n_mnv_alleles": "MNV alleles",
    "n_complex_alleles": "complex alleles",
    "n_star": "alleles * (deleted by another record)",
    "n_symbolic": "symbolic alleles",
    "n_breakend": "breakends",
    "n_non_ref": "alleles <NON_REF> or <*>",
    "n_transitions": "transition alleles",
    "n_transversions": "transversion alleles",
    "n_singletons": "SNV, indel, MNV and complex alleles whose AC is 1",
    "n_singleton_snv": "SNV alleles whose AC is 1",
    "n_singleton_indel": "insertion and deletion alleles whose AC is 1",
    "n_half": "half-called genotypes",
    "n_het_haploid": "heterozygous genotypes where one allele is expected",
}

VARIANT_SITES = Table(
    "variants/sites",
    2,
    "One row per ALT allele of every record, in the calls' order; genotype counts are those of its "
    "record. A record without ALT has one row of class no_alt.",
    (
        Column("chromosome", "dictionary", "canonical name"),
        Column("vcf_pos", "int64", "1-based position"),
        Column("record", "int64", "0-based number of the record on its chromosome"),
        Column("allele", "int32", "1-based number of the ALT allele; 0 where there is none"),
        Column("n_alt_alleles", "int32", "ALT alleles of the record"),
        Column("variant_id", "string", "ID of the record", "the record has none"),
        Column("ref", "string", "REF as written"),
        Column("alt", "string", "ALT allele as written, . where there is none"),
        Column("allele_class", "dictionary", "one of ALLELE_CLASSES, after trimming shared bases"),
        Column("is_transition", "bool", "whether an SNV is a transition",
               "not an SNV, or a base is not A, C, G or T"),
        Column("filter", "dictionary", "FILTER as written"),
        Column("is_pass", "bool", "FILTER is PASS or . (no filter applied)"),
        Column("qual", "float64", "QUAL", "not given"),
        Column("ac", "int64", "called copies of this allele, half-calls and haploid ones included"),
        Column("an", "int64", "called alleles of the record; one per male on X outside PAR, Y, MT"),
        Column("af", "float64", "ac / an", _NO_CALL),
        *(Column(name, "int64", _MEANING[name]) for name in GENOTYPE_COUNTS),
        Column("call_rate", "float64", "completely called genotypes / genotypes expected",
               _NO_SAMPLES),
        Column("hwe_p", "float64", "exact Hardy-Weinberg P of this allele against all others: "
               "diploid calls on autosomes and PAR, females on X; 0 stands for below 1e-308",
               "on Y and MT, no complete diploid genotype, or class no_alt"),
        Column("hwe_neg_log10_p", "float64", "-log10 of hwe_p, exact below 1e-308 too", "as hwe_p"),
        Column("dp_mean", "float64", "mean FORMAT/DP over the samples that have it", "none has it"),
        Column("gq_mean", "float64", "mean FORMAT/GQ over the samples that have it", "none has it"),
        Column("het_allele_balance", "float64", "share of this allele's reads in heterozygous "
               "genotypes of REF and it: their FORMAT/AD summed up", _NO_AD),
    ),
)  # fmt: skip

_ALLELE_DEPTHS = (
    Column("het_ref_depth", "int64", "reads of REF (FORMAT/AD) in heterozygous genotypes with REF"),
    Column("het_alt_depth", "int64", "reads of ALT in the same genotypes"),
)
_DEPTHS = (
    Column("dp_sum", "float64", "sum of FORMAT/DP over the records that have it"),
    Column("n_dp", "int64", "records with FORMAT/DP"),
    Column("gq_sum", "float64", "sum of FORMAT/GQ over the records that have it"),
    Column("n_gq", "int64", "records with FORMAT/GQ"),
)
_SAMPLE_COUNTS = (
    Column("n_records", "int64", "records"),
    *(Column(name, "int64", _MEANING[name]) for name in GENOTYPE_COUNTS),
    Column("n_not_expected_called", "int64", "of n_not_expected, those with a called allele"),
    *(Column(name, "int64", _MEANING[name]) for name in CARRIED_COUNTS),
    *_DEPTHS,
    *_ALLELE_DEPTHS,
)

VARIANT_SAMPLES = Table(
    "variants/samples",
    2,
    "Genotypes of each sample on one chromosome by class, for all records and those that pass.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("chromosome", "dictionary", "canonical name"),
        Column("filter_set", "dictionary", "one of FILTER_SETS"),
        *_SAMPLE_COUNTS,
    ),
)

_HISTOGRAM = (
    Column("chromosome", "dictionary", "canonical name, or `all`"),
    Column("filter_set", "dictionary", "one of FILTER_SETS"),
    Column("metric", "dictionary", "one of METRICS"),
    Column("label", "string", "the bin in words: A>C, -3, 0.05-0.1, 500+"),
    Column("bin_start", "float64", "first value of the bin", "a substitution"),
    Column("bin_end", "float64", "value the bin ends before; equal to the start where the bin is a "
           "single whole number", "a substitution, or an open last bin"),
    Column("count", "int64", "alleles, records or genotypes, as the metric says"),
)  # fmt: skip

VARIANT_HISTOGRAMS = Table(
    "variants/histograms",
    1,
    "Distributions on one chromosome. Alleles: substitution (type), indel_length (signed bases), "
    "sfs (min(ac, an - ac)), af_transitions and af_transversions (af). Records: site_missingness "
    "(1 - call_rate), qual, density (0-based windows). Genotypes: dp, gq. Alleles: "
    "hwe_neg_log10_p. Bins without counts are left out, except for substitutions.",
    _HISTOGRAM,
)

SUMMARY_CHROMOSOMES = Table(
    "variant_summary/chromosomes",
    1,
    "Counts of records and alleles per chromosome, those without records included, and one row "
    "`all`; for all records and for those that pass.",
    (
        Column("chromosome", "dictionary", "canonical name, or `all`"),
        Column("filter_set", "dictionary", "one of FILTER_SETS"),
        *(Column(name, "int64", _SITE_MEANING[name]) for name in SITE_COUNTS),
        Column("ts_tv", "float64", "n_transitions / n_transversions", "no transversion"),
        Column("call_rate", "float64", "completely called genotypes / genotypes expected",
               "no genotype is expected"),
    ),
)  # fmt: skip

SUMMARY_SAMPLES = Table(
    "variant_summary/samples",
    2,
    "Genotypes of each sample summed over chromosomes: scopes autosomes, X, Y, MT, other and all.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("scope", "dictionary", "one of SCOPES"),
        Column("filter_set", "dictionary", "one of FILTER_SETS"),
        *_SAMPLE_COUNTS,
        Column("call_rate", "float64", "completely called genotypes / genotypes expected",
               "no genotype is expected"),
        Column("het_hom_ratio", "float64", "(n_het + n_het_alt) / n_hom_alt", "n_hom_alt is 0"),
        Column("ts_tv", "float64", "n_transitions / n_transversions", "no transversion"),
        Column("dp_mean", "float64", "dp_sum / n_dp", "no record has FORMAT/DP"),
        Column("gq_mean", "float64", "gq_sum / n_gq", "no record has FORMAT/GQ"),
        Column("het_allele_balance", "float64",
               "het_alt_depth / (het_ref_depth + het_alt_depth); about 0.5, lower where reads of "
               "another sample are among them or REF is preferred in mapping", _NO_AD),
    ),
)  # fmt: skip

SUMMARY_HISTOGRAMS = Table(
    "variant_summary/histograms",
    1,
    "Distributions of all chromosomes, and their sums over chromosomes as `all` (not density).",
    _HISTOGRAM,
)
