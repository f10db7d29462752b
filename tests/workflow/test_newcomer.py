"""A newcomer's path: exactly what the README's blocks say, in an empty folder."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from genocohort.study_config import STEPS, Config
from tiny.sample_cohort import edit_config, genocohort

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
REPORT = "results/full/report/index.html"

# Somebody who wants two chromosomes, has one alignment, and has lost a sample.
EDITOR = """#!{python}
import sys
from pathlib import Path
config, sheet = map(Path, sys.argv[1:])
config.write_text(config.read_text() + "\\nchromosomes: [chr20, chr22]\\n")
head, *rows = [line.split("\\t") for line in sheet.read_text().splitlines()]
rows = rows[:-1]
alignment, sex = head.index("alignment"), head.index("sex")
for row in [row for row in rows if row[alignment]][1:]:
    row[alignment] = row[alignment + 1] = ""
{more}
sheet.write_text("".join("\\t".join(row) + "\\n" for row in [head, *rows]))
"""


def blocks(section: str, language: str) -> list[str]:
    """The README's code blocks of a language under a heading."""
    (text,) = re.findall(rf"^## {section}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def walk(folder: Path, more: str = "") -> subprocess.CompletedProcess[str]:
    """Do what stands under `Your own data`, with an editor that edits by itself."""
    editor = folder.with_name("editor")
    editor.write_text(EDITOR.format(python=sys.executable, more=more))
    editor.chmod(0o755)
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    folder.mkdir()
    return subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(blocks("Your own data", "sh"))],
        cwd=folder, capture_output=True, text=True,
        env={**os.environ, "PATH": path, "EDITOR": str(editor)},
    )  # fmt: skip


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The study folder, and what was printed on the way."""
    folder = tmp_path_factory.mktemp("newcomer") / "empty"
    done = walk(folder)
    assert done.returncode == 0, done.stdout + done.stderr
    assert [path.name for path in folder.iterdir()] == ["mystudy"]
    return folder / "mystudy", done.stdout


def test_there_are_five_steps() -> None:
    (script,) = blocks("Your own data", "sh")
    assert len(script.splitlines()) == 5
    for name in ("init", "check", "plan", "run"):
        assert f"genocohort {name}" in script


def test_every_yaml_block_is_a_configuration() -> None:
    found = re.findall(r"^```yaml\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    assert found
    for text in found:
        Config.model_validate(yaml.safe_load(text))


@pytest.mark.end_to_end
def test_each_step_says_what_comes_next_and_the_report_is_last(walked: tuple[Path, str]) -> None:
    study, said = walked
    order = ["is a study that runs", "checks passed", "jobs would run", "done in", "The report: "]
    places = [said.index(words) for words in order]
    assert places == sorted(places)
    assert "399 samples (399 with calls, 1 with alignments), 2 chromosomes" in said
    assert "samples      399: " in said
    assert re.search(r"ldl: \d+ loc\w+, lambda \d\.\d{3}; ", said)
    report = Path(said.strip().splitlines()[-1].removeprefix("The report: "))
    assert report == study.resolve() / REPORT
    assert report.stat().st_size > 50_000


@pytest.mark.end_to_end
def test_what_the_readme_promises_is_there(walked: tuple[Path, str]) -> None:
    study, _ = walked
    (table,) = re.findall(r"\n\| folder \| what \|\n\|---\|---\|\n((?:\|.*\n)+)", README)
    cells = [line.split("|")[1] for line in table.splitlines()]
    promised = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    # What only studies have that ask for it.
    others = {"ancestry/", "calls/", "truth/", "variant_groups/"}
    absent = [name for name in promised if not (study / "results/full" / name).exists()]
    assert set(absent) <= others
    told = {name.split("/")[0] for name in promised}
    assert {path.name for path in (study / "results/full").iterdir()} <= told | set(STEPS)


@pytest.mark.end_to_end
def test_a_second_plan_knows_times_and_costs(walked: tuple[Path, str], tmp_path: Path) -> None:
    study, _ = walked
    assert "Nothing to be done" in genocohort(["plan"], study).stdout
    prices = tmp_path / "prices.yaml"
    prices.write_text("{currency: EUR, cpu_hour: 100, gib_hour: 10, gb_stored: 1}\n")
    edit_config(study, study="Another title")
    done = genocohort(["plan", "--cores", "2", "--prices", str(prices)], study)
    assert done.returncode == 0, done.stderr
    assert "report " in done.stdout
    assert "the job's own earlier run" in done.stdout
    (total,) = re.findall(r"^together +([\d.]+)$", done.stdout, re.MULTILINE)
    assert float(total) > 0
    assert "leaves out" not in done.stdout


@pytest.mark.end_to_end
def test_multiqc_makes_a_report_of_the_results(walked: tuple[Path, str], tmp_path: Path) -> None:
    program = shutil.which("multiqc")
    if program is None:
        pytest.skip("multiqc is not installed")
    study, _ = walked
    done = subprocess.run(
        [program, "results", "--outdir", str(tmp_path)], cwd=study, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    page = (tmp_path / "multiqc_report.html").read_text()
    for name in ("samples", "call_rate", "sex", "kinship", "ancestry", "contamination"):
        assert f'id="genocohort_{name}' in page, name
    assert "Bcftools" in page


@pytest.mark.end_to_end
def test_a_mistake_in_the_sheet_stops_at_the_check(tmp_path: Path) -> None:
    done = walk(tmp_path / "empty", more='rows[0][sex] = "XXY?"; rows[1][0] = rows[2][0]')
    assert done.returncode == 3, done.stdout + done.stderr
    assert "genocohort check: error [3]" in done.stderr
    assert "samples.tsv" in done.stderr
    assert "remedy:" in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "empty/mystudy/results").exists()
