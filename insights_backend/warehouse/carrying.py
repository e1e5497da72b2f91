"""Carrying the warehouse over to another salt: each pseudonym of a previous salt gives way to the one of now.

Pseudonyms are in the keys of the tables, and a key cannot be changed in place. So each month of each table is copied
with the pseudonyms of now, and the copy then takes the month's place in one step. Cut short, every month is either as
it was or carried over as a whole, and doing it again does the rest.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import orjson

from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.erasing import TEXTS

_COPY, _NAMES, _NUMBERS = "carrying", "carried_names", "carried_numbers"
_SCRATCH = {
    # In memory only: who was called what is nothing to be left on a disk.
    _NAMES: "(old String, new String) ENGINE = Join(ANY, LEFT, old) SETTINGS persistent = 0",
    _NUMBERS: "(old UInt64, new UInt64) ENGINE = Join(ANY, LEFT, old) SETTINGS persistent = 0",
}
_DERIVED_ID = "^[0-9a-f]{24}$"


def carry_over(engine: Engine, pattern: str, name_now: Callable[[str], str], pepper: str) -> int:
    """Replace the pseudonyms of previous salts by those of now; nobody may write to the warehouse meanwhile.

    Ids of events that were derived under such a salt are replaced too: whoever knows it could test a guess about
    an event by its id. What was replaced leaves the disk with `Engine.clean_up`.

    Args:
        engine: one that may take its time.
        pattern: what finds pseudonyms of previous salts.
        name_now: returns the pseudonym of now for one of these.
        pepper: random letters and digits, used once and forgotten: what the new ids of events are made with.

    Returns:
        How many people had a pseudonym of a previous salt.

    Raises:
        WarehouseUnavailableError: it was not all done; to be done again.
    """
    names = _names(engine, pattern)
    if names:
        with _scratch(engine):
            _write_down(engine, {name: name_now(name) for name in names})
            for table, texts in TEXTS.items():
                named = ("user", *texts) if table == "events" else texts
                for partition in _partitions(engine, table):
                    _replace(engine, table, partition, {text: _renamed(text, pattern) for text in named}, pepper)
    return sum(name.startswith("u") for name in names)


def _names(engine: Engine, pattern: str) -> list[str]:
    texts = ", ".join(("user", *TEXTS["events"]))
    found = f"arrayJoin(extractAll(concatWithSeparator(' ', {texts}), '{pattern}'))"
    return [row["name"] for row in engine.rows(f"SELECT DISTINCT {found} AS name FROM events", {})]  # noqa: S608 - ours


@contextmanager
def _scratch(engine: Engine) -> Iterator[None]:
    """Make the tables that are needed for a while, and take them away again, also those of a run that was cut short."""
    _drop(engine)
    try:
        engine.need_room()
        for table, definition in _SCRATCH.items():
            engine.run(f"CREATE TABLE {table} {definition}")
        yield
    finally:
        _drop(engine)


def _drop(engine: Engine) -> None:
    for table in (_COPY, *_SCRATCH):
        engine.run(f"DROP TABLE IF EXISTS {table} SYNC")


def _write_down(engine: Engine, names: dict[str, str]) -> None:
    rows = b"".join(orjson.dumps({"old": old, "new": new}) + b"\n" for old, new in names.items())
    engine.insert(_NAMES, [rows], token="", columns={"old": "String", "new": "String"})
    engine.run(f"INSERT INTO {_NUMBERS} SELECT sipHash64(old), sipHash64(new) FROM {_NAMES} WHERE startsWith(old, 'u')")  # noqa: S608 - ours


def _partitions(engine: Engine, table: str) -> list[str]:
    asked = f"SELECT DISTINCT _partition_id AS partition FROM {table} ORDER BY partition"  # noqa: S608 - ours
    return [row["partition"] for row in engine.rows(asked, {})]


def _replace(engine: Engine, table: str, partition: str, changed: dict[str, str], pepper: str) -> None:
    """Copy a month with the pseudonyms of now, and put the copy in its place."""
    if table == "events":
        is_theirs = " OR ".join(f"{text} != {renamed}" for text, renamed in changed.items())
        new_id = f"substring(lower(hex(SHA256(concat('{pepper}', id)))), 1, 24)"
        changed = {"id": f"if(match(id, '{_DERIVED_ID}') AND ({is_theirs}), {new_id}, id)", **changed}
    else:
        now = f"joinGet({_NUMBERS}, 'new', userKey)"
        changed = {"userKey": f"if({now} = 0, userKey, {now})", **changed}
    columns = _columns(engine, table)
    read = ", ".join(changed.get(column, column) for column in columns)
    engine.run(f"DROP TABLE IF EXISTS {_COPY} SYNC")
    engine.need_room()
    engine.run(f"CREATE TABLE {_COPY} AS {table}")
    engine.run(
        f"INSERT INTO {_COPY} ({', '.join(columns)}) SELECT {read} FROM {table} WHERE _partition_id = '{partition}'"  # noqa: S608 - ours
    )
    engine.change(table, f"REPLACE PARTITION ID '{partition}' FROM {_COPY}", {})


def _columns(engine: Engine, table: str) -> list[str]:
    asked = (
        "SELECT name FROM system.columns WHERE database = currentDatabase() AND default_kind = ''"
        " AND table = {table:String} ORDER BY position"
    )
    return [row["name"] for row in engine.rows(asked, {"table": table})]


def _renamed(text: str, pattern: str) -> str:
    """Write a text with the pseudonyms of now: what stands between the old ones, and after each the one of now."""
    gaps, names = f"splitByRegexp('{pattern}', {text})", f"arrayPushBack(extractAll({text}, '{pattern}'), '')"
    joined = f"concat(gap, joinGet({_NAMES}, 'new', name))"
    return (
        f"if(match({text}, '{pattern}'), arrayStringConcat(arrayMap((gap, name) -> {joined}, {gaps}, {names})), {text})"
    )
