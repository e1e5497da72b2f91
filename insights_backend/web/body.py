"""Reading a request's body: bounded, decompressed, decoded."""

import re
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import orjson
from flask import Request
from werkzeug.exceptions import HTTPException

from insights_backend.errors import (
    MalformedJsonError,
    PayloadTooLargeError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)

_GZIP_OR_ZLIB = 47  # zlib: the largest window, and tell the two formats apart by their first bytes
_RAW_DEFLATE = -15
_GZIP = b"\x1f\x8b"
_MAX_MEMBERS = 8  # of gzip (RFC 1952, section 2.2); few, since at the end of each all that follows is copied
_CHUNK = 65_536
_ESCAPE = re.compile(
    rb"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)",
    re.DOTALL,
)
# A beacon cannot set another type than text/plain without a preflight.
_MEDIA_TYPES = frozenset({"application/json", "text/plain"})


def read_json(request: Request, max_bytes: int) -> Any:
    """Decode a request's body.

    Args:
        request: JSON as `application/json` or `text/plain`, plain or compressed by gzip or deflate.
        max_bytes: how large it may be, as sent and after decompression.

    Raises:
        UnsupportedMediaTypeError: another type, charset or encoding.
        PayloadTooLargeError: more bytes.
        RequestTimeoutError: fewer bytes than it says of itself.
        MalformedJsonError: not JSON, or not what its encoding says.
    """
    if request.mimetype not in _MEDIA_TYPES:
        raise UnsupportedMediaTypeError("send the events as application/json or text/plain")
    charset = request.mimetype_params.get("charset", "utf-8").lower()
    if charset not in {"utf-8", "utf8"}:
        raise UnsupportedMediaTypeError("send the events in UTF-8")
    encoding = request.headers.get("Content-Encoding", "identity").strip().lower()
    body = _decoded(_received(request, max_bytes), encoding, max_bytes)
    try:
        return _parsed(body)
    except orjson.JSONDecodeError as error:
        # Its position only: the library's own message could grow to quote the text.
        raise MalformedJsonError(f"the body is not JSON: line {error.lineno}, column {error.colno}") from None


def read_form(request: Request) -> Mapping[str, str]:
    """Read the fields of a form.

    Raises:
        RequestTimeoutError, MalformedJsonError: it did not come as it should.
    """
    with _coming():
        return request.form


def _parsed(body: bytes) -> Any:
    """Decode JSON; half a character becomes U+FFFD, as where a browser has cut a text in the midst of an emoji.

    RFC 8259, section 8.2, has such escapes in its grammar, and `JSON.stringify` writes them.
    """
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        whole = _ESCAPE.sub(_whole, body)
        if whole == body:
            raise
    return orjson.loads(whole)


def _whole(escape: re.Match[bytes]) -> bytes:
    return rb"\ufffd" if escape["half"] else escape[0]


def _received(request: Request, max_bytes: int) -> bytes:
    announced, stream = request.content_length or 0, request.stream
    if announced > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    left = max_bytes + 1
    # As much as is to come: the stream makes room for all that it is asked for.
    most = announced or _CHUNK
    with _coming():
        while left > 0 and (chunk := stream.read(min(left, most))):
            chunks.append(chunk)
            left -= len(chunk)
    if left <= 0:
        raise _too_large(max_bytes)
    body = b"".join(chunks)
    if len(body) < announced:
        raise _cut_off()
    return body


@contextmanager
def _coming() -> Iterator[None]:
    """Make errors of ours of what goes wrong while a body comes in."""
    try:
        yield
    except OSError:
        raise _cut_off() from None
    except HTTPException:
        raise
    except Exception:  # noqa: BLE001 - each server has errors of its own for chunks that are none
        raise MalformedJsonError("the body cannot be read: its chunks are not as HTTP has them") from None


def _decoded(body: bytes, encoding: str, max_bytes: int) -> bytes:
    if encoding in {"identity", ""}:
        return body
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        raise UnsupportedMediaTypeError("send the body plain, or compressed by gzip or deflate")
    try:
        return _inflated(body, _GZIP_OR_ZLIB, max_bytes)
    except zlib.error:
        if encoding != "deflate":
            raise MalformedJsonError(f"the body is not {encoding} as its Content-Encoding says") from None
    try:
        # RFC 9110, section 8.4.1.2: some senders leave the zlib wrapper of "deflate" out.
        return _inflated(body, _RAW_DEFLATE, max_bytes)
    except zlib.error:
        raise MalformedJsonError("the body is not deflate as its Content-Encoding says") from None


def _inflated(body: bytes, window: int, max_bytes: int) -> bytes:
    inflated = b""
    for _ in range(_MAX_MEMBERS if body.startswith(_GZIP) else 1):
        inflater = zlib.decompressobj(window)
        inflated += inflater.decompress(body, max_bytes + 1 - len(inflated))
        if len(inflated) > max_bytes:
            raise _too_large(max_bytes)
        body = inflater.unused_data
        if inflater.eof and not body:
            return inflated
    raise MalformedJsonError("the compressed body is cut off, goes on after its end, or has too many parts")


def _too_large(max_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is larger than {max_bytes} bytes (ingest.maxBodyBytes)")


def _cut_off() -> RequestTimeoutError:
    # RFC 9110, section 15.5.9: the same request may be sent again.
    return RequestTimeoutError("the body ended before its end, or took too long; send it again")
