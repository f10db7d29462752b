"""Tables of what the pedigree says about the calls."""

from genocohort.domain.table import Column, Table

MENDEL_TRIOS = Table(
    "mendel/trios",
    1,
    "One row per genotyped child with a genotyped parent: genotypes that cannot be inherited.",
    (
        Column("sample_id", "string", "the child, as in the sample sheet"),
        Column("father_sample_id", "string", "the father's sample", "not recorded or genotyped"),
        Column("mother_sample_id", "string", "the mother's sample", "not recorded or genotyped"),
        Column("n_tested", "int64", "variants at which the child and a parent are called"),
        Column("n_with_alt", "int64", "of these with ALT in the child or a parent"),
        Column("n_errors", "int64", "Mendelian errors, the sum of the three below"),
        Column("n_errors_father", "int64",
               "father and child are homozygous for different alleles, the mother does not decide"),
        Column("n_errors_mother", "int64",
               "mother and child are homozygous for different alleles, the father does not decide"),
        Column("n_errors_parents", "int64",
               "both parents are homozygous for one allele, the child is not"),
        Column("error_rate", "float64", "n_errors / n_with_alt", "n_with_alt is 0"),
        Column("is_contradicted", "bool", "error_rate is above mendel.max_error_rate",
               "n_with_alt is below mendel.min_tested"),
    ),
)  # fmt: skip

MENDEL_VARIANTS = Table(
    "mendel/variants",
    1,
    "Variants with Mendelian errors, in genome order.",
    (
        Column("chromosome", "dictionary", "canonical name"),
        Column("vcf_pos", "int64", "1-based position"),
        Column("variant_id", "string", "id in the genotype store"),
        Column("ref", "string", "REF allele"),
        Column("alt", "string", "ALT allele"),
        Column("n_tested", "int64", "trios in which the child and a parent are called"),
        Column("n_errors", "int64", "of these with a Mendelian error"),
    ),
)
