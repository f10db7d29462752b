"""Sex by X and Y, from calls and from alignments, against the recorded one."""

from dataclasses import dataclass
from typing import Literal

from genocohort.steps.sample_qc.metrics import Metrics
from genocohort.steps.sample_qc.settings import SampleQcSettings

Vote = Literal["male", "female"]


@dataclass(frozen=True)
class Evidence:
    """One measurement that speaks for a sex: of calls or alignment, with its words."""

    source: Literal["calls", "alignment"]
    chromosome: Literal["X", "Y"]
    vote: Vote
    words: str


def sex_evidence(metrics: Metrics, settings: SampleQcSettings) -> tuple[Evidence, ...]:
    """Measurements that clearly speak for one sex; those between the limits are left out."""
    found: list[Evidence] = []
    if metrics.get("n_x_variants", 0) >= settings.min_x_variants and "x_f" in metrics:
        vote = _vote(metrics["x_f"], settings.x_f_female_max, settings.x_f_male_min, low="female")
        _add(found, "calls", "X", vote, f"F on X {metrics['x_f']:.2f}")
    if metrics.get("n_y_variants", 0) >= settings.min_y_variants and "y_call_rate" in metrics:
        rate = metrics["y_call_rate"]
        vote = _vote(
            rate, settings.y_call_rate_female_max, settings.y_call_rate_male_min, low="female"
        )
        _add(found, "calls", "Y", vote, f"{100 * rate:.0f} % of Y variants called")
    return (*found, *_depth_evidence(metrics, settings))


def _depth_evidence(metrics: Metrics, settings: SampleQcSettings) -> list[Evidence]:
    found: list[Evidence] = []
    x, y = metrics.get("x_depth_ratio"), metrics.get("y_depth_ratio")
    if (x or 0) > settings.max_x_depth or (y or 0) > settings.max_y_depth:
        return found
    if x is not None:
        vote = _vote(x, settings.x_depth_male_max, settings.x_depth_female_min, low="male")
        _add(found, "alignment", "X", vote, f"depth on X {x:.2f} of that on the autosomes")
    if y is not None:
        vote = _vote(y, settings.y_depth_female_max, settings.y_depth_male_min, low="female")
        _add(found, "alignment", "Y", vote, f"depth on Y {y:.2f} of that on the autosomes")
    return found


def _vote(value: float, low_max: float, high_min: float, *, low: Vote) -> Vote | None:
    high: Vote = "male" if low == "female" else "female"
    if value < low_max:
        return low
    return high if value > high_min else None


def _add(
    found: list[Evidence],
    source: Literal["calls", "alignment"],
    chromosome: Literal["X", "Y"],
    vote: Vote | None,
    words: str,
) -> None:
    if vote is not None:
        found.append(Evidence(source, chromosome, vote, words))


def is_measured(metrics: Metrics) -> bool:
    """Whether anything is known about X or Y."""
    names = ("x_f", "y_call_rate", "x_depth_ratio", "y_depth_ratio")
    return any(name in metrics for name in names)


def infer_sex(metrics: Metrics, evidence: tuple[Evidence, ...]) -> str:
    """Male or female where all evidence agrees, ambiguous where not, unknown without any input."""
    votes = {item.vote for item in evidence}
    if len(votes) == 1:
        return votes.pop()
    return "ambiguous" if votes or is_measured(metrics) else "unknown"


def sex_sentence(
    recorded: str, evidence: tuple[Evidence, ...]
) -> tuple[Literal["warn", "fail"], str] | None:
    """Level and sentence where recorded and measured sex disagree; None where they do not.

    Evidence that contradicts itself (X against Y, calls against alignment) is a warning whatever is
    recorded: an unusual karyotype, a contaminated or exchanged sample.
    """
    by_vote = {
        vote: [item.words for item in evidence if item.vote == vote] for vote in ("male", "female")
    }
    if by_vote["male"] and by_vote["female"]:
        sources = {vote: {i.source for i in evidence if i.vote == vote} for vote in by_vote}
        if not sources["male"] & sources["female"]:
            return "warn", (
                f"Calls and alignment may come from two people: the {_only(sources['male'])} "
                f"male ({'; '.join(by_vote['male'])}), the {_only(sources['female'])} female "
                f"({'; '.join(by_vote['female'])})."
            )
        return "warn", (
            f"X and Y disagree about the sex: male by {'; '.join(by_vote['male'])}, female by "
            f"{'; '.join(by_vote['female'])} ({_explanations(evidence)})."
        )
    for vote, words in by_vote.items():
        if words and recorded in by_vote and recorded != vote:
            return "fail", (
                f"Recorded as {recorded}, but the DNA is that of a {vote} ({'; '.join(words)})."
            )
    return None


def _explanations(evidence: tuple[Evidence, ...]) -> str:
    """What X and Y of one source may mean together, where they disagree."""
    fits = set()
    for source in ("calls", "alignment"):
        votes = {(item.chromosome, item.vote) for item in evidence if item.source == source}
        if {("X", "female"), ("Y", "male")} <= votes:
            fits.add("unusual karyotype such as XXY, or a mixed sample")
        if {("X", "male"), ("Y", "female")} <= votes:
            fits.add("unusual karyotype such as X0, a male's loss of Y, or related parents")
    return fits.pop() if len(fits) == 1 else "unusual karyotype, or a mixed sample"


def extra_copy_sentence(metrics: Metrics, settings: SampleQcSettings) -> str | None:
    """The sentence where depth fits a third X or a second Y; None where it does not.

    Calls cannot show these: a third X is heterozygous like a second, a second Y is called as one.
    """
    x, y = metrics.get("x_depth_ratio"), metrics.get("y_depth_ratio")
    if x is None or y is None:
        return None
    measured = f"(depth on X {x:.2f}, on Y {y:.2f} of that on the autosomes)"
    low, high = settings.x_depth_three
    if low <= x <= high and y < settings.y_depth_female_max:
        return f"The depth fits three copies of X and none of Y, karyotype XXX {measured}."
    low, high = settings.y_depth_two
    if low <= y <= high and settings.x_depth_one_min <= x < settings.x_depth_male_max:
        return f"The depth fits one copy of X and two of Y, karyotype XYY {measured}."
    return None


def _only(sources: set[Literal["calls", "alignment"]]) -> str:
    """Subject and verb: `calls are` or `alignment is`."""
    return "calls are" if sources == {"calls"} else "alignment is"
