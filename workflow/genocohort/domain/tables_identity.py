"""Tables of known sites, of reads' alleles at them, and of what they say about the samples."""

from genocohort.domain.table import Column, Table

# What the column `match` of identity/samples says.
MATCHES = {
    "own": "the reads are those of the sample's own calls",
    "other": "the reads are those of another sample's calls, and not of its own",
    "none": "the reads are not those of its own calls, nor of any other sample's",
    "unknown": "there is nothing to compare with, or too few sites are called in both",
}

SITES = Table(
    "sites/sites",
    1,
    "Sites at which alleles of reads are counted: of a panel, or common ones of the cohort.",
    (
        Column("chromosome", "dictionary", "canonical name"),
        Column("vcf_pos", "int64", "1-based position"),
        Column("ref", "string", "one base"),
        Column("alt", "string", "one base"),
        Column("alt_frequency", "float64", "of ALT, in the panel or the cohort; above 0, below 1"),
    ),
)

ALLELES = Table(
    "alignments/alleles",
    1,
    "One sample's bases at the known sites, in their order; a fragment counts once.",
    (
        Column("sample_id", "dictionary", "the sample, as in the sheet"),
        Column("chromosome", "dictionary", "canonical name"),
        Column("vcf_pos", "int64", "1-based position"),
        Column("n_ref", "int64", "bases that are REF"),
        Column("n_alt", "int64", "bases that are ALT"),
        Column("n_other", "int64", "bases that are neither"),
        Column("n_unused", "int64", "bases of low quality, or none of A, C, G, T"),
    ),
)

_UNMEASURED = "the alignment could not be measured"
_FEW = _UNMEASURED + ", or too few sites have reads"
_NOT_COMPARED = _UNMEASURED + ", or there are no such calls"

IDENTITY_SAMPLES = Table(
    "identity/samples",
    1,
    "One row per sample with an alignment: contamination, and whose calls its reads fit.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("n_sites", "int64", "known sites with REF or ALT bases", _UNMEASURED),
        Column("mean_site_depth", "float64", "bases per site with reads", _FEW),
        Column("error_rate", "float64",
               "share of wrong bases, from those that are neither REF nor ALT", _FEW),
        Column("contamination", "float64",
               "share of the reads that are another person's, maximum likelihood, 0 to 0.5", _FEW),
        Column("contamination_low", "float64", "lower end of its 95 % likelihood interval", _FEW),
        Column("contamination_high", "float64", "upper end", _FEW),
        Column("contamination_log_ratio", "float64",
               "natural logarithm of the likelihood over that without contamination", _FEW),
        Column("own_n_sites", "int64", "sites called in the reads and in its own calls",
               _NOT_COMPARED),
        Column("own_concordance", "float64", "share of them with the same genotype",
               _NOT_COMPARED + ", or no such site"),
        Column("best_sample_id", "string", "the sample whose calls agree best, its own too",
               _NOT_COMPARED + ", or too few sites"),
        Column("best_n_sites", "int64", "sites called in the reads and in these calls",
               "as best_sample_id"),
        Column("best_concordance", "float64", "share of them with the same genotype",
               "as best_sample_id"),
        Column("match", "string", "one of MATCHES"),
    ),
)  # fmt: skip

IDENTITY_PAIRS = Table(
    "identity/pairs",
    1,
    "Every alignment against every genotyped sample, in cohort order.",
    (
        Column("sample_id", "dictionary", "whose alignment"),
        Column("calls_sample_id", "dictionary", "whose calls"),
        Column("n_sites", "int32", "sites called in both"),
        Column("n_concordant", "int32", "of these with the same genotype"),
        Column("n_opposite", "int32", "of these homozygous for different alleles"),
        Column("concordance", "float64", "n_concordant / n_sites", "n_sites is 0"),
    ),
)
