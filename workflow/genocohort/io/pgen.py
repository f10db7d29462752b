"""Write PLINK 2 binary genotypes (.pgen, storage mode 0x10): hardcalls, phase, dosages.

Each row stands for itself (none refers to the row before it), so rows can be encoded in any thread.

References
----------
The PLINK 2 file format specification (pgen_spec), chapter "PGEN".
"""

import shutil
import struct
import tempfile
from pathlib import Path
from typing import IO

import numpy as np
import numpy.typing as npt

from genocohort.io.atomic import replacing

_BLOCK = 1 << 16
_LIST, _PHASE, _DOSAGES = 4, 16, 96
_HEAD_BYTES = 12
# Bits of a code: 0-1 ALT alleles (3: missing), 2 phased, 3 ALT stands first.
CALL, PHASED, ALT_FIRST = 3, 4, 8
DOSAGE_UNIT = 16_384
NO_DOSAGE = 65_535


def encode_row(
    codes: npt.NDArray[np.uint8], dosages: npt.NDArray[np.uint16] | None = None
) -> tuple[int, bytes]:
    """One row: its record type and its bytes.

    Parameters
    ----------
    codes : ndarray, shape (n_samples,), uint8
    dosages : ndarray, shape (n_samples,), uint16, or None
        ALT dosage in 1 / DOSAGE_UNIT, NO_DOSAGE where there is none besides the call.
    """
    calls = np.asarray(codes & CALL, dtype=np.uint8)
    changed = np.flatnonzero(calls)
    if 8 * len(changed) <= len(codes):
        kind, data = _LIST, _difference_list(calls, changed)
    else:
        kind, data = 0, _packed(calls)
    het = codes[calls == 1]
    if (het & PHASED).any():
        kind, data = kind | _PHASE, data + _phase(het)
    if dosages is not None and (there := dosages != NO_DOSAGE).any():
        bits = np.packbits(there, bitorder="little").tobytes()
        kind, data = kind | _DOSAGES, data + bits + dosages[there].astype("<u2").tobytes()
    return kind, data


def _packed(calls: npt.NDArray[np.uint8]) -> bytes:
    padded = np.zeros(-(-len(calls) // 4) * 4, dtype=np.uint8)
    padded[: len(calls)] = calls
    quads = padded.reshape(-1, 4)
    return (quads[:, 0] | quads[:, 1] << 2 | quads[:, 2] << 4 | quads[:, 3] << 6).tobytes()


def _number(value: int) -> bytes:
    out = bytearray()
    while value >= 128:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def _difference_list(calls: npt.NDArray[np.uint8], changed: npt.NDArray[np.int64]) -> bytes:
    n = len(changed)
    if n == 0:
        return _number(0)
    id_bytes = len(_little(len(calls)))
    groups = [changed[i : i + 64] for i in range(0, n, 64)]
    deltas = [b"".join(_number(int(d)) for d in np.diff(group)) for group in groups]
    firsts = b"".join(int(group[0]).to_bytes(id_bytes, "little") for group in groups)
    lengths = bytes(len(d) - 63 for d in deltas[:-1])
    return _number(n) + firsts + lengths + _packed(calls[changed]) + b"".join(deltas)


def _little(value: int) -> bytes:
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "little")


def _phase(het: npt.NDArray[np.uint8]) -> bytes:
    """Phase of the heterozygous codes, in their order."""
    there = (het & PHASED) != 0
    first = (het & ALT_FIRST) != 0
    if there.all():
        bits = np.concatenate([[False], first])
        return bytes(np.packbits(bits, bitorder="little"))
    bits = np.concatenate([[True], there])
    behind = np.packbits(first[there], bitorder="little")
    return bytes(np.packbits(bits, bitorder="little")) + bytes(behind)


class PgenSpool:
    """Collects encoded rows in the job's scratch, then writes the file with its index in front.

    A context manager, whose end gives the scratch back.
    """

    def __init__(self) -> None:
        self._rows: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115 -- `__exit__` closes it
        self._kinds: list[npt.NDArray[np.uint8]] = []
        self._sizes: list[npt.NDArray[np.uint32]] = []

    def __enter__(self) -> "PgenSpool":
        return self

    def __exit__(self, *raised: object) -> None:
        self._rows.close()

    def add(self, data: bytes, kinds: npt.NDArray[np.uint8], sizes: npt.NDArray[np.uint32]) -> None:
        """Append rows: their bytes, record types and sizes."""
        self._rows.write(data)
        self._kinds.append(kinds)
        self._sizes.append(sizes)

    def write(self, path: Path, n_samples: int) -> int:
        """Write the file, atomically; the number of variants.

        Without variants or samples it is empty.
        """
        kinds = np.concatenate([np.zeros(0, np.uint8), *self._kinds])
        sizes = np.concatenate([np.zeros(0, np.uint32), *self._sizes])
        with replacing(path) as temporary, open(temporary, "wb") as out:
            if len(kinds) and n_samples:
                out.write(_head(kinds, sizes, n_samples))
                self._rows.seek(0)
                shutil.copyfileobj(self._rows, out, 1 << 20)
        return len(kinds)


def _head(kinds: npt.NDArray[np.uint8], sizes: npt.NDArray[np.uint32], n_samples: int) -> bytes:
    """Magic number, counts, and for each 65,536 rows their place, types and sizes."""
    n = len(kinds)
    width = len(_little(int(sizes.max())))
    n_blocks = -(-n // _BLOCK)
    body = _HEAD_BYTES + 8 * n_blocks + n * (1 + width)
    before = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])
    # Types of eight bits, sizes of `width` bytes; no ALT counts stored; REF is known everywhere.
    parts = [struct.pack("<BBBIIB", 0x6C, 0x1B, 0x10, n, n_samples, 3 + width | 1 << 6)]
    parts.append((body + before[:-1:_BLOCK]).astype("<u8").tobytes())
    for start in range(0, n, _BLOCK):
        stop = min(start + _BLOCK, n)
        parts.append(kinds[start:stop].tobytes())
        little = sizes[start:stop].astype("<u4").view(np.uint8).reshape(-1, 4)
        parts.append(np.ascontiguousarray(little[:, :width]).tobytes())
    return b"".join(parts)
