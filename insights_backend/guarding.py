"""Who may read what a running service shows, as its settings say."""

from insights_backend.running import Insights
from insights_backend.web.guard import Admission, Guard, by_proxy, by_session, create_guard
from insights_backend.web.sessions import Sessions


def guard_of(insights: Insights) -> Guard:
    """Make the guard of a running service."""
    backend, settings = insights.backend, insights.settings
    return create_guard(
        settings.dashboard.access,
        insights.tokens,
        backend.is_viewer if backend else lambda _: False,
        settings.viewers,
        _admission(insights),
    )


def _admission(insights: Insights) -> Admission:
    settings = insights.settings
    if settings.dashboard.access == "header" and settings.dashboard.header:
        return by_proxy(settings.dashboard.header, settings.dashboard.trusted_proxies)
    sessions = sessions_of(insights)
    return by_session(sessions) if sessions else lambda _: False


def sessions_of(insights: Insights) -> Sessions | None:
    """Make the sessions of readers who log in with a token; None where they do not."""
    by_token = insights.settings.dashboard.access == "token"
    return Sessions(insights.tokens, insights.clock) if by_token else None
