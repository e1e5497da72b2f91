"""The number that the warehouse knows an event by: of its instance and id, since two portals may give the same id.

Among ten million recent events the chance that a new one finds its number taken, and is lost, is 1 in 10¹².
"""

import re
import sys
from array import array
from collections.abc import Iterable, Sequence
from hashlib import blake2b

import orjson

KEY_BYTES = 8

_BEGINNING = re.compile(rb'\{"id":"([^"\\]*)","instance":"([^"\\]*)"')


def keys_of(lines: Iterable[bytes]) -> bytes:
    """Make the numbers of stored events, one after the other, as they are kept.

    Args:
        lines: an event as JSON each.
    """
    return b"".join([_key(line) for line in lines])


def numbers(keys: bytes) -> Sequence[int]:
    """Read numbers as they are kept."""
    read = array("Q", keys)
    if sys.byteorder == "little":
        read.byteswap()
    return read


def digest(keys: Sequence[int]) -> str:
    """Tell the events of these numbers from others."""
    return blake2b(array("Q", keys).tobytes(), digest_size=12).hexdigest()


def _key(line: bytes) -> bytes:
    if simple := _BEGINNING.match(line):  # as this service writes events; not to read them whole saves most of the time
        id_, instance = simple.groups()
    else:
        event = orjson.loads(line)
        id_, instance = event["id"].encode(), event["instance"].encode()
    return blake2b(instance + b"\0" + id_, digest_size=KEY_BYTES).digest()
