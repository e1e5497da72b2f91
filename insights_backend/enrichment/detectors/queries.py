"""Values that are personal by their name, in the query of a URL (`?login=jane`) and in JSON (`"login": "jane"`)."""

import re

from insights_backend.enrichment.detectors.base import LABEL, Detector, Match, Span, words
from insights_backend.enrichment.names import is_mail, is_personal
from insights_backend.enrichment.pseudonyms import is_pseudonym

_EQUALS = words("=")
# A bare name only: Backstage's own `filters[user]=all` tells nothing of anybody.
_FIELD = re.compile(r"(?<=[?&#;])(?P<name>[A-Za-z_-]{1,40}+)=(?P<value>[^\s&#;\"<>]+)", re.ASCII)
_COLON = words('":', '" :')
# The quotes are escaped where the JSON stands in a text of JSON; a blank is a plus in the query of a URL.
_JSON_FIELD = re.compile(
    r"(?P<quote>\\{0,3}\")(?P<name>[\w-]{1,40}+)(?P=quote) ?:[\s+]{0,3}(?P=quote)"
    r"(?P<value>(?:(?!(?P=quote))(?:\\.|[^\"\\]))++)",
    re.ASCII | re.DOTALL,
)


def _mail(match: Match) -> Span | None:
    return _value(match) if is_mail(match["name"]) else None


def _other(match: Match) -> Span | None:
    return _value(match) if is_personal(match["name"]) and not is_mail(match["name"]) else None


def _value(match: Match) -> Span | None:
    """Leave what is cleaned already."""
    is_clean = LABEL.fullmatch(match["value"]) or is_pseudonym(match["value"])
    return None if is_clean else match.span("value")


DETECTORS = (
    Detector("email/query", _EQUALS, _FIELD, _mail),
    Detector("username/query", _EQUALS, _FIELD, _other),
    Detector("email/json", _COLON, _JSON_FIELD, _mail),
    Detector("username/json", _COLON, _JSON_FIELD, _other),
)
