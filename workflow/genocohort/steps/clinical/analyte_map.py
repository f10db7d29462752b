"""Units of measurements that the package does not know, as a column map declares them."""

from pydantic import Field, model_validator

from genocohort.config import Settings
from genocohort.domain.units import Analyte, Conversion


class UnitConversion(Settings):
    """To the standard unit: value * factor + offset."""

    factor: float = Field(gt=0)
    offset: float = 0.0


class AnalyteMap(Settings):
    """A measurement the package has no conversions for, or has other ones for.

    `plausible` are the limits, in the standard unit, outside of which a unit is questioned.
    """

    code: str = Field(min_length=1)
    name: str = Field(min_length=1)
    unit: str = Field(min_length=1, description="standard unit (UCUM)")
    plausible: tuple[float, float]
    other_units: dict[str, UnitConversion] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _limits(self) -> "AnalyteMap":
        if self.plausible[0] >= self.plausible[1]:
            raise ValueError(f"{self.code}: plausible must be a lower and an upper limit")
        return self

    def analyte(self) -> Analyte:
        """The analyte it declares."""
        others = {u: Conversion(c.factor, c.offset) for u, c in self.other_units.items()}
        return Analyte(self.name, self.unit, self.plausible, others)
