"""truth.json: everything that was planted, in machine-readable form."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import numpy as np

from . import traits as planted
from .cohort import Cohort
from .layout import (
    ALIGNED_WINDOWS,
    AUTOSOMES,
    BURDEN_AAF,
    BURDEN_GENE,
    CONTIG_LENGTHS,
    DEPTH,
    DETAILED_CONTIGS,
    DUPLICATED_SEGMENT,
    GENOME_BUILD,
    PAR_END,
    PHASED_REGION,
)
from .people import CHOLESTEROL_FACTOR, NAMED_NOTE, NOTE_NAME, SMALL_ZIP, Person
from .phenopackets import PACKETS
from .reads import CONTAMINATION
from .reference import Gene
from .roster import Roster
from .sites import Site
from .traits import CausalVariants

DEFINITIONS = {
    "pos": "1-based as in the VCF; intervals named start and end are 0-based, half-open",
    "effect_allele": "the allele counted; effects are per copy of it",
    "beta_sd": "shift per copy of the effect allele in units of residual_sd_mg_dl",
    "log_or": "log odds ratio per copy of the effect allele, covariates age and recorded sex",
    "log_hr": "log hazard ratio per copy, entry_day as left truncation, event 1 against 0 and 2",
    "kin_pairs": "true genetic relations between sample ids, whatever the pedigree says",
    "recorded_sex": "sex in samples.tsv, the pedigree and the clinical files",
    "genetic_sex": "sex the genotypes were drawn with",
    "true_haplotype_allele_count": "non-reference alleles before calls were set missing",
    "indel": "biallelic insertion or deletion",
    "multiallelic": "two ALT alleles, the star allele among them counted",
}


FORMAT_LIMITS = {
    "tables": "everything, with the blemishes listed under clinical; only here the unit mix-up",
    "redcap": "everything but the blemishes; results that were not obtained have no row",
    "fhir": "no consent, family or note; index date = baseline Encounter, entry and exit = "
    "ResearchSubject.period, excluded = verificationStatus refuted",
    "omop": "no consent, family, note or excluded diagnoses; index date = baseline "
    "visit_occurrence, entry and exit = observation_period",
    "phenopackets": f"the first {PACKETS} participants of samples.tsv; no site, ancestry, smoking, "
    "consent, family, note, entry or comparators (results below a limit are left out); "
    "index date = biosample timeOfCollection, exit = timeAtLastEncounter",
    "plink": "families, recorded sex, LDL, HDL, CAD, age and BMI at enrolment; values in mg/dL",
}


def _variant(site: Site) -> dict[str, object]:
    """Return the fields that name a variant."""
    return {
        "chrom": site.contig,
        "pos": site.position + 1,
        "id": site.identifier,
        "ref": site.ref,
        "alt": site.alts[0],
        "effect_allele": site.alts[0],
        "alt_frequency": round(site.alt_frequency(), 6),
        "true_haplotype_allele_count": int(site.dosage().sum()),
    }


def _carriers(site: Site, roster: Roster) -> list[str]:
    return roster.ids(*np.flatnonzero(site.dosage() > 0).tolist())


def _traits(causal: CausalVariants, people: list[Person], roster: Roster) -> dict[str, object]:
    return {
        "LDL": _variant(causal.ldl)
        | {
            "beta_sd": planted.LDL_BETA,
            "residual_sd_mg_dl": planted.LDL_SD,
            "ancestry_shift_sd": planted.LDL_ANCESTRY_SHIFT,
            "other_effects_sd": {"age_per_year": 0.01, "male": 0.1},
        },
        "CAD": _variant(causal.cad)
        | {
            "log_or": planted.CAD_LOG_OR,
            "other_log_or": {"age_per_year": 0.02, "male": 0.3},
            "cases": sum(p.cad is True for p in people),
            "controls": sum(p.cad is False for p in people),
            "missing": sum(p.cad is None for p in people),
        },
        "heart_failure": _variant(causal.survival)
        | {
            "log_hr": planted.SURVIVAL_LOG_HR,
            "other_log_hr": {"age_per_year": 0.02, "male": 0.2},
            "censored": sum(p.event == 0 for p in people),
            "events": sum(p.event == 1 for p in people),
            "competing": sum(p.event == 2 for p in people),
            "delayed_entries": sum(p.entry > p.enrolment for p in people),
        },
        "case_separated": _variant(causal.separated)
        | {"trait": "CAD", "carriers": _carriers(causal.separated, roster), "carriers_cases": True},
    }


def _burden(causal: CausalVariants, gene: Gene, roster: Roster) -> dict[str, object]:
    contig, start, end, name = gene
    return {
        "gene": name,
        "chrom": contig,
        "start": start,
        "end": end,
        "trait": "HDL",
        "beta_sd_per_allele": planted.BURDEN_BETA,
        "residual_sd_mg_dl": planted.HDL_SD,
        "aaf_limit": BURDEN_AAF,
        "variants": [_variant(s) | {"carriers": _carriers(s, roster)} for s in causal.burden],
    }


def _pair(roster: Roster, one: int, two: int, relation: str, kinship: float) -> dict[str, object]:
    samples = roster.ids(one, two)
    return {"samples": samples, "relation": relation, "expected_kinship": kinship}


def _relations(roster: Roster) -> dict[str, object]:
    pairs = []
    for family in roster.families:
        for child in family.children:
            for parent in (family.father, family.mother):
                pairs.append(_pair(roster, parent, child, "parent-offspring", 0.25))
        if len(family.children) == 2:
            pairs.append(_pair(roster, *family.children, "full-sib", 0.25))
    pairs.append(_pair(roster, *roster.duplicate, "duplicate", 0.5))
    first, second = roster.swapped_children
    recorded = roster.pedigree()
    true = {child: family for family in roster.families for child in family.children}
    labels = [
        {
            "sample": roster.ids(child)[0],
            "recorded_family": recorded[child][0],
            "recorded_parents": roster.ids(*recorded[child][1:]),
            "true_family": true[child].family_id,
            "true_parents": roster.ids(true[child].father, true[child].mother),
        }
        for child in (first, second)
    ]
    families = [
        {
            "family_id": f.family_id,
            "father": roster.ids(f.father)[0],
            "mother": roster.ids(f.mother)[0],
            "children": roster.ids(*f.children),
        }
        for f in roster.families
    ]
    return {"true_families": families, "kin_pairs": pairs, "swapped_children_labels": labels}


def _samples(roster: Roster) -> dict[str, dict[str, object]]:
    return {
        m.sample_id: {
            "participant_id": m.participant_id,
            "population": m.population,
            "genetic_sex": m.sex,
            "recorded_sex": m.recorded_sex,
            "site": m.site,
            "batch": m.batch,
        }
        for m in roster.members
    }


def _alignments(roster: Roster, files: dict[int, str]) -> dict[str, object]:
    roles = roster.alignments
    first, second = roster.ids(roles["exchanged_1"], roles["exchanged_2"])
    contaminated = roster.ids(roles["contaminated"])[0]
    return {
        "files": {roster.ids(index)[0]: path for index, path in files.items()},
        "windows": {name: list(window) for name, window in ALIGNED_WINDOWS.items()},
        "autosomal_depth": DEPTH,
        "exchanged": {
            "samples": [first, second],
            "dna_in_file": {first: second, second: first},
        },
        "contaminated": {
            "sample": contaminated,
            "fraction": CONTAMINATION,
            "contaminating_sample": roster.ids(roles["contaminant"])[0],
        },
        "duplicated_reference_segment": dict(
            zip(
                ("chrom", "start", "copy_chrom", "copy_start", "length"),
                DUPLICATED_SEGMENT,
                strict=True,
            )
        ),
    }


def _clinical(
    people: list[Person], roster: Roster, blemishes: dict[str, object]
) -> dict[str, object]:
    one, two = roster.duplicate
    hba1c = [p for p in people if p.baseline("HbA1c") is None]
    return {
        "unit_mixup": {
            "file": "clinical/tables/labs.csv",
            "site": 2,
            "loinc": "13457-7",
            "labelled_unit": "mg/dL",
            "actual_unit": "mmol/L",
            "factor": CHOLESTEROL_FACTOR,
            "participants": roster.participant_ids(*roster.mixed_units),
        },
        "one_person_two_records": {
            "participants": roster.participant_ids(one, two),
            "samples": roster.ids(one, two),
        },
        "table_blemishes": blemishes,
        "missing_hba1c_at_baseline_by_site": dict(
            sorted(Counter(str(p.member.site) for p in hba1c).items())
        ),
        "honest_other_units": {
            "site": 3,
            "2345-7": {"unit": "mmol/L", "mg_dl_per_unit": 18.016},
            "2160-0": {"unit": "umol/L", "units_per_mg_dl": 88.42},
        },
        "comparator": {"loinc": "1988-5", "written_as": "<5", "unit": "mg/L"},
    }


def _deidentification(people: list[Person]) -> dict[str, object]:
    note = next(p.participant_id for p in people if p.note == NAMED_NOTE)
    return {
        "ages_at_enrolment": {p.participant_id: p.age for p in people if p.age >= 89},
        "small_zip": {
            "zip": SMALL_ZIP,
            "zip3": SMALL_ZIP[:3],
            "participants": [p.participant_id for p in people if p.zip_code == SMALL_ZIP],
        },
        "note_with_name": {"participant": note, "note": NAMED_NOTE, "name": NOTE_NAME},
    }


def _site_counts(sites: dict[str, list[Site]]) -> dict[str, object]:
    everything = [site for rows in sites.values() for site in rows]
    kinds = {name: Counter(site.kind for site in rows) for name, rows in sites.items()}
    return {
        "per_contig": {name: len(rows) for name, rows in sites.items()},
        "per_contig_class": {name: dict(sorted(count.items())) for name, count in kinds.items()},
        "classes": dict(sorted(Counter(site.kind for site in everything).items())),
        "star": sum("*" in site.alts for site in everything),
        "lowqual": sum(not site.passed for site in everything),
        "autosomal": sum(len(sites[name]) for name in AUTOSOMES),
        "total": len(everything),
    }


def _sample_counts(roster: Roster) -> dict[str, object]:
    def count(attribute: str) -> dict[str, int]:
        values = (str(getattr(member, attribute)) for member in roster.members)
        return dict(sorted(Counter(values).items()))

    names = ("population", "sex", "recorded_sex", "batch", "site")
    return {"total": len(roster.members)} | {f"by_{name}": count(name) for name in names}


def write_truth(
    cohort: Cohort,
    people: list[Person],
    blemishes: dict[str, object],
    files: dict[int, str],
    path: Path,
) -> None:
    """Write truth.json with sorted keys."""
    roster = cohort.roster
    gene = next(gene for gene in cohort.genes if gene[3] == BURDEN_GENE)
    contig, start, end = PHASED_REGION
    truth = {
        "format": DEFINITIONS,
        "genome": {
            "build": GENOME_BUILD,
            "contigs": CONTIG_LENGTHS,
            "par": {"chrX": [0, PAR_END], "chrY": [0, PAR_END]},
            "contigs_with_depths": list(DETAILED_CONTIGS),
            "phased": {"chrom": contig, "start": start, "end": end},
        },
        "counts": {"sites": _site_counts(cohort.sites), "samples": _sample_counts(roster)},
        "samples": _samples(roster),
        "traits": _traits(cohort.causal, people, roster),
        "burden": _burden(cohort.causal, gene, roster),
        "relatedness": _relations(roster),
        "sex_swapped_samples": roster.ids(*roster.sex_swapped),
        "low_call_rate": {"sample": roster.ids(roster.low_call)[0], "missing_rate": 0.30},
        "duplicate_samples": roster.ids(*roster.duplicate),
        "similar_ids": ["S007", "7", "0042", "A-113"],
        "alignments": _alignments(roster, files),
        "clinical_formats": FORMAT_LIMITS,
        "clinical": _clinical(people, roster, blemishes),
        "deidentification": _deidentification(people),
    }
    path.write_text(json.dumps(truth, indent=1, sort_keys=True) + "\n")
