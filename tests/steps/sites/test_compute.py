"""Which sites are chosen, and why the others are not."""

import numpy as np

from genocohort.steps.sites.compute import count_reasons, judge_sites
from genocohort.steps.sites.settings import SitesSettings

SETTINGS = SitesSettings()


def test_every_reason() -> None:
    rows = [
        ("chr1", 10, "A", "G", 0.3, 1.0, ""),
        ("chrX", 11, "A", "G", 0.3, 1.0, "not on an autosome"),
        ("chr1", 12, "A", "AG", 0.3, 1.0, "no single base for another"),
        ("chr1", 13, "A", "*", 0.3, 1.0, "no single base for another"),
        ("chr1", 14, "A", "G", 0.3, 1.0, "another ALT at the same position"),
        ("chr1", 14, "A", "T", 0.3, 1.0, "another ALT at the same position"),
        ("chr2", 14, "A", "T", 0.3, 1.0, ""),
        ("chr1", 15, "A", "G", np.nan, 1.0, "the panel gives no frequency"),
        ("chr1", 16, "A", "G", 0.3, 0.89, "called in too few samples"),
        ("chr1", 17, "A", "G", 0.04, 1.0, "the rarer allele is too rare"),
        ("chr1", 18, "A", "G", 0.96, 1.0, "the rarer allele is too rare"),
        ("chr1", 19, "A", "G", 0.05, 0.9, ""),
    ]
    *given, wanted = (list(column) for column in zip(*rows, strict=True))
    frequency, call_rate = np.array(given[4]), np.array(given[5])
    reasons = judge_sites(*given[:4], frequency, call_rate, SETTINGS)
    assert reasons.tolist() == wanted
    counted = count_reasons(reasons, given[0], given[1])
    assert counted["another ALT at the same position"] == (2, ("chr1:14", "chr1:14"))
    assert sum(n for n, _ in counted.values()) == 9


def test_too_many_are_thinned_evenly() -> None:
    n = 1000
    few = SETTINGS.model_copy(update={"max_sites": 10})
    reasons = judge_sites(
        ["chr1"] * n, range(1, n + 1), ["A"] * n, ["G"] * n, np.full(n, 0.5), np.ones(n), few
    )
    assert np.flatnonzero(reasons == "").tolist() == list(range(0, n, 100))


def test_no_site() -> None:
    assert len(judge_sites([], [], [], [], np.zeros(0), np.zeros(0), SETTINGS)) == 0
