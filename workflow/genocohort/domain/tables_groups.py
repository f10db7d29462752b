"""Table of variants by groups of samples."""

from genocohort.domain.table import Column, Table

VARIANT_GROUPS = Table(
    "variant_groups/counts",
    1,
    "One row per stored variant and group of samples, the groups of a variant one after the other.",
    (
        Column("chromosome", "dictionary", "canonical name"),
        Column("vcf_pos", "int64", "1-based position"),
        Column("variant_id", "string", "id in the genotype store"),
        Column("ref", "string", "REF allele"),
        Column("alt", "string", "ALT allele"),
        Column("group_by", "dictionary", "column that makes the groups, as variant_groups.by"),
        Column("group", "dictionary", "value of that column; binary phenotypes: 1 case, 0 control"),
        Column("n_samples", "int64", "samples in the group"),
        Column("n_called", "int64", "of these with a call; nobody is expected to have one where "
               "the sample's sex has no such chromosome"),
        Column("n_hom_ref", "int64", "calls without ALT, haploid ones too"),
        Column("n_het", "int64", "heterozygous calls"),
        Column("n_hom_alt", "int64", "calls of ALT only, haploid ones too"),
        Column("ac", "int64", "ALT alleles called; a haploid call is one allele"),
        Column("an", "int64", "alleles called"),
        Column("af", "float64", "ac / an", "an is 0"),
        Column("call_rate", "float64", "n_called / samples expected to have a call",
               "none is expected"),
        Column("hwe_p", "float64", "exact test of Hardy-Weinberg proportions; on X of females",
               "nobody is tested, or Y or MT"),
        Column("hwe_neg_log10_p", "float64", "-log10 of it", "as hwe_p"),
    ),
)  # fmt: skip
