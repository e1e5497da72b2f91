"""A ClickHouse server for tests: its HTTP interface, answered by chDB in a process of its own.

    python -m tests.clickhouse --port 8123 --path DIRECTORY

It listens on loopback, and `/ping` answers once questions are taken. CLICKHOUSE_USER and CLICKHOUSE_PASSWORD say who
may ask; without them it is `default` without a password. What a server does and this does not: an answer is sent when
it is whole, never in parts; a session keeps nothing from one request to the next; inserts are not gathered
(`async_insert`); temporary tables cannot be sent along.
"""

import argparse
import gzip
import io
import json
import os
import signal
import sys
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import chdb
import lz4.frame  # type: ignore[import-untyped]  # it has no types; clickhouse-connect brings it, and zstd
from backports import zstd
from flask import Flask, Response, request
from werkzeug.serving import WSGIRequestHandler, make_server

from tests.clickhouse_engine import Answer, QueryError, Question, ask

_MAX_BYTES = 256 * 1024**2
_STATUSES = {47: 404, 48: 501, 60: 404, 62: 400, 81: 404, 115: 404, 164: 403, 516: 403}
_NOT_IMPLEMENTED, _TOO_LARGE, _CANNOT_DECOMPRESS, _AUTHENTICATION_FAILED = 48, 307, 271, 516
_OPENERS: dict[str, Callable[[io.BytesIO], Any]] = {"gzip": gzip.open, "lz4": lz4.frame.open, "zstd": zstd.open}
_COMPRESSORS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "lz4": lz4.frame.compress,
    "zstd": zstd.compress,
}
_NO_SETTINGS = {
    "buffer_size",
    "client_protocol_version",
    "database",
    "default_format",
    "query",
    "query_id",
    "quota_key",
    "session_check",
    "session_id",
    "session_timeout",
    "wait_end_of_query",
}


def create_server(path: str, user: str, password: str) -> Flask:
    """Make the server.

    Args:
        path: the directory of its tables.
        user: who may ask.
        password: the user's.
    """
    app = Flask("clickhouse")
    app.config.update(MAX_CONTENT_LENGTH=_MAX_BYTES, MAX_FORM_MEMORY_SIZE=_MAX_BYTES)
    timezone = ask(path, Question(b"SELECT timezone()", "default", {}, {}, "TSVRaw")).body.decode().strip()

    @app.get("/ping")
    def ping() -> str:
        return "Ok.\n"

    @app.route("/", methods=["GET", "POST"])
    def root() -> Response:
        _authenticate(user, password)
        return _response(ask(path, _question()))

    @app.errorhandler(QueryError)
    def refuse(error: QueryError) -> Response:
        headers = {"X-ClickHouse-Exception-Code": str(error.code)}
        return Response(
            f"Code: {error.code}. DB::Exception: {error}\n",
            _STATUSES.get(error.code, 500),
            headers,
            content_type="text/plain",
        )

    @app.after_request
    def describe(response: Response) -> Response:
        response.headers["X-ClickHouse-Timezone"] = timezone
        response.headers["X-ClickHouse-Query-Id"] = request.args.get("query_id") or str(uuid4())
        return response

    return app


def _authenticate(user: str, password: str) -> None:
    given = request.authorization
    if given and given.type == "basic":
        known = (given.username, given.password) == (user, password)
    else:
        headers = request.headers
        known = (headers.get("X-ClickHouse-User", "default"), headers.get("X-ClickHouse-Key", "")) == (user, password)
    if not known:
        raise QueryError(_AUTHENTICATION_FAILED, "nobody has this name and password")


def _question() -> Question:
    """Read what is asked: settings and parameters from the URL or a form, the statement from there or the body."""
    arguments, data = request.args.to_dict(), b""
    if request.mimetype == "multipart/form-data":
        arguments |= _form()
    else:
        data = _decompressed(request.get_data())
    query = arguments.get("query", "").encode()
    return Question(
        statement=query + b"\n" + data if query else data,
        database=arguments.get("database", "default"),
        settings=_settings(arguments),
        parameters={n.removeprefix("param_"): v for n, v in arguments.items() if n.startswith("param_")},
        default_format=arguments.get("default_format", "TabSeparated"),
    )


def _form() -> dict[str, str]:
    if request.files:
        raise QueryError(_NOT_IMPLEMENTED, "temporary tables cannot be sent along")
    return request.form.to_dict()


def _settings(arguments: dict[str, str]) -> dict[str, str]:
    settings = {n: v for n, v in arguments.items() if n not in _NO_SETTINGS and not n.startswith("param_")}
    # A GET changes nothing.
    return settings if request.method == "POST" else {**settings, "readonly": "2"}


def _decompressed(data: bytes) -> bytes:
    encoding = request.headers.get("Content-Encoding", "identity")
    if encoding == "identity":
        return data
    if encoding not in _OPENERS:
        raise QueryError(_NOT_IMPLEMENTED, f"of compressions only {', '.join(_OPENERS)} are understood")
    try:
        with _OPENERS[encoding](io.BytesIO(data)) as stream:
            whole: bytes = stream.read(_MAX_BYTES + 1)
    except (OSError, EOFError, RuntimeError, zlib.error, zstd.ZstdError):
        raise QueryError(_CANNOT_DECOMPRESS, f"the body is not {encoding}") from None
    if len(whole) > _MAX_BYTES:
        raise QueryError(_TOO_LARGE, f"the body is larger than {_MAX_BYTES} bytes")
    return whole


def _response(answer: Answer) -> Response:
    response = Response(answer.body)
    response.headers["X-ClickHouse-Summary"] = json.dumps(answer.summary, separators=(",", ":"))
    if answer.body:
        response.headers["X-ClickHouse-Format"] = answer.format
    encoding = next((name for name, _ in request.accept_encodings if name in _COMPRESSORS), None)
    if encoding and answer.body and request.args.get("enable_http_compression") == "1":
        response.data = _COMPRESSORS[encoding](answer.body)
        response.headers["Content-Encoding"] = encoding
    return response


class _Handler(WSGIRequestHandler):
    """Says nothing of the requests."""

    protocol_version = "HTTP/1.1"  # takes bodies in chunks, which is how rows come

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing."""


def main() -> None:
    """Serve until asked to stop."""
    parser = argparse.ArgumentParser(description="A ClickHouse server for tests, on chDB")
    parser.add_argument("--port", type=int, required=True, help="where it listens on loopback")
    parser.add_argument("--path", type=Path, required=True, help="the directory of its tables; made if missing")
    arguments = parser.parse_args()
    path = str(arguments.path.absolute())
    user, password = os.environ.get("CLICKHOUSE_USER", "default"), os.environ.get("CLICKHOUSE_PASSWORD", "")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    # While one connection is open the engine stays, and the others cost next to nothing.
    with closing(chdb.connect(path)):  # type: ignore[no-untyped-call]  # it has no types
        app = create_server(path, user, password)
        make_server("127.0.0.1", arguments.port, app, threaded=True, request_handler=_Handler).serve_forever()


if __name__ == "__main__":
    main()
