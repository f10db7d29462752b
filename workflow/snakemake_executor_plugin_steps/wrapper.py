"""The process around a step: bash alone, so that any image with bash works unmodified."""

import json

from snakemake_executor_plugin_steps.submission import Step, Usage

REPORT = "/dev/termination-log"
"""Where the wrapper writes by default; Kubernetes returns it as the container's message."""

# As PID 1 it forwards SIGTERM, which the kernel would not deliver to it without a trap.
# STEP_LATER: the exit code goes there instead; an earlier step's failure skips this one.
WRAPPER = r"""
now() {
  REPLY=${EPOCHREALTIME:-}
  [ -n "$REPLY" ] || printf -v REPLY '%(%s)T' -1
  REPLY=${REPLY/,/.}
}
oom_kills() { while read -r key value; do if [ "$key" = oom_kill ]; then oom=$value; fi; done; }
memory() {
  local id kind path v1= v2= dir key value limit
  while IFS=: read -r id kind path; do
    case ",$kind," in ,,) v2=$path ;; *,memory,*) v1=$path ;; esac
  done </proc/self/cgroup
  for dir in "/sys/fs/cgroup${v2%/}" /sys/fs/cgroup; do
    [ -r "$dir/memory.events" ] || continue
    oom_kills <"$dir/memory.events"
    if [ -r "$dir/memory.peak" ]; then read -r peak <"$dir/memory.peak"; fi
    return
  done
  for dir in "/sys/fs/cgroup/memory${v1%/}" /sys/fs/cgroup/memory; do
    [ -r "$dir/memory.limit_in_bytes" ] || continue
    read -r limit <"$dir/memory.limit_in_bytes"
    [ "$limit" -lt 1152921504606846976 ] || continue
    oom_kills <"$dir/memory.oom_control"
    read -r peak <"$dir/memory.max_usage_in_bytes"
    return
  done
}
if [ -n "${STEP_LATER:-}" ]; then
  for report in "${STEP_LATER%/*}"/*.json; do
    if [ -e "$report" ] && [[ $(<"$report") != '{"exit_code":0,'* ]]; then exit 0; fi
  done
fi
target=${STEP_REPORT:-/dev/termination-log} later=${STEP_LATER:-}
unset STEP_REPORT STEP_LATER
now; started=$REPLY
trap 'kill -TERM "$child" 2>/dev/null' TERM
"$@" &
child=$!
wait "$child"; code=$?
while kill -0 "$child" 2>/dev/null; do wait "$child"; code=$?; done
now; ended=$REPLY
peak=null oom=0
memory 2>/dev/null
read -r line </proc/self/stat
set -- ${line##*) }
printf -v used '"cpu_ticks":%d,"peak_bytes":%s,"oom_kills":%d' "$((${14} + ${15}))" "$peak" "$oom"
printf -v report '{"exit_code":%d,"started":%s,"ended":%s,%s}' "$code" "$started" "$ended" "$used"
{ printf '%s\n' "$report" >"$target"; } 2>/dev/null
if [ -n "$later" ]; then printf '%s\n' "$report" >"$later"; exit 0; fi
exit "$code"
""".strip()

_TICKS_PER_SECOND = 100  # USER_HZ, the same on every Linux
_SIGNAL_BASE = 128
_SIGNALS = 64


def wrapped(command: list[str]) -> list[str]:
    """The command with the wrapper around it."""
    return ["bash", "-c", WRAPPER, "step", *command]


def step_command(script: str) -> list[str]:
    """How a script is run in the step's image."""
    return ["bash", "-euo", "pipefail", script]


def parse_usage(text: str | None) -> Usage | None:
    """What the wrapper wrote; None if it could not write, as when it was killed itself."""
    try:
        found = json.loads(text or "")
        return Usage(
            exit_code=int(found["exit_code"]),
            started=float(found["started"]),
            ended=float(found["ended"]),
            cpu_seconds=int(found["cpu_ticks"]) / _TICKS_PER_SECOND,
            peak_bytes=None if found["peak_bytes"] is None else int(found["peak_bytes"]),
            oom_kills=int(found["oom_kills"]),
        )
    except (ValueError, KeyError, TypeError, OverflowError):
        return None


def failure(step: Step, code: int | None, usage: Usage | None, killed_for_memory: bool) -> str:
    """Why a step's container did not end well, or an empty text if it did.

    Parameters
    ----------
    step
        The step.
    code
        Exit code of the container as the backend knows it; None if it does not.
    usage
        What the wrapper saw.
    killed_for_memory
        Whether the backend says so.
    """
    if usage is not None and code in (None, 0):
        code = usage.exit_code
    if killed_for_memory or (usage is not None and usage.oom_kills > 0):
        ended = "although its script ended well" if code == 0 else f"exit code {code}"
        ended = "without an exit code" if code is None else ended
        return f"OOMKilled: it needed more than its mem_mb={step.mem_mb} ({ended})"
    if code == 0:
        return ""
    if code is None:
        return "it ended without an exit code"
    if _SIGNAL_BASE < code <= _SIGNAL_BASE + _SIGNALS:
        return f"killed by signal {code - _SIGNAL_BASE} (exit code {code})"
    return f"exit code {code}"
