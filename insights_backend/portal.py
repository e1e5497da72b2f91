"""The portal as the configuration names it: its catalog, who of it counts, and who its tokens say someone is."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from insights_backend.catalog.cache import CachedCatalog
from insights_backend.catalog.client import RestCatalog
from insights_backend.catalog.file import FileCatalog
from insights_backend.catalog.groups import GroupsFilter
from insights_backend.catalog.interface import Catalog
from insights_backend.enrichment.extractors import member_of
from insights_backend.errors import ConfigError, ForbiddenError, InsightsError, UnavailableError
from insights_backend.http_client import DirectSession
from insights_backend.identity import StaticTokens
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.settings.values import CatalogSettings, Settings
from insights_backend.web.callers import Authenticate, by_backstage_token, by_header, by_relay_token

if TYPE_CHECKING:
    from insights_backend.backstage_tokens import BackstageTokens


def catalog_of(catalog: CatalogSettings, fields: Sequence[str], session: DirectSession) -> Catalog:
    """Make what asks the portal's catalog, or the file that stands for it.

    Args:
        catalog: name one of the two.
        fields: what is wanted of an entity, by dot path.
        session: keeps the connection open between requests.

    Raises:
        ConfigError: neither is named, or the file cannot be read.
    """
    if catalog.file is not None:
        return FileCatalog(catalog.file)
    if catalog.base_url is None:
        raise ConfigError("backstageInsights.catalog: set baseUrl or file, or backend.baseUrl")
    token = catalog.token.reveal() if catalog.token else None
    return RestCatalog(catalog.base_url, token, fields, session, catalog.timeout)


def groups_of(settings: Settings, catalog: Catalog) -> GroupsFilter | None:
    """Make what knows which groups are captured; None where all are."""
    query = settings.capture_identity_groups_filter
    return GroupsFilter(catalog, query, settings.catalog.cache_ttl) if query else None


def people_of(settings: Settings) -> EntityFilterQuery:
    """Tell which users of the catalog could use the portal."""
    configured = settings.total_users_entity_query_filter
    return configured.restricted_to("user") if configured else EntityFilterQuery.parse({"kind": "user"})


@dataclass(frozen=True, slots=True)
class Recognition:
    """How somebody is known.

    Args:
        authenticate: tells who sends events.
        is_viewer: tells whether a Backstage token belongs to one of the viewers.
        failure: says why the portal's signing keys could not be had the last time; None where they could, or need not.
    """

    authenticate: Authenticate
    is_viewer: Callable[[str], bool] = lambda _: False
    failure: Callable[[], str | None] = lambda: None


def recognition(settings: Settings, catalog: CachedCatalog, clock: Callable[[], float]) -> Recognition:
    """Choose how senders are known, and how viewers are: only Backstage's own tokens can prove one.

    Raises:
        ConfigError: the portal's signing keys are needed, and nothing says where they are.
    """
    match settings.auth.mode:
        case "none":
            return Recognition(by_header)
        case "static":
            return Recognition(by_relay_token(StaticTokens(t.reveal() for t in settings.auth.tokens)))
        case "backstage":
            if settings.auth.jwks_url is None:
                raise ConfigError("backstageInsights.auth.jwksUrl: set it, or backend.baseUrl")
            # Not before: its cryptography takes a seventh of the time in which all is imported.
            from insights_backend.backstage_tokens import BackstageTokens  # noqa: PLC0415 - as above

            tokens = BackstageTokens(settings.auth.jwks_url, DirectSession(), clock)
            return Recognition(
                by_backstage_token(tokens),
                lambda token: _is_viewer(token, tokens, catalog, settings.viewers),
                tokens.failure,
            )


def failures(catalog: CachedCatalog, recognition: Recognition) -> dict[str, str]:
    """Say what the portal does not answer of late, by part; nothing is asked for it."""
    found = {}
    if unanswered := catalog.last_failure:
        found["catalog"] = f"events go without what is not remembered of it: {unanswered}"
    if unfetched := recognition.failure():
        found["signing_keys"] = f"users whose key is not known are refused with 503: {unfetched}"
    return found


def _is_viewer(token: str, tokens: "BackstageTokens", catalog: CachedCatalog, viewers: tuple[str, ...]) -> bool:
    try:
        user = tokens.user(token)
    except UnavailableError:
        raise
    except InsightsError:
        return False
    if str(user) in viewers:
        return True
    known = catalog.lookup([user])[user]
    if not known.available:
        raise UnavailableError("the catalog does not tell now which groups this user is in")
    groups = member_of(user, known.entity) if known.entity else []
    if {*map(str, groups)}.isdisjoint(viewers):
        raise ForbiddenError("this user is not among those who may view (viewers)")
    return True
