"""Rows as CSV (RFC 4180), safe to open in a spreadsheet, and as newline-delimited JSON."""

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, islice
from typing import Any, TypeVar

import orjson
from flask import Response

# A cell that begins with one of these, or where people write full-width signs with one of those, is a formula to a
# spreadsheet; an apostrophe before it makes it text again. Where people write decimals with a comma, it parts cells by
# semicolons, and sees no quotes in the midst of one: after these, a tab or a line's end a cell begins too.
_SIGNS = "=+@\uff1d\uff0b\uff0d\uff20-"
_FORMULA = (*_SIGNS, "\t", "\r", "\n")
_WITHIN = re.compile(f'(?<=[;\t\r\n])(?="*[{_SIGNS}])')

_LINES_A_CHUNK = 500
_Row = TypeVar("_Row")


def begun(rows: Iterator[_Row]) -> Iterator[_Row]:
    """Take the first row: what cannot begin says so before the first line of an answer has gone out."""
    first = list(islice(rows, 1))
    return chain(first, rows)


def csv_answer(rows: Iterable[Mapping[str, Any]], columns: Iterable[str], name: str) -> Response:
    """Answer with rows as CSV, to be saved under a name."""
    return Response(csv_lines(rows, list(columns)), mimetype="text/csv", headers=saved_as(f"{name}.csv"))


def saved_as(name: str) -> dict[str, str]:
    """Return the header by which a browser saves an answer as a file of this name (RFC 6266)."""
    return {"Content-Disposition": f'attachment; filename="{name}"'}


def ndjson(rows: Iterator[Mapping[str, Any]]) -> Iterator[bytes]:
    """Write rows as JSON, a line each, many lines at once."""
    while lines := [orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in islice(rows, _LINES_A_CHUNK)]:
        yield b"".join(lines)


def csv_lines(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> Iterator[str]:
    """Write rows as CSV, a line each, headed by the columns' names.

    Lists and objects are written as JSON, None as an empty cell.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow(columns)
    for row in rows:
        yield _taken(buffer)
        writer.writerow([_cell(row.get(column)) for column in columns])
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _cell(value: Any) -> Any:
    if isinstance(value, dict | list | orjson.Fragment):
        value = orjson.dumps(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        return value
    text = _WITHIN.sub("'", value)
    return f"'{text}" if text.startswith(_FORMULA) else text
