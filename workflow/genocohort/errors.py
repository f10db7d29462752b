"""Errors a user can mend, and the exit code each one ends with."""

from collections.abc import Sequence

MAX_OFFENDERS = 5


class GenocohortError(Exception):
    """An expected failure: says what is wrong, where, what was expected and what to do.

    Parameters
    ----------
    what : str
        The problem in one sentence.
    where : str
        File, and row, column or record where there is one.
    expected : str
        What would have been right.
    remedy : str
        What the user can do.
    offenders : sequence of str
        All offending items; the first five and the total are shown. Never clinical values.
    """

    exit_code = 1

    def __init__(
        self,
        what: str,
        *,
        where: str = "",
        expected: str = "",
        remedy: str = "",
        offenders: Sequence[str] = (),
    ) -> None:
        self.what = what
        self.where = where
        self.expected = expected
        self.remedy = remedy
        self.offenders = tuple(offenders)
        super().__init__(self.message())

    def message(self) -> str:
        """The error as the user reads it, one line per part."""
        lines = [self.what]
        if self.where:
            lines.append(f"  where:    {self.where}")
        if self.offenders:
            shown = ", ".join(self.offenders[:MAX_OFFENDERS])
            more = len(self.offenders) - MAX_OFFENDERS
            lines.append(f"  found:    {shown}" + (f" ... {more} more" if more > 0 else ""))
        if self.expected:
            lines.append(f"  expected: {self.expected}")
        if self.remedy:
            lines.append(f"  remedy:   {self.remedy}")
        return "\n".join(lines)


class ConfigError(GenocohortError):
    """The configuration is wrong."""

    exit_code = 2


class InputDataError(GenocohortError):
    """An input file is missing, damaged or contradicts another one."""

    exit_code = 3


class ToolError(GenocohortError):
    """An external tool failed."""

    exit_code = 4


class Problems(GenocohortError):
    """Several problems of one kind of check, reported at once.

    Parameters
    ----------
    problems : sequence of GenocohortError
        At least one; the exit code is the smallest among them (configuration before data).
    """

    def __init__(self, problems: Sequence[GenocohortError]) -> None:
        if not problems:
            raise ValueError("Problems needs at least one problem")
        self.problems = tuple(problems)
        self.exit_code = min(p.exit_code for p in problems)
        super().__init__(f"{len(problems)} problem{'s' if len(problems) > 1 else ''} found")

    def message(self) -> str:
        """All problems, numbered."""
        parts = [self.what] if hasattr(self, "what") else []
        parts += [f"{i}. {p.message()}" for i, p in enumerate(self.problems, 1)]
        return "\n".join(parts)
