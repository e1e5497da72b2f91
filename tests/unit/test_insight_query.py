"""The query string of the Adoption Insights page."""

from datetime import date, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from marshmallow import ValidationError
from werkzeug.datastructures import MultiDict

from insights_backend.reports.adoption_insights import Insight
from insights_backend.web.insight_query import insight_of, insight_parameters

NOVEMBER = "start_date=2026-11-01&end_date=2026-11-30&timezone=UTC"


def insight(query: str) -> Insight:
    return insight_of(insight_parameters(MultiDict(parse_qsl(query, keep_blank_values=True))))


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("type=x", "type"),
        ("", "type"),
        ("type=total_users&format=xml", "format"),
        ("type=total_users&grouping=yearly", "grouping"),
        ("type=total_users&limit=-1", "limit"),
        ("type=total_users&limit=1%0A", "limit"),
        ("type=total_users&limit=many", "limit"),
        ("type=total_users&type=top_plugins", "type"),
        ("type=total_users&kind=" + "k" * 65, "kind"),
    ],
)
def test_a_question_that_cannot_be_used_is_named(query: str, field: str) -> None:
    refused(f"{NOVEMBER}&{query}", field)


@pytest.mark.parametrize(
    ("first", "last", "zone", "field"),
    [
        ("bad", "2026-11-30", "UTC", "start_date"),
        ("2026-11-01T00:00:00Z", "2026-11-30", "UTC", "start_date"),
        ("2026-11-01", "", "UTC", "end_date"),
        ("2026-11-01", "2026-10-31", "UTC", "end_date"),
        ("1999-01-01", "2026-10-31", "UTC", "start_date"),
        ("1969-12-31", "1970-01-01", "UTC", "start_date"),
        ("2200-12-31", "2201-01-01", "UTC", "start_date"),
        ("2026-11-01", "2026-11-30", "Mars/Base", "timezone"),
        ("2026-01-01", "2026-11-30", "UTC&grouping=hourly", "grouping"),
    ],
)
def test_a_period_that_cannot_be_used_is_named(first: str, last: str, zone: str, field: str) -> None:
    refused(f"type=total_users&start_date={first}&end_date={last}&timezone={zone}", field)


def refused(query: str, field: str) -> None:
    with pytest.raises(ValidationError) as caught:
        insight(query)
    assert list(caught.value.messages_dict) == [field]


@pytest.mark.parametrize("missing", ["start_date", "end_date", "timezone"])
def test_what_must_be_said_is_asked_for(missing: str) -> None:
    refused(f"type=total_users&{NOVEMBER}".replace(missing, "other"), missing)


@pytest.mark.parametrize(
    ("days", "grouping"), [(1, "hourly"), (2, "daily"), (8, "daily"), (9, "weekly"), (31, "weekly"), (32, "monthly")]
)
def test_the_length_of_a_period_says_how_it_is_grouped(days: int, grouping: str) -> None:
    first = date(2026, 11, 30) - timedelta(days - 1)
    assert insight(f"type=top_searches&start_date={first}&end_date=2026-11-30&timezone=UTC").grouping == grouping


def test_the_page_may_say_how_it_is_grouped() -> None:
    assert insight(f"type=top_searches&{NOVEMBER}&grouping=monthly").grouping == "monthly"


@pytest.mark.parametrize(("limit", "rows"), [("", 3), ("&limit=0", 3), ("&limit=20", 20), ("&limit=999999999", 1000)])
def test_there_are_three_rows_unless_the_page_asks_for_others(limit: Any, rows: int) -> None:
    assert insight(f"type=top_plugins&{NOVEMBER}{limit}").query.limit == rows


def test_kinds_are_compared_without_regard_to_case_and_other_parameters_are_passed_over() -> None:
    assert insight(f"type=top_catalog_entities&{NOVEMBER}&kind=API&theme=dark").kind == "api"
