"""Completion as the shells themselves do it, with a Tab."""

import os
import pty
import re
import select
import shlex
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from genocohort import cli
from genocohort.commands.backends import backend_names
from genocohort.commands.completion import SCRIPTS, describe_commands
from genocohort.commands.completion_scripts import bash_text, fish_text

PATIENCE_SECONDS = 60
# A function stands for the program: it prints the words that the shell would hand over.
STARTS = {
    "bash": (
        ["bash", "--norc", "--noprofile", "-i"],
        "genocohort() { printf '<%s>' \"$@\"; echo; }; source ./script; PS1='rea''dy> '",
    ),
    "zsh": (
        ["zsh", "-f", "-i"],
        "genocohort() { printf '<%s>' \"$@\"; echo; }; autoload -U compinit; "
        "compinit -u -D; source ./script; PS1='rea''dy> '",
    ),
}


def type_line(shell: str, folder: Path, line: str) -> str:
    """Type a line with Tabs into a shell on a terminal; the words that the program is given."""
    command, start = STARTS[shell]
    parent, child = pty.openpty()
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "TERM": "dumb"}
    process = subprocess.Popen(
        command, stdin=child, stdout=child, stderr=child, cwd=folder, env=environment,
        start_new_session=True,
    )  # fmt: skip
    os.close(child)
    seen, deadline = "", time.monotonic() + PATIENCE_SECONDS
    try:
        for text, mark in ((start, "ready> "), (line, r"(?:<[^<>]*>)+\r?\n")):
            os.write(parent, f"{text}\n".encode())
            seen = ""
            while not (found := re.search(mark, seen)):
                assert time.monotonic() < deadline, f"{shell} does not answer: {seen!r}"
                if select.select([parent], [], [], 1)[0]:
                    seen += os.read(parent, 65536).decode()
        return found.group(0).strip()
    finally:
        process.kill()
        process.wait()
        os.close(parent)


def ask_fish(folder: Path, line: str) -> list[str]:
    """What fish offers for the last word of a line."""
    done = subprocess.run(
        ["fish", "--no-config", "-c", f"source ./script; complete -C {shlex.quote(line)}"],
        cwd=folder, capture_output=True, text=True, check=True, env=os.environ | {"HOME": "."},
    )  # fmt: skip
    assert done.stderr == ""
    return [offer.split("\t")[0] for offer in done.stdout.splitlines()]


@pytest.fixture
def script(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """A folder with the script of a shell, and with files to complete."""
    shell = request.param
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    (tmp_path / "script").write_text(SCRIPTS[shell](describe_commands()))
    (tmp_path / "my study.yaml").touch()
    (tmp_path / "oursite").mkdir()
    return tmp_path


TYPED = (
    ("genocohort pl\t", "<plan>"),
    ("genocohort run --bac\tdoc\t", "<run><--backend><docker>"),
    ("genocohort run --backend ours\t", "<run><--backend><oursite>"),
    ("genocohort check --config my\t", "<check><--config><my study.yaml>"),
    ("genocohort images ver\t", "<images><verify>"),
    ("genocohort images export --no\t", "<images><export><--no-sif>"),
    ("genocohort completion f\t", "<completion><fish>"),
    ("genocohort run --cores 2 --conf\t", "<run><--cores><2><--config>"),
)


@pytest.mark.parametrize(
    ("script", "shell"), [(s, s) for s in STARTS], indirect=["script"], ids=list(STARTS)
)
@pytest.mark.parametrize(("line", "words"), TYPED)
def test_tab_completes(script: Path, shell: str, line: str, words: str) -> None:
    # A slash after a folder is left or taken away by the shell's own settings.
    assert type_line(shell, script, line).replace("/>", ">") == words


@pytest.mark.parametrize("script", ["fish"], indirect=True)
def test_fish_offers_the_same(script: Path) -> None:
    assert set(ask_fish(script, "genocohort ")) >= set(cli.COMMANDS)
    assert ask_fish(script, "genocohort pl") == ["plan"]
    assert ask_fish(script, "genocohort run --bac") == ["--backend"]
    assert ask_fish(script, "genocohort plan --new-k") == []
    assert set(ask_fish(script, "genocohort run --backend ")) >= {*backend_names(), "oursite/"}
    assert ask_fish(script, "genocohort check --config my") == ["my study.yaml"]
    assert ask_fish(script, "genocohort images ver") == ["verify"]
    assert ask_fish(script, "genocohort images export --no") == ["--no-sif"]
    assert ask_fish(script, "genocohort completion f") == ["fish"]


def complete(*words: str) -> Sequence[str]:
    """What the function for bash offers for the last word; nothing where files may follow."""
    script = (
        f"{bash_text(describe_commands())}\nCOMP_WORDS=({shlex.join(words)}); "
        f"COMP_CWORD={len(words) - 1}\n" + '_genocohort; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    done = subprocess.run(["bash", "--norc", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


def test_each_command_is_offered_its_own_options() -> None:
    assert set(complete("genocohort", "")) == {*cli.COMMANDS, "--help", "--version"}
    for name in cli.COMMANDS:
        parser, _ = cli.make_parser(name)
        options = {word for word in parser.format_help().split() if word.startswith("--")}
        wanted = {re.split(r"[,\]]", word)[0] for word in options if re.match(r"--\w", word)}
        offered = set(complete("genocohort", name, "-"))
        assert offered <= wanted | {"-h", "--help"}, name
        assert "--help" in offered
        own = {s for a in parser._actions for s in a.option_strings}
        assert offered == own


def test_a_value_is_completed_after_an_equals_sign_too() -> None:
    assert complete("genocohort", "run", "--backend", "=", "sl") == ["slurm"]
    assert set(complete("genocohort", "run", "--backend", "=")) == set(backend_names())
    assert complete("genocohort", "plan", "--config", "=", "") == []


def test_what_goes_to_snakemake_is_left_alone() -> None:
    assert complete("genocohort", "run", "--", "--fo") == []


def test_texts_with_special_characters_stay_text() -> None:
    commands = describe_commands()
    assert "it's" not in fish_text(commands).replace("\\'", "")
    for text in (SCRIPTS[shell](commands) for shell in SCRIPTS):
        assert "$(" not in re.sub(r'\$\(compgen -W "\$words" -- "\$word"\)', "", text)
