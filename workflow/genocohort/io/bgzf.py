"""Is a compressed file whole? Checks of the BGZF container that BAM, bgzipped VCF and BCF share."""

import gzip
import zlib
from pathlib import Path

# The empty block every BGZF writer ends a file with (SAM specification, section 4.1.2).
EOF_BLOCK = bytes.fromhex("1f8b08040000000000ff0600424302001b0003000000000000000000")
# The last container of a CRAM 3 file, and of CRAM 2.1 (CRAM specification, section 9).
CRAM3_EOF = bytes.fromhex(
    "0f000000ffffffff0fe0454f4600000000010005bdd94f0001000606010001000100ee63014b"
)
CRAM2_EOF = bytes.fromhex(
    "0b000000ffffffff0fe0454f4600000000010000010006060100010001 00".replace(" ", "")
)


def is_gzip(path: Path) -> bool:
    """Whether a file starts as gzip (BGZF included)."""
    with open(path, "rb") as stream:
        return stream.read(2) == b"\x1f\x8b"


def is_bgzf(path: Path) -> bool:
    """Whether a file starts with a BGZF block (gzip with the BC extra field)."""
    with open(path, "rb") as stream:
        head = stream.read(18)
    return len(head) == 18 and head[:4] == b"\x1f\x8b\x08\x04" and head[12:14] == b"BC"


def has_eof_marker(path: Path) -> bool:
    """Whether a BGZF or CRAM file ends with its end-of-file marker."""
    size = path.stat().st_size
    with open(path, "rb") as stream:
        stream.seek(max(0, size - 64))
        tail = stream.read()
    return tail.endswith((EOF_BLOCK, CRAM3_EOF, CRAM2_EOF))


def damage(path: Path, *, chunk: int = 1 << 20) -> str | None:
    """Decompress a gzip or BGZF file to its end; what is wrong with it, or None.

    Every block's CRC and length are checked on the way.
    """
    try:
        with gzip.open(path, "rb") as stream:
            while stream.read(chunk):
                pass
    except EOFError:
        return "the file is cut off in the middle of a compressed block"
    except (OSError, zlib.error) as error:
        return f"the compressed data is corrupt ({type(error).__name__})"
    return None
