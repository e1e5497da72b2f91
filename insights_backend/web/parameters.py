"""Query strings of reports and exports: declared, validated, and turned into questions."""

import re
from datetime import date, datetime, timedelta
from typing import Any

from marshmallow import Schema, ValidationError, fields, validate, validates_schema
from werkzeug.datastructures import MultiDict

from insights_backend.enrichment.pseudonyms import is_pseudonym
from insights_backend.errors import InvalidEntityRefError, InvalidParameterError
from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.zones import zone, zone_names
from insights_backend.reports.query import FILTERS, ReportQuery

MAX_DAYS = 3660
"""How many days a question may be about."""

_MAX_VALUES = 100
MAX_VALUE = 512
"""How long the value of a filter may be, in characters."""

YEARS = (1970, 2200)
"""The first and the last year of a question: in which the engine counts days, with room before and after."""

_DEFAULT_DAYS = 30
_PLAIN_NAME = re.compile(r"[A-Za-z_]{1,32}")
# These filters take entity references, a short one being of this kind; or pseudonyms, as reports name people.
_REFS = {"group": "group", "owner": "group", "entity": None}


def check_timezone(name: str) -> None:
    """Refuse, as a validator, what is no time zone."""
    if name not in zone_names():
        raise ValidationError("is no IANA time zone, such as Europe/Berlin")


def check_date(text: str) -> None:
    """Refuse, as a validator, what is no date."""
    try:
        date.fromisoformat(text)
    except ValueError:
        raise ValidationError("is no date such as 2026-11-23") from None


class RangeSchema(Schema):
    """The dates of a question, both included, in a time zone."""

    from_ = fields.String(
        data_key="from",
        validate=check_date,
        metadata={"format": "date", "description": f"The first day; by default {_DEFAULT_DAYS} days up to `to`."},
    )
    to = fields.String(
        validate=check_date, metadata={"format": "date", "description": "The last day, included; by default today."}
    )
    timezone = fields.String(
        load_default="UTC",
        validate=check_timezone,
        metadata={"description": "The IANA name of the zone whose days count, such as Europe/Berlin."},
    )


class ExportSchema(RangeSchema):
    """The query string of an export."""

    format = fields.String(load_default="ndjson", validate=validate.OneOf(["ndjson", "csv", "parquet"]))


def _filter_field() -> fields.List[str]:
    return fields.List(
        fields.String(validate=validate.Length(1, MAX_VALUE)),
        validate=validate.Length(max=_MAX_VALUES),
        metadata={"description": "Only events of one of these; repeat it for several."},
    )


class ReportSchema(RangeSchema.from_dict({name: _filter_field() for name in FILTERS})):  # type: ignore[misc] # made at run time, from the one list of filters
    """The query string of a report."""

    interval = fields.String(
        load_default="day",
        validate=validate.OneOf(["day", "week", "month"]),
        metadata={"description": "What a row of a report over time covers; weeks start on Monday."},
    )
    limit = fields.Integer(
        load_default=20,
        validate=validate.Range(1, 1000),
        metadata={"description": "How many rows a ranked list has at most."},
    )
    compare = fields.String(
        validate=validate.OneOf(["previous"]),
        metadata={
            "description": "Also answer for the period of equal length before, in `previous`; CSV leaves it out."
        },
    )
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv"]))

    @validates_schema
    def filters_of_refs(self, data: dict[str, Any], **_: object) -> None:
        """Check that filters by entity are entity references."""
        for name, kind in _REFS.items():
            for text in data.get(name, ()):
                try:
                    _ref(text, kind)
                except InvalidEntityRefError as error:
                    raise ValidationError(str(error), name) from None


def parameters(schema: Schema, arguments: MultiDict[str, str]) -> dict[str, Any]:
    """Validate a query string.

    Raises:
        InvalidParameterError: names each parameter that is unknown, given twice where one is taken, or wrong.
    """
    repeatable = {name for name, field in schema.fields.items() if isinstance(field, fields.List)}
    given = dict(arguments.lists())
    if twice := sorted(name for name, values in given.items() if name not in repeatable and len(values) > 1):
        raise InvalidParameterError("; ".join(f"{_shown(name)}: is given more than once" for name in twice))
    data = {name: values if name in repeatable else values[0] for name, values in given.items()}
    try:
        loaded: dict[str, Any] = schema.load(data)
    except ValidationError as error:
        problems: dict[str, Any] = error.normalized_messages()  # type: ignore[no-untyped-call] # theirs
        text = "; ".join(f"{_shown(name)}: {_flat(messages)}" for name, messages in sorted(problems.items()))
        raise InvalidParameterError(text) from None
    return loaded


def _shown(name: str) -> str:
    """Return what a parameter is called in a message: what is no plain word may be anything, and stays out."""
    return name if _PLAIN_NAME.fullmatch(name) else "a parameter"


def report_query(given: dict[str, Any], now: datetime) -> ReportQuery:
    """Turn validated parameters into a question.

    Args:
        given: what `parameters` returned.
        now: with its zone; what the default dates are counted from.

    Raises:
        InvalidParameterError: the dates are the wrong way round, or too many.
    """
    timezone = given["timezone"]
    today = now.astimezone(zone(timezone)).date()
    last = _day(given.get("to"), today)
    first = _day(given.get("from_"), last - timedelta(_DEFAULT_DAYS - 1))
    if first > last:
        default = "" if given.get("to") else ", by default today"
        raise InvalidParameterError(f"from: is after to{default}")
    if (last - first).days >= MAX_DAYS:
        raise InvalidParameterError(f"from, to: more than {MAX_DAYS} days")
    return ReportQuery(
        first=first,
        last=last,
        interval=given.get("interval", "day"),
        timezone=timezone,
        limit=given.get("limit", 20),
        today=today,
        filters={name: _canonical(name, given[name]) for name in FILTERS if given.get(name)},
    )


def _day(text: str | None, default: date) -> date:
    return within_years(date.fromisoformat(text) if text else default, "from, to")


def within_years(day: date, parameter: str) -> date:
    """Return a day that a question may be about.

    Raises:
        InvalidParameterError: it lies outside of `YEARS`; names the parameter.
    """
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise InvalidParameterError(f"{parameter}: must lie within the years {YEARS[0]} to {YEARS[1]}")
    return day


def _canonical(name: str, values: list[str]) -> tuple[str, ...]:
    if name not in _REFS:
        return tuple(values)
    return tuple(_ref(value, _REFS[name]) for value in values)


def _ref(text: str, kind: str | None) -> str:
    return text if is_pseudonym(text) else str(EntityRef.parse(text, default_kind=kind))


def _flat(messages: object) -> str:
    if isinstance(messages, dict):
        messages = [*messages.values()]
    # The library ends its messages as sentences; here others follow.
    return ", ".join(map(_flat, messages)) if isinstance(messages, list) else str(messages).removesuffix(".")
