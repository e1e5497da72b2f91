"""Whether the services that the configuration names are there and know us: catalog, signing keys, collector."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import requests

from insights_backend.check.finding import Finding
from insights_backend.composition import collector_of
from insights_backend.delivery.exchange import ADVICE, Answer
from insights_backend.errors import CatalogUnavailableError, UnavailableError
from insights_backend.http_client import DirectSession
from insights_backend.model.entity_filter import EntityFilterQuery
from insights_backend.portal import catalog_of
from insights_backend.settings.values import AuthSettings, CatalogSettings, UploadSettings
from insights_backend.signing_keys import SigningKeys

NOTHING = "config-check"
"""The name of a batch without events."""


def check_catalog(settings: CatalogSettings, session: DirectSession) -> Finding:
    """Count the users that the catalog shows us.

    Raises:
        ConfigError: the catalog is a file that cannot be used, or the token cannot be sent.
    """
    query = EntityFilterQuery.parse({"kind": "user"})
    try:
        users = catalog_of(settings, (), session).count(query)
    except CatalogUnavailableError as error:
        return Finding("catalog", "failed", error.message)
    if users == 0:
        advice = "check accessRestrictions of catalog.token in backend.auth.externalAccess, and the permission policy"
        return Finding("catalog", "warning", f"it shows no user at all; {advice}")
    return Finding("catalog", "ok", f"{_place(settings)} answers, with {users} users")


def _place(settings: CatalogSettings) -> str:
    return str(settings.file or urlsplit(settings.base_url or "").netloc)


def check_signing_keys(settings: AuthSettings, session: DirectSession, clock: Callable[[], float]) -> Iterator[Finding]:
    """Fetch the keys with which the portal signs its tokens, where tokens of users are verified."""
    if settings.mode != "backstage" or settings.jwks_url is None:
        return
    try:
        number = SigningKeys(settings.jwks_url, session, clock).fetch()
    except UnavailableError as error:
        yield Finding("auth.jwksUrl", "failed", f"{error.message}; check the address, and that the portal runs")
    else:
        yield Finding("auth.jwksUrl", "ok", f"{urlsplit(settings.jwks_url).netloc} publishes keys: {number}")


def check_collector(settings: UploadSettings, session: DirectSession, clock: Callable[[], float]) -> Finding:
    """Send a batch without events, which is taken only from who may upload, and stores nothing."""
    collector = collector_of(settings, session, clock)
    answer = collector.post(NOTHING, collector.format.body((), None) or b"", settings.timeout)
    return _judged(collector.name, answer)


def _judged(name: str, answer: Answer) -> Finding:
    says = f"{name} {answer.says}"
    if answer.verdict in ADVICE:
        return Finding("upload", "failed", f"{says}: {ADVICE[answer.verdict]}")
    if answer.status == 0 or answer.status >= requests.codes.server_error:
        return Finding("upload", "failed", f"{says}; check upload.url, the network, and that the collector runs")
    # Others than ours may refuse a batch for being empty; they have looked at the token by then.
    return Finding("upload", "ok", says)
