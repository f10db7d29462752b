"""Survival statistics against lifelines and against R's survival, on public and ragged data."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pytest

from genocohort.stats.cox import fit_cox
from genocohort.stats.survival import kaplan_meier, log_rank, median_day

pytestmark = [
    pytest.mark.validation,
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

Floats = npt.NDArray[np.float64]
TOLERANCE = 1e-6
# Data set: time, event, group, terms.
SETS = {
    "rossi": ("week", "arrest", "race", ["fin", "age", "race", "wexp", "mar", "paro", "prio"]),
    "lung": ("time", "status", "sex", ["age", "sex", "ph.ecog", "wt.loss"]),
    "gbsg2": ("time", "cens", "horTh", ["age", "tsize", "pnodes", "estrec"]),
    # A row per spell of a person: those who were transplanted have one before and one after it.
    "stanford_heart_transplants": (
        "stop",
        "event",
        "transplant",
        ["age", "year", "surgery", "transplant"],
    ),
    "ragged": ("time", "event", "group", ["dosage", "age", "group"]),
}


def _ragged() -> pd.DataFrame:
    """Late entries, heavy ties, one event at time zero, three groups."""
    rng = np.random.default_rng(20)
    n = 400
    dosage, age = rng.binomial(2, 0.3, n), rng.normal(57, 10, n).round()
    entry = np.where(rng.random(n) < 0.2, rng.integers(1, 6, n), 0)
    failure = entry + np.ceil(rng.exponential(15 / np.exp(0.7 * dosage + 0.02 * (age - 57))))
    end = entry + rng.integers(5, 25, n)
    time = np.minimum(failure, end)
    event = (failure <= end).astype(int)
    time[0], event[0], entry[0] = 0, 1, 0
    group = rng.integers(1, 4, n)
    columns = {"time": time, "event": event, "group": group, "dosage": dosage, "age": age}
    return pd.DataFrame(columns | {"entry": entry})


def _data(name: str) -> pd.DataFrame:
    """One data set without missing values in the columns used."""
    if name == "ragged":
        return _ragged()
    datasets = pytest.importorskip("lifelines.datasets", reason="lifelines is not installed")
    frame: pd.DataFrame = getattr(datasets, f"load_{name}")()
    time, event, group, terms = SETS[name]
    frame["entry"] = frame.get("start", 0)
    frame = frame[list(dict.fromkeys([time, event, group, *terms, "entry"]))].dropna()
    return frame.astype({"transplant": int}) if "transplant" in frame else frame


def _arrays(name: str) -> tuple[pd.DataFrame, Floats, Floats, Floats]:
    frame = _data(name)
    time, event, _, _ = SETS[name]
    columns = (frame[time], frame[event], frame["entry"])
    return frame, *(c.to_numpy(dtype=np.float64) for c in columns)


@pytest.mark.parametrize("name", SETS)
def test_curves_against_lifelines(name: str) -> None:
    lifelines = pytest.importorskip("lifelines", reason="lifelines is not installed")
    frame, time, event, entry = _arrays(name)
    if (entry > 0).any():
        # lifelines counts an entry on the day of an event as at risk; R and this project do not.
        frame, time, event, entry = frame, time, event, np.zeros_like(entry)
    curve = kaplan_meier(time, event, entry)
    fitter = lifelines.KaplanMeierFitter().fit(time, event)
    theirs = fitter.survival_function_.iloc[:, 0]
    assert curve.survival == pytest.approx(theirs.loc[curve.day].to_numpy(), abs=TOLERANCE)
    limits = fitter.confidence_interval_.loc[curve.day].to_numpy()
    defined = ~np.isnan(curve.ci_lower)
    assert defined.sum() > 10
    assert curve.ci_lower[defined] == pytest.approx(limits[defined, 0], abs=TOLERANCE)
    assert curve.ci_upper[defined] == pytest.approx(limits[defined, 1], abs=TOLERANCE)
    events = fitter.event_table.loc[curve.day]
    assert curve.n_at_risk.tolist() == events["at_risk"].tolist()
    assert median_day(curve) == pytest.approx(fitter.median_survival_time_, nan_ok=True) or (
        np.isnan(median_day(curve)) and np.isinf(fitter.median_survival_time_)
    )


@pytest.mark.parametrize("name", SETS)
def test_log_rank_against_lifelines(name: str) -> None:
    statistics = pytest.importorskip("lifelines.statistics", reason="lifelines is not installed")
    frame, time, event, _ = _arrays(name)
    group = frame[SETS[name][2]].to_numpy()
    ours = log_rank(time, event, group)
    theirs = statistics.multivariate_logrank_test(time, group, event)
    assert ours.statistic == pytest.approx(theirs.test_statistic, rel=TOLERANCE)
    assert ours.p_value == pytest.approx(theirs.p_value, rel=TOLERANCE)


@pytest.mark.parametrize("name", SETS)
def test_cox_against_lifelines(name: str) -> None:
    lifelines = pytest.importorskip("lifelines", reason="lifelines is not installed")
    frame, time, event, entry = _arrays(name)
    terms = SETS[name][3]
    # lifelines refuses an exit on the day of entry, which a time of zero is.
    keep = time > entry if name == "ragged" else np.ones(len(time), dtype=bool)
    frame, time, event, entry = frame[keep], time[keep], event[keep], entry[keep]
    fit = fit_cox(frame[terms], time, event, entry)
    table = frame[terms].assign(T=time, E=event, entry=entry)
    late = {"entry_col": "entry"} if (entry > 0).any() else {}
    theirs = lifelines.CoxPHFitter().fit(
        table if late else table.drop(columns="entry"), "T", "E",
        fit_options={"precision": 1e-10}, **late,
    )  # fmt: skip
    assert fit.coefficient == pytest.approx(theirs.params_.to_numpy(), abs=TOLERANCE)
    assert fit.standard_error == pytest.approx(theirs.standard_errors_.to_numpy(), abs=TOLERANCE)
    assert fit.p_value == pytest.approx(theirs.summary["p"].to_numpy(), abs=TOLERANCE)
    assert fit.log_likelihood == pytest.approx(theirs.log_likelihood_, abs=TOLERANCE)


def test_transplants_as_published() -> None:
    frame, time, event, entry = _arrays("stanford_heart_transplants")
    fit = fit_cox(frame[["age", "year", "surgery", "transplant"]], time, event, entry)
    # lifelines' documentation of CoxTimeVaryingFitter.
    assert fit.coefficient.round(2).tolist() == [0.03, -0.15, -0.64, -0.01]
    assert fit.standard_error.round(2).tolist() == [0.01, 0.07, 0.37, 0.31]


R_SCRIPT = """
suppressMessages(library(survival))
args <- commandArgs(TRUE)
d <- read.csv(args[1])
late <- any(d$entry > 0)
d$begin <- ifelse(d$entry > 0, d$entry, -1)
d$y <- if (late) Surv(d$begin, d$time, d$event) else Surv(d$time, d$event)
curve <- survfit(y ~ 1, d, conf.type = "log-log")
terms <- setdiff(names(d), c("time", "event", "entry", "group", "begin", "y"))
d$x <- as.matrix(d[, terms])
control <- coxph.control(eps = 1e-11, toler.chol = 1e-12)
model <- coxph(y ~ x, d, ties = "efron", control = control)
zph <- cox.zph(coxph(reformulate(terms, "y"), d, control = control), transform = "km")$table
show <- function(name, v) cat(name, formatC(as.numeric(v), digits = 15, format = "g"), "\\n")
show("day", curve$time)
show("survival", curve$surv)
show("lower", curve$lower)
show("upper", curve$upper)
show("at_risk", curve$n.risk)
show("coefficient", coef(model))
show("error", sqrt(diag(vcov(model))))
show("zph", zph[, "chisq"])
show("zph_p", zph[, "p"])
show("log_likelihood", model$loglik[2])
if (!late) show("log_rank", survdiff(y ~ group, d)$chisq)
"""


def _run_r(folder: Path, frame: pd.DataFrame) -> dict[str, Floats]:
    if shutil.which("Rscript") is None:
        pytest.skip("Rscript is not installed")
    frame.to_csv(folder / "data.csv", index=False)
    (folder / "run.R").write_text(R_SCRIPT)
    done = subprocess.run(
        ["Rscript", "--vanilla", str(folder / "run.R"), str(folder / "data.csv")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "there is no package called" in done.stderr:
        pytest.skip("the R package survival is not installed")
    assert done.returncode == 0, done.stderr
    rows = [line.split() for line in done.stdout.splitlines()]
    return {row[0]: np.array([float(v.replace("NA", "nan")) for v in row[1:]]) for row in rows}


@pytest.mark.parametrize("name", SETS)
def test_everything_against_r(name: str, tmp_path: Path) -> None:
    frame, time, event, entry = _arrays(name)
    _, _, group, terms = SETS[name]
    columns: dict[str, Any] = {f"t{i}": frame[t].to_numpy() for i, t in enumerate(terms)}
    columns |= {"time": time, "event": event, "entry": entry}
    columns["group"] = pd.factorize(frame[group])[0]
    if name == "lung":
        assert set(np.unique(event)) == {0, 1}
    theirs = _run_r(tmp_path, pd.DataFrame(columns))
    curve = kaplan_meier(time, event, entry)
    here = np.searchsorted(curve.day, theirs["day"])
    assert curve.day[here].tolist() == theirs["day"].tolist()
    assert curve.survival[here] == pytest.approx(theirs["survival"], abs=TOLERANCE)
    assert curve.n_at_risk[here].tolist() == theirs["at_risk"].tolist()
    defined = ~np.isnan(curve.ci_lower[here])
    assert curve.ci_lower[here][defined] == pytest.approx(theirs["lower"][defined], abs=TOLERANCE)
    assert curve.ci_upper[here][defined] == pytest.approx(theirs["upper"][defined], abs=TOLERANCE)
    fit = fit_cox(frame[terms], time, event, entry)
    assert fit.coefficient == pytest.approx(theirs["coefficient"], abs=TOLERANCE)
    assert fit.standard_error == pytest.approx(theirs["error"], abs=TOLERANCE)
    assert fit.log_likelihood == pytest.approx(theirs["log_likelihood"][0], abs=TOLERANCE)
    assert fit.ph_statistic == pytest.approx(theirs["zph"][:-1], rel=TOLERANCE, abs=TOLERANCE)
    assert fit.ph_p_value == pytest.approx(theirs["zph_p"][:-1], abs=TOLERANCE)
    assert fit.ph_global_p_value == pytest.approx(theirs["zph_p"][-1], abs=TOLERANCE)
    if "log_rank" in theirs:
        test = log_rank(time, event, columns["group"])
        assert test.statistic == pytest.approx(theirs["log_rank"][0], rel=TOLERANCE)
