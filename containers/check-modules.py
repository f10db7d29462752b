"""Stop the build where a compiled module fits neither this Python nor this C library.

At run time such a module would be passed over, and the far slower plain engine would run.
"""

import ctypes
import sys
from importlib.machinery import EXTENSION_SUFFIXES
from pathlib import Path

# A module without a tag could be for any Python.
ENDINGS = tuple(ending for ending in EXTENSION_SUFFIXES if ending != ".so")

for path in sorted(Path(sys.argv[1]).rglob("*.so")):
    try:
        if not path.name.endswith(ENDINGS):
            raise OSError(f"this Python loads modules that end with {' or '.join(ENDINGS)}")
        ctypes.CDLL(str(path.resolve()))
    except OSError as error:
        sys.exit(
            f"{path} was compiled for another system than the base image: {error}. Install "
            "genocohort with the base image's version of Python, on a system no newer than it"
        )
