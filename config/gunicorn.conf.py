"""How gunicorn runs the service: one worker with threads.

The embedded engine belongs to one process. A second worker needs `warehouse.dsn` to name a ClickHouse server; then
`WEB_CONCURRENCY` may be raised.
"""

import os
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NoReturn

from gunicorn.glogging import Logger  # type: ignore[import-untyped] # it has no types

from insights_backend import ConfigError, load_settings
from insights_backend.composition import assemble

bind = f"{os.environ.get('HOST', '127.0.0.1')}:{os.environ.get('PORT', '7008')}"
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "1"))
threads = 16
# Longer than a report may take. A stop waits no longer than a process manager does before it kills.
timeout = 60
graceful_timeout = 8
# Above the idle time of the usual proxies, so that it is they who close a connection.
keepalive = 75
# Loading before the fork would leave the threads and the engine in the wrong process.
preload_app = False
# It would lie in the home directory, where a second service would meet it; nobody needs it here.
control_socket_disable = True


class PrivateLogger(Logger):  # type: ignore[misc] # as above
    """Writes no person into an access log, where one is asked for: the path of an erasure names one."""

    def access(self, resp: Any, req: Any, environ: Mapping[str, Any], request_time: Any) -> None:
        """Log a request, without whom it is about."""
        told = {name: _hidden(value) if isinstance(value, str) else value for name, value in environ.items()}
        super().access(resp, req, told, request_time)


def _hidden(text: str) -> str:
    return re.sub(r"(/users/)[^?#\s]+", r"\1[user]", text)


logger_class = PrivateLogger


def on_starting(server: Any) -> None:
    """Say what is wrong with the configuration in one line, before any worker tries."""
    try:
        settings = load_settings(os.environ, Path.cwd())
        assemble(settings).close()
    except ConfigError as error:
        _refuse(str(error))
    if server.cfg.workers > 1 and not settings.upload.url and settings.warehouse.dsn.reveal().startswith("chdb:"):
        _refuse(
            "the embedded warehouse belongs to one process: run one worker, or set warehouse.dsn to a ClickHouse server"
        )


def _refuse(reason: str) -> NoReturn:
    sys.stderr.write(f"insights: {reason}\n")
    sys.exit(2)
