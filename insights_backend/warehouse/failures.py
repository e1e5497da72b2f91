"""What can go wrong with the engine, in our own words, and how long it took."""

from collections.abc import Iterator
from contextlib import contextmanager

from insights_backend.errors import UnavailableError
from insights_backend.metrics import WAREHOUSE, timed

NOT_INSTALLED = "the engine is not installed: pip install 'insights-backend[warehouse]', or set upload.url"
"""What is wrong where the core is installed alone."""

_RETRY_AFTER = 10
_OVER_LIMIT = {159, 160, 241, 307}  # of time, foreseen time, memory, bytes: the engine's error codes


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
        code = getattr(error, "code", None)
        if code in _OVER_LIMIT:
            raise QueryLimitError from error
        reason = f"{type(error).__name__}, code {code}" if code else type(error).__name__
        raise WarehouseUnavailableError(f"{doing} ({reason})") from error
