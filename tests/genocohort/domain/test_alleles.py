"""Classes of ALT alleles, after bases shared at both ends are trimmed."""

import pytest

from genocohort.domain.alleles import classify_allele


@pytest.mark.parametrize(
    ("ref", "alt", "kind", "change"),
    [
        ("A", "G", "snv", 0),
        ("AC", "AT", "snv", 0),
        ("a", "t", "snv", 0),
        ("A", "AT", "insertion", 1),
        ("CTT", "C", "deletion", -2),
        ("ACG", "TCA", "mnv", 0),
        ("AC", "TGA", "complex", 1),
        ("A", "*", "star", 0),
        ("A", "<DEL>", "symbolic", 0),
        ("A", "<*>", "non_ref", 0),
        ("A", "<NON_REF>", "non_ref", 0),
        ("G", "G]17:198982]", "breakend", 0),
        ("T", "T.", "breakend", 0),
        ("T", ".", "no_alt", 0),
        ("T", "T", "no_alt", 0),
    ],
)
def test_classes(ref: str, alt: str, kind: str, change: int) -> None:
    allele = classify_allele(ref, alt)
    assert (allele.kind, allele.length_change) == (kind, change)


def test_transitions() -> None:
    assert classify_allele("A", "G").is_transition is True
    assert classify_allele("A", "C").is_transition is False
    assert classify_allele("A", "N").is_transition is None
    assert classify_allele("A", "AT").is_transition is None


def test_plink_codes_are_alleles_without_a_sequence() -> None:
    """PLINK 1 filesets may name alleles 1 and 2: they are stored and tested, but no SNV."""
    allele = classify_allele("1", "2")
    assert allele.kind == "coded"
    assert allele.is_ordinary
    assert allele.is_transition is None


@pytest.mark.parametrize("alt", ["", "A?", "A T"])
def test_what_is_no_allele(alt: str) -> None:
    with pytest.raises(ValueError, match="not an ALT allele"):
        classify_allele("A", alt)
