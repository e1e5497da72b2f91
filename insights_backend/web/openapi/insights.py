"""The shapes of what the Adoption Insights page reads."""

from collections.abc import Mapping

from marshmallow import Schema, fields, validate

from insights_backend.reports.adoption_insights import GROUPINGS
from insights_backend.web.openapi.shapes import AnswerSchema, count, text, time

GROUPED = frozenset({"active_users", "top_plugins", "top_searches"})
"""What is counted by intervals, and says which."""


def _interval() -> fields.String:
    return fields.String(
        required=True, metadata={"description": "The hour, the day, or the begin of a week or end of a month, in UTC."}
    )


class InsightTotalUsersRowSchema(AnswerSchema):
    """How many of those who could use the portal did."""

    logged_in_users = count("Users with at least one event.")
    licensed_users = count("Users in the catalog on the last day; 0 where that is not known.")


class InsightActiveUsersRowSchema(AnswerSchema):
    """The users of one interval; there is none without any."""

    date = _interval()
    total_users = count("Users with at least one event.")
    new_users = count("Those whose first event ever this was.")
    returning_users = count("Those who had been there before.")


class InsightTrendSchema(AnswerSchema):
    """The visits of one interval."""

    date = _interval()
    count = count("How many.")


class InsightTopPluginsRowSchema(AnswerSchema):
    """How often one plugin was visited."""

    plugin_id = text("The plugin's id.")
    visit_count = count("Its visits.")
    trend = fields.List(fields.Nested(InsightTrendSchema), required=True)
    trend_percentage = text("By how many per cent the last interval of the trend differs from the first.")


class InsightTopTemplatesRowSchema(AnswerSchema):
    """How often something was created of one template."""

    entityref = text("The template's reference.")
    count = count("How often.")
    last_used = time("The latest time.")


class InsightTopTechdocsRowSchema(AnswerSchema):
    """How often the documentation of one entity was visited; its overview has empty names."""

    count = count("How often.")
    last_used = time("The latest time.")
    kind = text("The entity's kind.")
    name = text("Its name.")
    namespace = text("Its namespace.")
    site_name = text("Its name again.")


class InsightTopSearchesRowSchema(AnswerSchema):
    """The searches of one interval."""

    date = _interval()
    count = count("How many.")


class InsightTopCatalogEntitiesRowSchema(AnswerSchema):
    """How often one entity was visited."""

    plugin_id = text("Always the catalog.", "catalog")
    kind = text("The entity's kind.")
    name = text("Its name.")
    namespace = text("Its namespace.")
    last_used = time("The latest time.")
    count = count("How often.")


INSIGHT_ROWS: Mapping[str, type[Schema]] = {
    "total_users": InsightTotalUsersRowSchema,
    "active_users": InsightActiveUsersRowSchema,
    "top_plugins": InsightTopPluginsRowSchema,
    "top_templates": InsightTopTemplatesRowSchema,
    "top_techdocs": InsightTopTechdocsRowSchema,
    "top_searches": InsightTopSearchesRowSchema,
    "top_catalog_entities": InsightTopCatalogEntitiesRowSchema,
}
"""A row of each type; the columns of its CSV."""


def _answer(name: str, row: type[Schema]) -> type[Schema]:
    grouping = {"grouping": text("The intervals.", *GROUPINGS)} if name in GROUPED else {}
    described = {**grouping, "data": fields.List(fields.Nested(row), required=True)}
    return AnswerSchema.from_dict(described, name=row.__name__.replace("Row", ""))


INSIGHT_ANSWERS: Mapping[str, type[Schema]] = {name: _answer(name, row) for name, row in INSIGHT_ROWS.items()}
"""What each type is answered with."""


class InsightRefusalSchema(AnswerSchema):
    """An event or a query that cannot be used."""

    message = text("What was wrong.")
    errors = fields.Dict(
        keys=fields.String(),
        values=fields.List(fields.String(), validate=validate.Length(min=1)),
        required=True,
        metadata={"description": "What is wrong, by field."},
    )


class CapturedSchema(AnswerSchema):
    """The events are on disk."""

    success = fields.Boolean(required=True)
    message = text("The same for people.")
