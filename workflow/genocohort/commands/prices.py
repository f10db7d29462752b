"""What a plan costs by a price table of the user's own."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from genocohort.commands.dry_run import PlannedJob
from genocohort.commands.estimates import Estimate
from genocohort.config import Settings, parse_settings, read_yaml
from genocohort.errors import ConfigError

EXAMPLE = """currency: EUR
cpu_hour: 0.04      # per CPU that a job asks for, and hour
gib_hour: 0.005     # per GiB (2^30 bytes) of memory that a job asks for, and hour
gb_stored: 0.02     # per GB (10^9 bytes) of results, for as long as you will keep them
"""
# Nothing of these remains after a run.
_PASSING = "work/"


class Prices(Settings):
    """A price table; there are no prices but the user's."""

    currency: str = Field(min_length=1, max_length=20)
    cpu_hour: float = Field(ge=0)
    gib_hour: float = Field(ge=0)
    gb_stored: float = Field(ge=0)


@dataclass
class Cost:
    """Hours and sizes that are known, and how many jobs they leave out."""

    cpu_hours: float = 0.0
    gib_hours: float = 0.0
    gb_stored: float = 0.0
    n_without_time: int = 0
    n_without_memory: int = 0
    n_without_size: int = 0

    def add(self, job: PlannedJob, estimate: Estimate) -> None:
        """Add what is known of a job."""
        sizes = [Path(name).stat().st_size for name in job.outputs if Path(name).is_file()]
        kept = [name for name in job.outputs if not name.startswith(_PASSING)]
        if kept and not sizes:
            self.n_without_size += 1
        self.gb_stored += sum(sizes) / 1e9
        if estimate.seconds is None:
            self.n_without_time += 1
            return
        hours = estimate.seconds / 3600
        self.cpu_hours += hours * job.threads
        if estimate.mem_mb is None:
            self.n_without_memory += 1
        else:
            self.gib_hours += hours * estimate.mem_mb * 1e6 / 2**30


def read_prices(path: Path) -> Prices:
    """Read a price table, YAML or JSON.

    Raises
    ------
    ConfigError
        There is no such file, or it is not YAML.
    Problems
        A price is missing or is none, or a key is unknown.
    """
    if not path.is_file():
        raise ConfigError(
            "there is no such price table",
            where=str(path),
            remedy="write one; `genocohort plan --help` shows an example",
        )
    return parse_settings(Prices, read_yaml(path), str(path))


def compute_cost(jobs: Sequence[PlannedJob], estimates: Sequence[Estimate]) -> Cost:
    """What jobs will use; the size of results is that of the files they replace."""
    cost = Cost()
    for job, estimate in zip(jobs, estimates, strict=True):
        cost.add(job, estimate)
    return cost


def _money(amount: float) -> str:
    return "under 0.01" if 0 < amount < 0.01 else f"{amount:,.2f}"


def cost_text(cost: Cost, prices: Prices) -> str:
    """The cost as a table, and what it leaves out."""
    rows = (
        ("CPU", cost.cpu_hours, "CPU hours", prices.cpu_hour),
        ("memory", cost.gib_hours, "GiB hours", prices.gib_hour),
        ("results", cost.gb_stored, "GB stored", prices.gb_stored),
    )
    lines = [f"{'cost':<10}{'amount':>12}  {'unit':<10}{'price':>10}{prices.currency:>14}"]
    lines += [
        f"{name:<10}{amount:>12,.3f}  {unit:<10}{price:>10g}{_money(amount * price):>14}"
        for name, amount, unit, price in rows
    ]
    total = sum(amount * price for _, amount, _, price in rows)
    lines.append(f"{'together':<44}{_money(total):>12}")
    missing = {
        "time": cost.n_without_time,
        "memory": cost.n_without_memory,
        "size of results": cost.n_without_size,
    }
    left_out = [f"the {what} of {n}" for what, n in missing.items() if n]
    if left_out:
        lines.append(f"It leaves out what no earlier run tells: {', '.join(left_out)} of the jobs.")
    return "\n".join(lines)
