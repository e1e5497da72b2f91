"""The ranked lists counted again in plain Python, by the words of their definitions. Slow and obvious."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any
from urllib.parse import unquote

from insights_backend.reports.query import ReportQuery
from tests.recount import Record, moment, users, within

_ORIGIN = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")
_ID = re.compile(r"[0-9]+|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)

Ranked = tuple[list[Record], int]


def ranked(rows: list[Record], by: str, query: ReportQuery) -> Ranked:
    """Rows as they are answered, whose first column is the name, and how many there are."""
    ordered = sorted(rows, key=lambda row: (-row[by], next(iter(row.values()))))
    return ordered[: query.limit], len(rows)


def grouped(records: Iterable[Record], keys: Callable[[Record], Iterable[str]]) -> dict[str, list[Record]]:
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for record in records:
        for key in keys(record):
            found[key].append(record)
    return found


def pages(records: list[Record], query: ReportQuery) -> Ranked:
    by_page = grouped(within(records, query), lambda record: [page(record)] if record["view"] else [])
    rows = [{"page": name, "views": len(views), "users": len(users(views))} for name, views in by_page.items()]
    return ranked(rows, "views", query)


def page(record: Record) -> str:
    """The path without query, hash and trailing slash, with names for parameters, numbers and UUIDs."""
    subject = record["subject"]
    origin = _ORIGIN.match(subject)
    path = subject[origin.end() if origin else 0 :].split("#")[0].split("?")[0].rstrip("/")
    segments = with_names(path.split("/"), record["entity"])
    return "/".join(":id" if _ID.fullmatch(segment) else segment for segment in segments) or "/"


def with_names(segments: list[str], entity: str | None) -> list[str]:
    """The segments of a path, with names where those of the entity stand."""
    lower = [unquote(segment).lower() for segment in segments]
    names = [":namespace", ":kind", ":name"]
    if entity is None:
        return segments
    if ":" not in entity:  # the pseudonym of a user, in whatever namespace
        place = find(lower, ["user", entity])
        return segments if place is None else [*segments[: max(place - 1, 1)], *names, *segments[place + 2 :]]
    kind, namespace, name = re.split("[:/]", entity)
    if (place := find(lower, [namespace, kind, name])) is not None:
        return [*segments[:place], *names, *segments[place + 3 :]]
    if kind == "template" and (place := find(segments, ["create", "templates"])) is not None:
        parameters = segments[place + 2 : place + 4]
        if len(parameters) == 2 and all(parameters):
            return [*segments[: place + 2], ":namespace", ":name", *segments[place + 4 :]]
    return segments


def find(segments: list[str], wanted: list[str]) -> int | None:
    """Where some segments stand, after a slash."""
    places = range(1, len(segments))
    return next((place for place in places if segments[place : place + len(wanted)] == wanted), None)


def entities(records: list[Record], query: ReportQuery) -> Ranked:
    rows = []
    viewed = [record for record in within(records, query) if record["view"] and record["entity"]]
    for entity, views in grouped(viewed, lambda record: [record["entity"]]).items():
        last = max(map(moment, views))
        known = max(known_of(view) for view in views if moment(view) == last)
        names = zip(("kind", "type", "owner"), (text or None for text in known), strict=True)
        rows.append({"entity": entity, **dict(names), "views": len(views), "users": len(users(views))})
    return ranked(rows, "views", query)


def known_of(event: Record) -> tuple[str, ...]:
    return tuple(event["entityMetadata"].get(field, "") for field in ("kind", "spec.type", "spec.owner"))


def docs(records: list[Record], query: ReportQuery) -> Ranked:
    return entities([record for record in records if record["pluginId"] == "techdocs"], query)


def templates(records: list[Record], query: ReportQuery) -> Ranked:
    rows = []
    by_template = grouped(within(records, query), lambda r: [r["entity"]] if step(r) else [])
    for template, events in by_template.items():
        finished = [event for event in events if step(event) == "finished"]
        rows.append(
            {
                "template": template,
                "opened": sum(step(event) == "opened" for event in events),
                "started": sum(step(event) == "started" for event in events),
                "finished": len(finished),
                "minutesSaved": sum(event["value"] or 0 for event in finished),
                "users": len(users(events)),
            }
        )
    return ranked(rows, "opened", query)


def step(event: Record) -> str | None:
    if not (event["entity"] or "").startswith("template:"):
        return None
    match event["action"], event["subject"], event["pluginId"]:
        case "create", _, _:
            return "finished"
        case "click", "Template has been opened", _:
            return "opened"
        case "click", "Create", "scaffolder":
            return "started"
    return None


def actions(records: list[Record], query: ReportQuery) -> Ranked:
    by_action = grouped(within(records, query), lambda record: [record["action"]])
    rows = [{"action": name, "events": len(events), "users": len(users(events))} for name, events in by_action.items()]
    return ranked(rows, "events", query)


def groups(records: list[Record], query: ReportQuery, members: Mapping[str, int | None]) -> Ranked:
    rows: list[dict[str, Any]] = []
    for group, events in grouped(within(records, query), lambda record: set(record["groups"])).items():
        people = len(users(events))
        known = members.get(group)
        adoption = people / known if known else None
        rows.append({"group": group, "users": people, "events": len(events), "members": known, "adoption": adoption})
    return ranked(rows, "users", query)
