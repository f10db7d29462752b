"""What is noticed while clinical records are read: findings that are told, problems that stop."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from genocohort.errors import ConfigError, GenocohortError, InputDataError, Problems


@dataclass(frozen=True)
class Finding:
    """One row of the table of findings; row 0 and an empty column mean the whole source or row."""

    source: str
    row: int
    column: str
    kind: str
    sentence: str


@dataclass
class Review:
    """Findings and problems of a whole read; problems are raised together at its end."""

    findings: list[Finding] = field(default_factory=list)
    problems: list[GenocohortError] = field(default_factory=list)
    dropped: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    tallies: dict[tuple[str, str, str, str], int] = field(default_factory=dict)

    def find(
        self, source: str, kind: str, sentence: str, *, row: int = 0, column: str = ""
    ) -> None:
        """Note something that was tolerated, flagged or left out; never a value."""
        self.findings.append(Finding(source, row, column, kind, sentence))

    def tally(self, source: str, kind: str, n: int, sentence: str, column: str = "") -> None:
        """Count something that may be met piece by piece; `{n}` in the sentence is the total."""
        if n:
            key = (source, kind, sentence, column)
            self.tallies[key] = self.tallies.get(key, 0) + n

    def settle(self) -> None:
        """Turn what was counted into findings, in an order that no piece decides."""
        for (source, kind, sentence, column), n in sorted(self.tallies.items()):
            self.find(source, kind, sentence.replace("{n}", str(n)), column=column)
        self.tallies.clear()

    def drop(self, source: str, reason: str, example: str = "") -> None:
        """Count a row of a source that is left out; an example is an id, never a value."""
        self.dropped.setdefault(source, {}).setdefault(reason, []).append(example)

    def bad_cells(
        self,
        source: str,
        column: str,
        rows: Sequence[int],
        what: str,
        expected: str,
        remedy: str = "",
    ) -> None:
        """One problem for all the cells of a column that are wrong in the same way."""
        if rows:
            self.problems.append(
                InputDataError(
                    what,
                    where=f"{source}, column {column}",
                    offenders=[f"row {row}" for row in rows],
                    expected=expected,
                    remedy=remedy
                    or "correct the cells, or declare what they mean in the column map",
                )
            )

    def bad_map(self, source: str, what: str, expected: str) -> None:
        """The column map does not fit the file."""
        self.problems.append(
            ConfigError(
                what, where=f"column map, source {source}", expected=expected,
                remedy="correct the column map",
            )
        )  # fmt: skip

    def without_pseudonym(self, n: int) -> None:
        """Participants of the sources that the crosswalk does not hold."""
        if n:
            self.problems.append(
                ConfigError(
                    f"{n} participants of the clinical sources have no pseudonym",
                    where="the crosswalk", remedy="run `genocohort pseudonyms`, then run again",
                )
            )  # fmt: skip

    def raise_problems(self) -> None:
        """Stop if there was any problem.

        Raises
        ------
        Problems
            All of them at once.
        """
        if self.problems:
            raise Problems(self.problems)
