"""Inputs of the benchmarks, generated once into a cache folder with fixed seeds."""

from pathlib import Path

import numpy as np
import pgenlib
import pysam

CONTIG = "chr21"
LENGTH = 40_000_000


_RECORD = np.dtype(
    [("size", "<i4"), ("contig", "<i4"), ("start", "<i4"), ("name_length", "u1"),
     ("mapping_quality", "u1"), ("bin", "<u2"), ("n_operations", "<u2"), ("flag", "<u2"),
     ("n_bases", "<i4"), ("mate_contig", "<i4"), ("mate_start", "<i4"), ("length", "<i4"),
     ("name", "S12"), ("cigar", "<u4"), ("sequence", "u1", (75,)), ("quality", "u1", (150,)),
     ("nm", "S3"), ("nm_value", "u1"), ("group", "S5"), ("md", "S7")]
)  # fmt: skip
READ = 150


def alignments(folder: Path, n_pairs: int, *, binned: bool = True) -> Path:
    """A sorted, indexed BAM of paired reads of 150 bases, about 30 times deep.

    Qualities are drawn for each base: of four values, or of all from 2 to 40.
    """
    path = folder / f"reads-{n_pairs}-{'binned' if binned else 'full'}.bam"
    if path.exists():
        return path
    rng = np.random.default_rng(1)
    length = max(2 * n_pairs * READ // 30, 100_000)
    header = f"@HD\tVN:1.6\tSO:coordinate\n@SQ\tSN:{CONTIG}\tLN:{length}\n@RG\tID:r\tSM:BENCH\n"
    genome = rng.integers(0, 4, length)
    first = np.sort(rng.integers(0, length - 1000, n_pairs))
    inserts = rng.normal(350, 60, n_pairs).astype(int).clip(READ, 700)
    starts = np.concatenate([first, first + inserts - READ])
    order = np.argsort(starts, kind="stable")
    with pysam.BGZFile(str(path), "wb") as out:
        name = f"{CONTIG}\0".encode()
        out.write(b"BAM\1" + np.int32(len(header)).tobytes() + header.encode())
        out.write(np.array([1, len(name)], "<i4").tobytes() + name + np.int32(length).tobytes())
        for i in range(0, 2 * n_pairs, 50_000):
            chosen = order[i : i + 50_000]
            out.write(_records(rng, chosen, first, inserts, genome, binned).tobytes())
    pysam.index(str(path))
    return path


def reference_of(path: Path) -> Path:
    """The FASTA that a CRAM of `as_cram` was made with."""
    return path.with_suffix(".fa")


def as_cram(bam: Path, folder: Path) -> Path:
    """The same reads as CRAM, with a reference of its own."""
    path = folder / f"{bam.stem}.cram"
    fasta = reference_of(path)
    if path.exists():
        return path
    with pysam.AlignmentFile(str(bam)) as reads:
        length = reads.lengths[0]
    sequence = np.random.default_rng(1).integers(0, 4, length)
    text = np.frombuffer(b"ACGT", np.uint8)[sequence].tobytes()
    fasta.write_bytes(f">{CONTIG}\n".encode() + text + b"\n")
    pysam.faidx(str(fasta))
    pysam.view("-C", "-T", str(fasta), "-o", str(path), str(bam), catch_stdout=False)
    pysam.index(str(path))
    return path


def _records(
    rng: np.random.Generator,
    chosen: np.ndarray,
    first: np.ndarray,
    inserts: np.ndarray,
    genome: np.ndarray,
    binned: bool,
) -> np.ndarray:
    """The chosen reads as BAM records; numbers from len(first) on are last reads."""
    n = len(chosen)
    pair, is_last = chosen % len(first), chosen >= len(first)
    second = first[pair] + inserts[pair] - READ
    rows = np.zeros(n, _RECORD)
    rows["size"] = _RECORD.itemsize - 4
    rows["start"] = np.where(is_last, second, first[pair])
    rows["mate_start"] = np.where(is_last, first[pair], second)
    rows["length"] = np.where(is_last, -inserts[pair], inserts[pair])
    rows["name_length"], rows["mapping_quality"] = 12, 60
    rows["flag"] = np.where(is_last, 147, 99) | np.where(pair % 25 == 0, 1024, 0)
    rows["n_operations"], rows["n_bases"], rows["cigar"] = 1, READ, READ << 4
    rows["name"] = np.char.add("q", np.char.zfill(pair.astype("U10"), 10)).astype("S12")
    bases = genome[rows["start"][:, None].astype(np.int64) + np.arange(READ)]
    wrong = rng.random(bases.shape) < 0.004
    bases = np.where(wrong, (bases + 1) % 4, bases)
    codes = np.array([1, 2, 4, 8], np.uint8)[bases]
    rows["sequence"] = codes[:, ::2] << 4 | codes[:, 1::2]
    if binned:
        # Neighbours mostly share their bin, as sequencers write them.
        kept = np.maximum.accumulate(
            np.where(rng.random(bases.shape) < 0.15, np.arange(READ), 0), axis=1
        )
        drawn = rng.choice(
            np.array([2, 12, 23, 37], np.uint8), bases.shape, p=[0.01, 0.05, 0.1, 0.84]
        )
        rows["quality"] = np.take_along_axis(drawn, kept, axis=1)
    else:
        rows["quality"] = rng.binomial(40, 0.85, bases.shape).clip(2, 40)
    rows["nm"], rows["nm_value"] = b"NMC", wrong.sum(axis=1)
    rows["group"], rows["md"] = b"RGZr", b"MDZ150"
    return rows


def calls(folder: Path, n_samples: int, n_variants: int) -> Path:
    """A bgzipped, indexed VCF with GT only; allele frequencies as in a neutral population."""
    path = folder / f"calls-{n_samples}-{n_variants}.vcf.gz"
    if path.exists():
        return path
    rng = np.random.default_rng(2)
    frequency = np.clip(rng.beta(0.3, 2.0, n_variants), 1e-3, 0.999)
    positions = np.sort(rng.choice(LENGTH, n_variants, replace=False)) + 1
    texts = np.array([b"0/0\t", b"0/1\t", b"1/1\t", b"./.\t"])
    with pysam.BGZFile(str(path), "w") as out:
        head = ["##fileformat=VCFv4.3", f"##contig=<ID={CONTIG},length={LENGTH}>"]
        head.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
        names = [f"B{i}" for i in range(n_samples)]
        head.append(
            "\t".join(
                [*["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"], *names]
            )
        )
        out.write(("\n".join(head) + "\n").encode())
        for i in range(n_variants):
            calls = rng.binomial(2, frequency[i], n_samples)
            calls[rng.random(n_samples) < 0.002] = 3
            fixed = f"{CONTIG}\t{positions[i]}\t.\tA\t{'CGT'[i % 3]}\t.\tPASS\t.\tGT\t"
            out.write(fixed.encode() + texts[calls].tobytes()[:-1] + b"\n")
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


def rich_calls(folder: Path, n_samples: int, n_variants: int) -> Path:
    """A bgzipped, indexed VCF with GT:AD:DP:GQ:PL, 1 in 20 records with two ALT alleles."""
    path = folder / f"rich-{n_samples}-{n_variants}.vcf.gz"
    if path.exists():
        return path
    rng = np.random.default_rng(3)
    positions = np.sort(rng.choice(LENGTH, n_variants, replace=False)) + 1
    frequency = np.clip(rng.beta(0.3, 2.0, n_variants), 1e-3, 0.999)
    head = ["##fileformat=VCFv4.3", f"##contig=<ID={CONTIG},length={LENGTH}>"]
    head += ['##FILTER=<ID=PASS,Description="P">', '##FILTER=<ID=LowQual,Description="L">']
    for key, number in (("AD", "R"), ("DP", "1"), ("GQ", "1"), ("PL", "G")):
        head.append(f'##FORMAT=<ID={key},Number={number},Type=Integer,Description="{key}">')
    head.append('##FORMAT=<ID=GT,Number=1,Type=String,Description="Genotype">')
    names = [f"B{i}" for i in range(n_samples)]
    fixed = ["#CHROM", "POS", "ID", "REF", "ALT", "QUAL", "FILTER", "INFO", "FORMAT"]
    head.append("\t".join([*fixed, *names]))
    with pysam.BGZFile(str(path), "w") as out:
        out.write(("\n".join(head) + "\n").encode())
        for i in range(n_variants):
            calls = rng.binomial(2, frequency[i], n_samples)
            depth = rng.poisson(30, n_samples)
            likely = rng.integers(20, 900, n_samples)
            second = i % 20 == 0
            cells = []
            for g, d, q in zip(calls.tolist(), depth.tolist(), likely.tolist(), strict=True):
                if d < 14:
                    cells.append("./.:0,0:0:.:.")
                    continue
                gt, a = ("0/0", 0) if g == 0 else ("0/1", d // 2) if g == 1 else ("1/1", d)
                more = f",0:{d}:{min(q, 99)}:{q},0,{q},{q},{q},{q}"
                end = more if second else f":{d}:{min(q, 99)}:{q},0,{2 * q}"
                cells.append(f"{gt}:{d - a},{a}{end}")
            alt = "C,G" if second else "CGT"[i % 3]
            kind = "LowQual" if rng.random() < 0.05 else "PASS"
            quality = f"{rng.gamma(2, 500):.2f}"
            line = (
                f"{CONTIG}\t{positions[i]}\t.\tA\t{alt}\t{quality}\t{kind}\tDP=9\tGT:AD:DP:GQ:PL\t"
            )
            out.write((line + "\t".join(cells) + "\n").encode())
    pysam.tabix_index(str(path), preset="vcf", force=True)
    return path


STORE_CHROMOSOMES = ("chr1", "chr2")


def store(folder: Path, n_samples: int, n_variants: int) -> Path:
    """A genotype store of two chromosomes: three populations, LD, two calls in 1,000 missing.

    Beside it the fileset `all` for the peers, and the tables that the steps read.
    """
    path = folder / f"store-{n_samples}-{n_variants}"
    if (path / "done").exists():
        return path
    path.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(7)
    group = np.sort(rng.integers(0, 3, n_samples))
    each = n_variants // len(STORE_CHROMOSOMES)
    pvar: list[str] = []
    everything = pgenlib.PgenWriter(
        str(path / "all.pgen").encode(), n_samples, each * len(STORE_CHROMOSOMES), False
    )
    for name in STORE_CHROMOSOMES:
        places = np.sort(rng.choice(each * 300, each, replace=False)) + 1
        rows = [
            f"{name}\t{p}\t{name}:{p}\tA\tG\t.\tPASS\tRECORD={i};ALLELE=1\n"
            for i, p in enumerate(places.tolist())
        ]
        (path / f"{name}.pvar").write_text(_PVAR_HEAD + "".join(rows))
        pvar += rows
        own = pgenlib.PgenWriter(str(path / f"{name}.pgen").encode(), n_samples, each, False)
        for start in range(0, each, 500):
            calls = _structured(rng, min(500, each - start), group)
            for writer in (own, everything):
                writer.append_biallelic_batch(calls)
        own.close()
        _write_psam(path / f"{name}.psam", n_samples)
    everything.close()
    (path / "all.pvar").write_text(_PVAR_HEAD + "".join(pvar))
    _write_psam(path / "all.psam", n_samples)
    _write_tables(path, n_samples)
    (path / "done").touch()
    return path


_PVAR_HEAD = "#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\n"


def _structured(rng: np.random.Generator, n: int, group: np.ndarray) -> np.ndarray:
    """Calls of n variants, most of them rare; two in five resemble the one before."""
    p = np.clip(rng.beta(0.3, 2.0, n), 1e-3, 0.999)
    spread = (1 - 0.05) / 0.05
    own = np.clip(rng.beta(p * spread + 1e-6, (1 - p) * spread + 1e-6, (3, n)), 1e-4, 0.9999)
    chance = own[group].T.astype(np.float32)
    shape = chance.shape
    drawn = [rng.random(shape, dtype=np.float32) < chance for _ in range(2)]
    calls = drawn[0].astype(np.int8) + drawn[1]
    for i in range(1, n):
        if rng.random() < 0.4:
            kept = rng.random(len(group)) < 0.85
            calls[i, kept] = calls[i - 1, kept]
    calls.reshape(-1)[rng.integers(0, calls.size, calls.size // 500)] = -9
    return np.ascontiguousarray(calls)


def _write_psam(path: Path, n_samples: int) -> None:
    rows = "".join(f"0\tS{i}\tNA\n" for i in range(n_samples))
    path.write_text("#FID\tIID\tSEX\n" + rows)


def _write_tables(path: Path, n_samples: int) -> None:
    """The sheet, verdicts that all pass, and no relatives."""
    from genocohort.domain.tables_cohort import KINSHIP_PAIRS, SAMPLE_QC_SAMPLES
    from genocohort.io.parquet import write_table

    head = "sample_id\tparticipant_id\tvcf_name\tsex\tassay\tbatch\talignment\treference\n"
    rows = "".join(f"S{i}\tS{i}\tS{i}\tunknown\t\t\t\t\n" for i in range(n_samples))
    (path / "genotyped.tsv").write_text(head + rows)
    empty = {"bool": False, "string": "", "list<string>": []}
    columns = {
        c.name: [None if c.missing else empty[c.type]] * n_samples
        for c in SAMPLE_QC_SAMPLES.columns
    }
    names = [f"S{i}" for i in range(n_samples)]
    columns |= {"sample_id": names, "participant_id": names, "verdict": ["pass"] * n_samples}
    write_table(path / "qc.parquet", SAMPLE_QC_SAMPLES, columns)
    write_table(path / "pairs.parquet", KINSHIP_PAIRS, {c: [] for c in KINSHIP_PAIRS.column_names})
