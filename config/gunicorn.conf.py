"""How gunicorn runs the service: one worker with threads.

The embedded engine belongs to one process. A second worker needs `warehouse.dsn` to name a ClickHouse server; then
`WEB_CONCURRENCY` may be raised.
"""

import gc
import os
import random
import re
import shutil
import socket
import struct
import sys
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

# The embedded engine gives memory back a second after its last use instead of five, and its threads share one arena
# instead of eight: a fourth less under load, at no cost that could be measured. Its allocator looks here once, when it
# is loaded.
os.environ.setdefault("JE_MALLOC_CONF", "dirty_decay_ms:1000,muzzy_decay_ms:0,narenas:1")

_processors = [*os.sched_getaffinity(0)] if sys.platform == "linux" else []
random.shuffle(_processors)  # services that know nothing of each other shall not all begin with the same one

_COUNTS = "insights-metrics-"
_MOST_WORKERS, _LAST_PORT = 1000, 65_535


def _refuse(reason: str) -> NoReturn:
    _forget_counts()
    sys.stderr.write(f"insights: {reason}\n")
    sys.exit(2)


def _forget_counts() -> None:
    counts = os.environ.get("PROMETHEUS_MULTIPROC_DIR", "")
    if _COUNTS in counts:
        shutil.rmtree(counts, ignore_errors=True)


def _number(variable: str, default: int, least: int, most: int) -> int:
    """Read a whole number that the environment may give."""
    text = os.environ.get(variable, str(default))
    if not re.fullmatch("[0-9]{1,9}", text) or not least <= int(text) <= most:
        _refuse(f"{variable}: must be a whole number from {least} to {most}")
    return int(text)


workers = _number("WEB_CONCURRENCY", 1, 1, _MOST_WORKERS)
if workers > 1 and _COUNTS not in os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""):
    # Where the workers put together what they count, for `/metrics`; before anything is imported that counts. A reload
    # reads this file again, and goes on counting there.
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = tempfile.mkdtemp(prefix=_COUNTS)

from gunicorn.glogging import Logger  # type: ignore[import-untyped] # noqa: E402 - it has no types; as above

from insights_backend import ConfigError, load_settings  # noqa: E402 - as above
from insights_backend.composition import assemble  # noqa: E402 - as above
from insights_backend.logs import logging_config  # noqa: E402 - as above
from insights_backend.settings import Settings  # noqa: E402 - as above
from insights_backend.web.problems import log_unexpected  # noqa: E402 - as above

_host = os.environ.get("HOST", "127.0.0.1")
_port = _number("PORT", 7008, 0, _LAST_PORT)
bind = f"{f'[{_host}]' if ':' in _host and not _host.startswith('[') else _host}:{_port}"
# A threaded one that lets go of clients which take too long over a request.
worker_class = "insights_backend.web.worker.BoundedWorker"
threads = 16
# Longer than a report may take. A stop waits no longer than a process manager does before it kills.
timeout = 60
graceful_timeout = 8
# The longest that the library allows, since filters may be repeated; and a token of 16 KiB with its scheme.
limit_request_line = 8190
limit_request_field_size = 17_000
# Where the service is mounted is for the environment to say (SCRIPT_NAME): in a header, which a proxy on this machine
# may hand on from its clients, it would lead past the paths that the proxy keeps to itself.
forwarder_headers = ""
# Above the idle time of the usual proxies, so that it is they who close a connection.
keepalive = 75
# How long a client may send nothing in the midst of a request, or take nothing of an answer, before it is let go: its
# thread is for others then.
stalled = 10
# Loading before the fork would leave the threads and the engine in the wrong process.
preload_app = False
# It would lie in the home directory, where a second service would meet it; nobody needs it here.
control_socket_disable = True


class PrivateLogger(Logger):  # type: ignore[misc] # as above
    """Writes no person into a log: the path of an erasure names one, and so may what an error says."""

    def access(self, resp: Any, req: Any, environ: Mapping[str, Any], request_time: Any) -> None:
        """Log a request, without whom it is about."""
        if not self.cfg.accesslog:  # the library asks no more, once it is told how lines shall look
            return
        told = {name: _hidden(value) if isinstance(value, str) else value for name, value in environ.items()}
        super().access(resp, req, told, request_time)

    def exception(self, msg: Any, *args: Any, **_: Any) -> None:
        """Log an error, such as one in the midst of an answer, by its class and where it was."""
        self.error(msg, *args)
        error = sys.exc_info()[1]
        if error:
            log_unexpected(error)


def _hidden(text: str) -> str:
    return re.sub(r"(/users/)[^?#\s]+", r"\1[user]", text)


logger_class = PrivateLogger


def when_ready(server: Any) -> None:
    """Bound the waiting for clients; connections inherit it from the socket on which they come."""
    patience = struct.pack("ll", stalled, 0)
    for listener in server.LISTENERS:
        for waiting in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
            listener.sock.setsockopt(socket.SOL_SOCKET, waiting, patience)
    _guard_reload(server)


def _guard_reload(server: Any) -> None:
    """Have a reload change nothing where a start would be refused: the library ends then."""
    reload = server.reload

    def reload_if_usable() -> None:
        try:
            _try(load_settings(os.environ, Path.cwd()), server.cfg.workers)
        except ConfigError as error:
            server.log.error("not reloaded, all goes on as before: %s", error)  # noqa: TRY400 - one line says it
        else:
            reload()

    server.reload = reload_if_usable


def pre_fork(server: Any, worker: Any) -> None:
    """Choose the processor for the threads that answer a worker's requests: one that the fewest other workers have.

    To hand the interpreter to a thread on another processor takes longer than much of what a request does, and it is
    handed on a dozen times in each. The embedded engine, which works outside of it, goes on using all processors.
    """
    taken = [other.processor for other in server.WORKERS.values()]
    worker.processor = min(_processors, key=taken.count, default=None)


def post_worker_init(worker: Any) -> None:
    """Make the most of an interpreter that runs one thread at a time."""
    if worker.processor is not None:
        with suppress(OSError):  # it has been taken from the service meanwhile
            os.sched_setaffinity(0, {worker.processor})
    _collect_seldom()


def _collect_seldom() -> None:
    """Spare the collector of cycles what is here for good, and most of its rounds.

    An event makes dozens of objects, hardly one of them in a cycle: looking for some every 700 took a twentieth of the
    time that a batch takes.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(5_000, 10, 10)


def on_exit(_: Any) -> None:
    """Take away what the workers counted."""
    _forget_counts()


def on_starting(server: Any) -> None:
    """Say what is wrong with the configuration in one line, before any worker tries."""
    try:
        _try(settings, server.cfg.workers)
    except ConfigError as error:
        _refuse(str(error))


def _try(tried: Settings, count: int) -> None:
    assemble(tried).close()
    if count > 1 and not tried.upload.url and tried.warehouse.dsn.reveal().startswith("chdb:"):
        raise ConfigError(
            "the embedded warehouse belongs to one process: run one worker, or set warehouse.dsn to a ClickHouse server"
        )


try:
    settings = load_settings(os.environ, Path.cwd())
except ConfigError as error:
    _refuse(str(error))
logconfig_dict = logging_config(settings.log_format)
