"""Variant summaries against bcftools stats and +fill-tags: exact, on ordinary alleles."""

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from genocohort.io.calls import read_calls_header
from genocohort.io.sheet import read_sample_sheet
from tiny.calls import CallsRun, calls_run, write_sheet
from tiny.variant_peers import (
    bcftools_stats,
    filled_counts,
    need,
    only_biallelic,
    real_calls,
    without_info,
)

pytestmark = pytest.mark.validation
SAMPLE_COHORT = Path(__file__).parents[2] / "data-samples"
REAL = {
    "1000g/1kg_phase3_chr21_start.vcf.gz": "21",
    "1000g/1000g_lpa_hg38.vcf.gz": "chr6",
    "1000g/hapmap_exome_chr22.vcf.gz": "22",
    "plink_ped/test.mendel.vcf.gz": "",
}


def _run(folder: Path, calls: Path, *, with_sex: bool) -> CallsRun:
    names = read_calls_header(calls).samples
    sexes = []
    if with_sex:
        sheet = read_sample_sheet(SAMPLE_COHORT / "samples.tsv")
        by_name = {s.vcf_name: s.sex for s in sheet}
        sexes = [by_name[name] for name in names]
    return CallsRun(folder, calls, write_sheet(folder / "sheet.tsv", names, sexes), "synthetic")


def _tables(run: CallsRun, contig: str) -> dict[str, pd.DataFrame]:
    names = ("sites", "samples", "histograms")
    tables = {name: run.table(contig, name) for name in names}
    return {n: t[t.filter_set == "all"] if "filter_set" in t else t for n, t in tables.items()}


def _compare_sites(tables: dict[str, pd.DataFrame], stats: dict[str, list[list[str]]]) -> None:
    sites, histograms = tables["sites"], tables["histograms"]
    kinds = sites["allele_class"].astype(str)
    summary = {key.rstrip(":"): int(value) for key, value in stats["SN"]}
    by_record = sites["record"]
    snvs = (kinds == "snv").groupby(by_record).sum()
    indels = kinds.isin(["insertion", "deletion"])
    assert summary["number of records"] == by_record.nunique()
    assert summary["number of no-ALTs"] == (kinds == "no_alt").sum()
    assert summary["number of SNPs"] == (snvs > 0).sum()
    assert summary["number of MNPs"] == by_record[kinds == "mnv"].nunique()
    assert summary["number of indels"] == by_record[indels].nunique()
    assert summary["number of multiallelic sites"] == by_record[sites.n_alt_alleles > 1].nunique()
    assert summary["number of multiallelic SNP sites"] == (snvs > 1).sum()
    ts, tv = (int(n) for n in stats["TSTV"][0][:2])
    assert (ts, tv) == (
        sites["is_transition"].eq(True).sum(),
        sites["is_transition"].eq(False).sum(),
    )
    types = histograms[histograms.metric == "substitution"].set_index("label")["count"]
    assert {k: int(n) for k, n in stats["ST"]} == types.to_dict()
    lengths = histograms[histograms.metric == "indel_length"]
    # bcftools puts lengths beyond 60 into its outermost bins.
    clipped = lengths.groupby(lengths.bin_start.clip(-60, 60))["count"].sum()
    assert {float(row[0]): int(row[1]) for row in stats.get("IDD", [])} == clipped.to_dict()
    if "SiS" in stats:
        single = sites[sites.ac == 1]
        assert int(stats["SiS"][0][1]) == (single["allele_class"] == "snv").sum()
        assert (
            int(stats["SiS"][0][4]) == single["allele_class"].isin(["insertion", "deletion"]).sum()
        )


def _compare_samples(tables: dict[str, pd.DataFrame], stats: dict[str, list[list[str]]]) -> None:
    """bcftools counts heterozygous and homozygous genotypes of SNV and indel records apart."""
    samples = tables["samples"].set_index("sample_id")
    indels = {row[0]: row for row in stats["PSI"]}
    # Columns of PSC: sample, RefHom, NonRefHom, Hets, Ts, Tv, Indels, depth, singletons, HapRef ...
    for name, ref, hom, het, ts, tv, indel, depth, _, hap_ref, hap_alt, missing in stats["PSC"]:
        ours = samples.loc[name]
        het_indels, hom_indels = (sum(map(int, indels[name][i : i + 2])) for i in (5, 7))
        as_diploid = (
            ours.n_hom_ref,
            ours.n_hom_alt,
            ours.n_het + ours.n_het_alt + ours.n_het_haploid,
        )
        haploid = ours.n_haploid_ref + ours.n_haploid_alt
        assert int(ref) + int(hap_ref) == as_diploid[0] + ours.n_haploid_ref
        assert int(missing) == ours.n_missing + ours.n_half
        assert int(hap_ref) + int(hap_alt) in (0, haploid)
        if haploid == 0 and ours.n_het_alt == 0:
            assert int(het) + het_indels == as_diploid[2]
            assert int(hom) + hom_indels == as_diploid[1]
            if ours.n_het_haploid == 0:
                assert (int(ts), int(tv)) == (ours.n_transitions, ours.n_transversions)
                assert int(indel) == ours.n_insertions + ours.n_deletions
        assert float(depth) == pytest.approx(ours.dp_sum / ours.n_dp if ours.n_dp else 0, abs=0.051)


def _compare_plain(folder: Path, part: Path, contig: str, *, with_sex: bool) -> None:
    """Genotype classes of samples, over the records with one SNV or indel allele."""
    own = folder / f"plain.{contig}"
    own.mkdir()
    plain = only_biallelic(part, own / "plain.vcf.gz")
    tables = _tables(_run(own, plain, with_sex=with_sex), contig)
    _compare_samples(tables, bcftools_stats(plain))


def _compare_counts(sites: pd.DataFrame, calls: Path) -> None:
    filled = filled_counts(calls)
    ours = sites[sites.allele > 0]
    assert ours["vcf_pos"].tolist() == filled["vcf_pos"].tolist()
    assert ours["ac"].tolist() == filled["ac"].tolist()
    assert ours["an"].tolist() == filled["an"].tolist()


@pytest.mark.parametrize("contig", ["chr2", "chr22", "chrX", "chrY", "chrM"])
def test_sample_cohort(tmp_path: Path, contig: str) -> None:
    calls = SAMPLE_COHORT / "calls" / "cohort.vcf.gz"
    part = without_info(calls, tmp_path / "part.vcf.gz", contig)
    tables = _tables(_run(tmp_path, part, with_sex=True), contig)
    stats = bcftools_stats(part)
    if contig != "chrX":
        _compare_sites(tables, stats)
    # bcftools knows no sex: a recorded woman's calls on Y and men's het calls on X count there.
    if contig not in ("chrX", "chrY"):
        _compare_counts(tables["sites"], part)
        _compare_plain(tmp_path, part, contig, with_sex=True)


@pytest.mark.parametrize("name", REAL)
def test_real_calls(tmp_path: Path, name: str) -> None:
    calls = real_calls(name)
    contigs = [REAL[name]] if REAL[name] else list(read_calls_header(calls).contigs)
    for contig in contigs:
        part = without_info(calls, tmp_path / f"{contig}.vcf.gz", contig)
        tables = _tables(_run(tmp_path, part, with_sex=False), contig)
        if tables["sites"].empty:
            continue
        _compare_sites(tables, bcftools_stats(part))
        _compare_counts(tables["sites"], part)
        _compare_plain(tmp_path, part, contig, with_sex=False)


def test_text_in_the_format_of_bcftools(tmp_path: Path) -> None:
    """Line for line the same sections, on the alleles that are counted alike."""
    calls = SAMPLE_COHORT / "calls" / "cohort.vcf.gz"
    part = without_info(calls, tmp_path / "part.vcf.gz", "chr22")
    theirs = bcftools_stats(part)
    run = _run(tmp_path, part, with_sex=False)
    run.summary(["chr22"])
    ours: dict[str, list[list[str]]] = {}
    for line in (tmp_path / "cohort.bcftools_stats.txt").read_text().splitlines():
        if not line.startswith("#"):
            name, _, *fields = line.split("\t")
            ours.setdefault(name, []).append(fields)
    assert ours["SN"] == theirs["SN"]
    assert ours["TSTV"] == theirs["TSTV"]
    assert ours["ST"] == theirs["ST"]
    assert ours["IDD"] == [row[:2] for row in theirs["IDD"]]
    assert ours["SiS"][0][:5] == theirs["SiS"][0][:5]
    # bcftools counts a depth of 0 as the bin below 1.
    depths = {row[0]: row[1] for row in theirs["DP"] if row[0] not in ("<1", "0")}
    assert {row[0]: row[1] for row in ours["DP"] if row[0] != "0"} == depths


def test_where_bcftools_differs(tmp_path: Path) -> None:
    """Each line: what bcftools prints, and what is right (the definition is in the case's name)."""
    need("bcftools")
    run = calls_run(
        tmp_path,
        ["A", "B", "C"],
        [
            "chr1 10 . T T. . PASS . GT 0/1 0/0 0/0",  # a single breakend is no indel
            "chr1 20 . A G . PASS . GT 0/0 0/0 1/1",  # a private doubleton is no singleton
            "chr1 30 . C T,A . PASS . GT 0/0 1/2 0/0",  # 1/2 holds two singleton alleles
            "chr1 40 . G A . PASS . DP 3 4 5",  # without GT all genotypes are missing
        ],
    )
    stats = bcftools_stats(run.calls)
    summary = run.summary(["chr1"])
    chromosome = summary["chromosomes"].iloc[0]
    samples = summary["samples"].query("scope == 'all' and filter_set == 'all'")
    samples = samples.set_index("sample_id")
    assert dict(stats["SN"])["number of indels:"] == "1"
    assert (chromosome.n_indel_sites, chromosome.n_breakend) == (0, 1)
    theirs = {row[0]: (int(row[8]), int(row[11])) for row in stats["PSC"]}
    ours = {n: (int(r.n_singletons), int(r.n_missing)) for n, r in samples.iterrows()}
    assert theirs == {"A": (1, 0), "B": (1, 0), "C": (1, 0)}
    assert ours == {"A": (0, 1), "B": (2, 1), "C": (0, 1)}


def test_ratio_without_transversions_is_missing(tmp_path: Path) -> None:
    need("bcftools")
    run = calls_run(tmp_path, ["A"], ["chr1 10 . A G . PASS . GT 0/1"])
    assert bcftools_stats(run.calls)["TSTV"][0][2] == "0.00"
    assert run.summary(["chr1"])["chromosomes"]["ts_tv"].isna().all()


def test_planted_counts_of_the_sample_cohort(tmp_path: Path) -> None:
    """AC and AN that the generator wrote into INFO are those counted from the genotypes."""
    calls = SAMPLE_COHORT / "calls" / "cohort.vcf.gz"
    run = _run(tmp_path, calls, with_sex=True)
    sites = run.table("chr21", "sites")
    import pysam

    written: Counter[tuple[int, str]] = Counter()
    with pysam.VariantFile(str(calls)) as variants:
        for record in variants.fetch("chr21"):
            for alt, ac in zip(record.alts or (), record.info["AC"], strict=True):
                written[record.pos, alt] = ac
    found = {(r.vcf_pos, r.alt): r.ac for r in sites.itertuples()}
    assert found == dict(written)
