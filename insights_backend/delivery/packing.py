"""How events lie in the outbox: compressed where that spares pages of the file.

A request of a hundred events takes a tenth of the space so, and a third of the time to write, read and delete.
"""

import sys

import orjson

from insights_backend.errors import UnavailableError

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

_PAGE = 4096  # of SQLite: what is shorter takes one in any case
_OPTIONS: dict[int, int] = {
    zstd.CompressionParameter.compression_level.value: 1,  # a higher one takes longer, and spares no page more
    zstd.CompressionParameter.checksum_flag.value: 1,  # tells when a disk has changed a bit
}
# To make one takes as long as to compress a request of twenty events; threads use it one after the other.
_COMPRESSOR = zstd.ZstdCompressor(options=_OPTIONS)
_MAGIC = b"\x28\xb5\x2f\xfd"  # RFC 8878, section 3.1.1; no line of JSON begins so


class DamagedError(UnavailableError):
    """Events on the disk are not what was stored."""


def packed(lines: bytes) -> bytes:
    """Return events as they are to be stored."""
    return lines if len(lines) < _PAGE else _COMPRESSOR.compress(lines, _COMPRESSOR.FLUSH_FRAME)


def is_packed(stored: bytes) -> bool:
    """Tell whether stored events are a frame of Zstandard (RFC 8878), and not as they were."""
    return stored.startswith(_MAGIC)


def unpacked(stored: bytes) -> bytes:
    """Return stored events as they were; also those of several frames, one after the other.

    Raises:
        DamagedError: they are not what was stored.
    """
    try:
        return zstd.decompress(stored) if is_packed(stored) else stored
    except zstd.ZstdError:
        raise DamagedError("stored events are damaged and cannot be unpacked") from None


def is_sound(stored: bytes, *, thoroughly: bool) -> bool:
    """Tell whether stored events can be read: whether a frame has its length, or thoroughly, each line by line."""
    try:
        if is_packed(stored) and zstd.get_frame_size(stored) != len(stored):
            return False
        if thoroughly:
            for line in unpacked(stored).split(b"\n")[:-1]:
                orjson.loads(line)
    except (zstd.ZstdError, DamagedError, orjson.JSONDecodeError):
        return False
    return True
