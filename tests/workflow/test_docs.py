"""The pages of docs/ are those that the settings and tables give."""

import runpy
from pathlib import Path

from genocohort.domain.table import Column, Table
from genocohort.io.results import declared_tables
from genocohort.study_config import STEPS, Config

ROOT = Path(__file__).parents[2]
GENERATOR = runpy.run_path(str(ROOT / "docs/generate.py"))


def test_pages_are_current() -> None:
    made = GENERATOR["pages"]()
    there = {p.name: p.read_text(encoding="utf-8") for p in (ROOT / "docs").glob("*.md")}
    old = sorted(name for name in made.keys() | there.keys() if made.get(name) != there.get(name))
    assert old == [], "run `make docs`"


def test_every_setting_and_column_is_on_its_steps_page() -> None:
    made = GENERATOR["pages"]()
    for step in STEPS:
        for name in Config.model_fields[step].annotation.model_fields:
            assert f"| `{name}` |" in made[f"{step}.md"]
    for table in declared_tables().values():
        text = made[f"{table.name.split('/')[0]}.md"]
        assert f"### `{table.name}`, version {table.version}" in text
        assert all(f"| `{column.name}` |" in text for column in table.columns)


def test_a_changed_column_changes_the_page() -> None:
    def text(meaning: str) -> list[str]:
        made: list[str] = GENERATOR["table_text"](
            Table("a/b", 1, "m", (Column("x", "int64", meaning),))
        )
        return made

    assert text("one") != text("two")
    assert "a \\| b" in "\n".join(text("a | b"))
