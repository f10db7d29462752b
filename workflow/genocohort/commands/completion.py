"""`genocohort completion`: what a shell needs to complete commands, options and files."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass

from genocohort.commands import completion_scripts as scripts
from genocohort.commands.backends import backend_names
from genocohort.commands.completion_scripts import FILES, FOLDERS, Command, Option

EXAMPLES = (
    "examples:\n"
    "  genocohort completion bash > ~/.local/share/bash-completion/completions/genocohort\n"
    "  genocohort completion zsh > ~/.zfunc/_genocohort        # a folder of fpath\n"
    "  genocohort completion fish > ~/.config/fish/completions/genocohort.fish\n"
    "\n"
    "A new shell has it. Write it again after an update of genocohort."
)
SCRIPTS = {"bash": scripts.bash_text, "zsh": scripts.zsh_text, "fish": scripts.fish_text}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of the command."""
    parser.add_argument("shell", choices=tuple(SCRIPTS), help="the shell that will read it")


@dataclass(frozen=True)
class _Suggestion:
    """Words that an option takes, besides files or others."""

    words: Callable[[], tuple[str, ...]]
    then: str


# What argparse does not know: an option with names of its own that takes other values, too.
_SUGGESTED = {"--backend": _Suggestion(backend_names, FOLDERS)}


def _values(action: argparse.Action) -> tuple[tuple[str, ...], str]:
    """The words that an argument takes, and whether files or folders complete it."""
    for name in action.option_strings:
        if suggestion := _SUGGESTED.get(name):
            return suggestion.words(), suggestion.then
    if action.choices is not None:
        return tuple(map(str, action.choices)), ""
    if getattr(action.type, "__name__", "") != "Path":
        return (), ""
    label = str(action.metavar or action.dest).upper()
    return (), FOLDERS if label.endswith(("DIR", "FOLDER")) else FILES


def describe(parser: argparse.ArgumentParser, name: str, about: str) -> Command:
    """What a parser takes; actions below it are commands of their own."""
    options, operands, inner = [], [], []
    for action in parser._actions:
        words, then = _values(action)
        if isinstance(action, argparse._SubParsersAction):
            helps = {a.dest: str(a.help or "") for a in action._choices_actions}
            inner = [describe(p, n, helps.get(n, "")) for n, p in action.choices.items()]
        elif action.option_strings:
            takes = action.nargs != 0
            help_text = str(action.help or "")
            options.append(Option(tuple(action.option_strings), help_text, takes, words, then))
        elif words or then:
            operands.append((words, then))
    return Command(name, about, tuple(options), tuple(operands), tuple(inner))


def describe_commands() -> list[Command]:
    """All commands that people call, from their own parsers; the workflow's steps are left out."""
    from genocohort.cli import COMMANDS, make_parser

    return [describe(make_parser(name)[0], name, about) for name, about in COMMANDS.items()]


def run(args: argparse.Namespace) -> None:
    """Print the completion of a shell."""
    print(SCRIPTS[args.shell](describe_commands()))
