"""The panels of the dashboard, as data: what each is called, says of itself, asks, and shows in which columns."""

from collections.abc import Mapping
from typing import Any

from insights_backend.reports.all_reports import REPORTS
from insights_backend.reports.seen import event_counts
from insights_backend.web.dashboard import contents
from insights_backend.web.dashboard.contents import Ask
from insights_backend.web.dashboard.panel import Column, Panel


def _ranking(title: str, about: str, report: str, *columns: Column, ask: Ask | None = None, **more: Any) -> Panel:
    return Panel(
        title=title,
        about=about,
        report=report,
        shape="ranking",
        ask=ask or contents.rows_of(report),
        columns=columns,
        **more,
    )


_DATE = Column(key="date", title="From", kind="date")
_USERS = Column(key="users", title="Users")
_ENTITY = (
    Column(key="entity", title="Entity", kind="ref", filter="entity"),
    Column(key="type", title="Type", kind="text", filter="type"),
    Column(key="owner", title="Owner", kind="ref", filter="owner"),
    Column(key="views", title="Views"),
    _USERS,
)

PANELS: Mapping[str, Panel] = {
    "active-users": Panel(
        title="Active users",
        about="People with at least one event; the dashed line is the period before. Marks are out of the ordinary.",
        report="active-users",
        shape="series",
        ask=contents.compared("active-users", "active"),
        columns=(
            _DATE,
            Column(key="active", title="Active", draw="line"),
            Column(key="previous", title="Period before", draw="ghost"),
        ),
        wide=True,
    ),
    "anomalies": Panel(
        title="Out of the ordinary",
        about="Days that differ from the usual week by more than chance explains, and what moved them.",
        report="anomalies",
        shape="anomalies",
        ask=contents.anomalies,
        wide=True,
    ),
    "plugins": _ranking(
        "Plugins",
        "What people use, by events.",
        "plugins",
        Column(key="plugin", title="Plugin", kind="text", filter="plugin"),
        Column(key="events", title="Events"),
        _USERS,
    ),
    "pages": _ranking(
        "Pages",
        "What people look at; entities and numbers in a path stand together.",
        "pages",
        Column(key="page", title="Page", kind="text", filter="page"),
        Column(key="views", title="Views"),
        _USERS,
    ),
    "searches": _ranking(
        "Searches",
        "What people look for; typing is one search. Clicked: a result was opened within five minutes.",
        "searches",
        Column(key="term", title="Term", kind="text", filter="term"),
        Column(key="searches", title="Searches"),
        _USERS,
        Column(key="clickThrough", title="Clicked", kind="share"),
        Column(key="averageRank", title="Rank", kind="decimal"),
        ask=contents.searches,
    ),
    "found-nothing": _ranking(
        "Searches that found nothing",
        f"What people miss, among the {contents.MOST_TERMS} most frequent terms.",
        "searches",
        Column(key="term", title="Term", kind="text", filter="term"),
        Column(key="noResults", title="Without result"),
        Column(key="searches", title="Searches"),
        _USERS,
        ask=contents.found_nothing,
    ),
    "entities": _ranking("Entities", "What of the catalog is looked at.", "entities", *_ENTITY),
    "docs": _ranking("Docs", "Whose documentation is read.", "docs", *_ENTITY),
    "templates": _ranking(
        "Templates",
        "What is made with templates, and the minutes that this saves.",
        "templates",
        Column(key="template", title="Template", kind="ref", filter="entity"),
        Column(key="opened", title="Opened"),
        Column(key="started", title="Started"),
        Column(key="finished", title="Finished"),
        Column(key="minutesSaved", title="Minutes saved"),
        _USERS,
    ),
    "groups": _ranking(
        "Groups",
        "Who uses the portal; a user counts for each of their groups.",
        "groups",
        Column(key="group", title="Group", kind="ref", filter="group"),
        _USERS,
        Column(key="members", title="Members"),
        Column(key="adoption", title="Adoption", kind="share"),
        Column(key="events", title="Events"),
        empty="Nothing in this period. Groups come from the catalog, those that captureIdentityGroupsFilter keeps.",
    ),
    "comings": Panel(
        title="New, returning, lost",
        about="By week or month. New: seen for the first time ever. Lost: active in the one before, and not in this.",
        report="active-users",
        shape="series",
        ask=contents.rows_of("active-users"),
        least_days=56,
        by_week=True,
        columns=(
            _DATE,
            Column(key="returning", title="Returning", draw="bar"),
            Column(key="new", title="New", draw="bar"),
            Column(key="lost", title="Lost", draw="below"),
        ),
    ),
    "adoption": Panel(
        title="Adoption",
        about="Active users by the people who could use the portal, as the catalog counted them then.",
        report="adoption",
        shape="series",
        ask=contents.compared("adoption", "adoption"),
        empty="Nothing in this period, or the catalog has not told how many people there are.",
        columns=(
            _DATE,
            Column(key="adoption", title="Adoption", kind="share", draw="line"),
            Column(key="previous", title="Period before", kind="share", draw="ghost"),
            Column(key="active", title="Active"),
            Column(key="total", title="Could use it"),
        ),
    ),
    "stickiness": Panel(
        title="Stickiness",
        about="Of the users of the last 7 or 28 days, the share that came on the day itself.",
        report="stickiness",
        shape="series",
        ask=contents.rows_of("stickiness"),
        by_day=True,
        columns=(
            Column(key="date", title="Day", kind="date"),
            Column(key="dauWau", title="Of 7 days", kind="share", draw="line"),
            Column(key="dauMau", title="Of 28 days", kind="share", draw="line"),
            Column(key="dau", title="On the day"),
            Column(key="wau", title="In 7 days"),
            Column(key="mau", title="In 28 days"),
        ),
    ),
    "actions": _ranking(
        "Actions",
        "What people do.",
        "actions",
        Column(key="action", title="Action", kind="text", filter="action"),
        Column(key="events", title="Events"),
        _USERS,
    ),
    "retention": Panel(
        title="Retention",
        about="Of those who came for the first time in a week, the share that came again so many weeks later.",
        report="retention",
        shape="retention",
        ask=contents.retention,
        wide=True,
        least_days=84,  # in fewer than some weeks nobody can come again
    ),
    "benchmark": Panel(
        title="Benchmark",
        about="This period against the one before, and against the other portals where there are at least five.",
        report="benchmark",
        shape="benchmark",
        ask=contents.rows_of("benchmark"),
        wide=True,
    ),
}
"""The panels by name, in the order of the page."""

PARTS: Mapping[str, tuple[str, Ask]] = {
    "summary": ("summary", contents.summary),
    "trend-active-users": ("trend", contents.trend(REPORTS["active-users"], "active", "count")),
    "trend-adoption": ("trend", contents.trend(REPORTS["adoption"], "adoption", "share")),
    "trend-stickiness": ("trend", contents.trend(REPORTS["stickiness"], "dauMau", "share")),
    "trend-events": ("trend", contents.trend(event_counts, "events", "count")),
    "choices": ("choices", contents.choices),
}
"""What else comes by itself: parts of the page and of panels, each with its template."""
