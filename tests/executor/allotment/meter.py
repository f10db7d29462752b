"""Run a command inside a container and write, as JSON, what it used; needs Python alone.

Threads that run or wait for a processor are counted again and again: unlike the processors' time,
that number is not cut by the container's own limit.
"""

import json
import os
import sys
import time

INTERVAL_S = 0.004


def count_runnable(own: int) -> int:
    """Threads of all other processes in state R."""
    n = 0
    for pid in os.listdir("/proc"):
        if not pid.isdigit() or int(pid) == own:
            continue
        try:
            for task in os.listdir(f"/proc/{pid}/task"):
                with open(f"/proc/{pid}/task/{task}/stat", "rb") as stream:
                    n += stream.read().rpartition(b") ")[2].startswith(b"R")
        except OSError:  # ended meanwhile
            continue
    return n


def main(report: str, command: list[str]) -> int:
    """The command's exit code."""
    pid = os.posix_spawnp(command[0], command, os.environ)
    samples: dict[int, int] = {}
    while True:
        done, status, usage = os.wait4(pid, os.WNOHANG)
        if done:
            break
        n = count_runnable(os.getpid())
        samples[n] = samples.get(n, 0) + 1
        time.sleep(INTERVAL_S)
    with open(report, "w", encoding="ascii") as stream:
        json.dump({"samples": samples, "rss_bytes": usage.ru_maxrss * 1024}, stream)
    return os.waitstatus_to_exitcode(status)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
