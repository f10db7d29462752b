"""What the checks collect: problems, notices, and how many checks were made."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeVar

from genocohort.domain.ledger import Entry
from genocohort.errors import GenocohortError, Problems

T = TypeVar("T")


@dataclass
class Outcome:
    """Collects every problem instead of stopping at the first."""

    problems: list[GenocohortError] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    entries: list[Entry] = field(default_factory=list)
    n_checks: int = 0

    def add(self, problem: GenocohortError) -> None:
        """Note one problem; a bundle of problems is taken apart."""
        self.problems += problem.problems if isinstance(problem, Problems) else [problem]

    def attempt(self, check: Callable[[], T]) -> T | None:
        """Make one check; its error becomes a problem and the result None."""
        self.n_checks += 1
        try:
            return check()
        except GenocohortError as error:
            self.add(error)
            return None
