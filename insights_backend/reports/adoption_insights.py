"""What the page of Red Hat's Adoption Insights shows, counted as its own backend counts it.

An event without a user is not counted. A *visit* is an event `navigate`, a *search* each event `search`. Intervals in
which nothing happened are left out. *New*: the user's first event ever lies in the interval. *Trend percentage*: by how
much the last interval that a plugin was visited in differs from the first one. *Licensed users*: the people in the
catalog, as recorded on the last day; 0 where that is not known.

It differs in two things: entities are what the event is about, in lower case, also where only the path tells; and days
and months are those of the time zone throughout. A person's own page is one of a pseudonym, of which no namespace is
known. The title of a documentation is not known either: its entity's name stands for it.

Source: `@red-hat-developer-hub/backstage-plugin-adoption-insights-backend` 1.0.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any, Literal

from insights_backend.model.zones import zone
from insights_backend.reports.answer import Row, Sources
from insights_backend.reports.query import Interval, ReportQuery, midnight, next_start
from insights_backend.reports.total_users import total_users

Grouping = Literal["hourly", "daily", "weekly", "monthly"]
GROUPINGS: Mapping[Grouping, Interval] = {"hourly": "day", "daily": "day", "weekly": "week", "monthly": "month"}
"""The intervals that may be counted by; hours lie within days."""

_USERS = "SELECT uniqExact(userKey) AS users FROM {table} WHERE userKey != 0 AND {where}"
_ACTIVE = """
SELECT bucket, count() AS total, countIf(bucket = first) AS new
FROM (
    SELECT arrayJoin(buckets) AS bucket, first
    FROM (
        SELECT min({bucket}) AS first,
            groupUniqArrayIf({bucket}, quarter >= toDateTime({{start:UInt32}}, 'UTC')) AS buckets
        FROM {table} WHERE userKey != 0 AND {where_until} GROUP BY userKey))
GROUP BY bucket ORDER BY bucket
"""
_PLUGINS = """
SELECT plugin, sum(visits) AS total, arraySort(groupArray((bucket, visits))) AS trend
FROM (
    SELECT pluginId AS plugin, {bucket} AS bucket, sum(events) AS visits
    FROM {table} WHERE action = 'navigate' AND userKey != 0 AND {where} GROUP BY plugin, bucket)
GROUP BY plugin ORDER BY total DESC, plugin LIMIT {{limit:UInt32}}
"""
_SEARCHES = """
SELECT {bucket} AS bucket, sum(events) AS searches
FROM {table} WHERE action = 'search' AND userKey != 0 AND {where}
GROUP BY bucket ORDER BY bucket LIMIT {{limit:UInt32}}
"""
_ENTITIES = """
SELECT {column} AS ref, count() AS uses, toUnixTimestamp64Milli(max(time)) AS latest
FROM {table} WHERE {about} AND userKey != 0 AND {where}
GROUP BY ref ORDER BY uses DESC, ref LIMIT {{limit:UInt32}}
"""
_TEMPLATES = "templateStep = 'started'"
_TECHDOCS = "action = 'navigate' AND pluginId = 'techdocs'"
_CATALOG = "action = 'navigate' AND pluginId = 'catalog' AND entity != ''"
# A person's pseudonym names no kind.
_OF_KIND = " AND if(position(entity, ':') = 0, 'user', substringIndex(entity, ':', 1)) = {kind:String}"
_PERCENT = Decimal("0.01")
_HOURLY_DAYS, _DAILY_DAYS, _WEEKLY_DAYS = 1, 8, 31


@dataclass(frozen=True, slots=True, kw_only=True)
class Insight:
    """What the page asks.

    Args:
        query: the period, its time zone and how many rows.
        grouping: by which intervals is counted.
        kind: the kind of entities, in lower case; empty for all.
    """

    query: ReportQuery
    grouping: Grouping
    kind: str

    @classmethod
    def of(cls, query: ReportQuery, grouping: Grouping, kind: str | None) -> "Insight":
        """Ask about a period by some intervals."""
        asked = replace(query, interval=GROUPINGS[grouping])
        return cls(query=asked, grouping=grouping, kind=(kind or "").lower())

    def rows(self, sources: Sources, sql: str, *asked: str, **parts: str) -> list[Row]:
        """Ask the smallest table that knows what is asked for."""
        query = self.query
        written = sql.format(
            table=query.table(*asked),
            bucket=self._bucket(),
            where=query.where(),
            where_until=query.where_until(),
            **parts,
        )
        return sources.engine.rows(written, {**query.parameters(), "kind": self.kind})

    def _bucket(self) -> str:
        if self.grouping == "hourly":
            return "toUnixTimestamp(toStartOfHour(quarter, {timezone:String}))"
        return self.query.bucket()

    def date(self, bucket: Any) -> str:
        """Write an interval as the page expects it: the hour with its offset, the day, else a moment in UTC.

        Args:
            bucket: the interval as the engine gives it: seconds since 1970 of an hour, or the first day.
        """
        match self.grouping:
            case "hourly":
                return self.moment(bucket * 1000)
            case "daily":
                return str(bucket.isoformat())
            case "weekly":
                return _begin(bucket, self.query.timezone)
            case "monthly":
                last = next_start(bucket, "month") - timedelta(1)
                return _begin(min(last, self.query.last), self.query.timezone)

    def moment(self, millis: int) -> str:
        """Write a moment in the time zone."""
        zoned = datetime.fromtimestamp(millis / 1000, zone(self.query.timezone))
        written = zoned.isoformat(timespec="milliseconds")
        return written.replace("+00:00", "Z")


def grouping_of(query: ReportQuery) -> Grouping:
    """Say by which intervals a period is counted unless the page says so."""
    if query.days <= _HOURLY_DAYS:
        return "hourly"
    if query.days <= _DAILY_DAYS:
        return "daily"
    return "weekly" if query.days <= _WEEKLY_DAYS else "monthly"


def _begin(day: date, timezone: str) -> str:
    return datetime.fromtimestamp(midnight(day, timezone) / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S+00")


def _total_users(sources: Sources, insight: Insight) -> list[Row]:
    (users,) = insight.rows(sources, _USERS)
    (licensed,) = total_users(sources, insight.query, [insight.query.last])
    return [{"logged_in_users": users["users"], "licensed_users": licensed or 0}]


def _active_users(sources: Sources, insight: Insight) -> list[Row]:
    return [
        {
            "date": insight.date(row["bucket"]),
            "total_users": row["total"],
            "new_users": row["new"],
            "returning_users": row["total"] - row["new"],
        }
        for row in insight.rows(sources, _ACTIVE)
    ]


def _top_plugins(sources: Sources, insight: Insight) -> list[Row]:
    return [
        {
            "plugin_id": row["plugin"],
            "visit_count": row["total"],
            "trend": [{"date": insight.date(bucket), "count": visits} for bucket, visits in row["trend"]],
            "trend_percentage": _percentage(row["trend"][0][1], row["trend"][-1][1]),
        }
        for row in insight.rows(sources, _PLUGINS, "plugin", "action")
    ]


def _percentage(first: int, last: int) -> Decimal:
    """Return the change in per cent: a decimal is a text in JSON, as the page expects, and a number in CSV."""
    return (Decimal(last - first) * 100 / first).quantize(_PERCENT, ROUND_HALF_UP)


def _top_searches(sources: Sources, insight: Insight) -> list[Row]:
    rows = insight.rows(sources, _SEARCHES, "action")
    return [{"date": insight.date(row["bucket"]), "count": row["searches"]} for row in rows]


def _top_templates(sources: Sources, insight: Insight) -> list[Row]:
    return [
        {"entityref": row["ref"], "count": row["uses"], "last_used": insight.moment(row["latest"])}
        for row in insight.rows(sources, _ENTITIES, "template", column="template", about=_TEMPLATES)
    ]


def _top_techdocs(sources: Sources, insight: Insight) -> list[Row]:
    return [
        {**_used(row, insight), **_named(row["ref"]), "site_name": _named(row["ref"])["name"]}
        for row in insight.rows(sources, _ENTITIES, "entity", column="entity", about=_TECHDOCS)
    ]


def _top_catalog_entities(sources: Sources, insight: Insight) -> list[Row]:
    about = _CATALOG + (_OF_KIND if insight.kind else "")
    rows = insight.rows(sources, _ENTITIES, "entity", column="entity", about=about)
    return [{"plugin_id": "catalog", **_named(row["ref"]), **_used(row, insight)} for row in rows]


def _used(row: Mapping[str, Any], insight: Insight) -> Row:
    return {"count": row["uses"], "last_used": insight.moment(row["latest"])}


def _named(entity: str) -> dict[str, str]:
    """Take a reference apart; the overview of the documentation has none, and empty names."""
    if not entity:
        return {"kind": "", "name": "", "namespace": ""}
    kind, colon, path = entity.partition(":")
    if not colon:
        return {"kind": "user", "name": entity, "namespace": "default"}
    namespace, _, name = path.partition("/")
    return {"kind": kind, "name": name, "namespace": namespace}


INSIGHTS: Mapping[str, Callable[[Sources, Insight], list[Row]]] = {
    "total_users": _total_users,
    "active_users": _active_users,
    "top_plugins": _top_plugins,
    "top_templates": _top_templates,
    "top_techdocs": _top_techdocs,
    "top_searches": _top_searches,
    "top_catalog_entities": _top_catalog_entities,
}
"""What may be asked, by the name that the page has for it."""
