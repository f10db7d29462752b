"""One name everywhere: rule = image entry = package module = tests = settings class = command."""

import importlib
import re
from pathlib import Path

import yaml

from genocohort import cli
from genocohort.study_config import STEPS

ROOT = Path(__file__).parents[2]
RULES = ROOT / "workflow/rules"
# Steps whose image has no Python: their rules call another program, and there is no command.
# Rules for parts of a step that run another step in its own image.
OF_OTHER_STEPS = {"truth_genotypes": ("genotypes", "genocohort genotypes")}
OTHER_PROGRAMS = {"calls": "bcftools"}


def _rule_texts() -> dict[str, str]:
    return {path.stem: path.read_text() for path in sorted(RULES.glob("*.smk"))}


def test_all_places_name_the_same_steps() -> None:
    steps = set(STEPS)
    folder = ROOT / "workflow/genocohort/steps"
    packages = {p.parent.name for p in folder.glob("*/settings.py")}
    commands = {p.parent.name for p in folder.glob("*/run.py")}
    images = yaml.safe_load((ROOT / "containers/images.yaml").read_text())
    assert set(_rule_texts()) == steps
    assert packages == steps
    assert set(images) == steps
    assert set(cli.STEPS) == commands == steps - set(OTHER_PROGRAMS)
    tests = {p.name for p in (ROOT / "tests/steps").iterdir() if list(p.glob("test_*.py"))}
    assert tests == steps


def test_each_step_has_its_parts() -> None:
    for step in STEPS:
        folder = ROOT / "workflow/genocohort/steps" / step
        assert (folder / "settings.py").is_file(), step
        name = "".join(part.title() for part in step.split("_")) + "Settings"
        settings = importlib.import_module(f"genocohort.steps.{step}.settings")
        assert hasattr(settings, name), f"{step}: no class {name}"


def test_every_rule_is_one_shell_command_in_its_own_image() -> None:
    for name, text in _rule_texts().items():
        program = OTHER_PROGRAMS.get(name, f"genocohort {name}")
        rules = re.split(r"^rule (\w+):\n", text, flags=re.MULTILINE)[1:]
        names, bodies = rules[::2], rules[1::2]
        # A step may have further rules for parts of its work, named after it.
        assert name in names
        assert all(rule == name or rule.startswith(f"{name}_") for rule in names)
        for rule, body in zip(names, bodies, strict=True):
            image, called = OF_OTHER_STEPS.get(rule, (name, program))
            for part in ("container:", "log:", "benchmark:", "shell:"):
                assert f"\n    {part}" in body, f"{name} has no {part}"
            assert f'image("{image}")' in body
            assert f"{called} " in body[body.index("    shell:") :]
            for other in ("run:", "script:", "notebook:", "wrapper:", "conda:"):
                assert f"\n    {other}" not in body, f"{name} uses {other}"


def test_a_step_without_python_calls_nothing_of_the_package() -> None:
    for name, program in OTHER_PROGRAMS.items():
        shells = re.findall(r"^    shell:\n((?:        .*\n)+)", _rule_texts()[name], re.MULTILINE)
        assert shells
        for shell in shells:
            assert program in shell
            words = shell.replace(f"genocohort {name}: error [", "")  # what it writes to its log
            assert not re.search(r"\bpython|\bgenocohort\b", words)


def test_pure_modules_open_nothing() -> None:
    """compute modules take arrays and tables: no files, no Dask, no clock, no logging."""
    forbidden = re.compile(
        r"^\s*(import|from) (dask|os|pathlib|time|datetime|logging|random|pysam|pgenlib|"
        r"genocohort\.(io|engine))\b|\bopen\(",
        re.MULTILINE,
    )
    steps = (ROOT / "workflow/genocohort/steps").glob("*/compute*.py")
    for path in [*steps, *(ROOT / "workflow/genocohort/stats").glob("*.py")]:
        found = forbidden.search(path.read_text())
        assert found is None, f"{path.relative_to(ROOT)}: {found and found.group(0).strip()}"
