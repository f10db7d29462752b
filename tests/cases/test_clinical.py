"""Cases about clinical records and survival, through the steps' command lines."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import pysam
import pytest

from genocohort.stats.survival import kaplan_meier, median_day
from tiny.clinical import Rows, run_clinical, run_outcomes

pytestmark = pytest.mark.cases
Checks = dict[str, dict[str, Any]]


def _case(number: str, folder: Path) -> Checks:
    """Copy a case's inputs; its checks by id."""
    root = os.environ.get("GENOCOHORT_CASES")
    if not root:
        pytest.skip("GENOCOHORT_CASES is not set")
    source = next(Path(root).glob(f"{number}-*"))
    for path in source.iterdir():
        if path.is_file():
            shutil.copyfile(path, folder / path.name)
    checks = json.loads((folder / "expected.json").read_text())["checks"]
    return {check["id"]: check for check in checks}


def _agrees(found: Any, check: dict[str, Any]) -> bool:
    def close(a: Any, b: Any) -> bool:
        if isinstance(b, dict):
            return set(a) == set(b) and all(close(a[k], b[k]) for k in b)
        if isinstance(b, list):
            return len(a) == len(b) and all(close(x, y) for x, y in zip(a, b, strict=True))
        if isinstance(b, str) or b is None:
            return bool(a == b)
        return bool(abs(a - b) <= max(check["abs_tol"], check["rel_tol"] * abs(b)))

    return close(found, check["value"])


def _mentions(told: str, check: dict[str, Any]) -> bool:
    return any(word.lower() in told.lower() for word in check["message_mentions_any"])


def _ages(folder: Path, name: str, ids: list[str]) -> Rows:
    text = f"""
sources:
  - path: "{{folder}}/{name}"
    table: participants
    columns: {{sample_id: sample_id, age_years: age}}
"""
    code, rows = run_clinical(folder, text, [(i, i) for i in ids])
    assert code == 0
    return rows


def test_ids_with_leading_zeros(tmp_path: Path) -> None:
    checks = _case("39", tmp_path)
    with pysam.VariantFile(str(tmp_path / "in.vcf.gz")) as calls:
        genotypes = {
            name: "/".join(map(str, call["GT"])) for name, call in next(iter(calls)).samples.items()
        }
    for name in ("pheno.tsv", "pheno.csv"):
        rows = _ages(tmp_path, name, list(genotypes))
        found = {r["participant_id"]: r["age_index"] for r in rows["participants"]}
        in_order = [s["sample_id"] for s in rows["samples"] if s["participant_id"] in found]
        assert _agrees(in_order, checks["ids"])
        assert _agrees(len(set(found) & set(genotypes)), checks["n_joined"])
        by_genotype: dict[str, list[float]] = {"0/0": [], "0/1": [], "1/1": []}
        for sample, genotype in genotypes.items():
            by_genotype[genotype].append(found[sample])
        means = [sum(values) / len(values) for values in by_genotype.values()]
        assert _agrees(means, checks["mean_age_by_genotype"])


def _fhir(folder: Path, name: str) -> tuple[int, Rows]:
    day = (folder / "index_date.txt").read_text().strip()
    text = f"index_date: {day}\nsources:\n"
    text += f"  - {{table: fhir, paths: ['{{folder}}/{name}'], index: none}}\n"
    return run_clinical(folder, text)


def test_fhir_partial_dates(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks = _case("41", tmp_path)
    for name in ("bundle.json", "patients.ndjson"):
        code, _ = _fhir(tmp_path, name)
        told = capsys.readouterr().err
        assert code != 0
        assert _mentions(told, checks["bad_date"])
        assert "row 6" in told
        # Without the impossible date the other five are read.
        text = (tmp_path / name).read_text().replace("1980-13-45", "1980-12-25")
        (tmp_path / f"mended-{name}").write_text(text)
        code, rows = _fhir(tmp_path, f"mended-{name}")
        assert code == 0
        people = {r["participant_id"]: r for r in rows["participants"]}
        assert _agrees(len(people), checks["patients"])
        del people["p-bad"]
        precision = {p: r["birth_precision"] for p, r in people.items()}
        assert _agrees(precision, checks["precision"])
        bounds = {
            p: None if r["age_min"] is None else [r["age_min"], r["age_max"]]
            for p, r in people.items()
        }
        assert _agrees(bounds, checks["age_interval"])
        for row in people.values():
            exact = row["age_min"] is not None and row["age_min"] == row["age_max"]
            assert row["age_index"] == (row["age_min"] if exact else None)


OMOP = """
sources:
  - {table: omop, person: "{folder}/person.csv", measurement: "{folder}/measurement.csv"}
"""
UNITS = {"8554": "%", "9579": "mmol/mol", "8753": "mmol/L"}


def _by_unit(rows: Rows, code: str) -> dict[str, list[float | None]]:
    """Values of a concept by unit_concept_id: 0 for an unmapped unit, blank for none."""
    concept_of = {unit: concept for concept, unit in UNITS.items()} | {None: ""}
    found: dict[str, list[float | None]] = {}
    for row in rows["observations"]:
        if row["code"] == code:
            concept = concept_of.get(row["unit_src"], "0")
            found.setdefault(concept, []).append(row["value_num"])
    return found


def test_omop_concept_zero(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks = _case("43", tmp_path)
    code, rows = run_clinical(tmp_path, OMOP)
    assert code == 0
    unmapped = sum(r["code"] is None for r in rows["observations"])
    assert _agrees(unmapped, checks["unmapped_measurements"])
    hba1c = {
        unit: [len(v), sum(x for x in v if x is not None) / len(v)]
        for unit, v in _by_unit(rows, "3004410").items()
    }
    assert _agrees(hba1c, checks["hba1c_by_unit"])
    values = _by_unit(rows, "3023103")["8753"]
    there = [v for v in values if v is not None]
    assert _agrees(
        [len(there), len(values) - len(there), sum(there) / len(there)], checks["potassium"]
    )
    told = [
        int(re.match(r"\d+", f["sentence"])[0])  # type: ignore[index]
        for f in rows["findings"]
        if (f["kind"], f["column"]) == ("concept_unmapped", "gender_concept_id")
    ]
    sexes = [r["sex_recorded"] for r in rows["participants"]]
    counts = [sexes.count("male"), sexes.count("female"), sexes.count("unknown") - told[0], told[0]]
    assert _agrees(counts, checks["sex"])
    # A pooled mean of several units must not come out: the phenotype is refused.
    source = {"table": "observations", "code": "3004410"}
    phenotype = {"name": "a1c", "kind": "quantitative", "source": source}
    code, _ = run_clinical(tmp_path, OMOP, settings={"phenotypes": [phenotype]})
    assert code != 0
    assert "units" in capsys.readouterr().err


SURVIVAL = """
sources:
  - path: "{folder}/NAME"
    name: people
    table: participants
    columns: {sample_id: sample_id, site: group}
  - path: "{folder}/NAME"
    name: times
    table: outcomes
    columns:
      sample_id: sample_id
      outcome: {value: death}
      kind: {value: tte}
      exit_day: months
      event: died
"""


def _survival(folder: Path, name: str) -> tuple[int, Rows]:
    ids = [line.split("\t")[0] for line in (folder / name).read_text().splitlines()[1:]]
    code, _ = run_clinical(folder, SURVIVAL.replace("NAME", name), [(i, i) for i in ids])
    if code:
        return code, {}
    return run_outcomes(folder, {"survival": [{"outcome": "death", "group_by": ["site"]}]})


def test_km_ties_and_zero_times(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checks = _case("46", tmp_path)
    code, rows = _survival(tmp_path, "surv.tsv")
    assert code == 0
    medians = []
    for group in ("A", "B"):
        check = checks[f"survival_{group}"]
        curve = {r["day"]: r for r in rows["curves"] if r["group"] == group}
        at = {
            day: curve[max(d for d in curve if d <= int(day))]["survival"] for day in check["value"]
        }
        assert _agrees(at, check)
        ends = [d for d, r in curve.items() for _ in range(r["n_events"] + r["n_censored"])]
        events = [e for r in curve.values() for e in [1] * r["n_events"] + [0] * r["n_censored"]]
        medians.append(median_day(kaplan_meier(ends, events)))
    assert _agrees(medians, checks["medians"])
    assert _agrees(rows["tests"][0]["statistic"], checks["logrank_chi2"])
    code, _ = _survival(tmp_path, "negative.tsv")
    assert code != 0
    assert _mentions(capsys.readouterr().err, checks["negative"])
