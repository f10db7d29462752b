"""Completion as the text that bash, zsh and fish read, from a description of the commands."""

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

FILES, FOLDERS = "files", "folders"
GENERAL = ("--help", "--version")


@dataclass(frozen=True)
class Option:
    """An option: its names, what it means, and what may follow it."""

    names: tuple[str, ...]
    about: str
    takes_value: bool
    words: tuple[str, ...] = ()
    then: str = ""


@dataclass(frozen=True)
class Command:
    """A command: its options, what its operands may be, and the actions below it."""

    name: str
    about: str
    options: tuple[Option, ...] = ()
    operands: tuple[tuple[tuple[str, ...], str], ...] = ()
    actions: tuple["Command", ...] = ()


def _places(commands: Sequence[Command]) -> list[tuple[str, Command]]:
    """Every command and action by the words that lead to it."""
    found = []
    for command in commands:
        found.append((command.name, command))
        found += [(f"{command.name} {action.name}", action) for action in command.actions]
    return found


def _operand(command: Command) -> tuple[tuple[str, ...], str]:
    """Words and files that may stand where no option does."""
    words = tuple(action.name for action in command.actions)
    words += tuple(word for given, _ in command.operands for word in given)
    return words, next((then for _, then in command.operands if then), "")


def bash_text(commands: Sequence[Command]) -> str:
    """Completion for bash 3.2 and newer.

    Where files may follow, nothing is offered, and readline's own completion of files takes over
    (`-o default`), which quotes them rightly.
    """
    names = " ".join([*(c.name for c in commands), *GENERAL])
    cases = [f'    "") words="{names}" ;;']
    values = []
    for place, command in _places(commands):
        words, _ = _operand(command)
        options = [name for option in command.options for name in option.names]
        cases.append(f'    "{place}") words="{" ".join(words)}"; options="{" ".join(options)}" ;;')
        for option in command.options:
            if option.takes_value:
                keys = "|".join(f'"{place} {name}"' for name in option.names)
                values.append(f'    {keys}) words="{" ".join(option.words)}"; options="" ;;')
    actions = " | ".join(f'"{c.name}"' for c in commands if c.actions)
    return "\n".join(
        [
            "_genocohort() {",
            '  local word="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}"',
            '  local place="" words="" options="" i',
            # Bash takes `--option=value` for three words.
            '  if [ "$word" = "=" ]; then word=""',
            '  elif [ "$before" = "=" ]; then before="${COMP_WORDS[COMP_CWORD-2]}"; fi',
            "  for ((i = 1; i < COMP_CWORD; i++)); do",
            '    case "${COMP_WORDS[i]}" in',
            "      --) COMPREPLY=(); return ;;",
            "      -*) ;;",
            '      *) case "$place" in',
            '        "") place="${COMP_WORDS[i]}" ;;',
            f'        {actions}) place="$place ${{COMP_WORDS[i]}}" ;;',
            "      esac ;;",
            "    esac",
            "  done",
            '  case "$place" in',
            *cases,
            "  esac",
            '  case "$place $before" in',
            *values,
            "  esac",
            '  case "$word" in -*) words="$words $options" ;; esac',
            '  COMPREPLY=($(compgen -W "$words" -- "$word"))',
            "}",
            "complete -o default -F _genocohort genocohort",
        ]
    )


def _zsh_quoted(text: str) -> str:
    """Text inside the brackets or parentheses of a specification of _arguments."""
    return re.sub(r"([\[\]():\\])", r"\\\1", " ".join(text.replace("%%", "%").split()))


def _zsh_values(words: Sequence[str], then: str, label: str) -> str:
    """The action of _arguments that completes a value."""
    files = {FILES: "_files", FOLDERS: "_files -/"}.get(then, "")
    if words and files:
        given = " ".join(map(shlex.quote, words))
        return f":{label}:{{ compadd -- {given}; {files} }}"
    if words:
        return f":{label}:({' '.join(map(_zsh_quoted, words))})"
    return f":{label}:{files}" if files else f":{label}: "


def _zsh_arguments(command: Command, indent: str) -> list[str]:
    """The words after _arguments for one command."""
    specs = []
    for option in command.options:
        value = ""
        if option.takes_value:
            value = _zsh_values(option.words, option.then, "value")
        names = [f"{name}[{_zsh_quoted(option.about)}]{value}" for name in option.names]
        specs += names
    words, then = _operand(command)
    if command.actions:
        about = " ".join(
            f"{action.name}\\:{shlex.quote(_zsh_quoted(action.about))}"
            for action in command.actions
        )
        specs += [f"1:action:(({about}))", "*::argument:->inner"]
    elif words or then:
        specs.append("*" + _zsh_values(words, then, "argument"))
    return [f"{indent}{shlex.quote(spec)} \\" for spec in specs]


def zsh_text(commands: Sequence[Command]) -> str:
    """Completion for zsh, as a file of fpath or read by `source`."""
    lines = [
        "#compdef genocohort",
        "_genocohort() {",
        "  local curcontext=$curcontext state line",
        "  local -a commands",
        "  commands=(",
        *(f"    {shlex.quote(f'{c.name}:{_zsh_quoted(c.about)}')}" for c in commands),
        "  )",
        "  _arguments -C '--help[list the commands]' '--version[say its version]' \\",
        "    '1: :->command' '*::argument:->inner'",
        "  if [[ $state == command ]]; then _describe command commands; return; fi",
        "  [[ $state == inner ]] || return",
        "  local place=$words[1]",
        "  case $place in",
    ]
    for command in commands:
        lines += [
            f"    {command.name})",
            "      _arguments -C \\",
            *_zsh_arguments(command, "        "),
            "        && return",
        ]
        if command.actions:
            lines += ["      case $words[1] in"]
            for action in command.actions:
                lines += [
                    f"        {action.name})",
                    "          _arguments \\",
                    *_zsh_arguments(action, "            "),
                    "            && return ;;",
                ]
            lines += ["      esac"]
        lines += ["      ;;"]
    lines += [
        "  esac",
        "}",
        'if [[ $zsh_eval_context[-1] == loadautofunc ]]; then _genocohort "$@"',
        "else compdef _genocohort genocohort; fi",
    ]
    return "\n".join(lines)


def fish_text(commands: Sequence[Command]) -> str:
    """Completion for fish."""
    start = "complete -c genocohort"
    lines = [f"{start} -f"]
    lines += [
        f"{start} -n __fish_use_subcommand -a {c.name} -d {_fish_quoted(c.about)}" for c in commands
    ]
    lines += [f"{start} -n __fish_use_subcommand -l {n.removeprefix('--')}" for n in GENERAL]
    for place, command in _places(commands):
        when = _fish_condition(place, command)
        words, then = _operand(command)
        for action in command.actions:
            about = _fish_quoted(action.about)
            lines.append(f"{start} -n {when} -a {action.name} -d {about}")
        if not command.actions and (words or then):
            lines.append(f"{start} -n {when}{_fish_values(words, then)}")
        for option in command.options:
            names = "".join(
                f" -l {n.removeprefix('--')}" if n.startswith("--") else f" -s {n[1:]}"
                for n in option.names
            )
            value = " -r" + _fish_values(option.words, option.then) if option.takes_value else ""
            lines.append(f"{start} -n {when}{names}{value} -d {_fish_quoted(option.about)}")
    return "\n".join(lines)


def _fish_condition(place: str, command: Command) -> str:
    """When the place in the command line is after these words."""
    words = place.split()
    test = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in words)
    if command.actions:
        others = " ".join(action.name for action in command.actions)
        test += f"; and not __fish_seen_subcommand_from {others}"
    return _fish_quoted(test)


def _fish_values(words: Sequence[str], then: str) -> str:
    """The options of `complete` for values: words, files, folders."""
    text = " -F" if then == FILES else ""
    given = [*words, *(["(__fish_complete_directories)"] if then == FOLDERS else [])]
    return text + (f" -a {_fish_quoted(' '.join(given))}" if given else "")


def _fish_quoted(text: str) -> str:
    """Text in single quotes as fish reads them."""
    plain = " ".join(text.replace("%%", "%").split())
    return "'" + plain.replace("\\", "\\\\").replace("'", "\\'") + "'"
