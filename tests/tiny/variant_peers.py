"""Run bcftools and plink on calls, and read what they print."""

import os
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pandas as pd
import pytest


def need(tool: str) -> str:
    """The tool's path; the test is skipped, with the reason, where it is absent."""
    found = shutil.which(tool)
    if not found:
        pytest.skip(f"{tool} is not installed")
    return found


def run(*command: str | Path) -> str:
    """Standard output of a command that must succeed."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr + done.stdout[-500:]
    return done.stdout


def real_calls(name: str) -> Path:
    """A file below GENOCOHORT_DATA; the test is skipped where the folder is not given."""
    root = os.environ.get("GENOCOHORT_DATA")
    if not root:
        pytest.skip("GENOCOHORT_DATA is not set")
    return Path(root) / name


def without_info(calls: Path, target: Path, contig: str | None = None) -> Path:
    """A copy of calls without INFO, since bcftools stats believes the AC and AN written there."""
    region = ["-t", contig] if contig else []
    kept = target.with_name(f"part.{target.name}")
    run(need("bcftools"), "view", "--no-version", *region, "-Oz", "-o", kept, calls)
    run(need("bcftools"), "annotate", "--no-version", "-x", "INFO", "-Oz", "-o", target, kept)
    run(need("bcftools"), "index", target)
    return target


def only_biallelic(calls: Path, target: Path) -> Path:
    """A copy of the records with one ALT allele that is an SNV or an indel."""
    chosen = ("-m2", "-M2", "-v", "snps,indels")
    run(need("bcftools"), "view", "--no-version", *chosen, "-Oz", "-o", target, calls)
    run(need("bcftools"), "index", target)
    return target


def bcftools_stats(calls: Path) -> dict[str, list[list[str]]]:
    """Rows of every section of `bcftools stats -s -`, without the section's name and id."""
    text = run(need("bcftools"), "stats", "-s", "-", calls)
    sections = defaultdict(list)
    for line in text.splitlines():
        if not line.startswith("#"):
            name, _, *fields = line.split("\t")
            sections[name].append(fields)
    return dict(sections)


def filled_counts(calls: Path) -> pd.DataFrame:
    """AC and AN of every ALT allele by `bcftools +fill-tags`, in the calls' order."""
    tagged = calls.with_name(f"tagged.{calls.name}")
    run(need("bcftools"), "+fill-tags", calls, "-Oz", "-o", tagged, "--", "-t", "AC,AN")
    rows = []
    for line in run("bcftools", "query", "-f", "%POS\t%INFO/AC\t%INFO/AN\n", tagged).splitlines():
        position, counts, an = line.split("\t")
        rows += [(int(position), int(ac), int(an)) for ac in counts.split(",") if ac != "."]
    return pd.DataFrame(rows, columns=["vcf_pos", "ac", "an"])


def plink2(store: Path, chromosome: str, *command: str) -> Path:
    """Run plink2 on a chromosome of the genotype store; the prefix of what it wrote."""
    prefix = store / f"{chromosome}.plink2"
    run(
        need("plink2"), "--pfile", store / chromosome, "--allow-extra-chr", "--nonfounders",
        "--threads", "1", *command, "--out", prefix,
    )  # fmt: skip
    return prefix


def read_peer(path: str | Path) -> pd.DataFrame:
    """A table that plink wrote; ids stay text."""
    table = pd.read_csv(path, sep=r"\s+", dtype={"ID": str, "#IID": str, "SNP": str})
    return table.rename(columns=lambda name: name.lstrip("#"))
