"""What can go wrong with the engine, in our own words, and how long it took."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from insights_backend.errors import UnavailableError
from insights_backend.metrics import WAREHOUSE, timed

NOT_INSTALLED = "the engine is not installed: pip install 'insights-backend[warehouse]', or set upload.url"
"""What is wrong where the core is installed alone."""

_RETRY_AFTER = 10
_OVER_LIMIT = {159, 160, 241, 307}  # of time, foreseen time, memory, bytes: the engine's error codes
# Of escapes, quotes, JSON, what ends too early (two), times, numbers (two), lines, lists, depth and booleans: all that
# the engine was seen to say of spoilt events. It may say so of more than events; see `refusing.py`.
_UNREADABLE = {25, 26, 27, 32, 33, 41, 69, 72, 117, 130, 306, 467}
_CODE = re.compile(rb"Code: ([0-9]+)\.")


class WarehouseUnavailableError(UnavailableError):
    """The engine cannot be opened, or did not do what it was asked."""

    code = "warehouse_unavailable"

    def __init__(self, message: str) -> None:
        super().__init__(message, _RETRY_AFTER)


class QueryLimitError(WarehouseUnavailableError):
    """A question needs more time or memory than one may have."""

    code = "query_limit"

    def __init__(self) -> None:
        super().__init__(
            "this question needs more time or memory than one may have; ask for a shorter period, or filter"
        )


class UnreadableError(WarehouseUnavailableError):
    """The engine cannot read a value that it was given.

    Args:
        engine_code: the engine's number for what is wrong with the value.
    """

    def __init__(self, engine_code: int) -> None:
        super().__init__(f"the warehouse cannot read what it was given (code {engine_code})")
        self.engine_code = engine_code


@contextmanager
def measured(operation: str) -> Iterator[None]:
    """Have the metrics tell how long the engine took for what is done within, and make its errors ours."""
    with timed(WAREHOUSE, operation, failed=_result_of), engine_errors():
        yield


def _result_of(error: Exception) -> str:
    return "over_limit" if isinstance(error, QueryLimitError) else "failed"


@contextmanager
def engine_errors(doing: str = "the warehouse refused a question, or did not answer") -> Iterator[None]:
    """Make the library's errors ours, without their text: it quotes data."""
    from clickhouse_connect.driver.exceptions import Error  # noqa: PLC0415 - the core installs without the engine

    try:
        yield
    except (Error, OSError) as error:
        code = _code_of(error)
        if code in _OVER_LIMIT:
            raise QueryLimitError from error
        if code in _UNREADABLE:
            raise UnreadableError(code) from error
        reason = f"{type(error).__name__}, code {code}" if code else type(error).__name__
        raise WarehouseUnavailableError(f"{doing} ({reason})") from error


def _code_of(error: Exception) -> int | None:
    """Return the engine's code for an error, also where its text, cut off in the middle of a letter, was no text."""
    if isinstance(error.__cause__, UnicodeDecodeError):
        found = _CODE.match(error.__cause__.object)
        return int(found[1]) if found else None
    return getattr(error, "code", None)
