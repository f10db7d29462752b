"""The command line: find the command or step, import only that one, turn errors into exit codes."""

import argparse
import difflib
import importlib
import sys
from collections.abc import Sequence
from types import ModuleType
from typing import NoReturn

from genocohort.engine.allotment import check_scratch, confine_libraries
from genocohort.engine.root import add_root_argument, enter_root
from genocohort.errors import GenocohortError
from genocohort.version import VERSION

INTERRUPTED = 130
COMMANDS = {
    "run": "run the workflow on a study, up to its report",
    "check": "check every input and report all problems at once; computes nothing",
    "plan": "say what would run, how long, with how much memory and at what cost",
    "notebooks": "run the notebooks on the results, as pages beside the report",
    "init": "make a study folder that runs",
    "images": "build, verify, export and import the images of the steps",
    "pseudonyms": "make a key, and pseudonyms of the participants",
    "erase": "leave participants out of everything from now on",
    "doctor": "tell which backends this machine has and what is missing",
    "completion": "let a shell complete commands, options and files",
}
STEPS = {
    "preflight": "check every input before anything is computed",
    "alignments": "metrics of one sample's alignments",
    "alignment_summary": "alignment metrics of all samples",
    "genotypes": "calls of one chromosome into the genotype store",
    "variants": "summaries of one chromosome's calls",
    "variant_summary": "variant summaries of the cohort",
    "variant_groups": "genotypes of one chromosome by groups of samples",
    "truth": "recall and precision of samples whose calls are known",
    "kinship": "kinship coefficients of all pairs",
    "mendel": "Mendelian errors of the pedigree's trios",
    "sites": "sites at which reads and calls are compared",
    "identity": "contamination of alignments, and whose calls they fit",
    "ancestry": "ancestry by a reference panel",
    "sample_qc": "metrics and one verdict per sample",
    "structure": "LD pruning, principal components, Fst",
    "clinical": "clinical records into checked tables",
    "outcomes": "Table 1 and survival",
    "association": "association tests of one chromosome",
    "association_summary": "association results of the cohort",
    "accounts": "check the ledger of all steps",
    "report": "one HTML report",
    "multiqc": "tables and plots for MultiQC",
}

STEP_EPILOG = (
    "The workflow calls this for each job. What it says there:\n"
    "  genocohort run -- --dry-run --printshellcmds"
)


class CommandParser(argparse.ArgumentParser):
    """A parser whose errors look like all others: what is wrong, and what to do."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong, with the option that was probably meant; exit code 2."""
        remedy = f"`{self.prog} --help` shows options and examples"
        typed = [word for word in message.split() if word.startswith("--")]
        if typed and message.startswith("unrecognized"):
            close = difflib.get_close_matches(typed[0].split("=")[0], self.option_names(), 1)
            remedy = f"did you mean {close[0]}? {remedy}" if close else remedy
        self.exit(2, f"{self.prog}: error [2]: {message}\n  remedy:   {remedy}\n")

    def option_names(self) -> list[str]:
        """Names of its options and of those of the actions below it."""
        names = list(self._option_string_actions)
        for action in self._actions:
            if isinstance(action, argparse._SubParsersAction):
                names += [
                    name for parser in action.choices.values() for name in parser.option_names()
                ]
        return names


def _usage() -> str:
    def block(entries: dict[str, str]) -> str:
        return "\n".join(f"  {name:<20} {text}" for name, text in entries.items())

    return (
        "usage: genocohort COMMAND [options]   (genocohort COMMAND --help for its options)\n\n"
        "From alignments, variant calls and clinical records to checked, comparable results.\n\n"
        f"commands:\n{block(COMMANDS)}\n\nsteps, as the workflow calls them:\n{block(STEPS)}\n"
    )


def make_parser(name: str) -> tuple[CommandParser, ModuleType]:
    """The parser of one command or step, and the module that runs it; only that one is imported."""
    if name in COMMANDS:
        module = importlib.import_module(f"genocohort.commands.{name}")
        epilog = module.EXAMPLES
    else:
        confine_libraries()
        module = importlib.import_module(f"genocohort.steps.{name}.run")
        epilog = STEP_EPILOG
    description = (COMMANDS | STEPS)[name]
    parser = CommandParser(
        prog=f"genocohort {name}",
        description=f"{description[0].upper()}{description[1:]}.",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        epilog=epilog,
    )
    module.add_arguments(parser)
    if name in STEPS:
        add_root_argument(parser)
    return parser, module


def main(argv: Sequence[str] | None = None) -> int:
    """Entry point of `genocohort`.

    Returns
    -------
    int
        0 ok, 2 configuration or usage, 3 input data, 4 external tool, 5 finished with losses.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    if not arguments or arguments[0] in ("-h", "--help", "help"):
        print(_usage(), end="")
        return 0
    if arguments[0] in ("-V", "--version"):
        print(f"genocohort {VERSION}")
        return 0
    name = arguments[0]
    if name not in COMMANDS | STEPS:
        close = difflib.get_close_matches(name, COMMANDS | STEPS, 1)
        meant = f"did you mean `genocohort {close[0]}`? " if close else ""
        print(
            f"genocohort: error [2]: no command {name!r}\n"
            f"  remedy:   {meant}`genocohort --help` shows all commands",
            file=sys.stderr,
        )
        return 2
    parser, module = make_parser(name)
    args = parser.parse_args(arguments[1:])
    try:
        if name in STEPS:
            check_scratch()
            enter_root(args)
        result = module.run(args)
    except GenocohortError as error:
        print(f"genocohort {name}: error [{error.exit_code}]: {error.message()}", file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        print(f"genocohort {name}: stopped", file=sys.stderr)
        return INTERRUPTED
    return int(result or 0)


if __name__ == "__main__":
    sys.exit(main())
