"""Compiled kernels, and the libraries that they take from installed wheels.

The extension modules are built where a C compiler is there at install. They link to nothing:
libdeflate comes from the wheel `deflate`, htslib from the wheel `pysam`, by the addresses of their
functions. Without them the plain engines of the steps run, far more slowly and with the same
results.
"""

import ctypes
import os
import sys
import zlib
from collections.abc import Callable
from functools import cache
from types import ModuleType
from typing import Literal

from genocohort.errors import ToolError

REQUIRED = "GENOCOHORT_REQUIRE_NATIVE"
_LIBDEFLATE = (
    "libdeflate_alloc_decompressor",
    "libdeflate_free_decompressor",
    "libdeflate_deflate_decompress",
    "libdeflate_crc32",
)
_HTSLIB = (
    "hts_open", "sam_hdr_read", "sam_hdr_destroy", "sam_read1", "hts_set_threads",
    "hts_set_fai_filename", "hts_close", "bam_init1", "bam_destroy1", "sam_index_load3",
    "hts_idx_destroy", "sam_itr_queryi", "hts_itr_next", "hts_itr_destroy",
)  # fmt: skip

# What a negative code of a kernel means.
PROBLEMS = {
    -1: "it is truncated",
    -2: "a block is no BGZF block",
    -3: "a block's data is damaged",
    -4: "a block's checksum (CRC) is wrong",
    -5: "it cannot be read",
    -7: "a record contradicts itself",
    -8: "the tag NM of a record is no whole number",
    -10: "its header is damaged",
}
NO_MEMORY, UNSORTED = -6, -9


@cache
def native(name: Literal["alignments", "calls", "cohort"]) -> ModuleType | None:
    """A compiled module, ready to use; None, with a notice, where it is absent.

    Raises
    ------
    ToolError
        It is absent although GENOCOHORT_REQUIRE_NATIVE=1.
    """
    try:
        return _LOADERS[name]()
    except (ImportError, OSError, AttributeError, RuntimeError) as error:
        if os.environ.get(REQUIRED) == "1":
            raise ToolError(
                f"the compiled kernels cannot be used: {error}",
                where=__name__,
                expected=f"kernels, since {REQUIRED}=1",
                remedy="install a C compiler, then install genocohort again",
            ) from error
        print(
            f"notice: the plain engine runs, far more slowly: no compiled kernels ({error})",
            file=sys.stderr,
        )
        return None


def _load_alignments() -> ModuleType:
    """Import the extension, bind both libraries and try them."""
    import deflate._deflate as deflate_module
    import pysam.libchtslib as hts_module

    from genocohort.kernels import _alignments as module

    _bind_libdeflate(module, deflate_module.__file__)
    hts = ctypes.CDLL(hts_module.__file__)
    module.bind_htslib({name: _address(hts, name) for name in _HTSLIB})
    _try_htslib(module, hts)
    return module


def _load_calls() -> ModuleType:
    """Import the extension, bind libdeflate and try it."""
    import deflate._deflate as deflate_module

    from genocohort.kernels import _calls as module

    _bind_libdeflate(module, deflate_module.__file__)
    return module


def _load_cohort() -> ModuleType:
    """Import the extension; it takes nothing from elsewhere."""
    from genocohort.kernels import _cohort as module

    return module


_LOADERS: dict[str, Callable[[], ModuleType]] = {
    "alignments": _load_alignments,
    "calls": _load_calls,
    "cohort": _load_cohort,
}


def _bind_libdeflate(module: ModuleType, path: str) -> None:
    library = ctypes.CDLL(path)
    module.bind_libdeflate(*(_address(library, name) for name in _LIBDEFLATE))
    _try_libdeflate(module)


def _address(library: ctypes.CDLL, name: str) -> int:
    address = ctypes.cast(getattr(library, name), ctypes.c_void_p).value
    if not address:
        raise RuntimeError(f"no function {name}")
    return address


def _try_libdeflate(module: ModuleType) -> None:
    text = b"ACGT" * 50
    packer = zlib.compressobj(6, zlib.DEFLATED, -15)
    found = module.Inflater().inflate(packer.compress(text) + packer.flush(), len(text))
    if found != (text, zlib.crc32(text)):
        raise RuntimeError("libdeflate does not inflate a known text")


def _try_htslib(module: ModuleType, hts: ctypes.CDLL) -> None:
    """A record that htslib has built must read back field by field."""
    hts.bam_init1.restype = ctypes.c_void_p
    record = ctypes.c_void_p(hts.bam_init1())
    cigar = (ctypes.c_uint32 * 1)(4 << 4)
    big = ctypes.c_int64
    size = ctypes.c_size_t
    hts.bam_set1(
        record, size(2), b"ab", ctypes.c_uint16(99), ctypes.c_int32(3), big(1 << 33),
        ctypes.c_uint8(37), size(1), cigar, ctypes.c_int32(5), big(1 << 34), big(-7), size(4),
        b"ACGT", b"\x01\x02\x03\x04", size(0),
    )  # fmt: skip
    found = module.describe_record(record.value)
    hts.bam_destroy1(record)
    known = (3, 1 << 33, 37, 99, 3, 1, 4, 5, 1 << 34, -7)
    if found[:-1] != known or found[-1][-6:] != b"\x12\x48\x01\x02\x03\x04":
        raise RuntimeError("htslib's records have another layout")
