"""How much of the engine's processors and memory is taken."""

from threading import Condition

from snakemake_executor_plugin_steps.submission import Closing, StepsError


class Capacity:
    """Makes jobs wait until there is room, however many are submitted.

    Parameters
    ----------
    cpus, mem_mb
        What all jobs may use together.
    """

    def __init__(self, cpus: int, mem_mb: int) -> None:
        self.cpus, self.mem_mb = cpus, mem_mb
        self._taken: dict[str, tuple[int, int]] = {}
        self._free = Condition()
        self._closed = False

    def take(self, name: str, cpus: int, mem_mb: int) -> None:
        """Wait for room and take it.

        Raises
        ------
        StepsError
            The job could never fit.
        Closing
            The run is being cancelled.
        """
        if mem_mb > self.mem_mb:
            raise StepsError(
                f"it asks for mem_mb={mem_mb}, but jobs have {self.mem_mb} MB on this machine"
            )
        cpus = min(cpus, self.cpus)
        with self._free:
            self._free.wait_for(lambda: self._closed or self._fits(cpus, mem_mb))
            if self._closed:
                raise Closing("the run is being cancelled")
            self._taken[name] = (cpus, mem_mb)

    def give_back(self, name: str) -> None:
        """Free what a job had; nothing if it had none."""
        with self._free:
            self._taken.pop(name, None)
            self._free.notify_all()

    def close(self) -> None:
        """Nothing is taken any more."""
        with self._free:
            self._closed = True
            self._free.notify_all()

    def _fits(self, cpus: int, mem_mb: int) -> bool:
        taken_cpus = sum(c for c, _ in self._taken.values())
        taken_mem_mb = sum(m for _, m in self._taken.values())
        return taken_cpus + cpus <= self.cpus and taken_mem_mb + mem_mb <= self.mem_mb
