"""Examples of what is sent and answered."""

EVENT = {
    "action": "navigate",
    "subject": "/catalog/default/component/petstore",
    "attributes": {"namespace": "default", "kind": "component", "name": "petstore"},
    "context": {"pluginId": "catalog", "extension": "App", "routeRef": "catalog:entity"},
}
"""An event as a portal sends it."""

STORED_EVENT = {
    "id": "0b7c",
    "time": "2026-11-23T10:00:00.123Z",
    "receivedAt": "2026-11-23T10:00:00.456Z",
    "action": "navigate",
    "subject": "/catalog/default/component/petstore",
    "pluginId": "catalog",
    "user": "u_4f1a",
    "groups": ["group:default/team-a"],
    "entity": "component:default/petstore",
    "entityMetadata": {"kind": "Component", "spec.owner": "group:default/team-a"},
    "view": True,
}
"""An event as it is stored and sent on."""

TOTAL_USERS = {"number": 70_000, "asOf": "2026-11-23T10:00:00.000Z", "environment": "production"}
"""How many people could use a portal, as its service tells a collector."""

REJECTION = {"index": 0, "errors": {"action": ["Missing data for required field."]}}
"""What is said of an event that was refused."""

CONFIG = {
    "version": "0.1.0",
    "environment": "production",
    "captureEntityFields": ["kind", "metadata.namespace", "spec.type", "spec.lifecycle", "spec.owner"],
    "captureIdentityFields": ["metadata.namespace", "spec.memberOf"],
    "captureIdentityGroupsFilter": [{"spec.type": ["team"]}],
    "totalUsersEntityQueryFilter": None,
    "identities": "pseudonymous",
    "redaction": {"enabled": True, "fields": {"attributes.note": "drop"}},
    "debug": False,
}
"""What a service says of itself."""

REPORT = {
    "report": "plugins",
    "from": "2026-11-01",
    "to": "2026-11-23",
    "timezone": "Europe/Berlin",
    "rows": [{"plugin": "catalog", "events": 1200, "users": 85}, {"plugin": "techdocs", "events": 310, "users": 40}],
    "previous": [],
    "total": 14,
}
"""The answer to a question."""

REPORT_CSV = "plugin,events,users\r\ncatalog,1200,85\r\ntechdocs,310,40\r\n"
"""The rows of it as a table."""

EXPORT_LINE = (
    '{"id":"0b7c","time":"2026-11-23T10:00:00.123Z","action":"navigate","pluginId":"catalog","user":"u_4f1a"}\n'
)
"""A line of an export; a real one has all columns."""

EXPORT_CSV = "id,time,action,pluginId,user\r\n0b7c,2026-11-23T10:00:00.123Z,navigate,catalog,u_4f1a\r\n"
"""The same as a table."""

INSIGHT = {"data": [{"logged_in_users": 412, "licensed_users": 900}]}
"""The answer to a question of Red Hat's page."""

INSIGHT_CSV = "logged_in_users,licensed_users\r\n412,900\r\n"
"""The same as a table."""

INSIGHT_REFUSAL = {
    "message": "the query cannot be used",
    "errors": {"type": ["Missing data for required field."]},
}
"""What is said of a question that cannot be answered."""

CAPTURE_REFUSAL = {"message": "no event was valid", "errors": {"action": ["Missing data for required field."]}}
"""What is said of events that are all invalid."""

METRICS = """# HELP insights_outbox_oldest_seconds The age of the oldest of them; 0 where nothing waits.
# TYPE insights_outbox_oldest_seconds gauge
insights_outbox_oldest_seconds 0.0
"""
