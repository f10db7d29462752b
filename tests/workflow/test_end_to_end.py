"""The whole workflow on a cut of the sample cohort, as a user runs and reruns it."""

import csv
import hashlib
import json
from pathlib import Path

import pytest

from tiny.identifiers import find_identifiers
from tiny.sample_cohort import edit_config, edit_sheet, genocohort, planned, write_cut

pytestmark = pytest.mark.end_to_end

REPORT = "results/full/report/index.html"


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cut, run once on two cores."""
    folder = tmp_path_factory.mktemp("cohort") / "study"
    write_cut(folder)
    done = genocohort(["run", "--cores", "2"], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.strip().endswith(REPORT)
    return folder


def _digests(folder: Path) -> dict[str, str]:
    files = sorted(p for p in (folder / "results").rglob("*") if p.is_file())
    return {str(p.relative_to(folder)): hashlib.sha256(p.read_bytes()).hexdigest() for p in files}


def test_every_step_left_its_results(study: Path) -> None:
    from genocohort.study_config import STEPS

    folders = {p.name for p in (study / "results/full").iterdir()}
    # The calls are given; nothing is known of any sample, and no panel or groups are asked for.
    assert folders == set(STEPS) - {"ancestry", "calls", "truth", "variant_groups"}
    accounts = json.loads((study / "results/full/accounts/accounts.json").read_text())
    assert accounts["complete"] is True


def test_nothing_that_a_run_leaves_holds_an_identifier(study: Path) -> None:
    """Results, logs, benchmarks, metadata of Parquet and of Snakemake: no name, no date."""
    inputs = study / "data-samples"
    truth = json.loads((inputs / "truth.json").read_text())
    with (inputs / "clinical/tables/participants.csv").open(newline="") as stream:
        people = list(csv.DictReader(stream))
    secrets = {row[column] for row in people for column in ("birth_date", "enrolment_date")}
    secrets |= {row["note"] for row in people if row["note"]}
    secrets |= {truth["deidentification"]["note_with_name"]["name"], "Quellen", "@example.org"}
    found, n_files = find_identifiers(study, secrets, ["data-samples", "config"])
    assert n_files > 100
    assert found == []
    # What is looked for is found where it is.
    assert find_identifiers(study, secrets, ["results", "logs", ".snakemake"])[0]


def test_one_core_gives_the_same_bytes(study: Path, tmp_path: Path) -> None:
    again = tmp_path / "study"
    write_cut(again)
    done = genocohort(["run", "--cores", "1"], again)
    assert done.returncode == 0, done.stderr
    first, second = _digests(study), _digests(again)
    assert first.keys() == second.keys()
    assert [name for name in first if first[name] != second[name]] == []


def test_a_second_run_does_nothing(study: Path) -> None:
    before = _digests(study)
    done = genocohort(["run", "--cores", "2"], study)
    assert done.returncode == 0, done.stderr
    assert "Nothing to be done" in done.stdout
    assert _digests(study) == before
    assert planned(study) == {}


def test_comments_rerun_nothing(study: Path) -> None:
    path = study / "config/config.yaml"
    path.write_text("# a comment\n" + path.read_text())
    assert planned(study) == {}


def test_a_changed_threshold_reruns_its_dependents_only(study: Path) -> None:
    edit_config(study, association={"min_maf": 0.03})
    assert planned(study) == {
        "association": 3,
        "association_summary": 1,
        "accounts": 1,
        "multiqc": 1,
        "report": 1,
    }
    done = genocohort(["run", "--cores", "2"], study)
    assert done.returncode == 0, done.stderr
    assert planned(study) == {}


def test_an_added_sample_reruns_what_depends_on_it(study: Path) -> None:
    edit_sheet(study, 3)
    steps = planned(study)
    assert steps["alignments"] == 1
    assert "genotypes" not in steps
    assert "variants" not in steps
    assert "kinship" not in steps
    assert "alignment_summary" in steps
    assert "report" in steps
    done = genocohort(["run", "--cores", "2"], study)
    assert done.returncode == 0, done.stderr
    assert planned(study) == {}


def test_bad_input_stops_before_anything_is_computed(tmp_path: Path) -> None:
    study = tmp_path / "study"
    write_cut(study)
    calls = study / "data-samples/calls/cohort.vcf.gz"
    calls.write_bytes(calls.read_bytes()[:-4000])
    done = genocohort(["run", "--cores", "2"], study)
    assert done.returncode == 3
    assert "cut off" in done.stderr
    assert "cohort.vcf.gz" in done.stderr
    assert "Traceback" not in done.stderr
    assert not list((study / "results").rglob("*.p*"))


def test_a_run_with_losses_ends_with_5_and_names_them(tmp_path: Path) -> None:
    study = tmp_path / "study"
    write_cut(study, ["chr20"])
    lost = edit_sheet(study, 1)[0]
    alignment = study / f"data-samples/alignments/{lost}.bam"
    raw = bytearray(alignment.read_bytes())
    raw[len(raw) // 2] ^= 255
    alignment.write_bytes(raw)
    edit_config(study, preflight={"full_read_mb": 0}, alignments={"on_failure": "continue"})
    done = genocohort(["run", "--cores", "2"], study)
    assert done.returncode == 5, done.stdout + done.stderr
    assert lost in done.stderr
    assert (study / REPORT).exists()


def test_plan_tells_what_would_run_in_words(study: Path) -> None:
    done = genocohort(["plan"], study)
    assert "Nothing to be done" in done.stdout
    edit_config(study, study="Another title")
    done = genocohort(["plan"], study)
    assert "report" in done.stdout
    assert "its settings have changed" in done.stdout
