"""Every command says what it does, with examples that it understands, and every error a remedy."""

import argparse
import ast
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest

from genocohort import cli

COMMANDS = Path(cli.__file__).parent / "commands"
# What doctor finds missing is what it tells, not an error that ends it.
FINDINGS = {"doctor.py"}


def parsers() -> Iterator[argparse.ArgumentParser]:
    """The parser of every command, and of every action below one."""
    for name in cli.COMMANDS:
        parser, _ = cli.make_parser(name)
        yield parser
        for action in parser._actions:
            if isinstance(action, argparse._SubParsersAction):
                yield from action.choices.values()


def example_lines(epilog: str) -> list[list[str]]:
    """The words of each call of genocohort in the examples of a help text."""
    found = []
    for line in epilog.splitlines():
        if not line.startswith("  genocohort "):
            continue
        reader = shlex.shlex(line, posix=True, punctuation_chars=True)
        call: list[str] = []
        for word in [*reader, "&&"]:
            if word in ("&&", ">", "|"):
                found += [call[1:]] if call[:1] == ["genocohort"] else []
                call = []
            else:
                call.append(word)
    return found


@pytest.mark.parametrize("parser", parsers(), ids=lambda p: p.prog.replace(" ", "-"))
def test_help_has_a_description_and_examples_that_parse(parser: argparse.ArgumentParser) -> None:
    assert parser.description
    assert len(parser.description) < 120
    calls = example_lines(parser.epilog or "")
    own = parser.prog.removeprefix("genocohort ").split()
    assert any(call[: len(own)] == own for call in calls), "no example of the command itself"
    for name, *words in calls:
        cli.make_parser(name)[0].parse_args(words)


@pytest.mark.parametrize("parser", parsers(), ids=lambda p: p.prog.replace(" ", "-"))
def test_every_argument_is_explained(parser: argparse.ArgumentParser) -> None:
    silent = [a.dest for a in parser._actions if not a.help and a.dest != "action"]
    assert silent == []


def test_examples_are_found_as_they_are_written() -> None:
    text = "examples:\n  genocohort init a && cd a && genocohort run # now\n  genocohort plan > x\n"
    assert example_lines(text) == [["init", "a"], ["run"], ["plan"]]


@pytest.mark.parametrize("name", sorted(cli.STEPS))
def test_a_step_says_how_to_see_its_whole_call(name: str) -> None:
    for command, *words in example_lines(cli.make_parser(name)[0].epilog or ""):
        args = cli.make_parser(command)[0].parse_args(words)
        assert args.snakemake == ["--dry-run", "--printshellcmds"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["run", "--corse", "2"], "did you mean --cores?"),
        (["images", "build", "--pusch", "x"], "did you mean --push?"),
        (["images", "bild"], "invalid choice: 'bild'"),
        (["plan", "--cores", "none"], "at least 1"),
        (["run", "--cores", "0"], "at least 1"),
        (["init"], "required: DIR"),
    ],
)
def test_a_wrong_call_says_what_to_do(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        cli.main(words)
    assert caught.value.code == 2
    text = capsys.readouterr().err
    assert text.startswith(f"genocohort {words[0]}")
    assert "error [2]: " in text
    assert said in text
    assert "--help` shows options and examples" in text


def test_a_misspelt_command_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["paln"]) == 2
    assert "did you mean `genocohort plan`?" in capsys.readouterr().err


@pytest.mark.parametrize("path", sorted(COMMANDS.glob("*.py")), ids=lambda p: p.name)
def test_every_error_of_the_commands_names_a_remedy(path: Path) -> None:
    silent = []
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            given = {keyword.arg for keyword in node.keywords}
            is_error = node.func.id in ("ConfigError", "InputDataError", "ToolError")
            if is_error and not given & {"remedy", "expected"}:
                silent.append(node.lineno)
    assert path.name in FINDINGS or silent == []
