"""All reports by their names."""

from collections.abc import Mapping

from insights_backend.reports import (
    active_users,
    adoption,
    anomalies,
    benchmark,
    entities,
    groups,
    pages,
    retention,
    searches,
    stickiness,
    summary,
    templates,
    usage,
)
from insights_backend.reports.answer import Report

REPORTS: Mapping[str, Report] = {
    "summary": summary.report,
    "active-users": active_users.report,
    "adoption": adoption.report,
    "stickiness": stickiness.report,
    "retention": retention.report,
    "plugins": usage.plugins,
    "pages": pages.report,
    "entities": entities.report,
    "docs": entities.docs,
    "templates": templates.report,
    "searches": searches.report,
    "actions": usage.actions,
    "groups": groups.report,
    "anomalies": anomalies.report,
    "benchmark": benchmark.report,
}
