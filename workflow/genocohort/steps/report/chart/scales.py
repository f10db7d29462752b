"""Scales, ticks and numbers as text."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def format_count(value: float) -> str:
    """A whole number with thin separators of thousands: 1 234 567."""
    return f"{round(value):,}".replace(",", "\u202f")


def format_number(value: float | None, digits: int = 3) -> str:
    """A number with `digits` significant digits; an en dash where it is missing."""
    if value is None or not math.isfinite(value):
        return "–"
    if value == 0:
        return "0"
    if value < 0:
        return f"\u2212{format_number(-value, digits)}"
    size = abs(value)
    if size >= 10**6 or size < 10 ** -(digits + 1):
        mantissa, exponent = f"{value:.{digits - 1}e}".split("e")
        return f"{mantissa}\u00a0×\u00a010{str(int(exponent)).translate(SUPERSCRIPT)}"
    decimals = max(0, digits - 1 - math.floor(math.log10(size)))
    text = f"{value:.{decimals}f}"
    return format_count(value) if decimals == 0 and size >= 1000 else text


def format_fixed(value: float | None, decimals: int = 3) -> str:
    """A number with so many decimals; an en dash where it is missing."""
    if value is None or not math.isfinite(value):
        return "–"
    return f"{value:.{decimals}f}".replace("-", "\u2212")


def format_rate(value: float | None, decimals: int = 1) -> str:
    """A rate in [0, 1] as a percentage; an en dash where it is missing."""
    if value is None or not math.isfinite(value):
        return "–"
    if 0 < value < 0.5 * 10 ** -(decimals + 2):
        return f"<\u00a0{10.0**-decimals:.{decimals}f}\u00a0%"
    return f"{100 * value:.{decimals}f}\u00a0%"


def format_p(neg_log10_p: float | None) -> str:
    """A P value given as -log10 P, however small: `0.032`, `4.1 × 10⁻¹²`."""
    if neg_log10_p is None or not math.isfinite(neg_log10_p):
        return "–"
    if neg_log10_p < 3:
        return f"{10**-neg_log10_p:.2g}"
    exponent = math.floor(-neg_log10_p)
    mantissa = 10 ** (-neg_log10_p - exponent)
    if mantissa >= 9.95:
        mantissa, exponent = 1.0, exponent + 1
    power = f"10{str(exponent).translate(SUPERSCRIPT)}"
    return power if f"{mantissa:.1f}" == "1.0" else f"{mantissa:.1f}\u00a0×\u00a0{power}"


def format_tick(value: float, step: float) -> str:
    """A tick's label with as many decimals as its step needs."""
    if value == 0:
        return "0"
    if abs(value) >= 10**6:
        return f"{value / 10**6:g}\u00a0M"
    decimals = next((d for d in range(9) if abs(step - round(step, d)) < 1e-9 * step), 9)
    text = f"{value:.{decimals}f}" if decimals else format_count(value)
    return text.replace("-", "\u2212")


def compute_ticks(low: float, high: float, n: int = 5) -> list[float]:
    """About `n` round values within [low, high].

    References
    ----------
    Heckbert PS. Nice numbers for graph labels. In: Graphics Gems. Academic Press, 1990: 61-63.
    """
    if not (math.isfinite(low) and math.isfinite(high)) or high <= low:
        return [low] if math.isfinite(low) else []
    raw = (high - low) / max(n - 1, 1)
    power = 10.0 ** math.floor(math.log10(raw))
    step = min((m * power for m in (1, 2, 2.5, 5, 10)), key=lambda s: abs(math.log(s / raw)))
    first = math.ceil(low / step - 1e-9)
    last = math.floor(high / step + 1e-9)
    return [k * step for k in range(first, last + 1)]


def compute_limits(
    values: Sequence[float], *, pad: float = 0.05, include: Sequence[float] = ()
) -> tuple[float, float]:
    """Lowest and highest finite value, widened by `pad` of their distance; `include` is inside."""
    finite = [v for v in (*values, *include) if math.isfinite(v)]
    if not finite:
        return (0.0, 1.0)
    low, high = min(finite), max(finite)
    if low == high:
        reach = abs(low) * 0.1 or 0.5
        return (low - reach, high + reach)
    reach = (high - low) * pad
    return (low - reach, high + reach)


@dataclass(frozen=True)
class Axis:
    """One axis: what it shows with its unit, its limits and its ticks.

    `ticks` replaces the computed ones: pairs of position and label. `is_named`: places on it are
    no values but the names of what is drawn there.
    """

    label: str
    low: float
    high: float
    kind: Literal["linear", "log"] = "linear"
    ticks: Sequence[tuple[float, str]] | None = None
    grid: bool = True
    n_ticks: int = 5
    format: Callable[[float], str] | None = field(default=None)
    is_named: bool = False

    def fraction(self, value: float) -> float:
        """Where a value lies between the axis' ends: 0 at `low`, 1 at `high`."""
        if self.kind == "log":
            return math.log(value / self.low) / math.log(self.high / self.low)
        return (value - self.low) / (self.high - self.low)

    def labelled_ticks(self) -> list[tuple[float, str]]:
        """Positions and labels."""
        if self.ticks is not None:
            return list(self.ticks)
        if self.kind == "log":
            return self._log_ticks()
        positions = compute_ticks(self.low, self.high, self.n_ticks)
        step = positions[1] - positions[0] if len(positions) > 1 else 1.0
        return [(p, self.format(p) if self.format else format_tick(p, step)) for p in positions]

    def _log_ticks(self) -> list[tuple[float, str]]:
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        every = max(1, math.ceil((last - first + 1) / 6))
        positions = [10.0**e for e in range(first, last + 1, every)]
        if len(positions) < 3:
            positions = sorted(
                m * 10.0**e
                for e in range(first - 1, last + 1)
                for m in (1, 2, 5)
                if self.low <= m * 10.0**e <= self.high
            )
        return [(p, self.format(p) if self.format else _log_label(p)) for p in positions]


def _log_label(value: float) -> str:
    if 0.001 <= value < 1:
        return f"{value:g}"
    if 1 <= value < 10**5:
        return format_count(value)
    exponent = math.floor(math.log10(value) + 1e-9)
    power = f"10{str(exponent).translate(SUPERSCRIPT)}"
    times = round(value / 10.0**exponent)
    return power if times == 1 else f"{times}\u00a0×\u00a0{power}"
