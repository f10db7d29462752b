"""Snakemake executor plugin: every job runs in a container of its own rule's image.

A rule is `shell:` only and names its `container:` by digest. The controller, which is the main
Snakemake process, formats the command; a backend runs it as a script in that image. Snakemake,
the workflow's sources and credentials are never inside a step's container.
"""

from snakemake_executor_plugin_steps.executor import Executor
from snakemake_executor_plugin_steps.settings import ExecutorSettings, common_settings

__all__ = ["Executor", "ExecutorSettings", "common_settings"]
