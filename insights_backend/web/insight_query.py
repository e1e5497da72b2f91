"""The query string of the Adoption Insights page: declared, validated, and turned into a question."""

from datetime import date
from typing import Any

from marshmallow import EXCLUDE, Schema, ValidationError, fields, validate, validates_schema
from werkzeug.datastructures import MultiDict

from insights_backend.reports.adoption_insights import GROUPINGS, INSIGHTS, Insight, grouping_of
from insights_backend.reports.query import ReportQuery
from insights_backend.web.parameters import MAX_DAYS, YEARS, check_date, check_timezone

_DEFAULT_ROWS = 3
_MAX_ROWS = 1000
_MAX_HOURLY_DAYS = 92


class InsightSchema(Schema):
    """The query string of the page; what it does not name is not looked at."""

    class Meta:
        """A newer page may ask for more."""

        unknown = EXCLUDE

    type = fields.String(required=True, validate=validate.OneOf(list(INSIGHTS)))
    start_date = fields.String(
        required=True, validate=check_date, metadata={"format": "date", "description": "The first day."}
    )
    end_date = fields.String(
        required=True, validate=check_date, metadata={"format": "date", "description": "The last day, included."}
    )
    timezone = fields.String(
        required=True, validate=check_timezone, metadata={"description": "The IANA name of the zone whose days count."}
    )
    limit = fields.String(
        load_default="0",
        validate=validate.Regexp(r"[0-9]{1,9}\Z", error="must be a whole number"),
        metadata={"description": f"How many rows; {_DEFAULT_ROWS} without, and at most {_MAX_ROWS}."},
    )
    kind = fields.String(
        validate=validate.Length(max=64), metadata={"description": "Of `top_catalog_entities`, those of this kind."}
    )
    grouping = fields.String(
        validate=validate.OneOf(list(GROUPINGS)),
        metadata={"description": f"By default as the length asks for; hourly for at most {_MAX_HOURLY_DAYS} days."},
    )
    format = fields.String(load_default="json", validate=validate.OneOf(["json", "csv"]))

    @validates_schema
    def check_period(self, data: dict[str, Any], **_: object) -> None:
        """Check that the days are in order, and not too many."""
        first, last = date.fromisoformat(data["start_date"]), date.fromisoformat(data["end_date"])
        days = (last - first).days + 1
        if days < 1:
            raise ValidationError("is before start_date", "end_date")
        if days > MAX_DAYS:
            raise ValidationError(f"is more than {MAX_DAYS} days before end_date", "start_date")
        if first.year < YEARS[0] or last.year > YEARS[1]:
            raise ValidationError(
                f"lies, or end_date does, outside of the years {YEARS[0]} to {YEARS[1]}", "start_date"
            )
        if data.get("grouping") == "hourly" and days > _MAX_HOURLY_DAYS:
            raise ValidationError(f"hourly is for at most {_MAX_HOURLY_DAYS} days", "grouping")


def insight_parameters(arguments: MultiDict[str, str]) -> dict[str, Any]:
    """Validate a query string.

    Raises:
        ValidationError: names each parameter that is missing, given twice or wrong.
    """
    given = {name: values[0] if len(values) == 1 else values for name, values in arguments.lists()}
    loaded: dict[str, Any] = InsightSchema().load(given)
    return loaded


def insight_of(given: dict[str, Any]) -> Insight:
    """Turn validated parameters into a question."""
    query = ReportQuery(
        first=date.fromisoformat(given["start_date"]),
        last=date.fromisoformat(given["end_date"]),
        timezone=given["timezone"],
        filters={},
        limit=min(int(given["limit"]) or _DEFAULT_ROWS, _MAX_ROWS),
    )
    return Insight.of(query, given.get("grouping") or grouping_of(query), given.get("kind"))
