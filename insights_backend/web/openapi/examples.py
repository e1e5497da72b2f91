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
