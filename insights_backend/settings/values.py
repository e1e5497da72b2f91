"""What the configuration says, as frozen, typed values.

`building` makes these from app-config, and `composition` hands each room the part that it needs. Durations are seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Literal

from insights_backend.logs import LogFormat
from insights_backend.model.entity_filter import EntityFilterQuery

AuthMode = Literal["backstage", "static", "none"]
Role = Literal["backend", "collector"]
Identities = Literal["pseudonymous", "clear"]
UploadFormatName = Literal["insights", "segment"]
DashboardAccess = Literal["open", "token", "header"]
Network = IPv4Network | IPv6Network
Treatment = Literal["keep", "pseudonymise", "scan", "drop"]

ALL_ROLES: tuple[Role, ...] = ("backend", "collector")


@dataclass(frozen=True, slots=True)
class Secret:
    """A text that never shows itself: printing or logging it, or a structure around it, gives `***`."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """Return the text, for the one place that must send or compare it."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(***)"

    def __str__(self) -> str:
        return "***"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthSettings:
    """Who may send events, and how the user of an event is known."""

    mode: AuthMode = "backstage"
    jwks_url: str | None = None
    tokens: tuple[Secret, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CatalogSettings:
    """Where the software catalog is: one of `base_url` and `file` is set, where events are taken in."""

    base_url: str | None = None
    token: Secret | None = None
    file: Path | None = None
    cache_ttl: float = 600.0
    timeout: float = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class IngestSettings:
    """What one request may bring."""

    max_body_bytes: int = 1024 * 1024
    max_events: int = 1000
    max_age: float = 7 * 86400.0
    events_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UploadSettings:
    """The service that events are uploaded to; without a URL they go straight into the warehouse."""

    url: str | None = None
    token: Secret | None = None
    format: UploadFormatName = "insights"
    timeout: float = 10.0
    deadline: float = 20.0
    retries: int = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxSettings:
    """What was accepted and has not arrived."""

    max_bytes: int = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectorSettings:
    """What other portals upload to."""

    events_per_minute: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class WarehouseSettings:
    """Where events are stored: the DSN is a secret, since it may hold a password."""

    dsn: Secret
    cluster: str | None = None
    retention_days: int = 760


@dataclass(frozen=True, slots=True, kw_only=True)
class RedactionSettings:
    """How personal data is taken out; `fields` adds to the shipped field policy, by dot path."""

    enabled: bool = True
    fields: Mapping[str, Treatment] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class DashboardSettings:
    """Who may read dashboard and reports."""

    access: DashboardAccess = "token"
    header: str | None = None
    trusted_proxies: tuple[Network, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that `backstageInsights` says, with what it takes from the keys of Backstage itself."""

    roles: tuple[Role, ...] = ALL_ROLES
    capture_entity_fields: tuple[str, ...] = ()
    capture_identity_fields: tuple[str, ...] = ()
    capture_identity_groups_filter: EntityFilterQuery | None = None
    total_users_entity_query_filter: EntityFilterQuery | None = None
    salt: Secret | None = None
    previous_salts: tuple[Secret, ...] = ()
    identities: Identities = "pseudonymous"
    debug: bool = False
    log_format: LogFormat = "human"
    environment: str = "production"
    allowed_origins: tuple[str, ...] = ()
    data_dir: Path = Path("var")
    auth: AuthSettings = AuthSettings()
    catalog: CatalogSettings = CatalogSettings()
    ingest: IngestSettings = IngestSettings()
    upload: UploadSettings = UploadSettings()
    outbox: OutboxSettings = OutboxSettings()
    collector: CollectorSettings = CollectorSettings()
    warehouse: WarehouseSettings
    redaction: RedactionSettings = RedactionSettings()
    dashboard: DashboardSettings = DashboardSettings()
    viewers: tuple[str, ...] = ()
