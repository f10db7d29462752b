"""What the sections say of reads, sign-offs, populations, scores and times to event."""

import runpy
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genocohort.io.results import Results
from genocohort.steps.report.sections.alignment import compute_alignment
from genocohort.steps.report.sections.ancestry import ancestry_attention, compute_ancestry
from genocohort.steps.report.sections.density import compute_density
from genocohort.steps.report.sections.distances import compute_ld_decay, compute_scaling
from genocohort.steps.report.sections.diversity import _binned, _table
from genocohort.steps.report.sections.homozygosity import compute_homozygosity
from genocohort.steps.report.sections.identity import MOST_ROWS, compute_identity, find_exchanged
from genocohort.steps.report.sections.inheritance import (
    compute_inheritance,
    inheritance_attention,
)
from genocohort.steps.report.sections.panel import compute_panel
from genocohort.steps.report.sections.phenotypes import (
    compute_distributions,
    compute_scores,
    list_times,
)
from genocohort.steps.report.sections.read_groups import list_read_groups
from genocohort.steps.report.sections.sample_metrics import compute_quality
from genocohort.steps.report.sections.sequencing import (
    compute_chromosome_depth,
    compute_cycles,
    compute_libraries,
)
from genocohort.steps.report.sections.sign_offs import SignOffs, list_sign_offs, sign_off_attention
from genocohort.steps.report.sections.truth import compute_truth
from genocohort.steps.report.settings import ReportSettings

write_results = runpy.run_path(str(Path(__file__).with_name("synthetic.py")))["write_results"]
SETTINGS = ReportSettings()


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    return Results(write_results(tmp_path_factory.mktemp("sections"), n_samples=40))


def texts(view):
    return [[c if isinstance(c, str) else c.text for c in row] for row in view.rows]


def identity_tables(results, n=None):
    names = ("identity/samples", "identity/pairs", "sample_qc/reasons", "sites/sites")
    tables = {name: results.table(name) for name in names}
    if n:
        tables["identity/samples"] = tables["identity/samples"].head(n)
    return tables


def test_exchanged_samples_are_named_both_ways():
    frame = pd.DataFrame(
        {
            "sample_id": ["a", "b", "c", "d"],
            "best_sample_id": ["b", "a", "a", "d"],
            "match": ["other", "other", "other", "own"],
        }
    )
    assert find_exchanged(frame) == [("a", "b")]


def test_reads_of_few_alignments_have_a_row_each(results):
    (group,) = compute_identity(identity_tables(results, 6), SETTINGS)
    contamination, concordance = group.figures
    assert contamination.title == (
        "1 of 6 alignments holds another person's reads: S0005, 8.0\u00a0%"
    )
    assert concordance.title.startswith("S0003 and S0004 were exchanged")
    fits = {(row[0], row[1]): row[-1] for row in concordance.drawing.data.rows}
    assert fits["S0003", "S0004"] == pytest.approx(0.999)
    assert fits["S0001", "S0001"] == pytest.approx(0.999)
    first = texts(group.tables[0])[0]
    assert first[0] == "S0005"
    assert first[-1].startswith("8.0 % of the reads are another person's.")


def test_reads_of_many_alignments_are_points(results):
    assert len(results.table("identity/samples")) > MOST_ROWS
    (group,) = compute_identity(identity_tables(results), SETTINGS)
    assert "diagonal" in group.figures[1].summary
    assert len(group.figures[1].drawing.data.rows) == 40


def test_dense_contamination_is_drawn_in_few_runs(results):
    one = results.table("identity/samples")
    many = pd.concat([one] * 100, ignore_index=True)
    many["sample_id"] = [f"T{i:05d}" for i in range(len(many))]
    (group,) = compute_identity({"identity/samples": many}, SETTINGS)
    drawing = group.figures[0].drawing
    assert drawing.svg.count("<circle") == 0
    assert len(drawing.svg) < 60_000


def test_sign_offs_stand_beside_the_verdict(results):
    signed = SignOffs.of(results.table("sample_qc/sign_offs"))
    assert [signed.covers(s) for s in ("S0005", "S0001", "S0009")] == [True, False, False]
    (attention,) = sign_off_attention(signed)
    assert (attention.level, attention.text) == ("note", "1 sign-off fits no finding: S0009.")
    rows = texts(list_sign_offs(signed))
    assert [row[0] for row in rows] == ["S0005", "S0009"]
    assert rows[0][2:4] == ["fail", "pass"]
    assert [row[-1] for row in rows] == ["replaced", "none"]


def test_nobody_signed():
    assert SignOffs.of(None) is None
    assert sign_off_attention(None) == ()


def test_a_third_copy_of_a_chromosome_is_named(results):
    figure = compute_chromosome_depth(results.table("alignment_summary/contigs"))
    assert "S0002" in figure.title
    assert figure.title.endswith("on chr21")
    assert 1.4 < float(figure.title.split(" with ")[1].split(" ")[0]) < 1.5


def test_depth_of_hand_made_contigs():
    contigs = pd.DataFrame(
        [("s", "1", 100, 1000), ("s", "2", 300, 3000), ("s", "X", 50, 250), ("s", "un", 9, 999)],
        columns=["sample_id", "contig", "evaluated_bases", "evaluated_depth_sum"],
    )
    figure = compute_chromosome_depth(contigs)
    assert [(row[1], row[2]) for row in figure.drawing.data.rows] == [
        ("1", 1.0), ("2", 1.0), ("X", 0.5),
    ]  # fmt: skip
    assert compute_chromosome_depth(contigs.assign(evaluated_depth_sum=0)) is None


def test_quality_by_cycle_says_where_it_is_lowest(results):
    first, last = compute_cycles(results.table("alignment_summary/cycles"))
    assert first.title.startswith("The first reads begin at a mean base quality of 37 and end at")
    assert last.id == "cycles-last"
    assert "30" in last.title


def test_libraries_without_duplicates_are_counted():
    samples = pd.DataFrame(
        {"sample_id": ["a", "b", "c"], "library_size": [1e6, 4e8, np.nan],
         "duplicate_rate": [0.4, 0.02, 0.0]}
    )  # fmt: skip
    figure = compute_libraries(samples, SETTINGS)
    assert "the smallest, sample a, 1.00\u00a0×\u00a010⁶" in figure.title
    assert "1 sample without a duplicate pair" in figure.summary
    assert compute_libraries(samples.tail(1), SETTINGS) is None


def test_only_samples_of_several_read_groups_are_listed(results):
    read_groups = results.table("alignment_summary/read_groups")
    rows = texts(list_read_groups(read_groups))
    assert [row[:2] for row in rows] == [["S0001", "lane1"], ["S0001", "lane2"]]
    assert list_read_groups(read_groups.iloc[1:]) is None
    assert list_read_groups(None) is None


def test_dropouts_are_told_where_there_is_a_reference(results):
    tables = {"alignment_summary/samples": results.table("alignment_summary/samples")}
    drawn = [f.id for g in compute_alignment(tables, SETTINGS).groups for f in g.figures]
    assert "dropouts" in drawn
    tables["alignment_summary/samples"]["at_dropout"] = np.nan
    drawn = [f.id for g in compute_alignment(tables, SETTINGS).groups for f in g.figures]
    assert "dropouts" not in drawn


def test_lost_reads_of_an_allele_are_named(results):
    calls = results.table("variant_summary/samples")
    figures = compute_quality(results.table("sample_qc/samples"), None, calls, SETTINGS)
    assert figures[-1].id == "allele-balance"
    assert figures[-1].title.endswith("the fewest, sample S0002, 41.0\u00a0%")


def test_reported_and_inferred_ancestry_are_counted_against_each_other(results):
    ancestry = results.table("structure/ancestry")
    group = compute_ancestry(ancestry)
    cross, odd = group.tables
    shown = texts(cross)
    assert sum(int(row[-1]) for row in shown) == len(ancestry) == 39
    assert shown[-1][0] == "not reported"
    assert cross.heads[-2].label == "unassigned"
    assert [row[0] for row in texts(odd)] == ["S0002", "S0003"]
    assert "1 sample lies with another ancestry" in ancestry_attention(ancestry)[0].text


def test_the_cohort_is_placed_among_the_panel(results):
    names = ("ancestry/samples", "ancestry/groups", "ancestry/components", "sample_qc/samples",
             "clinical/participants")  # fmt: skip
    tables = {name: results.table(name) for name in names}
    (group,) = compute_panel(tables, SETTINGS)
    assert group.text == "40 samples placed among 3 groups of the panel; 1 near to none of them."
    (figure,) = group.figures
    most = tables["ancestry/groups"]["n_assigned"].max()
    assert figure.title.endswith(f": {most} of 40")
    named = [row for row in figure.drawing.data.rows if row[0] == "cohort"]
    assert len({row[1] for row in named}) == 40
    assert sum(int(row[-1]) for row in texts(group.tables[1])) == 40
    (group,) = compute_panel(tables | {"ancestry/components": None}, SETTINGS)
    assert group.figures == ()


def test_no_run_of_homozygosity_is_said_in_words():
    runs = pd.DataFrame(
        {"sample_id": ["a"], "n_runs": [0], "total_bp": [0], "longest_bp": [0],
         "covered_bp": [2_500_000], "f_roh": [0.0]}
    )  # fmt: skip
    group = compute_homozygosity(runs, pd.Series(["x"]), ["x"], SETTINGS)
    assert group.figures == ()
    assert "No run of homozygosity was found in 1 sample" in group.text


def test_diversity_is_weighted_by_length():
    windows = pd.DataFrame(
        {"group_by": ["all"] * 2, "group": [""] * 2, "n_samples": [9, 9],
         "chromosome": ["chr1"] * 2, "start": [0, 100], "end": [100, 400],
         "n_segregating": [1, 2], "pi": [0.004, 0.008], "theta": [0.0, np.nan],
         "tajima_d": [np.nan, np.nan]}
    )  # fmt: skip
    assert texts(_table(windows)) == [["everyone", "9", "3", "7.00", "0", "–", "2"]]


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=1, max_size=400))
def test_a_binned_spectrum_keeps_its_sum(counts):
    count = np.arange(1, len(counts) + 1)
    share = np.array(counts, float)
    at, mean = _binned(count, share)
    edges = np.unique(np.round(np.geomspace(1, count.max() + 1, 40)).astype(int))
    width = np.diff(edges) if len(count) > 40 else np.ones(len(count))
    assert (mean * width).sum() == pytest.approx(share.sum())
    assert (np.diff(at) > 0).all()


def test_scores_are_told_apart_by_ancestry():
    people = [f"P{i}" for i in range(40)]
    z = np.array([1.0] * 20 + [-1.0] * 20) + np.tile([0.1, -0.1], 20)
    tables = {
        "outcomes/scores": pd.DataFrame(
            {"score": "cad", "participant_id": people, "value": z * 2, "z": z, "group": "1 of 2"}
        ),
        "clinical/participants": pd.DataFrame(
            {"participant_id": people, "ancestry_reported": ["A"] * 20 + ["B"] * 20}
        ),
    }
    (group,) = compute_scores(tables)
    assert group.figures[0].title == (
        "cad: the mean score of A lies 2.00 standard deviations above that of B"
    )
    shares = [row[-1] for row in group.figures[0].drawing.data.rows if row[0] == "A"]
    assert sum(shares[:-1]) == pytest.approx(1)


def test_times_to_event_count_competing_events(results):
    rows = texts(list_times(results.table("clinical/outcomes")))
    assert rows[0][:7] == ["Heart failure", "40", "13", "13", "13", "10", "1"]


def test_measured_and_coded_phenotypes_are_told_apart():
    wide = pd.DataFrame(
        {"participant_id": ["a", "b", "c"], "ldl": [100.0, 150.0, np.nan],
         "t2d": [1.0, 0.0, np.nan], "hf_entry_day": [0.0, 1, 2], "hf_day": [5.0, 6, 7],
         "hf_event": [0.0, 1, 2], "empty": [np.nan] * 3}
    )  # fmt: skip
    (group,) = compute_distributions(wide)
    assert [f.id for f in group.figures] == ["values-ldl"]
    assert "1 of 3 have no value" in group.figures[0].title
    assert texts(group.tables[0]) == [["t2d", "1", "1", "50.0\u00a0%", "1"]]


def test_a_child_of_another_father_is_named(results):
    trios = results.table("mendel/trios")
    (group,) = compute_inheritance(trios)
    assert group.text.startswith("12 children with a genotyped parent; 11 with enough variants")
    assert "the most, sample S0001, 10.0\u00a0%" in group.figures[0].title
    rows = texts(group.tables[0])
    assert (rows[0][0], rows[0][-1]) == ("S0001", "contradicted")
    assert {row[-1] for row in rows[1:]} == {"fits", "too few variants"}
    (attention,) = inheritance_attention(trios)
    assert attention.text.startswith("1 child has genotypes")
    assert inheritance_attention(trios.tail(3)) == ()
    assert compute_inheritance(None) == []


def test_calls_are_pooled_over_samples_against_the_truth():
    truth = pd.DataFrame(
        [("a", "all", "pass", 90, 88, 10, 0, 0), ("b", "all", "pass", 30, 30, 0, 0, 30)],
        columns=["sample_id", "allele_class", "filter_set", "n_found", "n_same_genotype",
                 "n_missed", "n_missed_uncalled", "n_extra"],
    ).assign(recall=0.9, precision=1.0, f1=0.9, genotype_concordance=0.97)  # fmt: skip
    (group,) = compute_truth(truth, "pass")
    assert group.figures[0].drawing.data.rows == [("all", 120 / 130, 120 / 150)]
    assert group.figures[0].title.startswith("92.3\u00a0% of the known alleles are called")
    assert len(group.tables[0].rows) == 2
    (group,) = compute_truth(truth, "all")
    assert group.figures == ()


def test_linkage_says_where_it_has_halved(results):
    figure = compute_ld_decay(results.table("structure/ld_decay"))
    assert figure.title == (
        "Nearby variants have a mean r² of 0.400 in everyone; it falls to half of it by 15.0 kb"
    )
    assert compute_ld_decay(None) is None


def test_samples_are_placed_by_their_distances(results):
    mds = results.table("structure/mds")
    shown = pd.Series("A", index=mds["sample_id"].unique())
    figure = compute_scaling(mds, shown, ["A"], SETTINGS)
    assert figure.title == "39 samples placed by the alleles they do not share"
    assert compute_scaling(mds[mds["dimension"] == 1], shown, ["A"], SETTINGS) is None


def test_density_names_the_fullest_window():
    windows = pd.DataFrame(
        {"chromosome": ["chr1"] * 4, "bin_start": [0.0, 1e6, 2e6, 5e6],
         "bin_end": [1e6, 2e6, 3e6, 6e6], "count": [5, 9, 40, 7]}
    )  # fmt: skip
    figure = compute_density(windows)
    assert "the most, 40, begin at chr1:2\u202f000\u202f001" in figure.title
    assert "The median 1 Mb" in figure.title
    assert [row[-1] for row in figure.drawing.data.rows] == [5, 9, 40, 7]
    assert compute_density(windows.head(2)) is None
