"""Ratios against the peers: ours and theirs as cold processes, interleaved, in one go.

`make bench STEP=alignments` (or genotypes, kinship, structure); nothing is judged. Each comparison
prints one line:
bench <step> <what> ours_s=<median> peer_s=<median> ratio=<peer/ours> cpu_ratio=<...> rss_mb=<ours>
"""

import argparse
import concurrent.futures
import ctypes.util
import json
import multiprocessing
import os
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import data

ROUNDS = 3
BIN = Path(sys.executable).parent
GENOME = '{"build": "GRCh38"}'


@dataclass(frozen=True)
class Comparison:
    """Our commands and the peer's for the same work; each list runs in turn."""

    step: str
    what: str
    ours: tuple[tuple[str, ...], ...]
    peer: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class Cost:
    """What one run of a list of commands cost."""

    wall_s: float
    cpu_s: float
    rss_mb: float


def measure(commands: Sequence[Sequence[str]], folder: Path) -> Cost:
    """Run commands in turn, each a cold process, and add up their costs."""
    wall = cpu = rss = 0.0
    for command in commands:
        start = time.monotonic()
        with open(folder / "out.txt", "wb") as out:
            pid = os.posix_spawnp(
                command[0],
                list(command),
                {**os.environ, "OPENBLAS_NUM_THREADS": "1"},
                file_actions=[(os.POSIX_SPAWN_DUP2, out.fileno(), n) for n in (1, 2)],
            )
            _, status, usage = os.wait4(pid, 0)
        if status:
            text = (folder / "out.txt").read_text(errors="replace")
            raise SystemExit(f"failed: {' '.join(command)}\n{text}")
        wall += time.monotonic() - start
        cpu += usage.ru_utime + usage.ru_stime
        rss = max(rss, usage.ru_maxrss / 1024)
    return Cost(wall, cpu, rss)


def alignments(cache: Path, folder: Path) -> list[Comparison]:
    """flagstat, stats and mosdepth in turn against one step."""
    find_libhts(folder)
    binned = made(data.alignments, cache, 1_500_000)
    full = made(data.alignments, cache, 750_000, binned=False)
    cram = made(data.as_cram, made(data.alignments, cache, 250_000), cache)
    files = {"3M_reads_binned": binned, "1.5M_reads_full": full, "500k_reads_cram": cram}
    return [_alignment(what, path, folder) for what, path in files.items()]


def made(function: Callable[..., Path], *arguments: object, **options: bool) -> Path:
    """Make data in a process of its own: a command's peak memory counts from its parent's on."""
    context = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
        return pool.submit(function, *arguments, **options).result()


def _alignment(what: str, path: Path, folder: Path) -> Comparison:
    outputs = [f"--{n}={folder / n}.parquet" for n in ("flagstat", "contigs", "histograms")]
    fasta = str(data.reference_of(path)) if path.suffix == ".cram" else ""
    step = (
        str(BIN / "genocohort"), "alignments", "--sample", "BENCH", "--alignment", str(path),
        "--genome", GENOME, "--threads", "2", *outputs, f"--ledger={folder / 'l.json'}",
        *(["--reference", fasta] if fasta else []),
    )  # fmt: skip
    peers = (
        ("samtools", "flagstat", "-@1", str(path)),
        ("samtools", "stats", "-@1", *(["--reference", fasta] if fasta else []), str(path)),
        ("mosdepth", "-n", "-t", "1", *(["-f", fasta] if fasta else []), str(folder / "m"),
         str(path)),
    )  # fmt: skip
    return Comparison("alignments", what, (step,), peers)


def find_libhts(folder: Path) -> None:
    """Let mosdepth find htslib where it is installed under its full name only."""
    name = ctypes.util.find_library("hts")
    for place in ("/usr/lib/x86_64-linux-gnu", "/usr/lib/aarch64-linux-gnu", "/usr/lib64"):
        if name and name != "libhts.so" and (Path(place) / name).exists():
            (folder / "libhts.so").unlink(missing_ok=True)
            (folder / "libhts.so").symlink_to(Path(place) / name)
            old = os.environ.get("LD_LIBRARY_PATH", "")
            os.environ["LD_LIBRARY_PATH"] = f"{folder}:{old}"


def genotypes(cache: Path, folder: Path) -> list[Comparison]:
    """bcftools stats, and plink2's import, against the store and the summaries."""
    plain = {
        f"{n // 1000}k_gt_only": (made(data.calls, cache, 2500, n), 2500)
        for n in (134_000, 400_000)
    }
    rich = {"100k_rich": (made(data.rich_calls, cache, 500, 100_000), 500)}
    return [
        comparison
        for what, (vcf, n) in {**plain, **rich}.items()
        for comparison in _calls(what, vcf, n, folder)
    ]


def _calls(what: str, vcf: Path, n_samples: int, folder: Path) -> list[Comparison]:
    sheet = folder / f"sheet.{n_samples}.tsv"
    head = "sample_id\tparticipant_id\tvcf_name\tsex\tassay\tbatch\talignment\treference\n"
    rows = "".join(f"B{i}\tB{i}\tB{i}\tunknown\t\t\t\t\n" for i in range(n_samples))
    sheet.write_text(head + rows)
    shared = ("--contig", data.CONTIG, "--sheet", str(sheet), "--genome", GENOME)
    counts = (f"--counts={folder / 'c.arrow'}", f"--sums={folder / 's.npy'}")

    def step(name: str, given: Sequence[str], outputs: Sequence[str]) -> tuple[str, ...]:
        files = [f"--{o}={folder / data.CONTIG}.{o}" for o in outputs]
        ledger = f"--ledger={folder / name}.json"
        return (str(BIN / "genocohort"), name, *given, *shared, *counts, *files, ledger)

    calls = ("--calls", str(vcf), "--threads", "2")
    store = step("genotypes", calls, ("pgen", "pvar", "psam"))
    summaries = step("variants", (), ("sites", "samples", "histograms"))
    stats = ("bcftools", "stats", "-s", "-", str(vcf))
    make = ("plink2", "--vcf", str(vcf), "--make-pgen", "--threads", "2", "--out",
            str(folder / "p"))  # fmt: skip
    return [
        Comparison("genotypes", f"{what}_vs_bcftools_stats", (store, summaries), (stats,)),
        Comparison("genotypes", f"{what}_vs_plink2_make_pgen", (store, summaries), (make,)),
    ]


def _step(name: str, store: Path, folder: Path, outputs: Sequence[str]) -> tuple[str, ...]:
    """A step on a store, with nothing set but threads and memory."""
    files = [f"--{o}={folder / o}.parquet" for o in outputs]
    return (
        str(BIN / "genocohort"), name, f"--folder={store}", "--chromosomes",
        *data.STORE_CHROMOSOMES, '--genome={"build": "synthetic"}', "--threads=2",
        "--mem-mb=8000", f"--ledger={folder / name}.json", *files,
    )  # fmt: skip


def kinship(cache: Path, folder: Path) -> list[Comparison]:
    """All pairs of samples against plink2's table of pairs."""
    found = []
    for n_samples, n_variants in ((500, 100_000), (2500, 134_000)):
        store = made(data.store, cache, n_samples, n_variants)
        ours = (*_step("kinship", store, folder, ("pairs",)), f"--sheet={store / 'genotyped.tsv'}")
        peer = _plink2(store, folder, "--make-king-table", "--king-table-filter", "0.0442")
        what = f"{n_samples}_samples_{n_variants // 1000}k_vs_plink2_make_king"
        found.append(Comparison("kinship", what, (ours,), (peer,)))
    return found


def structure(cache: Path, folder: Path) -> list[Comparison]:
    """The whole step (pruning, components, runs of homozygosity, diversity, decay of LD, Fst)
    against pruning and components alone of the peers."""
    found = []
    for n_samples, n_variants in ((500, 100_000), (2500, 134_000)):
        store = made(data.store, cache, n_samples, n_variants)
        outputs = (
            "components", "eigenvalues", "loadings", "pruned", "ancestry", "roh-segments",
            "roh-samples", "diversity", "spectrum", "fst", "ld-decay", "ibs", "mds",
        )  # fmt: skip
        given = (f"--kinship={store / 'pairs.parquet'}", f"--sample-qc={store / 'qc.parquet'}")
        what = f"{n_samples}_samples_{n_variants // 1000}k"
        windows = ("--maf", "0.01", "--geno", "0.05", "--indep-pairwise", "200", "20", "0.2")
        pruning = _plink2(store, folder, *windows)
        kept = ("--extract", str(folder / "plink2.prune.in"), "--pca")
        for method, peer in (("exact", ("10",)), ("randomized", ("approx", "10"))):
            chosen = json.dumps({"group_by": "batch", "pca": method})
            ours = (*_step("structure", store, folder, outputs), *given, f"--settings={chosen}")
            peers = (pruning, _plink2(store, folder, *kept, *peer))
            vs = f"{what}_{method}_vs_plink2_prune_and_pca_{'_'.join(peer)}"
            found.append(Comparison("structure", vs, (ours,), peers))
        if n_samples == 500:
            script = (sys.executable, "-c", ALLEL, str(store), str(folder / "plink2.prune.in"))
            vs = f"{what}_exact_vs_scikit_allel_pca_alone"
            found.append(Comparison("structure", vs, (ours,), (pruning, script)))
    return found


def _plink2(store: Path, folder: Path, *words: str) -> tuple[str, ...]:
    return ("plink2", "--pfile", str(store / "all"), *words, "--threads", "2", "--out",
            str(folder / "plink2"))  # fmt: skip


ALLEL = """
import sys, allel, numpy as np, pgenlib
store, kept = sys.argv[1:]
names = [line.split()[2] for line in open(store + "/all.pvar") if line[0] != "#"]
wanted = set(open(kept).read().split())
rows = np.array([i for i, name in enumerate(names) if name in wanted], dtype=np.uint32)
n = sum(1 for line in open(store + "/all.psam")) - 1
calls = np.empty((len(rows), n), dtype=np.int8)
with pgenlib.PgenReader((store + "/all.pgen").encode()) as reader:
    reader.read_list(rows, calls)
g = np.where(calls < 0, np.nan, calls.astype(float))
g = np.where(calls < 0, np.nanmean(g, axis=1, keepdims=True), g)
allel.pca(g, n_components=10, scaler="patterson")
"""

BENCHMARKS = {
    "alignments": alignments, "genotypes": genotypes, "kinship": kinship, "structure": structure,
}  # fmt: skip


def report(comparison: Comparison, folder: Path, rounds: int) -> str:
    """Measure one comparison in interleaved rounds; its line."""
    ours, peer = [], []
    for _ in range(rounds):
        ours.append(measure(comparison.ours, folder))
        peer.append(measure(comparison.peer, folder))
    wall = [statistics.median(c.wall_s for c in side) for side in (ours, peer)]
    cpu = [statistics.median(c.cpu_s for c in side) for side in (ours, peer)]
    return (
        f"bench {comparison.step} {comparison.what} ours_s={wall[0]:.2f} peer_s={wall[1]:.2f} "
        f"ratio={wall[1] / wall[0]:.2f} cpu_ratio={cpu[1] / cpu[0]:.2f} "
        f"rss_mb={max(c.rss_mb for c in ours):.0f}"
    )


def main() -> None:
    """Run the benchmarks named on the command line, or all."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("steps", nargs="*", choices=[*BENCHMARKS, []])
    parser.add_argument("--cache", type=Path, default=Path("build/benchmarks"))
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    args = parser.parse_args()
    args.cache.mkdir(parents=True, exist_ok=True)
    for step in args.steps or BENCHMARKS:
        with tempfile.TemporaryDirectory() as scratch:
            for comparison in BENCHMARKS[step](args.cache, Path(scratch)):
                absent = [c[0] for c in comparison.peer if not shutil.which(c[0])]
                if absent:
                    print(f"bench {step} {comparison.what} skipped: {absent[0]} is not installed")
                    continue
                line = report(comparison, Path(scratch), args.rounds)
                print(line, flush=True)
                with open(args.cache / f"{time.strftime('%Y-%m-%d')}.tsv", "a") as out:
                    out.write(line.replace(" ", "\t") + f"\tcores={os.cpu_count()}\n")


if __name__ == "__main__":
    main()
