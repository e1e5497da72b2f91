"""Finding a person in the warehouse, and taking the person out: of events, rollups, and the events of others.

The statements know the person by numbers alone: the engine keeps the text of what changes a table, and a server logs
it.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from insights_backend.model.person import ERASED, Erased, Person
from insights_backend.warehouse.engine import Engine

TEXTS = {
    "presence": (),
    "views": ("page", "entity", "entityOwner"),
    "steps": ("term", "template"),
    "events": ("subject", "attributes", "context", "userMetadata", "entity", "entityMetadata", "target"),
}
"""The tables that know of people, each with the columns that may name others than the user of the row; what is derived
from them follows by itself. The events last: while they are there, what was cut short is seen to be undone."""

_NUMBERS = "SELECT sipHash64(arrayJoin({names:Array(String)})) AS number"
_THEIRS = "userKey IN %(numbers)s"
# As `Person` compares: percent-encoded or not.
_IS_PERSON = (
    "sipHash64(replaceRegexpOne(decodeURLComponent(decodeURLComponent(lower(name))), '^[^0-9a-z_]+', ''))"
    " IN %(numbers)s"
)


def erase(engine: Engine, person: Person) -> Erased:
    """Take a person out of all tables.

    The engine rewrites each part of a table that holds something of the person's, which takes about a minute for ten
    million events. The number that stands for the id of an event is kept for fifteen days, so that an event that is
    sent again does not come back.

    Args:
        engine: one that may take its time.
        person: who.

    Returns:
        What was taken out; nothing where it had been before.

    Raises:
        WarehouseUnavailableError: it was not all done; to be done again.
    """
    numbers = _numbers(engine, person)
    for table, texts in TEXTS.items():
        found = _count(engine, table, _is_named(texts, person), numbers)
        if found != Erased():
            engine.change(table, _commands(texts, person), numbers)
    return found  # of the last table, the events themselves


def about(engine: Engine, person: Person, columns: str) -> Iterator[dict[str, Any]]:
    """Stream the events that are a person's or name the person, oldest first.

    Args:
        engine: where the events are.
        person: who.
        columns: what is to be read of each.
    """
    condition = f"{_THEIRS} OR {_is_named(TEXTS['events'], person)}"
    ask = f"SELECT {columns} FROM events WHERE {condition} ORDER BY events.time, id"  # noqa: S608 - ours
    return engine.stream(ask, _numbers(engine, person))


def _numbers(engine: Engine, person: Person) -> dict[str, Sequence[int]]:
    rows = engine.rows(_NUMBERS, {"names": sorted(person.names)})
    return {"numbers": tuple(row["number"] for row in rows)}


def _count(engine: Engine, table: str, is_named: str, numbers: Mapping[str, Sequence[int]]) -> Erased:
    mentions = f"countIf(NOT {_THEIRS} AND ({is_named}))"
    counts = f"SELECT countIf({_THEIRS}) AS events, {mentions} AS mentions FROM {table}"  # noqa: S608 - ours
    return Erased(**engine.rows(counts, numbers)[0])


def _commands(texts: Sequence[str], person: Person) -> str:
    """Write what is done to a table: rows of the person's go, and those of others name the person no more."""
    blanked = ", ".join(f"{text} = {_blanked(text, person)}" for text in texts)
    return f"DELETE WHERE {_THEIRS}" + (f", UPDATE {blanked} WHERE {_is_named(texts, person)}" if texts else "")


def _is_named(texts: Sequence[str], person: Person) -> str:
    """Write the condition that one of some texts names a person."""
    conditions = [
        f"arrayExists(name -> {_IS_PERSON}, {_names(text, pattern)})" for text in texts for pattern in person.patterns
    ]
    return " OR ".join(conditions) or "0"


def _blanked(text: str, person: Person) -> str:
    """Write a text without a person's names: what stands between names, and after each the name or its stand-in."""
    for pattern in person.patterns:
        between = f"splitByRegexp({_quoted(pattern)}, {text})"
        names = f"arrayPushBack({_names(text, pattern)}, '')"
        joined = f"concat(gap, if({_IS_PERSON}, '{ERASED}', name))"
        text = f"arrayStringConcat(arrayMap((gap, name) -> {joined}, {between}, {names}))"
    return text


def _names(text: str, pattern: str) -> str:
    return f"extractAll({text}, {_quoted(pattern)})"


def _quoted(pattern: str) -> str:
    escaped = pattern.replace("\\", "\\\\").replace("%", "%%")
    return f"'{escaped}'"
