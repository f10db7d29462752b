"""The plugin's README names every option, with the words of the settings."""

import dataclasses
from pathlib import Path

import snakemake_executor_plugin_steps
from snakemake_executor_plugin_steps.settings import ExecutorSettings

README = Path(snakemake_executor_plugin_steps.__file__).parent / "README.md"
BEGIN, END = "<!-- options -->\n", "<!-- end of options -->\n"


def table() -> str:
    """The options as the README must have them."""
    lines = ["| option | default | |", "|---|---|---|"]
    for field in dataclasses.fields(ExecutorSettings):
        default = {None: "", False: "off"}.get(field.default, f"`{field.default}`")
        name = field.name.replace("_", "-")
        lines.append(f"| `{name}` | {default} | {field.metadata['help']} |")
    return "\n".join(lines) + "\n"


def test_the_table_of_options_is_that_of_the_settings() -> None:
    text = README.read_text(encoding="utf-8")
    assert BEGIN + table() + END in text, f"the README's table must be:\n{table()}"
