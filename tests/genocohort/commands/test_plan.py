"""The plan in words, from what Snakemake's dry run says and earlier runs took."""

from pathlib import Path

import pytest

from genocohort.commands.dry_run import PlannedJob, PlannedStep, parse_dry_run, reasons_in_words
from genocohort.commands.estimates import Capacity, estimate_steps
from genocohort.commands.plan import origin_text, table_text, totals_text

DRY_RUN = """
rule association:
    input: results/a.pgen, results/a.pvar
    output: results/association/chr1.parquet, results/association/chr1.ledger.json
    jobid: 4
    benchmark: benchmarks/association/chr1.tsv
    reason: Params have changed since last execution: before: x; now: y
    wildcards: chromosome=chr1
    threads: 2
    resources: mem_mb=700, mem_mib=668, runtime=30
rule association:
    output: results/association/chr2.parquet
    jobid: 5
    benchmark: benchmarks/association/chr2.tsv
    reason: Updated input files: a.tsv; Params have changed since last execution: x
    threads: 2
    resources: mem_mb=900
rule report:
    input: results/association/chr1.parquet, results/association/chr2.parquet
    output: results/report.html
    jobid: 1
    benchmark: s3://bucket/study/benchmarks/report.tsv (send to storage)
    reason: Input files updated by another job: results/full/ledger.parquet
    resources: mem_mb=<TBD>, mem_mib=<TBD>
localrule all:
    jobid: 0
    reason: Input files updated by another job: results/full/report/index.html
"""
ONE_AT_A_TIME, TWO = Capacity(2, by_threads=True), Capacity(4, by_threads=True)


def planned() -> list[PlannedStep]:
    return parse_dry_run(DRY_RUN.splitlines())


def write_benchmark(path: Path, seconds: float, max_rss: str = "100.5") -> None:
    """As Snakemake writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "s\th:m:s\tmax_rss\tmax_vms\tmax_uss\tmax_pss\tio_in\tio_out\tmean_load\tcpu_time\n"
        f"{seconds}\t0:00:02\t{max_rss}\t1\t1\t1\t1\t1\t50.0\t{seconds / 2}\n"
    )


def test_reasons_are_plain_words_and_none_is_lost() -> None:
    assert reasons_in_words(
        "Missing output files: a, b; Code has changed since last execution"
    ) == (
        "its results are not there",
        "its command has changed",
    )
    assert reasons_in_words("Something new: x") == ("Something new: x",)


def test_a_file_named_like_a_reason_is_none() -> None:
    found = reasons_in_words("Updated input files: Forced execution.txt")
    assert found == ("an input is newer than its results",)


def test_jobs_of_steps_as_the_dry_run_says() -> None:
    association, report = planned()
    assert [(s.name, s.n_jobs) for s in (association, report)] == [
        ("association", 2),
        ("report", 1),
    ]
    first, second = association.jobs
    assert first == PlannedJob(
        inputs=("results/a.pgen", "results/a.pvar"),
        outputs=("results/association/chr1.parquet", "results/association/chr1.ledger.json"),
        benchmark="benchmarks/association/chr1.tsv",
        threads=2,
        mem_mb=700,
        limit_minutes=30,
        reasons=("its settings have changed",),
    )
    assert (second.mem_mb, second.limit_minutes) == (900, None)
    assert association.reasons == {
        "its settings have changed": 2,
        "an input is newer than its results": 1,
    }
    assert report.jobs[0].mem_mb is None
    assert report.jobs[0].benchmark == "s3://bucket/study/benchmarks/report.tsv"


def texts(folder: Path, capacity: Capacity = TWO) -> tuple[str, str]:
    steps = planned()
    estimates = estimate_steps(steps, folder)
    return table_text(steps, estimates), totals_text(steps, estimates, capacity)


def test_without_earlier_runs_the_limits_are_told_as_such(tmp_path: Path) -> None:
    table, totals = texts(tmp_path)
    assert "association                2     2      900  <1800.0  " in table
    assert "report                     1     1        ?        ?  " in table
    assert "< the time limit" in table
    assert "? not known before a first run" in table
    assert "~ peak" not in table
    assert "at least 30 min 0 s on 4 CPUs" in totals
    assert "the time limit it asks for (1)" in totals
    assert "not known for 2 of them (association, report)" in totals
    assert "The largest job needs 900 MB of memory; not known for 1 of them." in totals


def test_nothing_is_said_of_time_where_nothing_is_known(tmp_path: Path) -> None:
    steps = [PlannedStep("report", [PlannedJob(reasons=("x",))])]
    text = totals_text(steps, estimate_steps(steps, tmp_path), TWO)
    assert text == "1 job would run; no earlier run tells how long they take."


def test_own_runs_come_first_then_the_mean_of_the_step(tmp_path: Path) -> None:
    write_benchmark(tmp_path / "association/chr1.tsv", 60)
    write_benchmark(tmp_path / "association/chr3.tsv", 20)
    write_benchmark(tmp_path / "report.tsv", 10, "123.4")
    table, totals = texts(tmp_path)
    # chr1 took 60 s; chr2 never ran: the mean of chr1 and chr3.
    assert "association                2     2      900     50.0  " in table
    assert "report                     1     1     ~123     10.0  " in table
    assert "~ peak of earlier runs" in table
    assert "3 jobs would run: about 1 min 10 s on 4 CPUs, 1 min 50 s of jobs one after another" in (
        totals
    )
    assert "the job's own earlier run (2), the mean of the step's other jobs (1)." in totals
    assert "not known" not in totals
    _, totals = texts(tmp_path, ONE_AT_A_TIME)
    assert "about 1 min 50 s on 2 CPUs" in totals
    _, totals = texts(tmp_path, Capacity(200, by_threads=False))
    assert "about 1 min 10 s if none has to queue" in totals


def test_what_could_not_be_measured_is_left_out(tmp_path: Path) -> None:
    write_benchmark(tmp_path / "report.tsv", 10, "NA")
    (tmp_path / "association.tsv").write_text("s\th:m:s\n")
    table, _ = texts(tmp_path)
    assert "report                     1     1        ?     10.0  " in table
    assert "association                2     2      900  <1800.0  " in table


def test_where_it_begins() -> None:
    words = "association (its settings have changed, an input is newer than its results)."
    assert origin_text(planned()) == f"It begins with: {words}"
    absent = "its results are not there"
    first = PlannedStep("genotypes", [PlannedJob(reasons=(absent,))])
    after = PlannedStep("kinship", [PlannedJob(reasons=(absent, "a step before it runs"))])
    assert origin_text([first, after]) == f"It begins with: genotypes ({absent})."
    assert origin_text([after]) == ""


@pytest.mark.parametrize(
    "line", ["    resources: mem_mib=668, disk_mb=1", "    resources: tmpdir=/tmp, xmem_mb=5"]
)
def test_only_the_resource_itself_is_read(line: str) -> None:
    (step,) = parse_dry_run(["rule a:", line])
    assert step.jobs[0].mem_mb is None
