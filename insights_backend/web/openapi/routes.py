"""The operations of the service, as data: what each takes, and all that it can answer."""

from collections.abc import Mapping
from typing import Any

from insights_backend.web.collector import KEY
from insights_backend.web.openapi.answers import (
    BatchReceiptSchema,
    BatchRefusalSchema,
    ConfigSchema,
    ErasedSchema,
    HealthSchema,
    ReadinessSchema,
    ReceiptSchema,
    TotalUsersSchema,
)
from insights_backend.web.openapi.examples import (
    CONFIG,
    EVENT,
    EXPORT_CSV,
    EXPORT_LINE,
    METRICS,
    REJECTION,
    REPORT,
    REPORT_CSV,
    STORED_EVENT,
    TOTAL_USERS,
)
from insights_backend.web.openapi.foreign import FOREIGN_OPERATIONS
from insights_backend.web.openapi.reports import REPORTS
from insights_backend.web.openapi.shared import headers, json_answer, problems
from insights_backend.web.parameters import ExportSchema, ReportSchema
from insights_backend.wire import batch
from insights_backend.wire.native import EventSchema

_ENCODING = {
    "name": "Content-Encoding",
    "in": "header",
    "description": "How the body is compressed.",
    "schema": {"type": "string", "enum": ["identity", "gzip", "deflate"]},
}
_IDEMPOTENCY_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "The batch's id, of the sender's choosing; a batch that comes again under it is stored once.",
    "schema": {"type": "string", "pattern": f"^{KEY.pattern}$"},
}
_REPORT_NAME = {"name": "name", "in": "path", "required": True, "schema": {"type": "string", "enum": list(REPORTS)}}
_CONDITIONS = [
    {"name": name, "in": "header", "description": description, "schema": {"type": "string"}}
    for name, description in (
        ("If-None-Match", "The `ETag` of an answer that is at hand; 304 says that it still holds."),
        ("If-Match", "The `ETag` that the answer must have; 412 says that it has another."),
    )
]
_CACHED = headers("ETag", "Cache-Control", "Content-Disposition")
_USER = {
    "name": "ref",
    "in": "path",
    "required": True,
    "description": "An entity reference of a user, `jane` being `user:default/jane`, or a user's pseudonym.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 512},
}

_EVENTS = {
    "schema": {
        "anyOf": [
            {
                "type": "object",
                "required": ["events"],
                "properties": {"events": {"type": "array", "items": EventSchema}},
            },
            {"type": "array", "items": EventSchema},
            EventSchema,
        ]
    },
    "examples": {
        "batch": {"summary": "Several events", "value": {"events": [EVENT]}},
        "list": {"summary": "A bare list", "value": [EVENT]},
        "event": {"summary": "One event", "value": EVENT},
    },
}
_BATCH = {
    "schema": {
        "type": "object",
        "required": ["events"],
        "properties": {
            "events": {"type": "array", "maxItems": batch.MAX_EVENTS, "items": batch.StoredEventSchema},
            "totalUsers": {"anyOf": [batch.PortalTotalUsersSchema, {"type": "null"}]},
        },
    },
    "example": {"events": [STORED_EVENT], "totalUsers": TOTAL_USERS},
}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_REPORT = {"schema": {"anyOf": list(REPORTS.values())}, "example": REPORT}

_READERS: list[dict[str, list[str]]] = [{"apiToken": []}, {"backstageToken": []}, {"dashboardSession": []}]

OPERATIONS: Mapping[str, dict[str, Any]] = {
    "ingest_events": {
        "tags": ["ingest"],
        "summary": "Send events",
        "description": "Each event is judged on its own: valid ones are accepted beside refused ones. Unknown keys of "
        "an event are ignored. How many bytes and events a body may hold, and how old an event may be, is configured "
        "(`ingest.maxBodyBytes`, `ingest.maxEvents`, `ingest.maxAge`).",
        "security": [{"backstageToken": []}, {"relayToken": []}, {"developmentUser": []}],
        "parameters": [_ENCODING],
        "requestBody": {"required": True, "content": {"application/json": _EVENTS, "text/plain": _EVENTS}},
        "responses": {
            "200": json_answer(
                "Every accepted event is at its destination.",
                ReceiptSchema,
                {"accepted": 1, "duplicates": 0, "rejected": []},
            ),
            "202": json_answer(
                "The accepted events are on disk and will be delivered.",
                ReceiptSchema,
                {"accepted": 1, "duplicates": 0, "rejected": [{**REJECTION, "index": 1}]},
            ),
            "422": json_answer(
                "No event was valid.", ReceiptSchema, {"accepted": 0, "duplicates": 0, "rejected": [REJECTION]}
            ),
            **problems(400, 401, 403, 408, 413, 415, 429, 503),
        },
    },
    **FOREIGN_OPERATIONS,
    "config": {
        "tags": ["ingest"],
        "summary": "What is captured, and how",
        "security": [],
        "responses": {"200": json_answer("The effective configuration; never a secret.", ConfigSchema, CONFIG)},
    },
    "total_users": {
        "tags": ["ingest"],
        "summary": "How many people could use the portal",
        "security": [],
        "responses": {
            "200": json_answer(
                "The number; the last known one while the catalog is down.",
                TotalUsersSchema,
                {"totalUsers": 70_000, "asOf": "2026-11-23T10:00:00Z", "stale": False},
            ),
            **problems(503),
        },
    },
    "receive": {
        "tags": ["collector"],
        "summary": "Store a batch of another portal's events",
        "description": "A batch is stored as a whole or not at all. Its events are enriched and redacted already; each "
        "gets the name of the token as its `instance`. `totalUsers` may tell how many people could use the sender's "
        "portal; of a day, in UTC, the number with the latest `asOf` is kept. Needs the scope `upload`. A sender tries "
        "again on 408, 425, 429 and 5xx, under the same key. A batch holds at most "
        f"{batch.MAX_EVENTS} events, of at most {batch.MAX_MONTHS} months, and {batch.MAX_BYTES} bytes after "
        f"decompression; of refused events the first {batch.MAX_REJECTIONS} are named.",
        "security": [{"apiToken": []}],
        "parameters": [_IDEMPOTENCY_KEY, _ENCODING],
        "requestBody": {"required": True, "content": {"application/json": _BATCH}},
        "responses": {
            "200": json_answer("The batch is stored, now or before.", BatchReceiptSchema, {"accepted": 1}),
            "422": json_answer(
                "Events are invalid, or such that the warehouse cannot read them; nothing was stored.",
                BatchRefusalSchema,
                {"accepted": 0, "rejected": [REJECTION]},
            ),
            **problems(400, 401, 403, 408, 413, 415, 429, 503),
        },
    },
    "report": {
        "tags": ["reports"],
        "summary": "Ask a question",
        "description": "Different filters are AND, a repeated one is OR. `group` and `owner` take short references of "
        "groups, `entity` full ones. Needs the scope `view`.",
        "security": _READERS,
        "parameters": [_REPORT_NAME, {"in": "query", "schema": ReportSchema}, *_CONDITIONS],
        "responses": {
            "200": {
                "description": "The report.",
                "headers": _CACHED,
                "content": {"application/json": _REPORT, "text/csv": {**_TEXT, "example": REPORT_CSV}},
            },
            "304": {"description": "What the caller has at hand still holds.", "headers": _CACHED},
            **problems(400, 401, 403, 404, 412, 503),
        },
    },
    "export": {
        "tags": ["reports"],
        "summary": "Take the stored events out",
        "description": "Streams the events of a period, ordered by time. As NDJSON each line is a `StoredEvent` with "
        "its `instance`; as CSV and Parquet these are the columns. Needs the scope `admin`.",
        "security": [{"apiToken": []}],
        "parameters": [{"in": "query", "schema": ExportSchema}],
        "responses": {
            "200": {
                "description": "The events.",
                "headers": headers("Content-Disposition"),
                "content": {
                    "application/x-ndjson": {**_TEXT, "example": EXPORT_LINE},
                    "text/csv": {**_TEXT, "example": EXPORT_CSV},
                    "application/vnd.apache.parquet": {},
                },
            },
            **problems(400, 401, 403, 503),
        },
    },
    "erase_user": {
        "tags": ["privacy"],
        "summary": "Erase a person",
        "description": "Takes the person's events out of the outbox, its dead letters and the warehouse, and the "
        "person's name out of the events of others. What was accepted before the request is gone when it is answered; "
        "what arrives later is new data. Takes about a minute for ten million stored events. A service that uploads "
        "erases what waits there; ask the collector as well, by the pseudonym. A collector that was given no `salt` "
        "takes pseudonyms only. Leaves an entry in `audit.log` that does not name the person. Needs the scope `admin`.",
        "security": [{"apiToken": []}],
        "parameters": [_USER],
        "responses": {
            "200": json_answer(
                "The person is erased, now or before.",
                ErasedSchema,
                {"erased": 120, "mentions": 4, "pseudonym": "u_k3vq_nzqw4y3jmfzgs5dfon2gk3tfmrzxi2lo"},
            ),
            **problems(400, 401, 403, 404, 503),
        },
    },
    "export_user": {
        "tags": ["privacy"],
        "summary": "Say what is stored about a person",
        "description": "Streams the person's events and, with `isMention`, those of others that name the person: of "
        "the outbox and its dead letters, then of the warehouse. Each line is a `StoredEvent` with its `instance`, and "
        "says where it is in `storedIn` (`outbox`, `dead letters`, `warehouse`). Of the others nothing is told. An "
        "event that is delivered meanwhile may come twice. Leaves an entry in `audit.log` that does not name the "
        "person. Needs the scope `admin`.",
        "security": [{"apiToken": []}],
        "parameters": [_USER],
        "responses": {
            "200": {
                "description": "The events.",
                "content": {"application/x-ndjson": {**_TEXT, "example": EXPORT_LINE}},
            },
            **problems(400, 401, 403, 404, 503),
        },
    },
    "healthz": {
        "tags": ["operations"],
        "summary": "Does the process live",
        "security": [],
        "responses": {"200": json_answer("It does.", HealthSchema, {"status": "ok"})},
    },
    "readyz": {
        "tags": ["operations"],
        "summary": "Are events accepted",
        "security": [],
        "responses": {
            "200": json_answer("They are.", ReadinessSchema, {"status": "ready", "degraded": {}}),
            "503": json_answer(
                "They are not.",
                ReadinessSchema,
                {"status": "unready", "degraded": {"outbox": "cannot take events: the disk refuses, or it is full"}},
            ),
        },
    },
    "prometheus": {
        "tags": ["operations"],
        "summary": "What is measured, for Prometheus",
        "description": "Requests, events by outcome, the outbox, deliveries, the catalog, redactions, the warehouse "
        "and reports. No label names a person.",
        "security": [],
        "responses": {
            "200": {"description": "The metrics.", "content": {"text/plain": {**_TEXT, "example": METRICS}}},
        },
    },
    "openapi": {
        "tags": ["operations"],
        "summary": "This document",
        "security": [],
        "responses": {
            "200": json_answer("An OpenAPI document.", {"type": "object"}, {"openapi": "3.1.1", "paths": {}})
        },
    },
}
"""The operations by the name of the view that serves them, in the order of the document."""
