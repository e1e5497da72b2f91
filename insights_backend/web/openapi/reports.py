"""The shapes of the reports."""

from collections.abc import Mapping

from marshmallow import Schema, fields, validate

from insights_backend.reports.benchmark import METRICS
from insights_backend.web.openapi.shapes import AnswerSchema, count, date, ratio, text


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
    totalUsers = count("Users in the catalog on the period's last day.", unknown=True)  # noqa: N815 - its name in JSON
    adoption = ratio("Active users by total users.")
    stickiness = ratio("Mean daily actives by actives, over the period's last 28 days.")


class AdoptionRowSchema(AnswerSchema):
    """How many of those who could use the portal did so in one interval."""

    date = date("The first day of the interval.")
    active = count("Users with at least one event.")
    total = count("Users in the catalog on the interval's last day; null where never recorded.", unknown=True)
    adoption = ratio("Active users by total users.")


class StickinessRowSchema(AnswerSchema):
    """How many came on one day, and lately."""

    date = date("The day.")
    dau = count("Users active on the day.")
    wau = count("Users active in the 7 days that end with it.")
    mau = count("Users active in the 28 days that end with it.")
    dauWau = ratio("`dau` by `wau`.")  # noqa: N815 - its name in JSON
    dauMau = ratio("`dau` by `mau`.")  # noqa: N815 - its name in JSON


class RetentionRowSchema(AnswerSchema):
    """The users whose first event ever lies in one week, and how many of them stayed."""

    cohort = date("The week's Monday.")
    size = count("How many they are.")
    weeks = fields.List(
        fields.Float(validate=validate.Range(0, 1)),
        required=True,
        metadata={"description": "The share of them active so many weeks later, from 0 on, up to the last whole week."},
    )


class PagesRowSchema(AnswerSchema):
    """How often one page is viewed."""

    page = text("The page's path, with names such as `:kind` for what changes from one entity to the next.")
    views = count("Its views.")
    users = count("The users with at least one of them.")


class EntitiesRowSchema(AnswerSchema):
    """How often the pages of one entity are viewed."""

    entity = text("The entity's reference.")
    kind = text("Its kind at the latest; null where not known.", unknown=True)
    type = text("Its type.", unknown=True)
    owner = text("Its owner's reference.", unknown=True)
    views = count("The views of its pages.")
    users = count("The users with at least one of them.")


class DocsRowSchema(EntitiesRowSchema):
    """How often the documentation of one entity is viewed."""


class TemplatesRowSchema(AnswerSchema):
    """How one software template is used."""

    template = text("The template's reference.")
    opened = count("How often it was opened.")
    started = count("How often somebody began to create something of it.")
    finished = count("How often something was created.")
    minutesSaved = fields.Float(  # noqa: N815 - its name in JSON
        required=True,
        allow_none=True,
        metadata={"description": "The minutes that this saved; null where they are too many to be added up."},
    )
    users = count("The users who did any of this.")


class SearchesRowSchema(AnswerSchema):
    """How often something is searched for, and whether it is found."""

    term = text("What was typed, in lower case and without white space around it.")
    searches = count("How often; typing on is one search.")
    users = count("The users who searched for it.")
    noResults = count("How many of the searches found nothing.")  # noqa: N815 - its name in JSON
    clickThrough = ratio("The share of the searches after which a result was opened.")  # noqa: N815 - its name in JSON
    averageRank = ratio("The mean rank of the results opened; null where there is none.")  # noqa: N815 - its name in JSON


class ActionsRowSchema(AnswerSchema):
    """How often one thing is done."""

    action = text("What is done.")
    events = count("How often.")
    users = count("The users who did it at least once.")


class GroupsRowSchema(AnswerSchema):
    """How much one group uses the portal."""

    group = text("The group's reference.")
    users = count("The users in it with at least one event.")
    events = count("Their events.")
    members = count("Its direct members in the catalog; null where the catalog does not know the group.", unknown=True)
    adoption = ratio("Users by members.")


class ContributorSchema(AnswerSchema):
    """What moved a series."""

    dimension = text("What it is.", "plugin", "group", "page", "term")
    key = text("Which one.")
    actual = count("Its count on the day.")
    expected = count("The median of the same weekday in the five weeks before, or before a drift began.")


class AnomaliesRowSchema(AnswerSchema):
    """A day on which a series was out of the ordinary."""

    date = date("The day.")
    series = text("`activeUsers`, `events`, `searchesWithoutResults`, `plugin:` and an id, or a group's reference.")
    actual = count("What was counted.")
    expected = fields.Float(required=True, metadata={"description": "What would have been usual."})
    low = count("The least that would not have been unusual.")
    high = count("The most that would not have been unusual.")
    score = fields.Float(
        required=True, metadata={"description": "How many standard deviations above the usual; negative if below."}
    )
    direction = text("On which side of it.", "up", "down")
    contributors = fields.List(
        fields.Nested(ContributorSchema),
        required=True,
        metadata={"description": "What moved it most, of each dimension three at most, the furthest first."},
    )


class SkippedSchema(AnswerSchema):
    """A series that cannot be judged."""

    series = text("Which one.")
    reason = text(
        "Fewer than five weeks before, or so few that even none would not be unusual.", "too_short", "too_thin"
    )


class BenchmarkRowSchema(AnswerSchema):
    """One metric, against the period before and other instances; of everything that is asked for, or of one group."""

    metric = text("What is measured, as in `summary`.", *METRICS)
    value = ratio("The metric in the period; null where not known.")
    previous = ratio("The metric in the period of equal length before.")
    change = ratio("By which share of `previous` it changed; null where that is 0 or not known.")
    quartiles = fields.List(
        fields.Float(),
        required=True,
        allow_none=True,
        validate=validate.Length(equal=3),
        metadata={
            "description": "First quartile, median and third quartile over all instances; null with fewer than five, "
            "and for a group."
        },
    )
    position = ratio(
        "The share of the other instances with at most this value; null unless one instance is asked for, with fewer "
        "than five instances, and for a group."
    )
    group = text("The group; null where the row is of everything that is asked for.", unknown=True)


ROWS: Mapping[str, type[Schema]] = {
    "summary": SummaryRowSchema,
    "active-users": ActiveUsersRowSchema,
    "adoption": AdoptionRowSchema,
    "stickiness": StickinessRowSchema,
    "retention": RetentionRowSchema,
    "plugins": PluginsRowSchema,
    "pages": PagesRowSchema,
    "entities": EntitiesRowSchema,
    "docs": DocsRowSchema,
    "templates": TemplatesRowSchema,
    "searches": SearchesRowSchema,
    "actions": ActionsRowSchema,
    "groups": GroupsRowSchema,
    "anomalies": AnomaliesRowSchema,
    "benchmark": BenchmarkRowSchema,
}
"""A row of each report, by its name; the columns of its CSV."""

_RANKED = {"plugins", "pages", "entities", "docs", "templates", "searches", "actions", "groups"}


def _report(name: str, row: type[Schema]) -> type[Schema]:
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
    if name in _RANKED:
        described["total"] = count("How many rows there are without limit.")
    if name == "anomalies":
        described["skipped"] = fields.List(fields.Nested(SkippedSchema), required=True)
    return AnswerSchema.from_dict(described, name=row.__name__.replace("Row", "Report"))


REPORTS: Mapping[str, type[Schema]] = {name: _report(name, row) for name, row in ROWS.items()}
"""What each report answers with, by its name."""
