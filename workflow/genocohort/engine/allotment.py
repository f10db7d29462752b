"""A job's allotment: its threads, its memory and its scratch; the only place that applies them.

Dask's workers are all the threads of a step. Every library beneath them (BLAS, OpenMP, Arrow and
the like) works in the thread that calls it, so that the sum is the job's and no order of additions
follows it.
"""

import argparse
import os
import platform
import sys
from collections.abc import MutableMapping
from dataclasses import dataclass

from genocohort.errors import ConfigError

MIB = 1 << 20

# Pools that libraries would size by the machine's processors, or by the job's as Snakemake sets
# them. Arrow takes OMP_NUM_THREADS for its processors' pool.
POOLS = (
    "ARROW_IO_THREADS",
    "BLIS_NUM_THREADS",
    "GOTO_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_MAX_THREADS",
    "NUMEXPR_NUM_THREADS",
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)


def confine_libraries(environment: MutableMapping[str, str] = os.environ) -> None:
    """Leave every library one thread, and OpenBLAS the same kernels on any processor.

    Libraries read this on import, so it must be called before NumPy or Arrow is imported.
    """
    for name in POOLS:
        environment[name] = "1"
    if platform.machine() in ("x86_64", "AMD64"):
        environment.setdefault("OPENBLAS_CORETYPE", "Haswell")


def check_scratch() -> None:
    """Refuse a scratch folder that cannot be used.

    Raises
    ------
    ConfigError
        TMPDIR is set, but no folder that can be written: Python would take another one instead.
    """
    wanted = os.environ.get("TMPDIR")
    if wanted and not (os.path.isdir(wanted) and os.access(wanted, os.W_OK | os.X_OK)):
        raise ConfigError(
            "the folder for temporary files cannot be written",
            where=f"TMPDIR={wanted}",
            expected="a folder that exists and that this user may write",
            remedy="make the folder, or set TMPDIR to another one",
        )


def add_allotment_arguments(parser: argparse.ArgumentParser) -> None:
    """The options --threads and --mem-mb, as a rule gives them."""
    parser.add_argument("--threads", type=_at_least_1, default=1, help="of the job; default 1")
    parser.add_argument("--mem-mb", type=_at_least_1, default=2000, help="of the job; default 2000")


def _at_least_1(text: str) -> int:
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"must be at least 1, got {value}")
    return value


@dataclass(frozen=True)
class Allotment:
    """What a job may use.

    Parameters
    ----------
    threads : int
        Dask's workers at most.
    mem_mb : int
        Memory of the whole job, in MiB.

    Raises
    ------
    ValueError
        One of them is below 1.
    """

    threads: int
    mem_mb: int

    def __post_init__(self) -> None:
        if self.threads < 1 or self.mem_mb < 1:
            raise ValueError(
                f"threads and mem_mb must be at least 1, got {self.threads} and {self.mem_mb}"
            )

    @classmethod
    def of(cls, args: argparse.Namespace) -> "Allotment":
        """The allotment on the command line."""
        return cls(args.threads, args.mem_mb)

    def free_bytes(self) -> int:
        """Memory that the process does not hold yet, at least 0."""
        return max(self.mem_mb * MIB - resident_bytes(), 0)

    def workers(self, task_bytes: int) -> int:
        """Tasks of a size to run at once: as many as the threads, if their memory is there.

        Tasks are cut by the data alone and results are joined in their order, so fewer workers
        take longer and give the same bytes. One always runs; a notice on stderr tells when the
        memory allows fewer than the threads.

        Parameters
        ----------
        task_bytes : int
            What one task needs at most.
        """
        free = self.mem_mb * MIB - resident_bytes()
        fitting = max(free // max(task_bytes, 1), 0)
        if fitting >= self.threads:
            return self.threads
        n = max(fitting, 1)
        print(
            f"notice: {n} of {self.threads} threads are used: a task needs about "
            f"{task_bytes // MIB} MiB, and {max(free, 0) // MIB} of the job's {self.mem_mb} MiB "
            "are free; raise the rule's mem_mb to use all",
            file=sys.stderr,
        )
        return n


def resident_bytes() -> int:
    """Memory this process holds, in bytes; where the system does not tell, the most it has held."""
    if sys.platform == "linux":
        with open("/proc/self/statm", encoding="ascii") as stream:
            return int(stream.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    import resource

    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held if sys.platform == "darwin" else held * 1024
