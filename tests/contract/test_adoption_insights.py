"""Red Hat's Adoption Insights, from the outside: events as its module posts them, numbers as its page reads them."""

import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import responses
from hypothesis import given, settings
from hypothesis import strategies as st

from insights_backend.reports.adoption_insights import GROUPINGS, INSIGHTS, Insight
from insights_backend.reports.query import ReportQuery
from insights_backend.settings.values import AuthSettings, DashboardSettings, Secret
from insights_backend.warehouse.engine import Engine
from tests import recount
from tests.app import JWKS_URL, Make, Service, error
from tests.fakes import NOW
from tests.questions import ZONES, asked, records, stored
from tests.records import record
from tests.tokens import jwks, signing_key, user_claims

EVENTS = "/api/adoption-insights/events"
RECEIVED = {"success": True, "message": "Event received"}
RECORDED = Path(__file__).parent.parent / "fixtures" / "wire" / "adoption-requests.ndjson"
VISITORS = {"new-preflight": "user:contractors/victor.lopez", "new-noroute": "user:default/carol.anderson"}
EVENT: dict[str, Any] = {
    "action": "navigate",
    "subject": "/catalog/default/component/petstore",
    "attributes": {"namespace": "default", "kind": "Component", "name": "Petstore"},
    "context": {
        "pluginId": "catalog",
        "extension": "App",
        "routeRef": "catalog:entity",
        "userName": "user:default/john",
        "userId": "7a78",
        "timestamp": "2026-11-23T09:59:08.230Z",
    },
}
OWN = {"Host", "Connection", "Content-Length", "Authorization"}  # what is of the connection, and the blanked token


def post(service: Service, body: Any, user: str = "user:default/jane", **headers: str) -> Any:
    service.rest()
    return service.client.post(EVENTS, json=body, headers={"X-Insights-User": user, **headers})


def ask(service: Service, question: str, **how: Any) -> Any:
    return service.client.get(f"{EVENTS}?start_date=2026-11-01&end_date=2026-11-30&timezone=UTC&{question}", **how)


# Events


@responses.activate
def test_recorded_requests_are_answered_as_they_were_and_counted_once_however_often_they_come(make: Make) -> None:
    key = signing_key()
    responses.get(JWKS_URL, json=jwks(key))
    origins = {origin: None for row in recorded() for name, origin in row["headers"] if name == "Origin"}
    auth = AuthSettings(mode="backstage", jwks_url=JWKS_URL)
    service = make(auth=auth, identities="clear", allowed_origins=tuple(origins))
    tokens = {session: f"Bearer {key.token(user_claims(NOW, user))}" for session, user in VISITORS.items()}
    for row in [*recorded(), *recorded()]:
        headers = {name: value for name, value in row["headers"] if name not in OWN}
        if row["method"] == "POST":
            headers["Authorization"] = tokens[row["session"]]
        answer = service.client.open(row["path"], method=row["method"], data=row["body"], headers=headers)
        assert answer.headers["Access-Control-Allow-Origin"] == headers["Origin"]
        if row["method"] == "POST":
            assert (answer.status_code, answer.json) == (200, json.loads(row["response"]["body"]))
        else:
            wanted = row["response"]["headers"]["access-control-allow-headers"].split(",")
            assert set(wanted) <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    service.backend.dispatcher.drain()
    kept = service.export()
    sent = [event for row in recorded() if row["method"] == "POST" for event in json.loads(row["body"])]
    assert sorted(event["time"] for event in kept) == sorted(event["context"]["timestamp"] for event in sent)
    assert {event["user"] for event in kept} == set(VISITORS.values())
    assert not any({"userName", "userId", "timestamp"} & event["context"].keys() for event in kept)


def recorded() -> list[dict[str, Any]]:
    return [json.loads(line) for line in RECORDED.read_text().splitlines()]


def test_who_sends_is_the_user_whatever_the_context_claims(make: Make) -> None:
    service = make(identities="clear")
    assert post(service, [EVENT]).json == RECEIVED
    assert [event["user"] for event in service.export()] == ["user:default/jane"]


def test_a_relay_is_believed_and_others_are_not(make: Make) -> None:
    service = make(auth=AuthSettings(mode="static", tokens=(Secret("relay-token-1"),)), identities="clear")
    assert post(service, [EVENT], Authorization="Bearer relay-token-1").status_code == 200
    assert [event["user"] for event in service.export()] == ["user:default/john"]
    assert error(post(service, [EVENT], Authorization="Bearer relay-token-2")) == (401, "unauthenticated")


def test_a_body_with_anything_that_can_be_used_is_received(service: Service) -> None:
    for body in ([], [EVENT], [{**EVENT, "subject": "/x"}, None, {**EVENT, "action": ""}]):
        answer = post(service, body)
        assert (answer.status_code, answer.json) == (200, RECEIVED)
    assert sorted(event["subject"] for event in service.export()) == [EVENT["subject"], "/x"]


def test_what_cannot_be_used_is_refused_in_the_shape_that_its_sender_knows(service: Service) -> None:
    for answer, field in (
        (post(service, [{**EVENT, "attributes": {"a": {"b": 1}}}]), "attributes"),
        (ask(service, "type=x"), "type"),
    ):
        assert answer.status_code == 400
        assert list(answer.json) == ["message", "errors"]
        assert list(answer.json["errors"]) == [field]
    assert error(post(service, {"events": []})) == (400, "malformed_json")


# Numbers


def test_each_question_of_the_page_has_its_answer(service: Service) -> None:
    page = {"pluginId": "catalog"}
    template = {"pluginId": "scaffolder", "entityRef": "template:default/react"}
    sent = [
        ("jane", "2026-11-17T10:00:00Z", {**EVENT, "context": page}),
        ("jane", "2026-11-23T08:00:00Z", {**EVENT, "context": page}),
        ("john", "2026-11-23T08:00:00Z", {**EVENT, "context": page}),
        ("john", "2026-11-23T08:01:00Z", {"action": "search", "subject": "pet", "context": {"pluginId": "search"}}),
        ("john", "2026-11-23T08:02:00Z", {"action": "click", "subject": "Create", "context": template}),
        (
            "john",
            "2026-11-23T08:03:00Z",
            {"action": "navigate", "subject": "/docs", "context": {"pluginId": "techdocs"}},
        ),
    ]
    for user, time, event in sent:
        post(service, [{**event, "context": {**event["context"], "timestamp": time}}], f"user:default/{user}")
    week, before = "2026-11-23T00:00:00+00", "2026-11-16T00:00:00+00"
    pet = {"kind": "component", "name": "petstore", "namespace": "default"}
    docs = {"kind": "", "name": "", "namespace": "", "site_name": ""}
    trend = [{"date": before, "count": 1}, {"date": week, "count": 2}]
    expected: dict[str, Any] = {
        "total_users": {"data": [{"logged_in_users": 2, "licensed_users": 2}]},
        "active_users": {
            "grouping": "weekly",
            "data": [
                {"date": before, "total_users": 1, "new_users": 1, "returning_users": 0},
                {"date": week, "total_users": 2, "new_users": 1, "returning_users": 1},
            ],
        },
        "top_plugins": {
            "grouping": "weekly",
            "data": [
                {"plugin_id": "catalog", "visit_count": 3, "trend": trend, "trend_percentage": "100.00"},
                {
                    "plugin_id": "techdocs",
                    "visit_count": 1,
                    "trend": [{"date": week, "count": 1}],
                    "trend_percentage": "0.00",
                },
            ],
        },
        "top_templates": {
            "data": [
                {"entityref": "template:default/react", "count": 1, "last_used": "2026-11-23T08:02:00.000Z"},
            ]
        },
        "top_techdocs": {"data": [{"count": 1, "last_used": "2026-11-23T08:03:00.000Z", **docs}]},
        "top_searches": {"grouping": "weekly", "data": [{"date": week, "count": 1}]},
        "top_catalog_entities": {
            "data": [{"plugin_id": "catalog", **pet, "last_used": "2026-11-23T08:00:00.000Z", "count": 3}]
        },
    }
    assert {name: ask(service, f"type={name}").json for name in INSIGHTS} == expected
    assert ask(service, "type=top_catalog_entities&kind=Component").json == expected["top_catalog_entities"]
    assert ask(service, "type=top_catalog_entities&kind=api").json == {"data": []}


def test_a_table_of_the_page_can_be_saved_as_csv(service: Service) -> None:
    for time in ("2026-11-17T10:00:00Z", "2026-11-17T11:00:00Z", "2026-11-23T08:00:00Z"):
        post(service, [{**EVENT, "context": {**EVENT["context"], "timestamp": time}}])
    answer = ask(service, "type=top_plugins&format=csv")
    assert answer.content_type == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == 'attachment; filename="adoption_insights_top_plugins.csv"'
    head, row = answer.text.splitlines()
    assert head == "plugin_id,visit_count,trend,trend_percentage"
    assert row.startswith("catalog,3,")
    assert row.endswith(",-50.00")


def test_the_page_needs_the_right_to_view(make: Make) -> None:
    service = make(dashboard=DashboardSettings(access="token"), allowed_origins=("https://portal.example.com",))
    token = service.insights.tokens.create("page", "view")
    assert error(ask(service, "type=total_users")) == (401, "unauthenticated")
    headers = {"Authorization": f"Bearer {token}", "Origin": "https://portal.example.com"}
    answer = ask(service, "type=total_users", headers=headers)
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == "https://portal.example.com"


# Counted again in plain Python


@st.composite
def queries(draw: st.DrawFn) -> ReportQuery:
    first = date(2026, 10, 1) + timedelta(draw(st.integers(-3, 30)))
    return ReportQuery(
        first=first,
        last=first + timedelta(draw(st.integers(10, 45))),
        timezone=draw(st.sampled_from(ZONES)),
        filters={},
        limit=draw(st.sampled_from([1, 50])),
    )


used = st.builds(
    lambda event, about: {**event, **about},
    records,
    st.sampled_from(
        [
            {"entity": "component:default/web"},
            {"entity": "api:default/rest"},
            {"entity": "u_someone"},
            {"action": "search", "subject": "x"},
            {"action": "click", "subject": "Create", "pluginId": "scaffolder", "entity": "template:default/t"},
        ]
    ),
)


def bucket(event: dict[str, Any], insight: Insight) -> str:
    """The interval of an event, as the page shows it."""
    zone = ZoneInfo(insight.query.timezone)
    local = recount.moment(event).astimezone(zone)
    if insight.grouping == "hourly":
        hour = recount.moment(event) - timedelta(minutes=local.minute)
        return hour.astimezone(zone).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    if insight.grouping == "daily":
        return local.date().isoformat()
    day = local.date() - timedelta(local.weekday())
    if insight.grouping == "monthly":
        begin = local.date().replace(day=1)
        day = min((begin + timedelta(31)).replace(day=1) - timedelta(1), insight.query.last)
    midnight = datetime.combine(day, datetime.min.time(), zone)
    return midnight.astimezone(ZoneInfo("UTC")).strftime("%Y-%m-%dT%H:%M:%S+00")


def test_the_numbers_are_those_of_a_plain_count(engine: Engine) -> None:
    @settings(max_examples=5)
    @given(events=st.lists(used, min_size=10, max_size=40), query=queries(), kind=st.sampled_from([None, "API"]))
    def agree(events: list[dict[str, Any]], query: ReportQuery, kind: str | None) -> None:
        known = [event for event in stored(engine, events) if event["user"]]
        rankings_agree(engine, known, Insight.of(query, "weekly", kind))
        for grouping in GROUPINGS:
            intervals_agree(engine, known, Insight.of(query, grouping, kind))

    agree()


def rankings_agree(engine: Engine, known: list[dict[str, Any]], insight: Insight) -> None:
    within = recount.within(known, insight.query)
    most = insight.query.limit

    def counts(key: str, **wanted: str) -> list[tuple[str, int]]:
        values = [str(event[key]) for event in within if wanted.items() <= event.items() and event[key]]
        return sorted(((value, values.count(value)) for value in set(values)), key=lambda pair: (-pair[1], pair[0]))

    def answered(name: str, *columns: str) -> list[tuple[Any, ...]]:
        return [tuple(row[column] for column in columns) for row in INSIGHTS[name](asked(engine), insight)]

    people = len(recount.users(within))
    assert answered("total_users", "logged_in_users", "licensed_users") == [(people, 0)]
    assert answered("top_plugins", "plugin_id", "visit_count") == counts("pluginId", action="navigate")[:most]
    created = counts("entity", action="click", subject="Create", pluginId="scaffolder")
    assert answered("top_templates", "entityref", "count") == created[:most]
    visited = counts("entity", action="navigate", pluginId="catalog")
    of_kind = [count for entity, count in visited if not insight.kind or entity.startswith(f"{insight.kind}:")]
    assert answered("top_catalog_entities", "count") == [(count,) for count in of_kind[:most]]


def intervals_agree(engine: Engine, known: list[dict[str, Any]], insight: Insight) -> None:
    within = sorted(recount.within(known, insight.query), key=recount.moment)
    searched = [bucket(event, insight) for event in within if event["action"] == "search"]
    searches = [{"date": begin, "count": searched.count(begin)} for begin in dict.fromkeys(searched)]
    assert INSIGHTS["top_searches"](asked(engine), insight) == searches[: insight.query.limit]

    first = {event["user"]: bucket(event, insight) for event in sorted(known, key=recount.moment, reverse=True)}
    there: dict[str, set[str]] = {}
    for event in within:
        there.setdefault(bucket(event, insight), set()).add(event["user"])
    active = [
        {
            "date": begin,
            "total_users": len(users),
            "new_users": sum(first[user] == begin for user in users),
            "returning_users": sum(first[user] != begin for user in users),
        }
        for begin, users in there.items()
    ]
    assert INSIGHTS["active_users"](asked(engine), insight) == active

    for row in INSIGHTS["top_plugins"](asked(engine), insight):
        visits = [event for event in within if event["action"] == "navigate" and event["pluginId"] == row["plugin_id"]]
        begins = [bucket(event, insight) for event in visits]
        assert row["trend"] == [{"date": begin, "count": begins.count(begin)} for begin in dict.fromkeys(begins)]


def test_a_visited_person_is_shown_by_the_pseudonym(engine: Engine) -> None:
    stored(engine, [record(user="u_a", entity="u_someone", view=True)])
    query = ReportQuery(first=date(2026, 11, 1), last=date(2026, 11, 30), filters={})
    (row,) = INSIGHTS["top_catalog_entities"](asked(engine), Insight.of(query, "weekly", "User"))
    assert (row["kind"], row["name"]) == ("user", "u_someone")
