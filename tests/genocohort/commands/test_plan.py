"""The plan in words, from what Snakemake's dry run says."""

from pathlib import Path

from genocohort.commands.plan import PlannedStep, parse_dry_run, plan_text, reasons_in_words

DRY_RUN = """
rule association:
    input: a
    output: b
    jobid: 4
    reason: Params have changed since last execution: before: x; now: y
    wildcards: chromosome=chr1
    resources: mem_mb=700, mem_mib=668
rule association:
    jobid: 5
    reason: Updated input files: a.tsv; Params have changed since last execution: x
    resources: mem_mb=900
rule report:
    jobid: 1
    reason: Input files updated by another job: results/full/ledger.parquet
    resources: mem_mb=500
localrule all:
    jobid: 0
    reason: Input files updated by another job: results/full/report/index.html
"""


def test_reasons_are_plain_words_and_none_is_lost() -> None:
    assert reasons_in_words(
        "Missing output files: a, b; Code has changed since last execution"
    ) == [
        "its results are not there",
        "its command has changed",
    ]
    assert reasons_in_words("Something new: x") == ["Something new: x"]


def test_a_file_named_like_a_reason_is_none() -> None:
    found = reasons_in_words("Updated input files: Forced execution.txt")
    assert found == ["an input is newer than its results"]


def test_steps_jobs_and_largest_memory() -> None:
    steps = parse_dry_run(DRY_RUN.splitlines())
    assert [(s.name, s.n_jobs, s.mem_mb) for s in steps] == [
        ("association", 2, 900),
        ("report", 1, 500),
    ]
    assert steps[0].reasons == {
        "its settings have changed": 2,
        "an input is newer than its results": 1,
    }
    assert steps[1].reasons == {"a step before it runs": 1}


def test_the_text_says_how_long_and_where_it_begins(tmp_path: Path) -> None:
    steps = parse_dry_run(DRY_RUN.splitlines())
    text = plan_text(steps, tmp_path)
    assert "no earlier run tells how long" in text
    assert text.endswith(
        "It begins with: association (its settings have changed, an input is newer than its "
        "results)."
    )
    first = PlannedStep("genotypes", 1, reasons={"its results are not there": 1})
    after = PlannedStep("kinship", 1, reasons=first.reasons | {"a step before it runs": 1})
    words = "It begins with: genotypes (its results are not there)."
    assert plan_text([first, after], tmp_path).endswith(words)
    (tmp_path / "association").mkdir()
    for i, seconds in enumerate((2.0, 4.0, 60.0)):
        (tmp_path / f"association/chr{i}.tsv").write_text(f"s\th:m:s\n{seconds}\t0:00:02\n")
    text = plan_text(steps, tmp_path)
    # The median of the jobs before, for each of the two jobs.
    assert "3 jobs would run: about 8 s of work" in text
    assert "without 1 steps that never ran" in text
