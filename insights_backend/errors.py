"""What can go wrong, as codes that never change.

Each error carries its `code`, the stable name that clients know it by, and a message that says
what was wrong, where, and what to do. No message holds a secret or personal data. How an error becomes an HTTP
answer is the business of `web.problems`.
"""

from typing import ClassVar


class InsightsError(Exception):
    """Base of every error that this package raises on purpose."""

    code: ClassVar[str] = "internal_error"

    @property
    def message(self) -> str:
        """The sentence for people."""
        return str(self)


class ConfigError(InsightsError):
    """The configuration cannot be used; names the key and the file."""

    code = "invalid_config"


class InvalidEntityRefError(InsightsError):
    """A text is not an entity reference."""

    code = "invalid_entity_ref"


class InvalidFilterError(InsightsError):
    """An EntityFilterQuery cannot be read, or cannot be written to a URL."""

    code = "invalid_filter"


class MalformedJsonError(InsightsError):
    """A body is not JSON, or not of a shape that the route takes."""

    code = "malformed_json"


class RequestTimeoutError(InsightsError):
    """A body ended before its end: its client hung up, or took too long over it."""

    code = "request_timeout"


class InvalidParameterError(InsightsError):
    """A query parameter is unknown or has a value that cannot be used."""

    code = "invalid_parameter"


class UnauthenticatedError(InsightsError):
    """No credentials, or credentials that do not verify."""

    code = "unauthenticated"


class ForbiddenError(InsightsError):
    """The caller is known, and may not do this."""

    code = "forbidden"


class NotFoundError(InsightsError):
    """There is no such thing; names those that there are."""

    code = "not_found"


class PayloadTooLargeError(InsightsError):
    """A body is over a limit."""

    code = "payload_too_large"


class UnsupportedMediaTypeError(InsightsError):
    """A body's content type or encoding is not taken."""

    code = "unsupported_media_type"


class RateLimitedError(InsightsError):
    """A caller sends more than its share.

    Args:
        message: what there was too much of.
        retry_after: seconds after which the caller may go on.
    """

    code = "rate_limited"

    def __init__(self, message: str, retry_after: int) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class UnavailableError(InsightsError):
    """It cannot be done now, and may be tried again.

    Args:
        message: what is unavailable.
        retry_after: seconds after which a caller may try again.
    """

    code = "unavailable"

    def __init__(self, message: str, retry_after: int = 5) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class CatalogUnavailableError(UnavailableError):
    """The catalog did not answer, or not with anything that could be used."""

    code = "catalog_unavailable"
