"""Programs that a step needs on this machine where it does not run in its image."""

import re
import shutil
import subprocess

from genocohort.commands.backends import Profile
from genocohort.errors import ToolError
from genocohort.study import Study

BCFTOOLS_MIN = (1, 16)
_REMEDY = (
    "install it (apt-get install bcftools, conda install -c bioconda bcftools), or use a backend "
    "with containers: --backend docker"
)


def bcftools_version() -> str:
    """The version of this machine's bcftools.

    Raises
    ------
    ToolError
        It is not installed, does not start, or is too old.
    """
    wanted = ".".join(map(str, BCFTOOLS_MIN))
    where = "the step calls, which runs on this machine with the local backend"
    if not shutil.which("bcftools"):
        raise ToolError(
            "bcftools is not installed", where=where, expected=f"{wanted} or newer", remedy=_REMEDY
        )
    done = subprocess.run(["bcftools", "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"bcftools (\d+)\.(\d+)\S*", done.stdout)
    if done.returncode or not found:
        raise ToolError("bcftools does not start", where=where, remedy=_REMEDY)
    version = found.group(0).removeprefix("bcftools ")
    if (int(found.group(1)), int(found.group(2))) < BCFTOOLS_MIN:
        raise ToolError(
            f"bcftools {version} is too old",
            where=where,
            expected=f"{wanted} or newer",
            remedy=_REMEDY,
        )
    return version


def check_tools(study: Study, profile: Profile) -> None:
    """Refuse a run without containers that needs a program which is not here.

    Raises
    ------
    ToolError
        Variants are to be called, and bcftools cannot be used.
    """
    if study.calling and not profile.in_containers:
        bcftools_version()
