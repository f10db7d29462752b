"""What bcftools is told: pieces, regions, options and lists."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from genocohort.domain.genome import Build, Genome
from genocohort.domain.ploidy import expected_ploidy
from genocohort.domain.sheet import Sample, Sex
from genocohort.steps.calls.compute import (
    alignments_text,
    call_options,
    compute_pieces,
    compute_regions,
    filter_options,
    groups_text,
    mpileup_options,
    ploidy_text,
    region_text,
    samples_text,
)
from genocohort.steps.calls.settings import CallsSettings

SEXES: tuple[Sex, ...] = ("male", "female", "unknown")
SAMPLES = (
    Sample("A", "P1", "A", "male", alignment="reads/A.bam"),
    Sample("B", "P2", "b-1", "unknown", alignment="my reads/B.cram"),
)


@given(st.integers(0, 10**6), st.floats(1e-5, 2))
def test_every_base_is_in_exactly_one_piece(length: int, region_mb: float) -> None:
    length = min(length, round(region_mb * 1e6) * 1000)
    pieces = compute_pieces(length, region_mb)
    assert [p.start for p in pieces] == [0, *(p.end for p in pieces[:-1])][: len(pieces)]
    assert (pieces[-1].end if pieces else 0) == length
    assert len({p.end - p.start for p in pieces[:-1]}) <= 1
    assert all(p.start < p.end for p in pieces)
    assert len({p.name for p in pieces}) == len(pieces)


def test_a_region_is_1_based_with_both_ends() -> None:
    assert region_text("chr20", 0, 100) == "chr20:1-100"
    assert region_text("20", 99, 100) == "20:100-100"
    assert region_text("HLA-A*01:01", 0, 5) == "{HLA-A*01:01}:1-5"


def test_pieces_read_over_their_seams_and_own_their_positions() -> None:
    settings = CallsSettings(region_mb=0.001, seam_bases=30)
    assert {n: tuple(r) for n, r in compute_regions("c", 2500, settings).items()} == {
        "0-1000": ("c:1-1030", "c:1-1000"),
        "1000-2000": ("c:971-2030", "c:1001-2000"),
        "2000-2500": ("c:1971-2500", "c:2001-2500"),
    }


def test_a_contig_without_bases_has_no_piece() -> None:
    assert compute_regions("c", 0, CallsSettings()) == {}


def test_settings_reach_the_options() -> None:
    settings = CallsSettings(
        min_mapping_quality=31,
        min_base_quality=17,
        max_depth=99,
        base_alignment_quality="off",
        min_quality=12.5,
    )
    options = mpileup_options(settings)
    assert options[options.index("--min-MQ") + 1] == "31"
    assert options[options.index("--min-BQ") + 1] == "17"
    assert options[options.index("--max-depth") + 1] == "99"
    assert options[options.index("--max-idepth") + 1] == "99"
    assert "--no-BAQ" in options
    assert "--full-BAQ" in mpileup_options(CallsSettings(base_alignment_quality="full"))
    assert not {"--no-BAQ", "--full-BAQ"} & set(mpileup_options(CallsSettings()))
    assert filter_options(settings)[-2:] == ["--exclude", "QUAL<12.5"]


@pytest.mark.parametrize(
    "options",
    [mpileup_options(CallsSettings()), call_options(), filter_options(CallsSettings())],
    ids=["mpileup", "call", "filter"],
)
def test_no_header_names_a_command_or_version(options: list[str]) -> None:
    assert "--no-version" in options


@pytest.mark.parametrize("change", [{"region_mb": 0}, {"max_depth": 0}, {"min_quality": -1}])
def test_impossible_settings_are_refused(change: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        CallsSettings.model_validate(change)


def test_lists_name_files_samples_and_sexes() -> None:
    assert alignments_text(SAMPLES) == "reads/A.bam\nmy reads/B.cram\n"
    assert samples_text(SAMPLES) == "A\tmale\nb-1\tunknown\n"
    assert groups_text(SAMPLES) == (
        "*\treads/A.bam\tA\n?\treads/A.bam\tA\n"
        "*\tmy\\ reads/B.cram\tb-1\n?\tmy\\ reads/B.cram\tb-1\n"
    )


def _ploidy(text: str, contig: str, position: int, sex: str) -> int:
    """What a ploidy file says of a 0-based position: the rule, unless a line holds it."""
    found = None
    rules = {}
    for line in text.splitlines():
        name, first, last, whose, number = line.split(" ")
        if name == "*":
            rules[whose] = int(number)
        elif (name, whose) == (contig, sex) and int(first) <= position + 1 <= int(last):
            assert found is None
            found = int(number)
    return rules[sex] if found is None else found


@pytest.mark.parametrize("build", ["GRCh37", "GRCh38", "T2T-CHM13", "synthetic"])
@pytest.mark.parametrize("prefix", ["chr", ""])
def test_ploidy_follows_sex_and_pseudo_autosomal_regions(build: Build, prefix: str) -> None:
    genome = Genome(build=build)
    lengths = {f"{prefix}{n}": 160_000_000 for n in ("20", "X", "Y")} | {f"{prefix}M": 16569}
    text = ploidy_text(lengths, genome)
    edges = {0, 16568, 100_000}
    for contig in lengths:
        for region in genome.par_regions(contig):
            edges |= {region.start - 1, region.start, region.end - 1, region.end}
    for contig, length in lengths.items():
        for position in sorted(e for e in edges if 0 <= e < length):
            for sex, outside in zip(SEXES, expected_ploidy(contig, SEXES), strict=True):
                due = 2 if genome.is_par(contig, position) else outside
                assert _ploidy(text, contig, position, sex) == due, (contig, position, sex)


def test_a_region_that_ends_with_the_contig_leaves_no_empty_line() -> None:
    genome = Genome(build="synthetic", par=(("chrX", 50, 100),))
    assert ploidy_text({"chrX": 100}, genome).splitlines()[0] == "chrX 1 50 male 1"
    assert "101" not in ploidy_text({"chrX": 100}, genome)
    whole = Genome(build="synthetic", par=(("chrX", 0, 500),))
    assert ploidy_text({"chrX": 100}, whole).startswith("* * * male 2")
