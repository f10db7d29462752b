"""Variants called from the sample cohort's alignments, against the planted genotypes."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pysam
import pytest

from genocohort.commands.studies import WORKFLOW
from genocohort.images.build import stage_context
from genocohort.images.packages import DEBIAN_MIRROR
from genocohort.images.recipe import load_recipes
from genocohort.study_config import STEPS

pytestmark = [
    pytest.mark.validation,
    pytest.mark.skipif(shutil.which("bcftools") is None, reason="bcftools is not installed"),
]
ROOT = Path(__file__).parents[2]
DATA = ROOT / "data-samples"
TRUTH = json.loads((DATA / "truth.json").read_text())["alignments"]
WINDOWS: dict[str, tuple[int, int]] = {c: tuple(w) for c, w in TRUTH["windows"].items()}
# Reads of two copies of one segment are placed at either, with mapping quality 0.
SEGMENT = TRUTH["duplicated_reference_segment"]
# The file of a sample holds the DNA of another one.
DNA = TRUTH["exchanged"]["dna_in_file"]
CONTAMINATED = TRUTH["contaminated"]["sample"]
CALLS = Path("results/full/calls")
ENOUGH_DEPTH = {2: 8, 1: 4}
# How the image is built here; the base needs Debian's own tools only.
BASE_IMAGE = os.environ.get("STEPS_TEST_BASE_IMAGE", "localhost:5000/base/python:bookworm")
MIRROR = os.environ.get("GENOCOHORT_DEBIAN_MIRROR", DEBIAN_MIRROR)
IMAGE = "calls-validation"
Allele = tuple[str, int, str, str]


@dataclass
class Calls:
    """Share of each ALT allele in a sample's genotype (None: not called), depths and ploidies.

    Shares, because one sample's sex is recorded wrongly, so that its X is called as two.
    """

    share: dict[Allele, dict[str, float | None]] = field(default_factory=dict)
    depth: dict[tuple[Allele, str], int] = field(default_factory=dict)
    ploidy: dict[tuple[Allele, str], int] = field(default_factory=dict)


def _alleles(record: pysam.VariantRecord) -> Iterator[tuple[int, Allele]]:
    """ALT alleles with the bases they share with REF cut off, so that records can be compared."""
    for number, alt in enumerate(record.alts or (), 1):
        ref, start = record.ref, record.pos
        if set(alt) <= set("ACGT"):
            while len(ref) > 1 and len(alt) > 1 and ref[-1] == alt[-1]:
                ref, alt = ref[:-1], alt[:-1]
            while len(ref) > 1 and len(alt) > 1 and ref[0] == alt[0]:
                ref, alt, start = ref[1:], alt[1:], start + 1
            yield number, (record.chrom, start, ref, alt)


def _in_segment(chrom: str, position: int) -> bool:
    starts = {SEGMENT["chrom"]: SEGMENT["start"], SEGMENT["copy_chrom"]: SEGMENT["copy_start"]}
    margin = 300  # a fragment's length
    start = starts.get(chrom, -(10**9))
    return start - margin <= position < start + SEGMENT["length"] + margin


def _read(path: Path, samples: list[str], *, with_depth: bool) -> Calls:
    found = Calls()
    with pysam.VariantFile(str(path)) as calls:
        for chrom, (start, end) in WINDOWS.items():
            if chrom not in calls.header.contigs:
                continue
            for record in calls.fetch(chrom, start, end):
                # In the cohort's own calls the FILTER was drawn at random.
                low = with_depth and "LowQual" in record.filter
                if low or _in_segment(chrom, record.pos - 1):
                    continue
                for number, allele in _alleles(record):
                    row = found.share.setdefault(allele, {})
                    for name in samples:
                        genotype = record.samples[name]["GT"]
                        called = None not in genotype
                        row[name] = genotype.count(number) / len(genotype) if called else None
                        found.ploidy[allele, name] = len(genotype)
                        if with_depth:
                            found.depth[allele, name] = record.samples[name]["DP"]
    return found


def _study(folder: Path) -> None:
    """The aligned samples alone, to be called in pieces of 40 kb."""
    lines = (DATA / "samples.tsv").read_text().splitlines()
    aligned = [line for line in lines[1:] if line.split("\t")[2]]
    (folder / "config").mkdir(parents=True)
    (folder / "config/samples.tsv").write_text("\n".join([lines[0], *aligned]) + "\n")
    shutil.copytree(DATA / "alignments", folder / "data-samples/alignments")
    shutil.copytree(DATA / "reference", folder / "data-samples/reference")
    (folder / "config/config.yaml").write_text(
        "genome: {build: synthetic}\ninputs: {sample_sheet: config/samples.tsv}\n"
        f"chromosomes: [{', '.join(WINDOWS)}]\ncalls: {{enabled: true, region_mb: 0.08}}\n"
    )


def _snakemake(folder: Path, workflow: Path, profile: str, *extra: str) -> None:
    targets = [str(CALLS / f"{chrom}.vcf.gz") for chrom in WINDOWS]
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(workflow / "Snakefile"),
        "--workflow-profile", str(workflow / "profiles" / profile), *extra, *targets,
    ]  # fmt: skip
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample cohort's alignments, called on this machine."""
    folder = tmp_path_factory.mktemp("cohort") / "study"
    _study(folder)
    _snakemake(folder, WORKFLOW, "local", "--cores", "2")
    return folder


@pytest.fixture(scope="module")
def called(study: Path) -> Calls:
    total = Calls()
    for chrom in WINDOWS:
        one = _read(study / CALLS / f"{chrom}.vcf.gz", list(TRUTH["files"]), with_depth=True)
        total.share |= one.share
        total.depth |= one.depth
        total.ploidy |= one.ploidy
    return total


@pytest.fixture(scope="module")
def planted() -> Calls:
    """The genotypes of the DNA that is in each sample's file."""
    whose = {name: DNA.get(name, name) for name in TRUTH["files"]}
    read = _read(DATA / "calls/cohort.vcf.gz", list(TRUTH["files"]), with_depth=False)
    return Calls({a: {name: row[whose[name]] for name in whose} for a, row in read.share.items()})


def _is_snv(allele: Allele) -> bool:
    return len(allele[2]) == len(allele[3]) == 1


def _carried(planted: Calls) -> set[Allele]:
    """Alleles that a sample other than the contaminated one carries for certain."""
    return {
        allele
        for allele, row in planted.share.items()
        if any(n for name, n in row.items() if name != CONTAMINATED)
    }


@pytest.mark.parametrize(("snv", "least"), [(True, 0.97), (False, 0.9)])
def test_recall(called: Calls, planted: Calls, snv: bool, least: float) -> None:
    """Alleles that one of six samples carries, at a depth of 15 (X of males: 7.5)."""
    due = {a for a in _carried(planted) if _is_snv(a) == snv}
    assert len(due) > (150 if snv else 15)
    assert len(due & called.share.keys()) / len(due) >= least, sorted(due - called.share.keys())


@pytest.mark.parametrize(("snv", "least"), [(True, 0.99), (False, 0.9)])
def test_precision(called: Calls, planted: Calls, snv: bool, least: float) -> None:
    """Alleles called are in the cohort; those of the contaminating person count as such."""
    found = {a for a in called.share if _is_snv(a) == snv}
    right = found & planted.share.keys()
    assert len(right) / len(found) >= least, sorted(found - right)


def test_genotypes_agree_where_depth_is_sufficient(called: Calls, planted: Calls) -> None:
    """At 8 reads (4 where one allele is due) a heterozygote shows one allele alone in 1 of 128."""
    n = wrong = 0
    for allele in called.share.keys() & planted.share.keys():
        for name, share in called.share[allele].items():
            due = planted.share[allele][name]
            ploidy = called.ploidy[allele, name]
            if name == CONTAMINATED or due is None or share is None:
                continue
            if called.depth[allele, name] >= ENOUGH_DEPTH[ploidy]:
                n += 1
                wrong += share != due
    assert n > 800
    assert wrong / n <= 0.005


def test_ploidy_follows_the_sheet(called: Calls) -> None:
    males = {"S007", "S022"}
    for (allele, name), ploidy in called.ploidy.items():
        haploid = allele[0] == "chrY" or (allele[0] == "chrX" and name in males)
        if allele[0] == "chrY" and name not in males:
            assert called.share[allele][name] is None
        else:
            assert ploidy == (1 if haploid else 2), (allele, name)


@pytest.fixture(scope="module")
def workflow_with_image(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The workflow, all of whose steps run in the image of `calls`, built here from its sources."""
    answer = shutil.which("docker") and subprocess.run(
        ["docker", "info"], capture_output=True, check=False
    )
    if not answer or answer.returncode:
        pytest.skip("docker is not available")
    folder = tmp_path_factory.mktemp("workflow")
    recipe = load_recipes(ROOT / "containers", WORKFLOW)["calls"]
    (folder / "context").mkdir()
    stage_context(recipe, folder / "context", MIRROR)
    command = [
        "docker", "build", "--quiet", "--network", "none", "--tag", f"genocohort/{IMAGE}",
        "--build-arg", f"BASE_IMAGE={BASE_IMAGE}",
        "--file", str(folder / "context/Containerfile"), str(folder / "context"),
    ]  # fmt: skip
    done = subprocess.run(
        command,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "DOCKER_BUILDKIT": "0"},
    )
    assert done.returncode == 0, done.stderr
    unlocked = shutil.ignore_patterns("images.lock.yaml", "__pycache__")
    shutil.copytree(ROOT / "containers", folder / "containers", ignore=unlocked)
    for part in ("rules", "profiles"):
        shutil.copytree(WORKFLOW / part, folder / "workflow" / part)
    shutil.copy(WORKFLOW / "Snakefile", folder / "workflow")
    table = "".join(f"{step}: {IMAGE}\n" for step in STEPS)
    (folder / "containers/images.yaml").write_text(table)
    yield folder / "workflow"
    _docker("image", "rm", "--force", f"genocohort/{IMAGE}")


@pytest.mark.backend
@pytest.mark.xdist_group("steps")
def test_the_container_gives_the_same_bytes(
    study: Path, workflow_with_image: Path, tmp_path: Path
) -> None:
    """Read-only, without a network, as a user that the image does not know."""
    folder = tmp_path / "study"
    _study(folder)
    options = ["--steps-allow-tags"]
    if os.getuid() == 0:
        options += ["--steps-run-as", "10001:10001"]
    _snakemake(folder, workflow_with_image, "docker", *options)
    for chrom in WINDOWS:
        for name in (f"{chrom}.vcf.gz", f"{chrom}.vcf.gz.csi"):
            here, there = (s / CALLS / name for s in (study, folder))
            assert here.read_bytes() == there.read_bytes(), name


@pytest.mark.backend
@pytest.mark.xdist_group("steps")
def test_the_image_is_small_and_holds_no_more(workflow_with_image: Path) -> None:
    assert workflow_with_image.is_dir()
    size = _docker("image", "inspect", "--format", "{{.Size}}", f"genocohort/{IMAGE}")
    assert int(size) < 20e6
    programs = _docker(
        "run", "--rm", "--network=none", "--read-only", "--user=12345:0", f"genocohort/{IMAGE}",
        "bash", "-c", "cd /usr/bin; echo *; [[ ! -e /etc/passwd ]]",
    )  # fmt: skip
    assert programs.split() == ["bash", "bcftools", "cat", "mkdir", "mv", "rm", "sh"]


def _docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
