"""Events that are valid and mean no good: what the engine derives from them as it stores them refuses none."""

from itertools import cycle, product
from typing import Any
from uuid import uuid4

import orjson

from insights_backend.collector import Collector
from insights_backend.warehouse.engine import Engine
from insights_backend.warehouse.events import EventStore
from insights_backend.warehouse.total_users import TotalUsersRecord
from insights_backend.wire import batch
from tests.records import record

# What the engine's functions for JSON, addresses, patterns and letters look for, and what they may stumble over.
ODD = (
    *("", "\0", "\n", "\x1f", "\x85", "\ufeff", "\uffff", "\U0010ffff", "\u0301", "İ", '"', "'", "\\", "\\0", "\\1"),
    *("\\ud83d", "$", '$."kind"', "{", "}", "[", "]", "null", "%", "%zz", "%C0%80", "/", "//", "://", "a+.-://", "?"),
    *("#", ":", "template:", "/create/templates/", "component:default/x", "/default/component/x/", "7", "/" * 5000),
    *("deadbeef-dead-beef-dead-beefdeadbeef", "é" * 5000, "{" * 5000, "(" * 5000),
)
VALUES: tuple[Any, ...] = (None, True, -(2**63), 2**64 - 1, 1e308, -0.0, [], {}, ["null"], {"kind": None})
ACTIONS = ("navigate", "search", "click", "create")
TIMES = ("2000-02-29T23:59:59.999Z", "2026-11-23T10:00:00.123Z", "2105-12-31T23:59:59.999Z")


def test_every_valid_event_is_stored_whatever_it_says(either_engine: Engine) -> None:
    places = zip(product(ODD, ODD), cycle(VALUES), cycle(ACTIONS), cycle(TIMES), cycle([True, True, False]))
    events = [
        record(
            id=str(uuid4()),
            time=time,
            action=action,
            subject=one + other,
            pluginId="scaffolder",
            sessionId=one[:1000],
            user=other[:1000],
            attributes={one: other},
            entity=(other + one)[:1000],
            entityMetadata={one: value, "kind": one, "spec.owner": other, "spec.type": value},
            view=view,
        )
        for (one, other), value, action, time, view in places
    ]
    read, refused = batch.read(batch.unwrap(orjson.loads(orjson.dumps({"events": events}))))
    assert refused == []
    collector = Collector(EventStore(either_engine), TotalUsersRecord(either_engine))
    assert collector.receive("portal", str(uuid4()), read, None) == []
    stored = either_engine.rows("SELECT count() AS events, countIf(view) AS views FROM events", {})
    assert stored == [{"events": len(events), "views": sum(event["view"] for event in events)}]
