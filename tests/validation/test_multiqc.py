"""MultiQC itself reads what the step `multiqc` writes: every section, name and number."""

import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from genocohort.cli import main
from genocohort.steps.multiqc.compute import ENDING, SECTION_TABLES
from tiny.multiqc_tables import NAMES, write_multiqc_tables

pytestmark = pytest.mark.validation


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a report that MultiQC has made of all sections."""
    program = shutil.which("multiqc")
    if program is None:
        pytest.skip("multiqc is not installed")
    folder = tmp_path_factory.mktemp("multiqc")
    write_multiqc_tables(folder / "results")
    files = [str(folder / f"results/multiqc/{name}{ENDING}") for name in SECTION_TABLES]
    assert main(["multiqc", "--folder", str(folder / "results"), "--outputs", *files]) == 0
    command = [program, "--strict", "--fullnames", str(folder / "results")]
    done = subprocess.run(
        [*command, "--outdir", str(folder / "made")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    said = [line for line in done.stderr.lower().splitlines() if "strict mode" not in line]
    assert not [line for line in said if "warning" in line or "error" in line or "no data" in line]
    return folder / "made"


def raw(made: Path, name: str) -> dict[str, Any]:
    """What MultiQC kept of a section."""
    data = json.loads((made / "multiqc_data/multiqc_data.json").read_text())
    found: dict[str, Any] = data["report_saved_raw_data"][f"multiqc_genocohort_{name}"]
    return found


def test_every_section_is_in_the_report(made: Path) -> None:
    page = (made / "multiqc_report.html").read_text()
    for title in ("Samples", "Call rate and heterozygosity", "Sex", "Kinship", "Ancestry",
                  "Contamination", "Alignments", "Association"):  # fmt: skip
        assert title in page
    sections = set(SECTION_TABLES) - {"general"}
    assert all(f'id="genocohort_{name}' in page for name in sections)
    assert "There is nothing to show" not in page


def test_names_that_look_like_numbers_or_files_stay_as_they_are(made: Path) -> None:
    assert set(raw(made, "samples_table")) == set(NAMES)
    assert set(raw(made, "ancestry_plot")) == set(NAMES)
    assert set(raw(made, "alignments_table")) == set(NAMES[:3])


def test_numbers_are_those_of_the_tables(made: Path) -> None:
    samples = raw(made, "samples_table")
    assert samples["1e5"]["call_rate"] == pytest.approx(91)
    assert samples["1e5"]["verdict"] == "warn"
    assert samples["1e5"]["reasons"] == "Few calls (&lt; 95 %)."
    assert raw(made, "ancestry_plot")["S1"]["x"] == pytest.approx(0.2)
    assert raw(made, "kinship_plot")["S1 / S1.dup"]["y"] == pytest.approx(0.49)
    assert raw(made, "contamination_plot")["1e5"]["value"] == pytest.approx(1)
    assert raw(made, "association_table")["ldl"]["n_loci"] == 2


def test_general_statistics_have_verdict_and_call_rate(made: Path) -> None:
    data = json.loads((made / "multiqc_data/multiqc_data.json").read_text())
    rows = data["report_general_stats_data"]["custom_content"]
    assert set(rows) == set(NAMES)
    assert rows["S1_2"] == pytest.approx({"verdict": "warn", "call_rate": 94, "mean_depth": 34})
