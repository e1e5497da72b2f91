"""What to be warned of in settings that can be used."""

from collections.abc import Iterator

from insights_backend.settings.values import Settings


def warnings(settings: Settings) -> Iterator[str]:
    """Say what of the settings is for development only, takes a protection away, or does nothing."""
    if "backend" in settings.roles and settings.auth.mode == "none":
        yield "auth.mode is none: ANYONE WHO REACHES THIS PORT can send events as any user. For development only."
    if settings.dashboard.access == "open":
        yield (
            "dashboard.access is open: ANYONE WHO REACHES THIS PORT can read and export everything, and upload. "
            "For development on loopback only."
        )
    if settings.identities == "clear":
        yield "identities is clear: user references are stored as they are, not as pseudonyms."
    if not settings.redaction.enabled:
        yield "redaction.enabled is false: personal data in events is stored as it comes."
    if settings.viewers and not ("backend" in settings.roles and settings.auth.mode == "backstage"):
        yield "viewers lets nobody in: who somebody is can only be told in the role backend with auth.mode backstage."
    if settings.debug:
        yield "debug is true: events are logged, and neither stored nor uploaded."
