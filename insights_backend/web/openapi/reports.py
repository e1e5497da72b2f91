"""The shapes of the reports."""

from collections.abc import Mapping

from marshmallow import Schema, fields

from insights_backend.web.openapi.shapes import AnswerSchema, Field, count, date, ratio, text


class PluginsRowSchema(AnswerSchema):
    """How much one plugin is used."""

    plugin = text("The plugin's id.")
    events = count("Its events.")
    users = count("The users with at least one event of it.")


class ActiveUsersRowSchema(AnswerSchema):
    """The users of one interval."""

    date = date("The first day of the interval.")
    active = count("Users with at least one event.")
    new = count("Those whose first event ever this was.")
    returning = count("Those who had been there before.")
    lost = count("Those active in the interval before, and not in this one.")


class SummaryRowSchema(AnswerSchema):
    """The period in one row."""

    events = count("All events.")
    activeUsers = count("Users with at least one event.")  # noqa: N815 - its name in JSON
    newUsers = count("Those whose first event ever lies in the period.")  # noqa: N815 - its name in JSON
    sessions = count("Sessions; of users without, runs of events with no gap over 30 minutes.")
    totalUsers = count("Users in the catalog, as of now.", unknown=True)  # noqa: N815 - its name in JSON
    adoption = ratio("Active users by total users.")
    stickiness = ratio("Mean daily actives by actives, over the period's last 28 days.")
    topPlugins = fields.List(fields.Nested(PluginsRowSchema), required=True)  # noqa: N815 - its name in JSON


def _report(name: str, title: str, row: type[Schema], **more: Field) -> type[Schema]:
    """Declare what a report answers with, given its rows."""
    described = {
        "report": text("Which report this is.", name),
        "from": date("The first day."),
        "to": date("The last day, included."),
        "timezone": text("The zone whose days count."),
        "rows": fields.List(fields.Nested(row), required=True),
        "previous": fields.List(
            fields.Nested(row),
            required=True,
            metadata={"description": "The rows of the period before, where `compare` asks for them."},
        ),
    }
    return AnswerSchema.from_dict({**described, **more}, name=f"{title}ReportSchema")


REPORTS: Mapping[str, type[Schema]] = {
    "summary": _report("summary", "Summary", SummaryRowSchema),
    "active-users": _report("active-users", "ActiveUsers", ActiveUsersRowSchema),
    "plugins": _report("plugins", "Plugins", PluginsRowSchema, total=count("How many rows there are without limit.")),
}
"""What each report answers with, by its name."""
