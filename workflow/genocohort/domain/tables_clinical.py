"""Tables of the steps `clinical` and `outcomes`; days count from the participant's index date."""

from collections.abc import Sequence

from genocohort.domain.table import Column, Table

_PARTICIPANT = Column("participant_id", "string", "the participant")
_SRC_FILE = Column("src_file", "string", "name of the source in the column map")
_SRC_ROW = Column("src_row", "int64", "line of a text file, row of a sheet, number of a resource")

PARTICIPANTS = Table(
    "clinical/participants",
    2,
    "one row per participant (primary key participant_id)",
    (
        _PARTICIPANT,
        Column("site", "string", "recruiting site", "not given"),
        Column("sex_recorded", "string", "male, female, other or unknown"),
        Column("birth_year", "int16", "year of birth", "not given, or age 90 and above"),
        Column("age_index", "float32", "completed years at the index date; 90 where top-coded",
               "unknown, or not certain (a partial birth date): see age_min and age_max"),
        Column("age_topcoded", "bool", "the age is 90 or above and given as 90"),
        Column("ancestry_reported", "string", "as the participant reported", "not given"),
        Column("family_id", "string", "family", "not given"),
        Column("father_id", "string", "participant_id of the father", "unknown"),
        Column("mother_id", "string", "participant_id of the mother", "unknown"),
        Column("consent", "list<string>", "data use (DUO) codes", "not given"),
        Column("followup_end_day", "int32", "last day of follow-up", "not given"),
        Column("source", "string", "names of the sources with a row on the participant"),
        Column("birth_precision", "string", "day, month or year: how exact the birth date was",
               "no birth date"),
        Column("age_min", "int16", "smallest possible age at the index date, at most 90",
               "unknown"),
        Column("age_max", "int16", "largest possible age at the index date, at most 90",
               "unknown"),
        Column("index_date", "string", "index date, moved back 1 to 365 days (deidentification: "
               "limited)", "safe_harbor, unknown, or an age that may be 90"),
    ),
)  # fmt: skip

SAMPLES = Table(
    "clinical/samples",
    1,
    "one row per sample: which participant it came from (primary key sample_id)",
    (
        Column("sample_id", "string", "the sample, as in the sheet and the genotype store"),
        _PARTICIPANT,
        Column("assay", "string", "assay", "not given"),
        Column("vcf_name", "string", "name in the calls", "not in the calls"),
        Column("bam_rg_sm", "string", "name in the alignment's read groups", "not given"),
        Column("collected_day", "int32", "day of collection", "not given"),
    ),
)

OBSERVATIONS = Table(
    "clinical/observations",
    1,
    "one row per measurement",
    (
        _PARTICIPANT,
        Column("day", "int32", "day of the measurement", "not given, or no index date"),
        Column("code_system", "string", "vocabulary of the code, e.g. LOINC"),
        Column("code", "string", "what was measured", "not mapped: see code_source"),
        Column("code_source", "string", "the source's own code or name", "the same as the code"),
        Column("value_num", "float64", "number as reported, in unit_src", "missing or no number"),
        Column("comparator", "string", "<, <=, > or >=: the number is a limit", "an exact number"),
        Column("value_code", "string", "coded answer", "not coded"),
        Column("unit_src", "string", "unit as written", "not stated"),
        Column("unit", "string", "unit (UCUM) of value_std", "the value was not standardised"),
        Column("value_std", "float64", "value in the standard unit of the code",
               "missing, or no conversion is known: never guessed"),
        Column("ref_low", "float64", "lower reference limit, in unit_src", "not given"),
        Column("ref_high", "float64", "upper reference limit, in unit_src", "not given"),
        Column("status", "string", "status the source gave, e.g. final", "not given"),
        Column("qc_flags", "string", "flags joined by ';': unit_suspect, implausible, "
               "unit_unknown, unit_not_stated, value_missing, not_standardised, sentinel_suspect",
               "no flag"),
        _SRC_FILE,
        _SRC_ROW,
    ),
)  # fmt: skip

CONDITIONS = Table(
    "clinical/conditions",
    1,
    "one row per recorded condition",
    (
        _PARTICIPANT,
        Column("start_day", "int32", "first day", "not given, or no index date"),
        Column("end_day", "int32", "last day", "not given, or still present"),
        Column("code_system", "string", "vocabulary, e.g. ICD-10, SNOMED, HPO, OMIM"),
        Column("code", "string", "the condition (ICD-10 with its dot)", "not mapped"),
        Column("code_source", "string", "the source's own code", "the same as the code"),
        Column("phecode", "string", "phecode of the code", "no map was given"),
        Column("status", "string", "present or excluded (looked for and not found)"),
        _SRC_FILE,
        _SRC_ROW,
    ),
)

EXPOSURES = Table(
    "clinical/exposures",
    2,
    "one row per drug, procedure or habit",
    (
        _PARTICIPANT,
        Column("kind", "string", "drug, procedure, smoking or other"),
        Column("code_system", "string", "vocabulary, e.g. RxNorm"),
        Column("code", "string", "what it was", "not mapped"),
        Column("code_source", "string", "the source's own code", "the same as the code"),
        Column("start_day", "int32", "first day", "not given, or no index date"),
        Column("end_day", "int32", "last day", "not given, or continuing"),
        Column("dose", "float64", "dose", "not given"),
        Column("dose_unit", "string", "unit (UCUM) of the dose", "not given"),
        _SRC_FILE,
        _SRC_ROW,
    ),
)

OUTCOMES = Table(
    "clinical/outcomes",
    1,
    "one row per participant and outcome",
    (
        _PARTICIPANT,
        Column("outcome", "string", "name of the outcome"),
        Column("kind", "string", "quant, binary, count or tte (time to event)"),
        Column("value", "float64", "value; binary: 1 case, 0 control", "unknown, or kind tte"),
        Column("entry_day", "int32", "first day at risk", "not tte, or not given"),
        Column("exit_day", "int32", "day of the event or of censoring", "not tte, or unknown"),
        Column("event", "int8", "0 censored, 1 event, 2 competing event", "not tte, or unknown"),
        Column("na_reason", "string", "missing or no_index_date", "nothing is missing"),
        _SRC_FILE,
        _SRC_ROW,
    ),
)

FINDINGS = Table(
    "clinical/findings",
    1,
    "what was tolerated, flagged or left out; never a value",
    (
        Column("source", "string", "name of the source"),
        Column("row", "int64", "line or row of the source", "the whole source"),
        Column("column", "string", "column of the source", "the whole row"),
        Column("kind", "string", "e.g. duplicate_row, unit_suspect, column_not_carried, tolerated"),
        Column("sentence", "string", "what was found and what was done"),
    ),
)

PHENOTYPES_WIDE_NAME = "clinical/phenotypes_wide"
PHENOTYPES_WIDE_VERSION = 1


def phenotypes_wide_table(names: Sequence[str], meanings: Sequence[str] | None = None) -> Table:
    """The table of phenotypes and covariates: participant_id and one float64 column per name.

    Parameters
    ----------
    names : sequence of str
        Columns in order. Binary: 1 case, 0 control. Sex: 1 male, 0 female. A categorical
        covariate is one 0/1 column per level but the first. A time to event called `x` has the
        columns `x_entry_day`, `x_day` and `x_event`.
    meanings : sequence of str, optional
        One description per column.
    """
    described = meanings if meanings is not None else ["phenotype or covariate"] * len(names)
    columns = tuple(
        Column(name, "float64", meaning, "unknown, or left out by a stated rule")
        for name, meaning in zip(names, described, strict=True)
    )
    return Table(
        PHENOTYPES_WIDE_NAME,
        PHENOTYPES_WIDE_VERSION,
        "one row per participant, in the order of clinical/participants",
        (_PARTICIPANT, *columns),
    )


TABLE1 = Table(
    "outcomes/table1",
    1,
    "description of the cohort by group; one row per variable, level and group",
    (
        Column("variable", "string", "the variable"),
        Column("level", "string", "level of a categorical variable", "a numeric variable"),
        Column("group", "string", "group, or (all)"),
        Column("n", "int64", "participants of the group with a value"),
        Column("n_missing", "int64", "participants of the group without a value"),
        Column("mean", "float64", "mean", "categorical, or no value"),
        Column("sd", "float64", "standard deviation (n - 1)", "categorical, or under two values"),
        Column("median", "float64", "median", "categorical, or no value"),
        Column("q1", "float64", "first quartile (interpolated)", "categorical, or no value"),
        Column("q3", "float64", "third quartile (interpolated)", "categorical, or no value"),
        Column("count", "int64", "participants with this level", "numeric"),
        Column("fraction", "float64", "count / n", "numeric, or no value"),
        Column("smd", "float64", "largest standardised mean difference between two groups; "
               "the same in every row of the variable", "fewer than two groups, or undefined"),
        Column("text", "string", "the cell as printed"),
    ),
)  # fmt: skip

SCORES = Table(
    "outcomes/scores",
    1,
    "polygenic scores (inputs.scores); one row per score and participant",
    (
        Column("score", "string", "the score"),
        Column("participant_id", "string", "the participant"),
        Column("value", "float64", "sum of weight times copies of the effect allele",
               "no sample in the calls"),
        Column("z", "float64", "in standard deviations from the mean of all who have one",
               "as value, or all are alike"),
        Column("group", "string", "part of the participants, from the lowest, as `1 of 3`",
               "as value"),
    ),
)  # fmt: skip

SURVIVAL_CURVES = Table(
    "outcomes/survival_curves",
    1,
    "Kaplan-Meier curves; one row per outcome, grouping, group and distinct day",
    (
        Column("outcome", "string", "the outcome"),
        Column("group_by", "string", "what the groups are made of; (all) for one curve"),
        Column("group", "string", "the group"),
        Column("day", "int32", "day since the index date"),
        Column("n_at_risk", "int64", "at risk just before this day"),
        Column("n_events", "int64", "events on this day"),
        Column("n_censored", "int64", "censored on this day, after its events"),
        Column("survival", "float64", "probability of no event up to and including this day"),
        Column("ci_lower", "float64", "lower limit (log-log)", "undefined: survival is 0 or 1"),
        Column("ci_upper", "float64", "upper limit (log-log)", "undefined: survival is 0 or 1"),
    ),
)

SURVIVAL_TESTS = Table(
    "outcomes/survival_tests",
    1,
    "log-rank tests; one row per outcome and grouping",
    (
        Column("outcome", "string", "the outcome"),
        Column("group_by", "string", "what the groups are made of"),
        Column("statistic", "float64", "chi-square", "under two groups with anyone at risk"),
        Column("df", "int32", "degrees of freedom"),
        Column("p_value", "float64", "upper tail", "the statistic is undefined"),
    ),
)

HAZARDS = Table(
    "outcomes/hazards",
    1,
    "Cox models (Efron ties); one row per outcome, model and term",
    (
        Column("outcome", "string", "the outcome"),
        Column("model", "string", "what the model is about: a variant, or (covariates)"),
        Column("term", "string", "the term; a variant is chrom:pos:ref:alt, per copy of alt"),
        Column("log_hazard_ratio", "float64", "coefficient", "the model has no finite maximum"),
        Column("standard_error", "float64", "standard error of the coefficient", "as above"),
        Column("hazard_ratio", "float64", "exp(coefficient)", "as above"),
        Column("ci_lower", "float64", "lower limit of the hazard ratio", "as above"),
        Column("ci_upper", "float64", "upper limit of the hazard ratio", "as above"),
        Column("z", "float64", "Wald statistic", "as above"),
        Column("p_value", "float64", "two-sided Wald test", "as above"),
        Column("ph_test_p_value", "float64", "proportional hazards: score test on Schoenfeld "
               "residuals against the Kaplan-Meier transform of time", "as above"),
        Column("n", "int64", "participants in the model"),
        Column("n_events", "int64", "events in the model"),
        Column("note", "string", "why nothing could be estimated", "estimated"),
    ),
)  # fmt: skip

CLINICAL_TABLES = (PARTICIPANTS, SAMPLES, OBSERVATIONS, CONDITIONS, EXPOSURES, OUTCOMES, FINDINGS)
