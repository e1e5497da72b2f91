"""An event as it is stored, and what a redactor makes of it."""

from typing import Any

from insights_backend.enrichment.policy import Policy
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.enrichment.redactor import Redactor
from insights_backend.settings.values import Identities, Treatment

NAMES = Pseudonyms(b"s" * 32)
JANE = NAMES.user("user:default/jane")
EMAIL = "jane.doe@example.com"

EVENT: dict[str, Any] = {
    "id": "3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    "time": "2026-11-23T10:00:00.123Z",
    "receivedAt": "2026-11-23T10:00:01Z",
    "environment": "production",
    "instance": "local",
    "action": "navigate",
    "subject": "/catalog/default/component/web",
    "value": 3,
    "pluginId": "catalog",
    "routeRef": "catalog:entity",
    "extension": "App",
    "sessionId": "abc",
    "attributes": {"kind": "component", "namespace": "default", "name": "web"},
    "context": {"searchTypes": "component,template"},
    "user": "user:default/jane",
    "userMetadata": {"metadata.namespace": "default"},
    "groups": ["group:default/team-a"],
    "entity": "component:default/web",
    "entityMetadata": {"kind": "Component", "spec.type": "service", "spec.owner": "group:default/team-a"},
    "target": None,
    "view": True,
    "notes": ["entity_not_found"],
}
KEPT = {key: value for key, value in EVENT.items() if key not in {"user", "sessionId"}}


def redactor(
    fields: dict[str, Treatment] | None = None,
    identities: Identities = "pseudonymous",
    *,
    enabled: bool = True,
) -> Redactor:
    """Make a redactor by the operator's word about fields, if any."""
    return Redactor(Policy(fields or {}), NAMES, identities, enabled=enabled)


def redact(**fields: Any) -> dict[str, Any]:
    """Redact the event, some of its fields replaced."""
    return redactor().redact({**EVENT, **fields})
