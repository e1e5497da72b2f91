"""What the configuration makes of names and personal data: the salt, the pseudonyms, the redactor."""

import os

from insights_backend.enrichment.policy import Policy
from insights_backend.enrichment.pseudonyms import Pseudonyms
from insights_backend.enrichment.redactor import Redactor
from insights_backend.enrichment.salts import load_or_create_salt, previous_salts
from insights_backend.settings.values import Settings


def salt_of(settings: Settings) -> bytes:
    """Return the salt that is configured, or else the one in the data directory, which is made where there is none.

    Raises:
        ConfigError: it can be neither read nor made.
    """
    if settings.salt:
        return settings.salt.reveal().encode()
    return load_or_create_salt(settings.data_dir / "salt", os.urandom)


def pseudonyms(settings: Settings) -> Pseudonyms:
    """Make what names people and sessions.

    Raises:
        ConfigError: the salts cannot be used.
    """
    if settings.salt:
        return Pseudonyms(salt_of(settings), [salt.reveal().encode() for salt in settings.previous_salts])
    return Pseudonyms(salt_of(settings), previous_salts(settings.data_dir / "salt"))


def redactor(settings: Settings, names: Pseudonyms) -> Redactor:
    """Make what takes personal data out of events, and puts pseudonyms in."""
    policy = Policy(settings.redaction.fields)
    return Redactor(policy, names, settings.identities, enabled=settings.redaction.enabled)
