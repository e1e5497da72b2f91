"""How log lines look: for people, or as JSON for machines; either with the request that they belong to."""

import logging
from typing import Any, Literal

from insights_backend.correlation import current

LogFormat = Literal["human", "json"]

_JSON = {"levelname": "level", "name": "logger", "request_id": "requestId", "trace_id": "traceId"}
"""What a JSON line calls what Python's logging knows by other names."""


class _OfRequest(logging.Filter):
    """Adds to a line which request it belongs to."""

    def filter(self, record: logging.LogRecord) -> bool:
        correlation = current()
        record.request_id = correlation and correlation.request_id
        record.trace_id = correlation and correlation.trace_id
        record._request = f" [{correlation.request_id}]" if correlation else ""  # JSON lines leave out such a name
        return True


def logging_config(log_format: LogFormat) -> dict[str, Any]:
    """Write what `logging.config.dictConfig` takes: all lines to standard error in one format, gunicorn's too."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request": {"()": _OfRequest}},
        "formatters": {
            "human": {"format": "%(asctime)s %(levelname)s %(name)s%(_request)s: %(message)s"},
            "json": {
                "()": "pythonjsonlogger.orjson.OrjsonFormatter",
                "format": "%(levelname)s %(name)s %(message)s %(request_id)s %(trace_id)s",
                "rename_fields": _JSON,
                "timestamp": "time",
            },
        },
        "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": log_format, "filters": ["request"]}},
        "root": {"level": "INFO", "handlers": ["stderr"]},
        "loggers": {name: {"level": "INFO", "propagate": True} for name in ("gunicorn.error", "gunicorn.access")},
    }
