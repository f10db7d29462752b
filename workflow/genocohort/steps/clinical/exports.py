"""Phenotypes and covariates as PLINK 2 and regenie read them, with their coding declared."""

from collections.abc import Mapping, Sequence
from typing import Any

from genocohort.steps.clinical.records import Columns
from genocohort.steps.clinical.settings import ClinicalSettings, Phenotype

MISSING = "NA"
EXPORTS = ("plink.pheno", "plink.cov", "regenie.pheno", "regenie.cov", "coding.tsv")
Rows = list[list[str]]


def _is_binary(phenotype: Phenotype) -> bool:
    return phenotype.kind == "binary"


def _cell(value: float | None, one_two: bool = False) -> str:
    if value is None or value != value:
        return MISSING
    number = value + 1 if one_two else value
    return str(int(number)) if float(number).is_integer() else repr(float(number))


def make_exports(settings: ClinicalSettings, tables: Mapping[str, Columns]) -> dict[str, str]:
    """Text of each export, by name.

    One row per sample of a participant with a row in phenotypes_wide; samples of nobody in the
    cohort are not in the files. PLINK gets binary phenotypes as 1 (control) and 2 (case), regenie
    as 0 and 1; both read NA as missing. A time to event is not exported: neither tool takes late
    entry and competing events.
    """
    wide, samples = tables["phenotypes_wide"], tables["samples"]
    place = {participant: i for i, participant in enumerate(wide["participant_id"])}
    links = [
        (sample, place[participant])
        for sample, participant in zip(samples["sample_id"], samples["participant_id"], strict=True)
        if participant in place
    ]
    kinds: dict[str, bool] = {
        p.name: _is_binary(p) for p in settings.phenotypes if p.kind != "time_to_event"
    }
    covariates = {name: False for c in settings.covariates for name in c.column_names()}
    return {
        "plink.pheno": _plink(kinds, links, wide),
        "plink.cov": _plink(covariates, links, wide),
        "regenie.pheno": _regenie(list(kinds), links, wide),
        "regenie.cov": _regenie(list(covariates), links, wide),
        "coding.tsv": _coding(settings),
    }


def _text(rows: Sequence[Sequence[str]], separator: str) -> str:
    return "".join(separator.join(row) + "\n" for row in rows)


def _plink(
    columns: Mapping[str, bool], links: Sequence[tuple[str, int]], wide: Mapping[str, Any]
) -> str:
    head = [
        f"## {name}: binary, 1 control, 2 case, {MISSING} missing"
        if binary
        else f"## {name}: number, {MISSING} missing"
        for name, binary in columns.items()
    ]
    rows: Rows = [["#IID", *columns]]
    for sample, at in links:
        rows.append([sample, *(_cell(wide[n][at], binary) for n, binary in columns.items())])
    return "".join(line + "\n" for line in head) + _text(rows, "\t")


def _regenie(
    columns: Sequence[str], links: Sequence[tuple[str, int]], wide: Mapping[str, Any]
) -> str:
    """The family is 0, as in the genotype store's .psam."""
    rows: Rows = [["FID", "IID", *columns]]
    for sample, at in links:
        rows.append(["0", sample, *(_cell(wide[name][at]) for name in columns)])
    return _text(rows, " ")


def _coding(settings: ClinicalSettings) -> str:
    """What each column means and how it is written: regenie's files have no room for it."""
    rows: Rows = [["column", "kind", "transform", "source", "plink", "regenie", "missing"]]
    for phenotype in settings.phenotypes:
        if phenotype.kind == "time_to_event":
            rows.append([phenotype.name, phenotype.kind, "none", phenotype.source.table,
                         "not exported", "not exported", MISSING])  # fmt: skip
            continue
        binary = _is_binary(phenotype)
        plink, regenie = ("1=control,2=case", "0=control,1=case") if binary else ("number",) * 2
        rows.append([phenotype.name, phenotype.kind, phenotype.transform, phenotype.source.table,
                     plink, regenie, MISSING])  # fmt: skip
    for covariate in settings.covariates:
        source = covariate.source.table if covariate.source else "participants"
        coding = "1=male,0=female" if covariate.name == "sex" else "number"
        for name in covariate.column_names():
            level = f"1={name.removeprefix(covariate.name + '_')},0=other level"
            said = level if covariate.levels else coding
            rows.append([name, "covariate", "none", source, said, said, MISSING])
    return _text(rows, "\t")
