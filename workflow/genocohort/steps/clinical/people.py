"""Who a row is about, by the name that participant goes by in the results."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from genocohort.domain.sheet import Sample
from genocohort.io.crosswalk import Pseudonyms

ERASED = "erased: the participant asked for it"
UNKNOWN = "(not in the crosswalk)"


@dataclass
class People:
    """Names of participants in the results.

    Attributes
    ----------
    of_sample : mapping of str to str
        Participant of each sample of the sheet, as the results name them.
    pseudonyms : Pseudonyms
    erased : frozenset of str
        Own ids of who is left out everywhere.
    seen : set of str
        Own ids that were met, for who makes the crosswalk.
    unknown : set of str
        Own ids without a pseudonym.
    """

    of_sample: Mapping[str, str]
    pseudonyms: Pseudonyms = field(default_factory=Pseudonyms)
    erased: frozenset[str] = frozenset()
    seen: set[str] = field(default_factory=set)
    unknown: set[str] = field(default_factory=set)

    def name(self, participant: str) -> str | None:
        """The participant's name in the results; None for who is erased."""
        self.seen.add(participant)
        if participant in self.erased:
            return None
        try:
            return self.pseudonyms.participant(participant)
        except KeyError:
            self.unknown.add(participant)
            return UNKNOWN

    def example(self, identifier: str) -> str:
        """An id as an example in the ledger: none where ids are not to be seen."""
        return identifier if self.pseudonyms.keep_ids else ""


def people_of(
    samples: Iterable[Sample],
    pseudonyms: Pseudonyms | None = None,
    erased: frozenset[str] = frozenset(),
) -> People:
    """Names from a sheet that has the results' names already."""
    of_sample = {s.sample_id: s.participant_id for s in samples}
    return People(of_sample, pseudonyms or Pseudonyms(), erased)
