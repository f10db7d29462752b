"""Snakemake executor plugin: every job runs in a container of its own rule's image.

A rule is `shell:` only and names its `container:` by digest. The controller, which is the main
Snakemake process, formats the command; a backend runs it as a script in that image. Snakemake,
the workflow's sources and credentials are never inside a step's container.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from snakemake_executor_plugin_steps.executor import Executor
    from snakemake_executor_plugin_steps.settings import ExecutorSettings, common_settings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]


def __getattr__(name: str) -> Any:
    """Snakemake's view of the plugin; the stagers import parts of it and start faster without."""
    if name == "Executor":
        from snakemake_executor_plugin_steps.executor import Executor

        return Executor
    if name in __all__:
        from snakemake_executor_plugin_steps import settings

        return getattr(settings, name)
    raise AttributeError(name)
