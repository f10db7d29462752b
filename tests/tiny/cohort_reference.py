"""Genotype stores of real inputs, beside what PLINK says about them; for the validation tests."""

import atexit
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
import pgenlib
import pytest

from genocohort.cli import main
from genocohort.domain.sheet import Sample
from genocohort.io.sheet import read_sample_sheet
from genocohort.io.store import write_pgen, write_psam, write_pvar
from genocohort.io.store_selection import Selection
from tiny.cohort_store import write_sheet

ROOT = Path(__file__).parents[2]
SAMPLES = ROOT / "data-samples"
AUTOSOMES = tuple(f"chr{i}" for i in range(1, 23))
SYNTHETIC = '{"build":"synthetic"}'


def need(*tools: str) -> None:
    """Skip the test when a reference tool is absent."""
    for tool in tools:
        if shutil.which(tool) is None:
            pytest.skip(f"{tool} is not installed")


def extra_data(name: str) -> Path:
    """A file of the folder GENOCOHORT_DATA, or skip."""
    folder = os.environ.get("GENOCOHORT_DATA")
    if not folder:
        pytest.skip("GENOCOHORT_DATA is not set")
    return Path(folder) / name


def run_tool(*words: object) -> None:
    """Run a reference tool quietly; its own failure is the test's."""
    subprocess.run([str(w) for w in words], check=True, capture_output=True)


def read_plink(path: Path) -> pd.DataFrame:
    """A table plink wrote; ids stay text."""
    ids = dict.fromkeys(("#IID", "IID", "FID", "#IID1", "IID1", "IID2", "#FID"), str)
    return pd.read_csv(path, sep=r"\s+", dtype=ids).rename(columns=lambda c: c.lstrip("#"))


@cache
def scratch() -> Path:
    """A folder that lasts as long as the test process, for inputs that several modules share."""
    folder = Path(tempfile.mkdtemp(prefix="cohort-reference-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def run_genotypes(
    folder: Path, calls: Path, contigs: Sequence[str], samples: Sequence[Sample], genome: str
) -> tuple[str, ...]:
    """Store of some contigs, by the step `genotypes`; their canonical names."""
    write_sheet(folder / "genotyped.tsv", samples)
    names = tuple(c if c.startswith("chr") else f"chr{c}" for c in contigs)
    for contig, name in zip(contigs, names, strict=True):
        outputs = [
            word
            for part in ("pgen", "pvar", "psam", "counts", "sums")
            for word in (f"--{part}", str(folder / f"{name}.{part}"))
        ]
        words = ["genotypes", "--calls", str(calls), "--contig", contig, "--settings", "{}"]
        words += ["--sheet", str(folder / "genotyped.tsv"), "--genome", genome, *outputs]
        words += ["--threads", "1", "--mem-mb", "2000"]
        assert main([*words, "--ledger", str(folder / f"{name}.ledger.json")]) == 0
    return names


@cache
def sample_cohort() -> Path:
    """Store of the sample cohort: autosomes, X and Y."""
    folder = scratch() / "sample-cohort"
    folder.mkdir()
    contigs = (*AUTOSOMES, "chrX", "chrY")
    samples = read_sample_sheet(SAMPLES / "samples.tsv")
    run_genotypes(folder, SAMPLES / "calls/cohort.vcf.gz", contigs, samples, SYNTHETIC)
    return folder


def store_of_plink(folder: Path, prefix: Path) -> tuple[str, ...]:
    """Store of the autosomes of a PLINK 1 fileset; the chromosomes found.

    Variants at negative positions are left out, as PLINK does.
    """
    fam = pd.read_csv(f"{prefix}.fam", sep=r"\s+", header=None, dtype=str)
    bim = pd.read_csv(f"{prefix}.bim", sep=r"\s+", header=None, dtype=str)
    samples = [Sample(i, i, i, "unknown") for i in fam[1]]
    write_sheet(folder / "genotyped.tsv", samples)
    calls = np.empty((len(bim), len(fam)), dtype=np.int8)
    with pgenlib.PgenReader(f"{prefix}.bed".encode(), raw_sample_ct=len(fam)) as reader:
        reader.read_range(0, len(bim), calls)
    names = []
    for number in bim[0].unique():
        rows = np.flatnonzero((bim[0] == number) & (bim[3].astype(int) >= 0))
        name = f"chr{number}"
        write_pgen(folder / f"{name}.pgen", len(fam), len(rows), iter([calls[rows]]))
        write_psam(folder / f"{name}.psam", samples)
        write_pvar(
            folder / f"{name}.pvar",
            [f"##contig=<ID={name}>"],
            (
                (name, int(bim[3][i]), f"v{i}", bim[5][i], bim[4][i], ".", "PASS",
                 f"RECORD={k};ALLELE=1")
                for k, i in enumerate(rows)
            ),
        )  # fmt: skip
        names.append(name)
    return tuple(names)


def merged_for_plink(folder: Path, selections: Sequence[Selection], name: str) -> Path:
    """One PLINK 2 fileset of the chosen variants; its prefix. Ids are chromosome:index."""
    prefix = folder / name
    stores = [s.store for s in selections]
    calls = [
        store.read(0, store.n_variants)[s.indices]
        for store, s in zip(stores, selections, strict=True)
    ]
    samples = [Sample(s, s, s, "unknown") for s in stores[0].samples]
    n = sum(map(len, calls))
    write_pgen(prefix.with_suffix(".pgen"), len(samples), n, iter(calls))
    write_psam(prefix.with_suffix(".psam"), samples)
    write_pvar(
        prefix.with_suffix(".pvar"),
        [f"##contig=<ID={store.chromosome}>" for store in stores],
        (
            (s.store.chromosome, int(s.store.variants.vcf_pos[i]), f"{s.store.chromosome}:{i}",
             "A", "G", ".", "PASS", ".")
            for s in selections
            for i in s.indices
        ),
    )  # fmt: skip
    return prefix
