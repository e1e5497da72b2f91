"""One statement on chDB, run as a ClickHouse server runs a request: with its own database, settings and parameters."""

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from tempfile import TemporaryFile
from typing import Any

import chdb

_SYNTAX_ERROR, _UNKNOWN_SETTING = 62, 115

# The statement of an insert ends with the line of its FORMAT; what follows is data.
_INSERT = re.compile(rb"\s*(INSERT\s+INTO\s(?:(?!\bVALUES\b|\bSELECT\b).)*?)\s+FORMAT\s+(\w+)[ \t\r]*\n", re.I | re.S)
# So does that of one that selects from its own data.
_INSERT_SELECT = re.compile(
    rb"\s*(?P<target>INSERT\s+INTO\s.*?\sSELECT\s.*?\sFROM\s+)input\((?P<structure>'.*?[^\\]')\)"
    rb"\s+FORMAT\s+(?P<format>\w+)[ \t\r]*\n",
    re.I | re.S,
)
_FORMAT = re.compile(rb"\bFORMAT\s+(\w+)[\s;]*$", re.I)
_SETTING = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*")
_FAILURE = re.compile(r"Code: (\d+)\. DB::Exception: (.*)", re.S)


class QueryError(Exception):
    """What a server answers with the code of an exception.

    Args:
        code: ClickHouse's number for the kind of error.
        message: what was wrong.
    """

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class Question:
    """A statement and all that it is to be run with.

    Args:
        statement: the SQL, and after that of an insert its data.
        database: where tables are whose names do not say it.
        settings: by name.
        parameters: the values of `{name:Type}`, by name.
        default_format: of the answer, where the statement names none.
    """

    statement: bytes
    database: str
    settings: Mapping[str, str]
    parameters: Mapping[str, str]
    default_format: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What a statement gave.

    Args:
        body: the result; empty where there is none.
        format: the body's.
        summary: numbers of rows and bytes, under the names that a server gives them.
    """

    body: bytes
    format: str
    summary: Mapping[str, str]


def ask(path: str, question: Question) -> Answer:
    """Run a statement.

    Args:
        path: the directory of the tables.
        question: what to run.

    Raises:
        QueryError: it failed.
    """
    # A connection for each question: nothing that is set for one can be left behind for the next.
    with closing(chdb.connect(path)) as connection:  # type: ignore[no-untyped-call]  # it has no types
        try:
            connection.query("USE {name:Identifier}", params={"name": question.database})
            if question.settings:
                connection.query(_set(question.settings))
            insert = _INSERT.match(question.statement)
            if insert:
                return _insert(connection, insert, question.statement[insert.end() :])
            if insert := _INSERT_SELECT.match(question.statement):
                return _insert_select(connection, insert, question.statement[insert.end() :])
            return _query(connection, question)
        except (RuntimeError, UnicodeDecodeError) as error:
            raise _query_error(error) from error


def _set(settings: Mapping[str, str]) -> str:
    for name in settings:
        if not _SETTING.fullmatch(name):
            raise QueryError(_UNKNOWN_SETTING, "a setting has a name that none can have")
    return "SET " + ", ".join(f"{name} = {_quoted(value)}" for name, value in settings.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"


def _insert(connection: Any, insert: re.Match[bytes], data: bytes) -> Answer:
    format_ = insert[2].decode()
    with connection.send_insert(_text(insert[1]), format_) as stream:
        stream.append(data)
        result = stream.finish()
    return Answer(b"", format_, _written(result.rows_written, result.bytes_written))


def _insert_select(connection: Any, insert: re.Match[bytes], data: bytes) -> Answer:
    """Run it with the data in a file: the embedded engine's `input` takes none."""
    target, structure, format_ = (_text(insert[name]) for name in ("target", "structure", "format"))
    with TemporaryFile() as file:
        file.write(data)
        file.seek(0)
        result = connection.query(f"{target} file('/dev/fd/{file.fileno()}', '{format_}', {structure})")
        return Answer(b"", format_, _written(result.rows_written(), result.bytes_written()))


def _query(connection: Any, question: Question) -> Answer:
    result = connection.query(_text(question.statement), question.default_format, params=dict(question.parameters))
    named = _FORMAT.search(question.statement)
    summary = {
        "read_rows": str(result.storage_rows_read()),
        "read_bytes": str(result.storage_bytes_read()),
        "result_rows": str(result.rows_read()),
        **_written(result.rows_written(), result.bytes_written()),
    }
    return Answer(result.bytes(), named[1].decode() if named else question.default_format, summary)


def _written(rows: int, size: int) -> dict[str, str]:
    return {"written_rows": str(rows), "written_bytes": str(size)}


def _text(statement: bytes) -> str:
    try:
        return statement.decode()
    except UnicodeDecodeError:
        raise QueryError(_SYNTAX_ERROR, "the statement is not UTF-8") from None


def _query_error(error: RuntimeError | UnicodeDecodeError) -> Exception:
    """Find the engine's own words in an error; one without a code is no answer to a question."""
    # They are no text where they quote data that is none, or half a letter of it.
    words = error.object.decode(errors="replace") if isinstance(error, UnicodeDecodeError) else str(error)
    failure = _FAILURE.search(words)
    return QueryError(int(failure[1]), failure[2]) if failure else error
