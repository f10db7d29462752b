"""A small cut of the shipped sample cohort, as a study folder of its own."""

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from genocohort.commands.backends import load_profile
from genocohort.commands.dry_run import parse_dry_run
from genocohort.commands.snakemake_run import snakemake_command

CHROMOSOMES = ("chr20", "chr22", "chrX")
N_ALIGNED = 2


def write_cut(folder: Path, chromosomes: Sequence[str] = CHROMOSOMES) -> None:
    """`genocohort init`, cut down to a few chromosomes and two alignments."""
    done = genocohort(["init", str(folder)], folder.parent)
    assert done.returncode == 0, done.stderr
    edit_config(folder, chromosomes=list(chromosomes))
    edit_sheet(folder, N_ALIGNED)


def edit_config(folder: Path, **changes: Any) -> None:
    """Set top-level keys of the study's configuration; a mapping is merged into what is there."""
    path = folder / "config/config.yaml"
    config = yaml.safe_load(path.read_text())
    for key, value in changes.items():
        merge = isinstance(value, dict) and isinstance(config.get(key), dict)
        config[key] = config[key] | value if merge else value
    path.write_text(yaml.safe_dump(config, sort_keys=False))


def edit_sheet(folder: Path, n_aligned: int) -> list[str]:
    """Leave only the first alignments in the sample sheet; their sample ids."""
    source = Path(__file__).parents[2] / "data-samples/samples.tsv"
    rows = list(csv.DictReader(source.read_text().splitlines(), delimiter="\t"))
    aligned = [row for row in rows if row["alignment"]]
    for row in aligned[n_aligned:]:
        row["alignment"] = row["reference"] = ""
    lines = ["\t".join(rows[0])] + ["\t".join(row.values()) for row in rows]
    (folder / "data-samples/samples.tsv").write_text("\n".join(lines) + "\n")
    return [row["sample_id"] for row in aligned[:n_aligned]]


def genocohort(arguments: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the command line in a study folder, as a user would."""
    return subprocess.run(
        [sys.executable, "-m", "genocohort.cli", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )


def planned(folder: Path) -> dict[str, int]:
    """Which steps would run, with their numbers of jobs."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        snakemake_command(Path("config/config.yaml"), load_profile("local"), 1, ["--dry-run"]),
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "PATH": path},
    )
    assert done.returncode == 0, done.stderr
    return {s.name: s.n_jobs for s in parse_dry_run((done.stdout + done.stderr).splitlines())}
