"""From the values of single keys to `Settings`: defaults that follow from other keys, and keys that need others."""

from pathlib import Path
from typing import Any

from insights_backend.errors import InvalidFilterError
from insights_backend.settings.dsn import dsn
from insights_backend.settings.keys import API_TOKEN, ROOT, KeyPath
from insights_backend.settings.messages import problem, unset_secret
from insights_backend.settings.readers import token
from insights_backend.settings.tree import ConfigTree
from insights_backend.settings.values import (
    ALL_ROLES,
    AuthSettings,
    CatalogSettings,
    CollectorSettings,
    DashboardSettings,
    IngestSettings,
    OutboxSettings,
    RedactionSettings,
    Role,
    Secret,
    Settings,
    UploadSettings,
    WarehouseSettings,
)

_TOKENS: KeyPath = (ROOT, "auth", "tokens")
_PREVIOUS_SALTS: KeyPath = (ROOT, "previousSalts")
_SECRETS: frozenset[KeyPath] = frozenset(
    {
        _TOKENS,
        _PREVIOUS_SALTS,
        (ROOT, "catalog", "token"),
        (ROOT, "upload", "token"),
        (ROOT, "salt"),
        (ROOT, "warehouse", "dsn"),
    }
)


def check_secrets(tree: ConfigTree) -> None:
    """Refuse a secret that was written and then lost, since its variable is not set.

    Raises:
        ConfigError: names the key, its file and the variable.
    """
    for path in tree.dropped:
        is_one_of_several = path[:-1] in {_TOKENS, _PREVIOUS_SALTS}
        if is_one_of_several or (path in _SECRETS and tree.value(path) is None):
            raise unset_secret(tree, path)


def build_settings(tree: ConfigTree, loaded: dict[str, Any]) -> Settings:
    """Make the settings from values that are right by themselves.

    Args:
        tree: the configuration, for what a message says.
        loaded: what the declaration made of it, by attribute; absent keys are absent.

    Raises:
        ConfigError: a key is missing that another one needs, or two exclude each other.
    """
    own: dict[str, Any] = dict(loaded.get("insights", {}))
    base_url: str | None = loaded.get("backend", {}).get("base_url")
    data_dir = own.get("data_dir", Settings.__dataclass_fields__["data_dir"].default)
    default_dsn = {"dsn": _default_dsn(tree, data_dir)}
    upload = _upload(tree, own.pop("upload", {}))
    roles = _roles(tree, own.pop("roles", None), upload)
    settings = Settings(
        roles=roles,
        auth=_auth(tree, own.pop("auth", {}), base_url, roles),
        catalog=_catalog(tree, own.pop("catalog", {}), base_url, roles),
        ingest=IngestSettings(**own.pop("ingest", {})),
        upload=upload,
        warehouse=WarehouseSettings(**default_dsn | own.pop("warehouse", {})),
        redaction=RedactionSettings(**own.pop("redaction", {})),
        outbox=OutboxSettings(**own.pop("outbox", {})),
        collector=CollectorSettings(**own.pop("collector", {})),
        dashboard=_dashboard(tree, own.pop("dashboard", {})),
        **own,
    )
    if settings.warehouse.cluster and settings.warehouse.dsn.reveal().startswith("chdb:"):
        raise problem(
            tree, (ROOT, "warehouse", "cluster"), "set for the embedded engine; set warehouse.dsn of a server too"
        )
    if settings.previous_salts and not settings.salt:
        raise problem(tree, (ROOT, "salt"), "missing; previousSalts needs the one that came after them")
    if "backend" in roles and settings.catalog.file is None:
        _check_filters(tree, settings)
    return settings


def _default_dsn(tree: ConfigTree, data_dir: Path) -> Secret:
    try:
        return dsn(f"chdb:///{data_dir}/warehouse")
    except ValueError:
        raise problem(tree, (ROOT, "dataDir"), "cannot be part of an address; set warehouse.dsn too") from None


def _check_filters(tree: ConfigTree, settings: Settings) -> None:
    """Refuse a filter that a request to the catalog cannot carry."""
    filters = {
        "captureIdentityGroupsFilter": settings.capture_identity_groups_filter,
        "totalUsersEntityQueryFilter": settings.total_users_entity_query_filter,
    }
    for key, query in filters.items():
        try:
            if query is not None:
                query.encode()
        except InvalidFilterError as error:
            raise problem(tree, (ROOT, key), str(error)) from None


def _roles(tree: ConfigTree, roles: tuple[Role, ...] | None, upload: UploadSettings) -> tuple[Role, ...]:
    if upload.url is None:
        return roles or ALL_ROLES
    if roles and "collector" in roles:
        raise problem(
            tree, (ROOT, "roles"), "collector is set beside upload.url; a process that uploads stores nothing"
        )
    return ("backend",)


def _auth(tree: ConfigTree, raw: dict[str, Any], base_url: str | None, roles: tuple[Role, ...]) -> AuthSettings:
    derived = {"jwks_url": f"{base_url}/api/auth/.well-known/jwks.json"} if base_url else {}
    auth = AuthSettings(**derived | raw)
    if "backend" not in roles:
        return auth
    if auth.mode == "backstage" and auth.jwks_url is None:
        raise problem(tree, (ROOT, "auth", "jwksUrl"), "missing; set it, or backend.baseUrl")
    if auth.mode == "static" and not auth.tokens:
        raise problem(tree, _TOKENS, "missing; auth.mode static needs at least one token")
    return auth


def _catalog(tree: ConfigTree, raw: dict[str, Any], base_url: str | None, roles: tuple[Role, ...]) -> CatalogSettings:
    if "file" in raw and "base_url" in raw:
        raise problem(tree, (ROOT, "catalog", "file"), "set beside catalog.baseUrl; keep one of the two")
    derived = {"base_url": f"{base_url}/api/catalog"} if base_url and "file" not in raw else {}
    catalog = CatalogSettings(**derived | raw)
    if "backend" in roles and catalog.file is None and catalog.base_url is None:
        raise problem(tree, (ROOT, "catalog", "baseUrl"), "missing; set it, or catalog.file, or backend.baseUrl")
    return catalog


def _dashboard(tree: ConfigTree, raw: dict[str, Any]) -> DashboardSettings:
    """Refuse to believe a header without knowing which one, and whose."""
    dashboard = DashboardSettings(**raw)
    needed = {"header": dashboard.header, "trustedProxies": dashboard.trusted_proxies}
    for key, value in needed.items():
        if dashboard.access == "header" and not value:
            raise problem(tree, (ROOT, "dashboard", key), "missing; dashboard.access header needs it")
    return dashboard


def _upload(tree: ConfigTree, raw: dict[str, Any]) -> UploadSettings:
    if "url" not in raw or "token" in raw:
        return UploadSettings(**raw)
    if raw.get("format") == "segment":
        raise problem(tree, (ROOT, "upload", "token"), "missing; upload.format segment needs the write key")
    written = tree.value(API_TOKEN)
    if written is None and API_TOKEN in tree.dropped:
        raise unset_secret(tree, API_TOKEN)
    if written is None:
        raise problem(tree, (ROOT, "upload", "token"), "missing; upload.url needs it, or spotify.apiToken")
    try:
        return UploadSettings(**raw, token=token(written))
    except ValueError as error:
        raise problem(tree, API_TOKEN, str(error)) from None
