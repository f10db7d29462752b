"""Tables of how calls compare with known ones."""

from genocohort.domain.table import Column, Table

TRUTH_CONCORDANCE = Table(
    "truth/concordance",
    1,
    "Alleles of samples whose calls are known, by class of allele; a genotype with two different "
    "ALT alleles counts once for each.",
    (
        Column("sample_id", "string", "as in the sample sheet"),
        Column("allele_class", "dictionary", "snv, insertion, deletion, mnv or complex, or `all`"),
        Column("filter_set", "dictionary", "one of FILTER_SETS; in `pass` a filtered variant is "
               "no call"),
        Column("n_found", "int64", "alleles carried in truth and calls (true positives)"),
        Column("n_same_genotype", "int64", "of these with the same number of copies"),
        Column("n_missed", "int64", "carried in the truth alone (false negatives)"),
        Column("n_missed_uncalled", "int64", "of these where the sample's genotype is missing"),
        Column("n_extra", "int64",
               "carried in the calls alone (false positives); not where the truth is missing"),
        Column("recall", "float64", "n_found / (n_found + n_missed)", "nothing is carried"),
        Column("precision", "float64", "n_found / (n_found + n_extra)", "nothing is called"),
        Column("f1", "float64", "harmonic mean of recall and precision",
               "neither truth nor calls carry any"),
        Column("genotype_concordance", "float64", "n_same_genotype / n_found", "n_found is 0"),
    ),
)  # fmt: skip
