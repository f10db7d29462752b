"""Every step of the sample cohort as the executor submits it, measured in its container."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path

from executor.lab import PROFILES, REPOSITORY, USER, output_of
from snakemake_executor_plugin_steps.engine.command import Place, run_command
from snakemake_executor_plugin_steps.engine.facts import parse_facts
from snakemake_executor_plugin_steps.submission import Step, Usage
from snakemake_executor_plugin_steps.wrapper import parse_usage

METER = Path(__file__).with_name("meter.py")
SCRIPT = ".snakemake/steps/scripts/allotment.sh"
USAGE = "meter.json"
_FIELD = re.compile(r"^    (input|output|log|benchmark|threads|resources): (.+)$")


@dataclass(frozen=True)
class Measured:
    """What a step used in its container.

    Parameters
    ----------
    code
        Its exit code.
    text
        What it printed.
    usage
        What the executor's wrapper saw.
    samples
        Number of runnable threads -> how often it was seen.
    rss_bytes
        The most that one process held.
    """

    code: int
    text: str
    usage: Usage | None
    samples: dict[int, int]
    rss_bytes: int

    def share_above(self, threads: int) -> float:
        """Share of the samples with more runnable threads than a number."""
        total = sum(self.samples.values())
        return sum(n for busy, n in self.samples.items() if busy > threads) / total


def read_steps(study: Path, cores: int) -> dict[str, Step]:
    """The first job of each rule, from a dry run; its image is left empty."""
    command = [
        sys.executable, "-m", "snakemake", "--snakefile", str(REPOSITORY / "workflow/Snakefile"),
        "--workflow-profile", str(PROFILES / "local"), "--cores", str(cores), "--nocolor",
        "--config", "study_config=config/config.yaml",
        "--dry-run", "--forceall", "--printshellcmds",
    ]  # fmt: skip
    done = subprocess.run(command, cwd=study, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found: dict[str, Step] = {}
    for block in re.split(r"^(?:local)?rule ", done.stdout + done.stderr, flags=re.MULTILINE)[1:]:
        rule = block.split(":", 1)[0]
        fields = {m[1]: m[2] for line in block.splitlines() if (m := _FIELD.match(line))}
        shell = re.search(r"^(?:Shell command: |\s*)(genocohort .+)$", block, re.MULTILINE)
        if shell and rule not in found:
            memory = re.search(r"\bmem_mb=(\d+)", fields["resources"])
            assert memory, fields
            written = [*fields["output"].split(", "), fields["log"], fields["benchmark"]]
            found[rule] = Step(
                rule=rule, image="", script=SCRIPT, text=shell[1] + "\n",
                threads=int(fields.get("threads", "1")), mem_mb=int(memory[1]),
                inputs=tuple(fields["input"].split(", ")), written=tuple(written),
            )  # fmt: skip
    return found


def with_threads(step: Step, threads: int) -> Step:
    """The step with another number of threads."""
    text = re.sub(r"--threads \d+", f"--threads {threads}", step.text)
    return replace(step, threads=threads, text=text)


def measure(step: Step, study: Path, scratch: Path, options: tuple[str, ...] = ()) -> Measured:
    """Run a step as the executor does, under its own limits, with the meter around it.

    Parameters
    ----------
    options
        Further ones of `docker run`.
    """
    script = study / step.script
    script.parent.mkdir(parents=True, exist_ok=True)
    script.write_text(step.text)
    report = scratch.with_name("report.json")
    report.touch()
    user = USER if os.getuid() == 0 else os.getuid()
    for path in (scratch, report, study, *study.rglob("*")) if os.getuid() == 0 else ():
        os.chown(path, user, user)
    place = Place(study, scratch, report, f"{user}:{user}", "allotment", "test")
    facts = parse_facts("docker", output_of("docker", "info", "--format", "{{json .}}"))
    name = f"allotment-test-{os.getpid()}"
    command = run_command(name, step, step.image, place, facts)
    # The meter stands between the executor's wrapper and the step's script.
    at = command.index("bash", command.index(step.image) + 3)
    command[at:at] = ["python3", "-c", METER.read_text(), f"/tmp/{USAGE}"]
    at = command.index("--name")
    command[at:at] = options
    try:
        output_of(*command)
        code = int(output_of("docker", "wait", name))
        text = subprocess.run(["docker", "logs", name], capture_output=True, text=True, check=True)
    finally:
        subprocess.run(["docker", "rm", "--force", name], capture_output=True, check=False)
    used = json.loads((scratch / USAGE).read_text())
    (scratch / USAGE).unlink()
    samples = {int(n): times for n, times in used["samples"].items()}
    usage = parse_usage(report.read_text())
    return Measured(code, text.stdout + text.stderr, usage, samples, used["rss_bytes"])
