"""Write one page per step from its settings and its tables: `make docs`."""

import inspect
import re
import sys
import types
import typing
from pathlib import Path

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from genocohort import cli
from genocohort.domain.table import Table
from genocohort.domain.tables_alignments import regions_table
from genocohort.domain.tables_ancestry import ancestry_components_table, ancestry_loadings_table
from genocohort.domain.tables_clinical import phenotypes_wide_table
from genocohort.domain.tables_cohort import components_table, loadings_table
from genocohort.io.results import declared_tables
from genocohort.study_config import STEPS, Config

FOLDER = Path(__file__).parent
WITHOUT_COMMAND = {"calls": "variants called from the alignments, by bcftools"}
# Their columns depend on the study; these are examples.
MADE = (
    components_table(2), loadings_table(2), ancestry_components_table(2),
    ancestry_loadings_table(2), phenotypes_wide_table(["ldl", "age_index"]),
    regions_table((1, 20)),
)  # fmt: skip
BOUNDS = {"ge": "at least", "gt": "above", "le": "at most", "lt": "below",
          "min_length": "length at least", "max_length": "length at most"}  # fmt: skip


def _type(annotation: object) -> str:
    """A type as a reader of YAML would say it."""
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Literal:
        return " or ".join(str(a) for a in arguments)
    if origin in (typing.Union, types.UnionType):
        return " or ".join("none" if a is type(None) else _type(a) for a in arguments)
    if origin is typing.Annotated:
        return _type(arguments[0])
    if origin in (tuple, list):
        kinds = dict.fromkeys(_type(a) for a in arguments if a is not ...)
        return "list of " + " or ".join(kinds)
    if origin is dict:
        return f"mapping of {_type(arguments[0])} to {_type(arguments[1])}"
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return f"[{annotation.__name__}](#{annotation.__name__.lower()})"
    names = {"str": "text", "int": "whole number", "float": "number", "bool": "true or false"}
    name = getattr(annotation, "__name__", str(annotation))
    return names.get(name, name)


def _models(annotation: object) -> list[type[BaseModel]]:
    """Settings classes inside a type."""
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return [annotation]
    return [m for a in typing.get_args(annotation) for m in _models(a)]


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "must be given"
    value = field.get_default(call_default_factory=True)
    if isinstance(value, BaseModel):
        return "its defaults"
    if value is None or value == () or value == {}:
        return "none"
    if isinstance(value, tuple):
        return ", ".join(type(v).__name__ if isinstance(v, BaseModel) else str(v) for v in value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def _bounds(field: FieldInfo) -> str:
    found = []
    for part in field.metadata:
        for name, words in BOUNDS.items():
            if getattr(part, name, None) is not None:
                found.append(f"{words} {getattr(part, name)}")
    return ", ".join(found)


def _cell(text: str) -> str:
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def settings_text(model: type[BaseModel], done: set[str]) -> list[str]:
    """The settings of a class as a table, then those of the classes inside it."""
    if model.__name__ in done:
        return []
    done.add(model.__name__)
    lines = [f"### {model.__name__}", "", _cell(inspect.getdoc(model) or ""), ""]
    inner: list[type[BaseModel]] = []
    if not model.model_fields:
        return [*lines, "There is nothing to set.", ""]
    lines += ["| key | type | default | range | meaning |", "|---|---|---|---|---|"]
    for name, field in model.model_fields.items():
        cells = (f"`{name}`", _type(field.annotation), _default(field), _bounds(field),
                 field.description or "")  # fmt: skip
        lines.append("| " + " | ".join(_cell(c) for c in cells) + " |")
        inner += _models(field.annotation)
    lines.append("")
    for other in inner:
        lines += settings_text(other, done)
    return lines


def table_text(table: Table) -> list[str]:
    """A table's declaration."""
    lines = [f"### `{table.name}`, version {table.version}", "", _cell(table.meaning), ""]
    lines += ["| column | type | meaning | a null says |", "|---|---|---|---|"]
    for column in table.columns:
        cells = (f"`{column.name}`", column.type, column.meaning, column.missing or "never null")
        lines.append("| " + " | ".join(_cell(c) for c in cells) + " |")
    return [*lines, ""]


def page(step: str) -> str:
    """The page of a step."""
    summary = (cli.STEPS | WITHOUT_COMMAND)[step]
    lines = [f"# {step}", "", f"{summary[0].upper()}{summary[1:]}.", ""]
    lines += [
        f"Rule: `workflow/rules/{step}.smk`; code: `workflow/genocohort/steps/{step}/`; "
        f"results: `results/full/{step}/`.", "", "## Settings", "",
        f"The key `{step}` of config.yaml. A change reruns this step and what depends on it; "
        "`genocohort plan` says what.", "",
    ]  # fmt: skip
    model = Config.model_fields[step].annotation
    assert model is not None
    lines += settings_text(model, set())
    tables = [t for t in (*declared_tables().values(), *MADE) if t.name.split("/")[0] == step]
    lines += ["## Tables", ""]
    lines += [] if tables else ["None: see the step's folder of results for its files.", ""]
    for table in sorted(tables, key=lambda t: t.name):
        lines += table_text(table)
    return "\n".join(lines).rstrip() + "\n"


def pages() -> dict[str, str]:
    """Every page by file name, the list of steps included."""
    made = {f"{step}.md": page(step) for step in STEPS}
    rows = [f"| [{step}]({step}.md) | {(cli.STEPS | WITHOUT_COMMAND)[step]} |" for step in STEPS]
    head = ["# Steps", "", "Settings and tables of each step. Written by `make docs`: change the",
            "settings class or the table's declaration, not these pages.", ""]  # fmt: skip
    made["README.md"] = "\n".join([*head, "| step | what |", "|---|---|", *rows]) + "\n"
    return made


def main() -> int:
    """Write the pages; a page of a step that is gone is removed."""
    made = pages()
    for path in FOLDER.glob("*.md"):
        if path.name not in made:
            path.unlink()
    for name, text in made.items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
