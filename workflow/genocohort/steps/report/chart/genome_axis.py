"""One axis of all chromosomes, one behind the other."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd

from genocohort.domain.genome import PRIMARY
from genocohort.steps.report.chart.scales import Axis

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Places:
    """Places of positions on the axis.

    `place`, float64[n]; `number`, int64[n]: the chromosome's place among `names`; `ticks`: one in
    each chromosome's middle where there is room for its name; `span`: length of the axis.
    """

    place: Floats
    number: Integers
    names: list[str]
    ticks: list[tuple[float, str]]
    span: float

    def axis(self) -> Axis:
        """The axis itself."""
        return Axis("chromosome", 0, self.span, ticks=self.ticks, grid=False)


def compute_places(
    chromosome: "pd.Series[str] | Sequence[str]", position: Integers, n_labels: int = 28
) -> Places:
    """Lay chromosomes out in their order, each as long as its last position.

    Parameters
    ----------
    chromosome : sequence of str, length n
    position : int64[n]
    n_labels : int
        How many names the axis is long enough for.
    """
    codes, found = pd.factorize(pd.Series(chromosome))
    present = [str(name) for name in found]
    names = [n for n in PRIMARY if n in present] + sorted(set(present) - set(PRIMARY))
    here_by_name = {name: codes == present.index(name) for name in names}
    lengths = {n: int(position[here_by_name[n]].max()) for n in names}
    gap = sum(lengths.values()) * 0.004
    place = np.zeros(len(codes))
    number = np.zeros(len(codes), np.int64)
    ticks = []
    offset = gap
    needed, last = sum(lengths.values()) / n_labels, -math.inf
    for k, name in enumerate(names):
        here = here_by_name[name]
        place[here] = offset + position[here]
        number[here] = k
        middle = offset + lengths[name] / 2
        if middle - last >= needed:
            ticks.append((middle, name.removeprefix("chr")))
            last = middle
        offset += lengths[name] + gap
    return Places(place, number, names, ticks, offset)
