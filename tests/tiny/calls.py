"""Small VCF files, and the genotype and variant steps run on them through the command line."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pysam

from genocohort import cli
from genocohort.domain.sheet import Sample, Sex
from genocohort.io.sheet import sheet_text
from genocohort.io.store import Store

HEADER = (
    "##fileformat=VCFv4.2",
    '##FILTER=<ID=PASS,Description="All filters passed">',
    '##FILTER=<ID=LowQual,Description="Low quality">',
    '##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">',
    '##FORMAT=<ID=DP,Number=1,Type=Integer,Description="Depth">',
    '##FORMAT=<ID=GQ,Number=1,Type=Integer,Description="Quality">',
    '##INFO=<ID=END,Number=1,Type=Integer,Description="End">',
)
_FIXED = ("#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO")


def vcf_text(
    samples: Sequence[str],
    records: Sequence[str],
    contigs: Mapping[str, int] | None = None,
) -> str:
    """A VCF; records have their fields separated by blanks."""
    names = [record.split()[0] for record in records]
    lengths = contigs if contigs is not None else dict.fromkeys(names, 100_000_000)
    lines = [*HEADER, *(f"##contig=<ID={n},length={length}>" for n, length in lengths.items())]
    lines.append("\t".join([*_FIXED, *(["FORMAT", *samples] if samples else [])]))
    lines += ["\t".join(record.split()) for record in records]
    return "\n".join(lines) + "\n"


def write_vcf(path: Path, text: str, *, index: bool = True) -> Path:
    """Write a VCF, bgzipped and indexed where its name ends with .gz, BCF where with .bcf."""
    if path.suffix == ".bcf":
        plain = path.with_suffix(".vcf")
        plain.write_text(text)
        with (
            pysam.VariantFile(str(plain)) as source,
            pysam.VariantFile(str(path), "wb", header=source.header) as target,
        ):
            for record in source:
                target.write(record)
        if index:
            pysam.tabix_index(str(path), preset="bcf", force=True, csi=True)
        plain.unlink()
        return path
    if path.suffix != ".gz":
        path.write_text(text)
        return path
    with pysam.BGZFile(str(path), "wb") as stream:
        stream.write(text.encode())
    if index:
        pysam.tabix_index(str(path), preset="vcf", force=True, csi=True)
    return path


def write_sheet(path: Path, names: Sequence[str], sexes: Sequence[Sex] = ()) -> Path:
    """The normalised sheet of samples whose id is their name in the calls."""
    sexes = sexes or ["unknown"] * len(names)
    samples = tuple(Sample(n, n, n, sex) for n, sex in zip(names, sexes, strict=True))
    path.write_text(sheet_text(samples))
    return path


@dataclass
class CallsRun:
    """The steps of variant calls on one file; `folder` gets their outputs."""

    folder: Path
    calls: Path
    sheet: Path
    build: str = "GRCh38"
    threads: int = 1

    def _common(self, contig: str, settings: str) -> list[str]:
        genome = json.dumps({"build": self.build})
        return [
            "--contig", contig, "--sheet", str(self.sheet), "--genome", genome,
            "--settings", settings,
        ]  # fmt: skip

    def _counts(self, name: str) -> list[str]:
        return [
            "--counts", str(self.folder / f"{name}.counts.arrow"),
            "--sums", str(self.folder / f"{name}.sums.npy"),
        ]  # fmt: skip

    def genotypes(
        self, contig: str, name: str = "", settings: str = "{}", options: Sequence[str] = ()
    ) -> int:
        """Run the step genotypes; the exit code."""
        paths = {k: self.folder / f"{name or contig}.{k}" for k in ("pgen", "pvar", "psam")}
        outputs = [part for k, path in paths.items() for part in (f"--{k}", str(path))]
        outputs += self._counts(name or contig)
        ledger = ["--ledger", str(self.folder / f"{name or contig}.ledger.json")]
        calls = ["--calls", str(self.calls), "--threads", str(self.threads)]
        given = [*calls, *self._common(contig, settings), *options]
        return cli.main(["genotypes", *given, *outputs, *ledger])

    def store(self, contig: str) -> Store:
        """The genotype store of a chromosome whose contig has its canonical name."""
        assert self.genotypes(contig) == 0
        return Store(self.folder, contig)

    def variants(self, contig: str, settings: str = "{}") -> int:
        """Run the steps genotypes and variants; the exit code."""
        if code := self.genotypes(contig):
            return code
        names = ("sites", "samples", "histograms")
        outputs = [
            part for n in names for part in (f"--{n}", str(self.folder / f"{contig}.{n}.parquet"))
        ]
        ledger = ["--ledger", str(self.folder / f"{contig}.variants.json")]
        given = [*self._counts(contig), *self._common(contig, settings)]
        return cli.main(["variants", *given, *outputs, *ledger])

    def table(self, contig: str, name: str, settings: str = "{}") -> pd.DataFrame:
        """One table of the step variants."""
        assert self.variants(contig, settings) == 0
        return pd.read_parquet(self.folder / f"{contig}.{name}.parquet")

    def summary(self, contigs: Sequence[str]) -> dict[str, pd.DataFrame]:
        """Run variants on contigs of canonical names, then variant_summary; its tables."""
        for contig in contigs:
            assert self.variants(contig) == 0
        tables = {n: self.folder / f"{n}.parquet" for n in ("chromosomes", "samples", "histograms")}
        outputs = [
            "--chromosome-table", str(tables["chromosomes"]), "--samples", str(tables["samples"]),
            "--histograms", str(tables["histograms"]), "--ledger", str(self.folder / "sum.json"),
            "--text", str(self.folder / "cohort.bcftools_stats.txt"),
        ]  # fmt: skip
        argv = ["variant_summary", "--folder", str(self.folder), "--chromosomes", *contigs]
        assert cli.main([*argv, *outputs]) == 0
        return {name: pd.read_parquet(path) for name, path in tables.items()}

    def ledger(self, contig: str) -> dict[str, dict[str, object]]:
        """The ledger of the step genotypes, by unit."""
        entries = json.loads((self.folder / f"{contig}.ledger.json").read_text())
        return {entry["unit"]: entry for entry in entries}


def calls_run(
    folder: Path,
    samples: Sequence[str],
    records: Sequence[str],
    sexes: Sequence[Sex] = (),
    *,
    name: str = "calls.vcf.gz",
    build: str = "GRCh38",
    contigs: Mapping[str, int] | None = None,
) -> CallsRun:
    """Write calls and sheet; ready to run."""
    calls = write_vcf(folder / name, vcf_text(samples, records, contigs))
    return CallsRun(folder, calls, write_sheet(folder / "sheet.tsv", samples, sexes), build)
