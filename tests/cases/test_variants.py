"""Cases about variant calls, through the command line of genotypes, variants, variant_summary."""

import json
import math
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from genocohort.io.calls import read_calls_header
from genocohort.io.sheet import read_sample_sheet
from tiny.calls import CallsRun, write_sheet

pytestmark = pytest.mark.cases
_COUNTS = ["n_hom_ref", "n_het", "n_hom_alt", "n_half", "n_missing"]


class Case:
    """A case's inputs in a folder of the test, and its checks."""

    def __init__(self, number: str, folder: Path) -> None:
        root = os.environ.get("GENOCOHORT_CASES")
        if not root:
            pytest.skip("GENOCOHORT_CASES is not set")
        self.folder = folder
        for path in sorted(next(Path(root).glob(f"{number}-*")).iterdir()):
            shutil.copyfile(path, folder / path.name)
        for path in (*folder.glob("*.tbi"), *folder.glob("*.csi")):
            os.utime(path)
        checks = json.loads((folder / "expected.json").read_text())["checks"]
        self.checks = {check["id"]: check for check in checks}

    def run(self, name: str = "in.vcf.gz") -> CallsRun:
        names = read_calls_header(self.folder / name).samples
        sexes = []
        if (self.folder / "samples.tsv").exists():
            by_id = {s.sample_id: s.sex for s in read_sample_sheet(self.folder / "samples.tsv")}
            sexes = [by_id[n] for n in names]
        sheet = write_sheet(self.folder / "sheet.tsv", names, sexes)
        return CallsRun(self.folder, self.folder / name, sheet)

    def agree(self, **found: Any) -> None:
        """Every check is met; every one must be given."""
        values = {k: c for k, c in self.checks.items() if c["kind"] == "value"}
        assert set(found) == set(values)
        for name, check in values.items():
            assert close(found[name], check["value"], check), (name, found[name], check["value"])


def close(found: Any, value: Any, check: dict[str, Any]) -> bool:
    if isinstance(value, dict):
        return set(found) == set(value) and all(close(found[k], value[k], check) for k in value)
    if isinstance(value, list):
        return len(found) == len(value) and all(map(lambda a, b: close(a, b, check), found, value))
    if value is None:
        return bool(math.isnan(found))
    return bool(abs(found - value) <= max(check["abs_tol"], check["rel_tol"] * abs(value)))


def test_13_half_calls(tmp_path: Path) -> None:
    case = Case("13", tmp_path)
    run = case.run()
    sites = run.table("chr1", "sites").set_index("variant_id")
    store = run.store("chr1")
    calls = store.read(0, store.n_variants).astype(int)
    as_missing = {
        name: [int(row[row >= 0].sum()), 2 * int((row >= 0).sum())]
        for name, row in zip(store.variants.variant_id, calls, strict=True)
    }
    case.agree(
        AN=sites["an"].to_dict(),
        AC=sites["ac"].to_dict(),
        AF=sites["af"].to_dict(),
        genotypes_h1=[int(sites.loc["h1", c]) for c in _COUNTS],
        half_as_missing=as_missing,
    )


def test_14_transitions_of_multiallelic_records(tmp_path: Path) -> None:
    case = Case("14", tmp_path)
    table = case.run().summary(["chr1"])["chromosomes"].iloc[0]
    case.agree(
        records=table.n_records,
        snp_records=table.n_snv_sites,
        indel_records=table.n_indel_sites,
        mnp_records=table.n_mnv_sites,
        ts=table.n_transitions,
        tv=table.n_transversions,
        ts_tv=table.ts_tv,
        multiallelic_snp_sites=table.n_multiallelic_snv,
        multiallelic_sites=table.n_multiallelic,
    )


def test_17_singletons(tmp_path: Path) -> None:
    case = Case("17", tmp_path)
    run = case.run()
    summary = run.summary(["chr1"])
    samples = summary["samples"].query("scope == 'all' and filter_set == 'all'")
    chromosomes = summary["chromosomes"].iloc[0]
    store = run.store("chr1")
    calls = store.read(0, store.n_variants)
    doubletons: dict[str, int] = {}
    for row in calls:
        carriers = (row > 0).nonzero()[0]
        if len(carriers) == 1 and row[carriers[0]] == 2:
            name = store.samples[carriers[0]]
            doubletons[name] = doubletons.get(name, 0) + 1
    case.agree(
        singletons_per_sample=samples.set_index("sample_id")["n_singletons"].to_dict(),
        singleton_snp_alleles=chromosomes.n_singleton_snv,
        singleton_indel_alleles=chromosomes.n_singleton_indel,
        private_doubletons=doubletons,
    )


def test_18_gt_absent_or_late(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = Case("18", tmp_path)
    summary = case.run().summary(["chr1"])
    told = capsys.readouterr().err
    assert "GT not first" in told
    assert "no GT" in told
    chromosomes = summary["chromosomes"].iloc[0]
    samples = summary["samples"].query("scope == 'all' and filter_set == 'all'")
    samples = samples.set_index("sample_id")
    sites = case.run().table("chr1", "sites").set_index("variant_id")
    case.agree(
        records=chromosomes.n_records,
        ts_tv=[chromosomes.n_transitions, chromosomes.n_transversions],
        called_genotypes=(sites["n_hom_ref"] + sites["n_het"] + sites["n_hom_alt"]).to_dict(),
        missing_per_sample=samples["n_missing"].to_dict(),
        mean_depth=samples["dp_mean"].to_dict(),
    )


def test_22_long_contig(tmp_path: Path) -> None:
    case = Case("22", tmp_path)
    run = case.run()
    positions = {name: run.table(name, "sites")["vcf_pos"] for name in ("chrBig", "chr2")}
    store = run.store("chrBig")
    assert list(store.variants.vcf_pos) == list(positions["chrBig"])
    case.agree(
        records_per_contig={name: len(values) for name, values in positions.items()},
        records_past_limit=int((positions["chrBig"] >= 536870913).sum()),
    )


@pytest.mark.parametrize("index_is_older", [True, False])
def test_25_stale_index(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], index_is_older: bool
) -> None:
    case = Case("25", tmp_path)
    run = case.run()
    if index_is_older:
        os.utime(tmp_path / "in.vcf.gz.tbi", (1_577_836_800, 1_577_836_800))
        before = (tmp_path / "in.vcf.gz.tbi").read_bytes()
        summary = run.summary(["chr1", "chr2"])["chromosomes"].query("filter_set == 'all'")
        assert "older than its file" in capsys.readouterr().err
        assert (tmp_path / "in.vcf.gz.tbi").read_bytes() == before
        total = summary.query("chromosome == 'all'").iloc[0]
        counts = summary.query("chromosome != 'all'").set_index("chromosome")["n_records"]
        case.agree(
            records_per_contig=counts.to_dict(),
            ts_tv=[total.n_transitions, total.n_transversions],
        )
        return
    # File times can mislead; then the index's counts or offsets must give it away.
    assert run.variants("chr1") == 3
    assert "index" in capsys.readouterr().err


def test_28_males_on_x(tmp_path: Path) -> None:
    case = Case("28", tmp_path)
    run = case.run()
    assert run.variants("X") == 0
    sites = run.table("X", "sites").set_index("variant_id")
    assert sites["chromosome"].unique() == ["chrX"]
    x1 = sites.loc["x1"]
    counts = [x1.n_hom_ref, x1.n_het, x1.n_hom_alt, x1.n_haploid_ref, x1.n_haploid_alt]
    case.agree(
        AC_AN={name: [row.ac, row.an] for name, row in sites.iterrows()},
        AF=sites["af"].to_dict(),
        geno_counts_x1=[*counts, x1.n_missing + x1.n_het_haploid],
    )


def test_53_chromosome_without_variants(tmp_path: Path) -> None:
    case = Case("53", tmp_path)
    run = case.run()
    summary = run.summary(["chr1", "chr2", "chr3"])["chromosomes"].query("filter_set == 'all'")
    total = summary.query("chromosome == 'all'").iloc[0]
    counts = summary.query("chromosome != 'all'").set_index("chromosome")["n_records"]
    assert run.store("chr2").n_variants == 0
    assert (tmp_path / "chr2.pgen").stat().st_size == 0
    empty = case.run("empty.vcf.gz").summary(["chr1", "chr2", "chr3"])
    whole = empty["samples"].query("scope == 'all' and filter_set == 'all'")
    assert whole["call_rate"].isna().all()
    sites = case.run("sites.vcf.gz").summary(["chr1", "chr2", "chr3"])
    names = [sites["chromosomes"].query("filter_set == 'all'").iloc[-1].n_records]
    case.agree(
        records=counts.to_dict(),
        ts_tv_counts=[total.n_transitions, total.n_transversions],
        tstv_ratio=total.ts_tv,
        empty_records=int(empty["chromosomes"]["n_records"].sum()),
        empty_samples=len(whole),
        sites_records=[*names, sites["samples"]["sample_id"].nunique()],
    )
