"""How events lie in the outbox: compressed where that spares pages of the file.

A request of a hundred events takes a tenth of the space so, and a third of the time to write, read and delete.
"""

import sys

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PAGE = 4096  # of SQLite: what is shorter takes one in any case
_LEVEL = 1  # a higher one takes longer, and spares no page more
_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, section 3.1.1; no line of JSON begins so


def packed(lines: bytes) -> bytes:
    """Return events as they are to be stored."""
    return lines if len(lines) < _PAGE else zstd.compress(lines, _LEVEL)


def is_packed(stored: bytes) -> bool:
    """Tell whether stored events are a frame of Zstandard (RFC 8878), and not as they were."""
    return stored.startswith(_MAGIC)


def unpacked(stored: bytes) -> bytes:
    """Return stored events as they were; also those of several frames, one after the other."""
    return zstd.decompress(stored) if is_packed(stored) else stored
