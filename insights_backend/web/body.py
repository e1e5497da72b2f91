"""Reading a request's body: bounded, decompressed, decoded."""

import zlib
from typing import Any

import orjson
from flask import Request

from insights_backend.errors import (
    MalformedJsonError,
    PayloadTooLargeError,
    RequestTimeoutError,
    UnsupportedMediaTypeError,
)

_GZIP_OR_ZLIB = 47  # zlib: the largest window, and tell the two formats apart by their first bytes
_RAW_DEFLATE = -15
_CHUNK = 65_536
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
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        # Its position only: the library's own message could grow to quote the text.
        raise MalformedJsonError(f"the body is not JSON: line {error.lineno}, column {error.colno}") from None


def _received(request: Request, max_bytes: int) -> bytes:
    announced, stream = request.content_length or 0, request.stream
    if announced > max_bytes:
        raise _too_large(max_bytes)
    chunks: list[bytes] = []
    left = max_bytes + 1
    # As much as is to come: the stream makes room for all that it is asked for.
    most = announced or _CHUNK
    try:
        while left > 0 and (chunk := stream.read(min(left, most))):
            chunks.append(chunk)
            left -= len(chunk)
    except OSError:
        raise _cut_off() from None
    if left <= 0:
        raise _too_large(max_bytes)
    body = b"".join(chunks)
    if len(body) < announced:
        raise _cut_off()
    return body


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
    inflater = zlib.decompressobj(window)
    inflated = inflater.decompress(body, max_bytes + 1)
    if len(inflated) > max_bytes:
        raise _too_large(max_bytes)
    if not inflater.eof or inflater.unused_data:
        raise MalformedJsonError("the compressed body is cut off, or goes on after its end")
    return inflated


def _too_large(max_bytes: int) -> PayloadTooLargeError:
    return PayloadTooLargeError(f"the body is larger than {max_bytes} bytes (ingest.maxBodyBytes)")


def _cut_off() -> RequestTimeoutError:
    # RFC 9110, section 15.5.9: the same request may be sent again.
    return RequestTimeoutError("the body ended before its end, or took too long; send it again")
