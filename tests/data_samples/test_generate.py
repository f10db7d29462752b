"""The shipped cohort agrees with its truth and is what the generator writes."""

from __future__ import annotations

import csv
import hashlib
import importlib.metadata
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pysam
import pytest

DATA = Path(__file__).resolve().parents[2] / "data-samples"
CODE = {"generator", "generate.py", "requirements.txt", "README.md", "__pycache__"}


@pytest.fixture(scope="module")
def truth() -> dict[str, Any]:
    return json.loads((DATA / "truth.json").read_text())


def table(name: str) -> list[dict[str, str]]:
    with (DATA / name).open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def tabs(name: str) -> list[list[str]]:
    return [line.split("\t") for line in (DATA / name).read_text().splitlines()]


def called(record: pysam.VariantRecord, sample: str) -> tuple[int | None, ...]:
    return record.samples[sample]["GT"]


def find(variants: pysam.VariantFile, planted: dict[str, Any]) -> pysam.VariantRecord:
    rows = variants.fetch(planted["chrom"], planted["pos"] - 1, planted["pos"])
    return next(row for row in rows if row.pos == planted["pos"])


def kind(record: pysam.VariantRecord) -> str:
    if len(record.alts) > 1:
        return "multiallelic"
    return "snp" if len(record.ref) == len(record.alts[0]) == 1 else "indel"


def test_site_counts_and_reference_alleles(truth: dict[str, Any]) -> None:
    sites = truth["counts"]["sites"]
    contigs: Counter[str] = Counter()
    kinds: Counter[str] = Counter()
    stars = low = 0
    with pysam.VariantFile(str(DATA / "calls/cohort.vcf.gz"), drop_samples=True) as variants:
        assert {c: variants.header.contigs[c].length for c in variants.header.contigs} == truth[
            "genome"
        ]["contigs"]
        with pysam.FastaFile(str(DATA / "reference/genome.fa.gz")) as genome:
            text = {name: genome.fetch(name) for name in genome.references}
        for record in variants:
            contigs[record.chrom] += 1
            kinds[kind(record)] += 1
            stars += "*" in record.alts
            low += "LowQual" in record.filter
            assert text[record.chrom][record.start : record.stop] == record.ref
    assert contigs == sites["per_contig"]
    assert kinds == sites["classes"]
    assert (stars, low, sum(contigs.values())) == (sites["star"], sites["lowqual"], sites["total"])


@pytest.mark.parametrize("contig", ["chr21", "chr22"])
def test_chromosome_files_repeat_the_cohort(contig: str) -> None:
    whole = pysam.TabixFile(str(DATA / "calls/cohort.vcf.gz"))
    part = pysam.TabixFile(str(DATA / f"calls/per_chromosome/{contig}.vcf.gz"))
    with whole, part:
        assert list(part.fetch()) == list(whole.fetch(contig))


def test_sample_sheet_headers_and_pedigree_name_the_same_people(truth: dict[str, Any]) -> None:
    header, *sheet = tabs("samples.tsv")
    rows = [dict(zip(header, row, strict=True)) for row in sheet]
    samples = truth["samples"]
    with pysam.VariantFile(str(DATA / "calls/cohort.vcf.gz")) as variants:
        assert list(variants.header.samples) == [row["sample_id"] for row in rows]
    assert {row["sample_id"]: row["participant_id"] for row in rows} == {
        sample: facts["participant_id"] for sample, facts in samples.items()
    }
    assert all(row["sex"] == samples[row["sample_id"]]["recorded_sex"] for row in rows)
    assert [row[1] for row in tabs("pedigree.ped")] == [row["sample_id"] for row in rows]
    participants = {row["participant_id"] for row in table("clinical/tables/participants.csv")}
    assert participants == {facts["participant_id"] for facts in samples.values()}
    aligned = {row["sample_id"]: row["alignment"] for row in rows if row["alignment"]}
    assert aligned == truth["alignments"]["files"]
    counts = truth["counts"]["samples"]
    for field in ("population", "batch", "recorded_sex"):
        assert Counter(facts[field] for facts in samples.values()) == counts[f"by_{field}"]


def test_alignment_headers(truth: dict[str, Any]) -> None:
    contigs = truth["genome"]["contigs"]
    for sample, file in truth["alignments"]["files"].items():
        mode = "rc" if file.endswith(".cram") else "rb"
        with pysam.AlignmentFile(str(DATA.parent / file), mode, check_sq=False) as reads:
            header = reads.header.to_dict()
        assert [group["SM"] for group in header["RG"]] == [sample]
        assert {row["SN"]: row["LN"] for row in header["SQ"]} == contigs
        assert all(set(row) == {"SN", "LN", "M5"} for row in header["SQ"])
        assert "PG" not in header


def test_alignments_hold_the_dna_the_truth_names(truth: dict[str, Any]) -> None:
    """Where the two exchanged samples differ, the reads of a file follow its true source."""
    exchanged, windows = truth["alignments"]["exchanged"], truth["alignments"]["windows"]
    one, two = exchanged["samples"]
    with pysam.VariantFile(str(DATA / "calls/cohort.vcf.gz")) as variants:
        telling = [
            (row.chrom, row.pos, row.alts[0], {s: called(row, s).count(1) / 2 for s in (one, two)})
            for contig in ("chr20", "chr21", "chr22")
            for row in variants.fetch(contig, windows[contig][0] + 500, windows[contig][1] - 500)
            if kind(row) == "snp" and None not in (*called(row, one), *called(row, two))
            if called(row, one) != called(row, two)
        ]
    assert len(telling) > 50
    for file, source in exchanged["dna_in_file"].items():
        path = str(DATA.parent / truth["alignments"]["files"][file])
        distance = dict.fromkeys((one, two), 0.0)
        with pysam.AlignmentFile(path, "rb") as reads:
            for contig, position, alt, shares in telling:
                depths = reads.count_coverage(contig, position - 1, position)
                bases = {base: depth[0] for base, depth in zip("ACGT", depths, strict=True)}
                seen = bases[alt] / sum(bases.values())
                for sample, share in shares.items():
                    distance[sample] += abs(seen - share) / len(telling)
        assert distance.pop(source) < 0.15
        assert min(distance.values()) > 0.4


def test_planted_variants_are_called(truth: dict[str, Any]) -> None:
    low = truth["low_call_rate"]["sample"]
    planted = [*truth["traits"].values(), *truth["burden"]["variants"]]
    with pysam.VariantFile(str(DATA / "calls/cohort.vcf.gz")) as variants:
        for facts in planted:
            record = find(variants, facts)
            assert (record.ref, record.alts) == (facts["ref"], (facts["alt"],))
            assert list(record.filter) == ["PASS"]
            counts = {s: call.get("GT").count(1) for s, call in record.samples.items()}
            counted = sum(counts.values()) - counts[low]
            assert 0 <= facts["true_haplotype_allele_count"] - counted <= 2
            if "carriers" in facts:
                seen = {sample for sample, count in counts.items() if count}
                assert seen | {low} == {*facts["carriers"], low}


def test_relatives_share_alleles(truth: dict[str, Any]) -> None:
    """Parent and child never carry opposite homozygotes; duplicates have equal calls."""
    pairs = truth["relatedness"]["kin_pairs"]
    opposite: Counter[str] = Counter()
    unequal = 0
    with pysam.VariantFile(str(DATA / "calls/cohort.vcf.gz")) as variants:
        for record in variants.fetch("chr1"):
            for pair in pairs:
                one, two = (called(record, sample) for sample in pair["samples"])
                if None in (*one, *two):
                    continue
                opposite[pair["relation"]] += not set(one) & set(two)
                unequal += pair["relation"] == "duplicate" and one != two
    assert opposite["parent-offspring"] == opposite["duplicate"] == unequal == 0


def test_swapped_labels_stand_in_the_pedigree(truth: dict[str, Any]) -> None:
    parents = {row[1]: row[2:4] for row in tabs("pedigree.ped")}
    for label in truth["relatedness"]["swapped_children_labels"]:
        assert parents[label["sample"]] == label["recorded_parents"]
        assert label["recorded_parents"] != label["true_parents"]


def test_low_call_sample(truth: dict[str, Any]) -> None:
    facts = truth["low_call_rate"]
    with pysam.VariantFile(str(DATA / "calls/cohort.vcf.gz")) as variants:
        calls = [None in called(record, facts["sample"]) for record in variants.fetch("chr2")]
    assert sum(calls) / len(calls) == pytest.approx(facts["missing_rate"], abs=0.05)


def test_clinical_traps_are_where_the_truth_says(truth: dict[str, Any]) -> None:
    clinical, hidden = truth["clinical"], truth["deidentification"]
    labs = table("clinical/tables/labs.csv")
    mixed = {
        row["participant_id"]
        for row in labs
        if row["loinc"] == "13457-7" and row["value"] not in {"", "NA", "-9"}
        if float(row["value"]) < 15
    }
    assert mixed == set(clinical["unit_mixup"]["participants"])
    assert {"", "-9", "NA", "<5"} <= {row["value"] for row in labs}
    raw = (DATA / "clinical/tables/labs.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    assert raw.count(b"\n") == raw.count(b"\r\n")
    first, second = clinical["table_blemishes"]["labs_duplicate_row"]["file_lines"]
    lines = raw.decode().splitlines()
    assert lines[first - 1] == lines[second - 1]
    blank = clinical["table_blemishes"]["conditions_blank_line"]
    conditions = (DATA / "clinical/tables/conditions.csv").read_text().splitlines()
    assert conditions[blank - 1] == ""

    participants = table("clinical/tables/participants.csv")
    rows = {row["participant_id"]: row for row in participants}
    assert len(participants) == len(rows) + 1
    ages = {name: int(row["age"]) for name, row in rows.items() if int(row["age"]) >= 89}
    assert ages == hidden["ages_at_enrolment"]
    assert sorted(ages.values()) == [89, 90, 94]
    small = hidden["small_zip"]
    assert [n for n, r in rows.items() if r["zip"] == small["zip"]] == small["participants"]
    note = hidden["note_with_name"]
    assert note["name"] in rows[note["participant"]]["note"]
    one, two = clinical["one_person_two_records"]["participants"]
    same = set(rows[one]) - {"participant_id"}
    assert all(rows[one][column] == rows[two][column] for column in same)


LDL = "13457-7"
Results = list[tuple[str, str, float]]


def lines_of_json(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


def ldl_in_tables() -> Results:
    return [
        (row["participant_id"], row["date"], float(row["value"]))
        for row in table("clinical/tables/labs.csv")
        if row["loinc"] == LDL and row["value"] not in {"", "NA", "-9"}
    ]


def ldl_in_redcap() -> Results:
    return [
        (row["record_id"], row["lab_date"], float(row["lab_value"]))
        for row in table("clinical/redcap/records.csv")
        if row["lab_loinc"] == LDL
    ]


def ldl_in_omop() -> Results:
    people = {r["person_id"]: r["person_source_value"] for r in table("clinical/omop/person.csv")}
    return [
        (people[row["person_id"]], row["measurement_date"], float(row["value_as_number"]))
        for row in table("clinical/omop/measurement.csv")
        if row["measurement_source_value"] == LDL
    ]


def ldl_in_fhir() -> Results:
    return [
        (
            row["subject"]["reference"].removeprefix("Patient/"),
            row["effectiveDateTime"],
            row["valueQuantity"]["value"],
        )
        for row in lines_of_json("clinical/fhir/Observation.ndjson")
        if row["code"]["coding"][0]["code"] == LDL
    ]


def ldl_in_phenopackets() -> Results:
    return [
        (
            packet["subject"]["id"],
            m["timeObserved"]["timestamp"][:10],
            m["value"]["quantity"]["value"],
        )
        for packet in lines_of_json("clinical/phenopackets/phenopackets.ndjson")
        for m in packet["measurements"]
        if m["assay"]["id"] == f"LOINC:{LDL}"
    ]


@pytest.mark.parametrize(
    "read", [ldl_in_tables, ldl_in_redcap, ldl_in_omop, ldl_in_fhir, ldl_in_phenopackets]
)
def test_all_formats_hold_the_same_ldl(truth: dict[str, Any], read: Callable[[], Results]) -> None:
    """Every format repeats the PLINK phenotype, the tables but for the unit mix-up."""
    people = {facts["participant_id"]: sample for sample, facts in truth["samples"].items()}
    if read is ldl_in_tables:
        for participant in truth["clinical"]["unit_mixup"]["participants"]:
            del people[participant]
    if read is ldl_in_phenopackets:
        packets = lines_of_json("clinical/phenopackets/phenopackets.ndjson")
        people = {packet["subject"]["id"]: people[packet["subject"]["id"]] for packet in packets}
    header, *rows = tabs("clinical/plink/phenotypes.pheno")
    at, included = header.index("LDL"), set(people.values())
    expected = {row[1]: float(row[at]) for row in rows if row[at] != "-9" and row[1] in included}
    enrolled = {
        row["participant_id"]: row["enrolment_date"]
        for row in table("clinical/tables/participants.csv")
    }
    found = {people[p]: v for p, day, v in read() if p in people and day == enrolled[p]}
    assert found == expected


def test_plink_bed_repeats_the_calls() -> None:
    prefix = DATA / "calls/plink/chr22"
    samples = [line.split()[1] for line in prefix.with_suffix(".fam").read_text().splitlines()]
    variants = [line.split() for line in prefix.with_suffix(".bim").read_text().splitlines()]
    body = prefix.with_suffix(".bed").read_bytes()
    width = -(-len(samples) // 4)
    assert len(body) == 3 + width * len(variants)
    codes = {0: (1, 1), 1: (None, None), 2: (0, 1), 3: (0, 0)}
    with pysam.VariantFile(str(DATA / "calls/per_chromosome/chr22.vcf.gz")) as calls:
        biallelic = [record for record in calls if len(record.alts) == 1][:100]
        assert list(calls.header.samples) == samples
        for number, record in enumerate(biallelic):
            assert variants[number][3:] == [str(record.pos), record.alts[0], record.ref]
            row = body[3 + width * number :]
            for index, sample in enumerate(samples):
                code = row[index // 4] >> 2 * (index % 4) & 3
                assert codes[code] == called(record, sample)


def written(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not CODE & set(path.relative_to(folder).parts)
    }


def test_no_file_names_a_folder_of_the_machine() -> None:
    for path in DATA.rglob("*"):
        if path.is_file() and "generator" not in path.parts:
            assert str(DATA.parent).encode() not in path.read_bytes(), path


def test_regeneration_gives_the_same_bytes(tmp_path: Path) -> None:
    pytest.importorskip("msprime", reason="the generator needs data-samples/requirements.txt")
    pins = (line.split("==") for line in (DATA / "requirements.txt").read_text().splitlines())
    for name, version in (pin for pin in pins if len(pin) == 2):
        found = importlib.metadata.version(name)
        if found != version:
            pytest.skip(f"bytes are promised for {name} {version}, found {found}")
    command = [sys.executable, str(DATA / "generate.py"), "--out", str(tmp_path)]
    subprocess.run(command, check=True)
    assert written(tmp_path) == written(DATA)
