"""Benchmark files with Snakemake's own columns, the same on every backend."""

from snakemake_executor_plugin_steps.submission import Usage

COLUMNS = (
    "s", "h:m:s", "max_rss", "max_vms", "max_uss", "max_pss",
    "io_in", "io_out", "mean_load", "cpu_time",
)  # fmt: skip
_BYTES_PER_MB = 1024 * 1024


def benchmark_text(usage: Usage | None) -> str:
    """A benchmark file's text: times in seconds, memory in MiB, the load in percent of one core.

    Parameters
    ----------
    usage
        What the wrapper saw. `max_rss` is the control group's peak: all processes of the step
        together, with the file cache that the kernel could not drop. What is unknown is NA.
    """
    values = dict.fromkeys(COLUMNS, "NA")
    if usage is not None:
        seconds = max(usage.ended - usage.started, 0.0)
        whole = int(seconds)
        values["s"] = f"{seconds:.4f}"
        values["h:m:s"] = f"{whole // 3600}:{whole % 3600 // 60:02d}:{whole % 60:02d}"
        if usage.peak_bytes is not None:
            values["max_rss"] = f"{usage.peak_bytes / _BYTES_PER_MB:.2f}"
        if usage.cpu_seconds is not None:
            values["cpu_time"] = f"{usage.cpu_seconds:.2f}"
            if seconds > 0:
                values["mean_load"] = f"{100 * usage.cpu_seconds / seconds:.2f}"
    return "\t".join(COLUMNS) + "\n" + "\t".join(values.values()) + "\n"
