"""Rules that keep a published table from telling anything about few people."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from genocohort.steps.report.chart.scales import format_count
from genocohort.steps.report.page import Cell

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Rules:
    """`least`: the smallest number of people shown; `base`: totals are rounded to its multiples;
    `stratum`: people a genetic summary needs."""

    least: int
    base: int
    stratum: int

    def rounded(self, n: int) -> int:
        """The nearest multiple of the base, never one below the smallest number shown."""
        if n == 0:
            return 0
        nearest = (2 * n + self.base) // (2 * self.base) * self.base
        return max(nearest, -(-self.least // self.base) * self.base)

    def words(self, n: int) -> str:
        """A total in words; rounded, so that two totals tell nothing by their difference."""
        if n == 0:
            return "none"
        return f"fewer than {self.least}" if n < self.least else f"about {self.number(n)}"

    def number(self, n: int) -> str:
        """A total as a number, rounded."""
        return format_count(self.rounded(n))

    def cell(self, n: int) -> Cell:
        """A total as a cell of a table."""
        if 0 < n < self.least:
            return Cell(f"<\u00a0{self.least}", 0.5)
        return Cell(self.number(n), self.rounded(n))


def find_suppressed(counts: Integers, least: int) -> Flags:
    """Cells to hide when the sums of all rows and of all columns are known.

    Small cells are hidden first; then further ones, the smallest that are not 0, until every row
    and column with a hidden cell has two of them, whose sum is not small either.

    Parameters
    ----------
    counts : ndarray of int, shape (rows, columns)
        Numbers of people, without the sums.

    References
    ----------
    Cox LH. Suppression methodology and statistical disclosure control. J Am Stat Assoc 1980;
    75:377-385.
    """
    hidden = (counts > 0) & (counts < least)
    changed = True
    while changed:
        changed = False
        # A margin of one cell is that cell; only longer lines have a sum of their own.
        for lines in (hidden, hidden.T):
            values = counts if lines is hidden else counts.T
            for line, row in zip(lines, values, strict=True):
                if len(row) > 1 and line.any() and _is_open(row, line, least):
                    changed |= _hide_next(row, line)
    return hidden


def _is_open(row: Integers, line: Flags, least: int) -> bool:
    return int(line.sum()) < 2 or int(row[line].sum()) < least


def _hide_next(row: Integers, line: Flags) -> bool:
    free = np.flatnonzero(~line)
    if not len(free):
        return False
    # A zero hides nothing unless there is nothing else to hide.
    positive = free[row[free] > 0]
    chosen = positive if len(positive) else free
    line[chosen[np.argmin(row[chosen])]] = True
    return True


def merge_small(sizes: Sequence[int], least: int) -> list[list[int]]:
    """Places of groups, the small ones put together until together they are not small.

    Returns
    -------
    list of list of int
        Each group's places in `sizes`; the merged one comes last. Empty when all of them together
        are too few.
    """
    order = sorted(range(len(sizes)), key=lambda i: (sizes[i], i))
    small = [i for i in order if sizes[i] < least]
    if sum(sizes) < least:
        return []
    while small and sum(sizes[i] for i in small) < least:
        small.append(order[len(small)])
    kept = [[i] for i in range(len(sizes)) if i not in small]
    return [*kept, sorted(small)] if small else kept


def compute_knots(
    days: Integers, at_risk: Sequence[Integers], events: Sequence[Integers], rules: Rules
) -> list[int]:
    """Days at which curves of all groups may be read.

    Between two of them every group has at least `least` events, and `least` are left at the
    second; a curve drawn through these says nothing of a single event.

    Parameters
    ----------
    days : ndarray of int, shape (n,)
        Candidates in rising order.
    at_risk, events : sequence of ndarray of int, shape (n,)
        One array per group: at risk after each candidate, and events up to and including it.
    """
    knots: list[int] = []
    seen = [0] * len(events)
    for k, day in enumerate(days):
        if any(n[k] < rules.least for n in at_risk):
            break
        if all(e[k] - s >= rules.least for e, s in zip(events, seen, strict=True)):
            knots.append(int(day))
            seen = [int(e[k]) for e in events]
    return knots
