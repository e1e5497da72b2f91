"""What reports are asked in tests, and of which events."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from insights_backend.delivery.destination import Batch
from insights_backend.model.total_users import TotalUsers
from insights_backend.reports.answer import Sources
from insights_backend.reports.query import ReportQuery
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from tests import recount
from tests.fakes import NOW
from tests.records import lines, record
from tests.tables import empty

# Berlin ends its summer time on 2026-10-25; Kolkata and Kathmandu lie off the full hour; Kiritimati is a day ahead.
ZONES = ["UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "Pacific/Kiritimati", "America/St_Johns"]
BEGIN = datetime(2026, 10, 1, tzinfo=UTC)

moments = st.integers(0, 60 * 24 * 60).map(lambda minute: recount.iso(BEGIN + timedelta(minutes=minute)))
records = st.builds(
    record,
    time=moments,
    user=st.sampled_from([None, "u_a", "u_b", "u_c", "u_d"]),
    pluginId=st.sampled_from(["catalog", "techdocs", "search"]),
    sessionId=st.sampled_from([None, None, "s_1", "s_2"]),
    groups=st.lists(st.sampled_from(["group:default/x", "group:default/y"]), unique=True),
    action=st.sampled_from(["navigate", "click"]),
    entityMetadata=st.sampled_from([{}, {"spec.owner": "group:default/x", "spec.type": "service"}]),
)
filters = st.dictionaries(
    st.sampled_from(["group", "plugin", "owner", "action", "type"]),
    st.lists(st.sampled_from(["group:default/x", "catalog", "search", "click", "service"]), min_size=1, max_size=2).map(
        tuple
    ),
    max_size=2,
)

# Values of filters, some of which are hard to write down; reports add the plugins and actions that are theirs.
COMMON_FILTERS = {
    "group": ["group:default/x", "group:default/y", "group:ö/'%(z)s"],
    "environment": ["production", "%s"],
    "instance": ["local", "it's"],
    "entity": ["component:default/a"],
    "owner": ["group:default/x"],
    "type": ["service", "{"],
    "lifecycle": ["production"],
}


def one_of(values: Mapping[str, list[str]]) -> st.SearchStrategy[dict[str, tuple[str, ...]]]:
    """One filter of those whose values are given, by one or two of them."""
    return st.sampled_from(list(values)).flatmap(
        lambda name: st.lists(st.sampled_from(values[name]), min_size=1, max_size=2).map(lambda v: {name: tuple(v)})
    )


@st.composite
def queries(draw: st.DrawFn) -> ReportQuery:
    first = date(2026, 10, 1) + timedelta(draw(st.integers(-3, 60)))
    return ReportQuery(
        first=first,
        last=first + timedelta(draw(st.integers(0, 45))),
        interval=draw(st.sampled_from(["day", "week", "month"])),
        timezone=draw(st.sampled_from(ZONES)),
        filters=draw(st.just({}) | filters),
        limit=draw(st.sampled_from([1, 20])),
    )


def asked(engine: Engine, total: int | None = None) -> Sources:
    now = None if total is None else TotalUsers(number=total, as_of=int(NOW * 1000), environment="production")
    return Sources(engine=engine, total_users=lambda: now, members=dict.fromkeys)


def stored(engine: Engine, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Store these events and nothing else, each with an id of its own; returns them as stored."""
    numbered = [{**event, "id": str(number)} for number, event in enumerate(events)]
    empty(engine)
    # A name that no earlier example had, or its batch would be taken for that one.
    EventStore(engine).deliver(Batch.of(str(uuid4()), 1, len(events), lines(*numbered)))
    return numbered


def law(examples: int, **strategies: st.SearchStrategy[Any]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Make a test of what holds for random values on either engine.

    Args:
        examples: how many are tried inside this process; over HTTP, where only the way is another, a quarter of them.
        strategies: where the values come from, by the names of the arguments after the engine.
    """

    def test_of(check: Callable[..., None]) -> Callable[..., None]:
        tries = {"chdb": examples, "http": max(1, examples // 4)}
        held = {name: settings(max_examples=most)(given(**strategies)(check)) for name, most in tries.items()}

        def test(either_engine: Engine, request: pytest.FixtureRequest) -> None:
            held[request.node.callspec.params["either_engine"]](either_engine)

        test.__doc__ = check.__doc__
        return test

    return test_of
