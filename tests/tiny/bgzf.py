"""BGZF files with blocks of any size."""

import struct
import zlib

from genocohort.io.bgzf import EOF_BLOCK


def bgzf(data: bytes, size: int = 60_000) -> bytes:
    """Blocks of these bytes, and the end marker."""
    out = []
    for i in range(0, len(data), size):
        part = data[i : i + size]
        packer = zlib.compressobj(6, zlib.DEFLATED, -15)
        packed = packer.compress(part) + packer.flush()
        head = struct.pack("<4BI2BH2BHH", 31, 139, 8, 4, 0, 0, 255, 6, 66, 67, 2, len(packed) + 25)
        out.append(head + packed + struct.pack("<II", zlib.crc32(part), len(part)))
    return b"".join(out) + EOF_BLOCK
