"""Readers: each takes what stands at a key and returns a typed value, or says what is wrong with it.

A reader raises ValueError, or an error of the model, with a sentence that does not repeat the value. Numbers and
booleans are read as Backstage does (`ConfigReader` in `@backstage/config`).
"""

import re
from collections.abc import Callable, Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any, TypeVar, get_args

from insights_backend.errors import InsightsError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.settings.duration import parse_duration
from insights_backend.settings.values import Network, Secret, Treatment

T = TypeVar("T")
Reader = Callable[[object], T]

_TRUE = frozenset({"y", "yes", "true", "1", "on"})
_FALSE = frozenset({"n", "no", "false", "0", "off"})
_MAX_TEXT = 4096
_MAX_ITEMS = 1000
_MAX_SECONDS = 10 * 365 * 86400
_MIN_SALT_BYTES = 32
_NUMBER = re.compile(r"[+-]?[0-9]{1,18}(?:\.[0-9]{1,18})?(?:[eE][+-]?[0-9]{1,2})?")
_TOKEN = re.compile(r"[\x21-\x7e]{8,4096}")
_DOT_PATH = re.compile(r"[^\[,\s.]+(?:\.[^\[,\s.]+)*")
_MAX_DOT_PATH = 200
_LABEL = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADER = re.compile(r"[A-Za-z0-9-]{1,64}")


def text(value: object) -> str:
    """Read a text of one line, not empty."""
    if not isinstance(value, str):
        raise ValueError("must be a text; put it in quotes")  # noqa: TRY004 - one kind of refusal
    if not 0 < len(value) <= _MAX_TEXT:
        raise ValueError(f"must have 1 to {_MAX_TEXT} characters")
    if not value.isprintable():
        raise ValueError("must not hold line breaks or control characters")
    return value


def path(value: object) -> Path:
    """Read the path of a file or directory."""
    return Path(text(value))


def boolean(value: object) -> bool:
    """Read a boolean, or one of the words that stand for it."""
    word = str(value).lower() if isinstance(value, str | int) else ""  # a boolean is an int
    if word not in _TRUE | _FALSE:
        raise ValueError("must be true or false")
    return word in _TRUE


def integer(low: int, high: int) -> Reader[int]:
    """Make a reader of whole numbers, also those written as text, from `low` to `high`."""

    def read(value: object) -> int:
        number = _whole(value)
        if number is None or not low <= number <= high:
            raise ValueError(f"must be a whole number from {low} to {high}")
        return number

    return read


def _whole(value: object) -> int | None:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _NUMBER.fullmatch(text := value.strip()):
        return int(text) if text.lstrip("+-").isdigit() else _whole(float(text))
    return None


def duration(*, zero: bool) -> Reader[float]:
    """Make a reader of durations, in seconds, up to ten years; `zero` tells whether none at all will do."""

    def read(value: object) -> float:
        seconds = parse_duration(value)
        if seconds > _MAX_SECONDS or (seconds == 0 and not zero):
            raise ValueError(f"must be {'at least 0' if zero else 'more than 0'} and at most ten years")
        return seconds

    return read


def choice(literal: Any) -> Reader[str]:
    """Make a reader of the words of a `Literal`."""
    choices: tuple[str, ...] = get_args(literal)

    def read(value: object) -> str:
        if not isinstance(value, str) or value not in choices:
            raise ValueError(f"must be one of {', '.join(choices)}")
        return value

    return read


def token(value: object) -> Secret:
    """Read a bearer token; those of Backstage have 8 characters or more and no space (`externalAccess`)."""
    if not isinstance(value, str) or not _TOKEN.fullmatch(value):
        raise ValueError("must be a text of at least 8 ASCII characters without white space")
    return Secret(value)


def salt(value: object) -> Secret:
    """Read the salt of the pseudonyms, at least 32 bytes in UTF-8."""
    if not isinstance(value, str) or not _MIN_SALT_BYTES <= _size(value) <= _MAX_TEXT:
        raise ValueError(f"must be a text of at least {_MIN_SALT_BYTES} bytes in UTF-8")
    return Secret(value)


def _size(text: str) -> int:
    """Count bytes in UTF-8; none where a variable held something else. The codec's own error would quote the text."""
    try:
        return len(text.encode())
    except UnicodeEncodeError:
        return 0


def label(value: object) -> str:
    """Read a short name, such as production for a deployment."""
    if not isinstance(value, str) or not _LABEL.fullmatch(value):
        raise ValueError("must be a text of 1 to 64 letters, digits, '.', '_' and '-'")
    return value


def header(value: object) -> str:
    """Read the name of an HTTP header; without an underscore, since servers drop such headers or confuse them."""
    if not isinstance(value, str) or not _HEADER.fullmatch(value):
        raise ValueError("must be the name of a header, such as X-Forwarded-User")
    return value


def network(value: object) -> Network:
    """Read an IP address, or a network of them in CIDR notation (RFC 4632); not all addresses there are."""
    try:
        read = ip_network(text(value))
    except ValueError:
        raise ValueError("must be an IP address or a network such as 10.1.0.0/16, without bits of a host") from None
    if read.prefixlen == 0:
        raise ValueError("must not be every address there is")
    return read


def dot_path(value: object) -> str:
    """Read a path into an entity or event, such as spec.type."""
    if not isinstance(value, str) or len(value) > _MAX_DOT_PATH or not _DOT_PATH.fullmatch(value):
        raise ValueError(
            f"must be a dot path such as spec.type, without '[', ',' and spaces, up to {_MAX_DOT_PATH} long"
        )
    return value


def viewer(value: object) -> str:
    """Read the reference of a user or a group; returns its full form."""
    ref = EntityRef.parse(text(value))
    if ref.kind not in {"user", "group"}:
        raise ValueError("must be a user or a group, such as group:default/platform")
    return str(ref)


def treatments(value: object) -> dict[str, str]:
    """Read what is to be done with which fields of an event; a null is absent."""
    if not isinstance(value, Mapping) or len(value) > _MAX_ITEMS:
        raise ValueError(f"must be an object of at most {_MAX_ITEMS} dot paths, such as {{attributes.note: drop}}")
    read = choice(Treatment)
    return {dot_path(key): read(treatment) for key, treatment in value.items() if treatment is not None}


def list_of(read: Reader[T], most: int = _MAX_ITEMS) -> Reader[tuple[T, ...]]:
    """Make a reader of lists of at most `most` items; items that are equal are one."""

    def read_list(value: object) -> tuple[T, ...]:
        if not isinstance(value, list) or len(value) > most:
            raise ValueError(f"must be a list of at most {most} items")
        return tuple(dict.fromkeys(_item(read, index, item) for index, item in enumerate(value)))

    return read_list


def _item(read: Reader[T], index: int, item: object) -> T:
    try:
        return read(item)
    except (ValueError, InsightsError) as error:
        raise ValueError(f"item {index + 1} {error}") from None
