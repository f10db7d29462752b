"""Causal variants and the traits they shift, drawn once for the whole cohort."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .layout import (
    BURDEN_AAF,
    CAD_CONTIG,
    LDL_CONTIG,
    SEPARATED_CONTIG,
    SURVIVAL_CONTIG,
    stream,
)
from .reference import Gene
from .roster import Roster
from .sites import Site

LDL_BETA, CAD_LOG_OR, SURVIVAL_LOG_HR, BURDEN_BETA = 0.55, 0.75, 0.7, -1.0
LDL_MEAN, LDL_SD, HDL_MEAN, HDL_SD = 125.0, 30.0, 54.0, 13.0
LDL_ANCESTRY_SHIFT = {"A": 0.7, "B": -0.7, "C": 0.0}
HAZARD_PER_DAY = 0.000105
COMPETING_HAZARD_PER_DAY = 0.00002
DELAYED_ENTRIES = 40
LIPID_STREAM, CAD_STREAM = "lipids 17", "cad 6"
MISSING_SHARE = 0.05


@dataclass
class CausalVariants:
    """The planted sites."""

    ldl: Site
    cad: Site
    survival: Site
    separated: Site
    burden: list[Site]

    def positions(self) -> set[tuple[str, int]]:
        """Return contig and 0-based position of every planted site."""
        planted = [self.ldl, self.cad, self.survival, self.separated, *self.burden]
        return {(site.contig, site.position) for site in planted}


@dataclass
class Traits:
    """Values of every member, before anything is set missing or written down wrong."""

    age: NDArray[np.float64]
    ldl: NDArray[np.float64]
    hdl: NDArray[np.float64]
    cad: NDArray[np.bool_]
    cad_missing: NDArray[np.bool_]
    entry_day: NDArray[np.int64]
    exit_day: NDArray[np.int64]
    event: NDArray[np.int64]


def _highest_r2(site: Site, others: list[Site]) -> float:
    dosage = site.dosage()
    rest = np.array([o.dosage() for o in others if o is not site and o.kind != "multiallelic"])
    rest = rest[rest.std(axis=1) > 0]
    centred = rest - rest.mean(axis=1, keepdims=True)
    mine = dosage - dosage.mean()
    r = centred @ mine / np.sqrt((centred**2).sum(axis=1) * (mine**2).sum())
    return float((r**2).max())


def _pick_common(sites: list[Site], roster: Roster) -> Site:
    """Return the PASS SNP of frequency near 0.3 everywhere that has the weakest proxies."""
    populations = np.array([member.population for member in roster.members])
    best, lowest = None, 2.0
    for site in sites:
        if site.kind != "snp" or not site.passed or not 0.25 <= site.alt_frequency() <= 0.36:
            continue
        local = [site.dosage()[populations == name].mean() / 2 for name in "ABC"]
        if min(local) < 0.15 or max(local) > 0.5:
            continue
        proxy = _highest_r2(site, sites)
        if proxy < lowest:
            best, lowest = site, proxy
    if best is None:
        raise ValueError("no suitable common variant: choose another seed in layout.py")
    return best


def _pick_separated(sites: list[Site], roster: Roster) -> Site:
    """Return a PASS SNP of allele count 9 to 12 whose carriers are heterozygous founders."""
    related = np.array(sorted(roster.derived))
    for site in sites:
        dosage = site.dosage()
        fits = site.kind == "snp" and site.passed and 9 <= dosage.sum() <= 12
        if fits and dosage.max() == 1 and not dosage[related].any():
            return site
    raise ValueError("no suitable rare variant: choose another seed in layout.py")


def choose_variants(sites: dict[str, list[Site]], gene: Gene, roster: Roster) -> CausalVariants:
    """Choose the planted sites by fixed rules."""
    contig, start, end, _ = gene
    rare = [
        site
        for site in sites[contig]
        if start <= site.position < end
        and site.passed
        and site.kind != "multiallelic"
        and 0 < site.alt_frequency() <= BURDEN_AAF
    ]
    return CausalVariants(
        ldl=_pick_common(sites[LDL_CONTIG], roster),
        cad=_pick_common(sites[CAD_CONTIG], roster),
        survival=_pick_common(sites[SURVIVAL_CONTIG], roster),
        separated=_pick_separated(sites[SEPARATED_CONTIG], roster),
        burden=rare,
    )


def _draw_ages(roster: Roster) -> NDArray[np.float64]:
    rng = stream("ages")
    ages = np.clip(rng.normal(57, 10, len(roster.members)), 32, 84)
    for family in roster.families:
        ages[[family.father, family.mother]] = rng.uniform(60, 68, 2)
        ages[list(family.children)] = rng.uniform(33, 38, len(family.children))
    ages[roster.duplicate[1]] = ages[roster.duplicate[0]]
    return ages


def oldest_members(roster: Roster) -> dict[int, int]:
    """Return the three members whose ages at enrolment are 89, 90 and 94."""
    free = [m.index for m in roster.members if m.index not in roster.planted]
    return dict(zip(free[40:43], (89, 90, 94), strict=True))


def _draw_survival(
    dosage: NDArray[np.int64], age: NDArray[np.float64], male: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Return entry day, exit day and event (0 censored, 1 event, 2 competing death)."""
    rng = stream("survival")
    size = len(dosage)
    risk = SURVIVAL_LOG_HR * dosage + 0.02 * (age - 57) + 0.2 * male
    entry = np.zeros(size, dtype=np.int64)
    delayed = rng.choice(size, DELAYED_ENTRIES, replace=False)
    entry[delayed] = rng.integers(30, 400, DELAYED_ENTRIES)
    failure = entry + np.ceil(rng.exponential(1 / (HAZARD_PER_DAY * np.exp(risk))))
    death = entry + np.ceil(rng.exponential(1 / COMPETING_HAZARD_PER_DAY, size))
    end = rng.integers(1_200, 3_000, size)
    exit_day = np.minimum(np.minimum(failure, death), end).astype(np.int64)
    event = np.where(failure <= exit_day, 1, np.where(death <= exit_day, 2, 0))
    return entry, exit_day, event


def draw_traits(roster: Roster, causal: CausalVariants) -> Traits:
    """Draw every trait from the true genotypes."""
    size = len(roster.members)
    male = np.array([m.recorded_sex == "XY" for m in roster.members], dtype=float)
    age = _draw_ages(roster)
    for index, years in oldest_members(roster).items():
        age[index] = years + 0.5
    rng = stream(LIPID_STREAM)
    shift = np.array([LDL_ANCESTRY_SHIFT[m.population] for m in roster.members])
    dosage = causal.ldl.dosage()
    score = LDL_BETA * (dosage - dosage.mean()) + shift + 0.01 * (age - 57) + 0.1 * male
    ldl = np.maximum(LDL_MEAN + LDL_SD * (score + rng.normal(size=size)), 20.0)
    burden = np.sum([site.dosage() for site in causal.burden], axis=0)
    score = BURDEN_BETA * burden - 0.3 * male + rng.normal(size=size)
    hdl = np.maximum(HDL_MEAN + HDL_SD * score, 12.0)
    dosage = causal.cad.dosage()
    logit = -0.45 + CAD_LOG_OR * (dosage - dosage.mean()) + 0.02 * (age - 57) + 0.3 * (male - 0.5)
    rng = stream(CAD_STREAM)
    cad = rng.random(size) < 1 / (1 + np.exp(-logit))
    carriers = causal.separated.dosage() > 0
    cad |= carriers
    missing = (rng.random(size) < MISSING_SHARE) & ~carriers
    entry, exit_day, event = _draw_survival(causal.survival.dosage(), age, male)
    traits = Traits(age, ldl.round(1), hdl.round(1), cad, missing, entry, exit_day, event)
    source, copy = roster.duplicate
    for values in vars(traits).values():
        values[copy] = values[source]
    return traits
