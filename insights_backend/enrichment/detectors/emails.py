"""E-mail addresses, also spelled out to hide them."""

import re

from insights_backend.enrichment.detectors.base import AT, USER_INFO_BEFORE, Detector, Hint, Match, Span, whole, words
from insights_backend.enrichment.detectors.credentials import REPOSITORY_USERS

_LOCAL = r"(?<![\w.+-])(?<![\w.+-]')\.*+[\w+-][\w.+-]*+(?:'[\w.+-]++)*+(?:\[bot\])?"
_EMAIL = re.compile(
    rf"(?:{_LOCAL}|\"[^\"@]{{1,64}}\")@[\w-]++(?:\.[\w-]++)*\.(?:xn--[\w-]+|[A-Za-z]{{2,63}}(?![A-Za-zÀ-ɏ])|[^\W\d_]{{2,63}})"
)
_OBFUSCATED = re.compile(
    rf"{_LOCAL}\s?[\[({{<]\s?at\s?[\])}}>]\s?[\w-]{{1,63}}"
    rf"(?:\s?(?:\.|[\[({{<]\s?dot\s?[\])}}>])\s?[\w-]{{1,63}}){{1,8}}",
    re.IGNORECASE,
)
_SPELLED = re.compile(r"(?<!\w)(?<! dot )\w++(?: dot \w++)*+ at \w++(?: dot \w++)++", re.IGNORECASE)
_OBFUSCATED_HINT: Hint = re.compile(r"[\[({<]\s?at\s?[\])}>]").search
_SPELLED_HINT = words(" dot ")
_FILE_ENDINGS = frozenset({
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "json", "yaml", "yml", "js", "mjs", "cjs", "ts",
    "tsx", "jsx", "css", "html", "xml", "tgz", "gz", "jar", "war", "exe", "txt", "lock", "toml",
})  # fmt: skip
_LONGEST_USER_INFO = 200
_NAMED_DOMAIN = re.compile(r"[a-z]{3,}\.[a-z]{2,}\Z|\A\d+\.(?!alpha|beta|dev|next|canary|pre|rc|snap|final)[a-z]{2,}\Z")
_VERSION_DOMAIN = re.compile(r"v?\d+(?:\.|x\.)", re.IGNORECASE)


def _email(match: Match) -> Span | None:
    """Leave repositories (`git@host:path`), versions (`lib@1.2.3-rc.x`), pictures (`icon@2x.png`) alone.

    The user of a URL is a credential, found as such up to its last `@`.
    """
    local, _, domain = match[0].rpartition("@")
    before = match.string[max(0, match.start() - _LONGEST_USER_INFO) : match.start()]
    if USER_INFO_BEFORE.search(before):
        return None
    if local in REPOSITORY_USERS and match.string[match.end() : match.end() + 1] in {":", "/"}:
        return None
    is_file = domain.rpartition(".")[2].lower() in _FILE_ENDINGS
    is_version = _VERSION_DOMAIN.match(domain) and not _NAMED_DOMAIN.search(domain)
    return None if is_file or is_version else match.span()


PLAIN = Detector("email/plain", AT, _EMAIL, _email)
"""Finds addresses as they are meant to be written, in which letters may have accents that are characters."""

DETECTORS = (
    PLAIN,
    Detector("email/obfuscated", _OBFUSCATED_HINT, _OBFUSCATED, whole),
    Detector("email/spelled", _SPELLED_HINT, _SPELLED),
)
