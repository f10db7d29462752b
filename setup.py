"""The compiled parts; everything else of the installation is in pyproject.toml.

Where there is no compiler the package is installed without them and its plain engine runs;
GENOCOHORT_REQUIRE_NATIVE=1 makes that an error.
"""

import os
import sys

from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext

KERNELS = ("_alignments", "_calls", "_cohort")
REQUIRED = os.environ.get("GENOCOHORT_REQUIRE_NATIVE") == "1"


class OptionalBuild(build_ext):
    """Build the extensions, or go on without them."""

    def build_extension(self, ext: Extension) -> None:
        """Build one; a failure is an error only where it is required."""
        try:
            super().build_extension(ext)
        except Exception as error:
            if REQUIRED:
                raise
            print(f"notice: {ext.name} is not built ({error})", file=sys.stderr)
            ext.optional = True
            self.failed = True

    def copy_extensions_to_source(self) -> None:
        """Put what was built beside its source."""
        if not getattr(self, "failed", False):
            super().copy_extensions_to_source()


def extensions() -> list[Extension]:
    """The extension modules; none where Cython is missing and nothing is required."""
    try:
        from Cython.Build import cythonize
    except ImportError:
        if REQUIRED:
            raise
        print("notice: Cython is missing, the kernels are not built", file=sys.stderr)
        return []
    # The stable interface of Python 3.11: one file serves every later version. Products and sums
    # are rounded one by one on every processor, as the plain engines round them.
    modules = [
        Extension(
            f"genocohort.kernels.{name}",
            [f"workflow/genocohort/kernels/{name}.pyx"],
            extra_compile_args=["-O3", "-ffp-contract=off"],
            define_macros=[("Py_LIMITED_API", "0x030B0000")],
            py_limited_api=True,
        )
        for name in KERNELS
    ]
    return list(cythonize(modules, build_dir="build/cython"))


setup(
    ext_modules=extensions(),
    cmdclass={"build_ext": OptionalBuild},
    options={"bdist_wheel": {"py_limited_api": "cp311"}},
)
