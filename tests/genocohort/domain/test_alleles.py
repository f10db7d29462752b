

def test_plink_codes_are_alleles_without_a_sequence() -> None:
    """PLINK 1 filesets may name alleles 1 and 2: they are stored and tested, but no SNV."""
    allele = classify_allele("1", "2")
    assert allele.kind == "coded"
    assert allele.is_ordinary
    assert allele.is_transition is None
