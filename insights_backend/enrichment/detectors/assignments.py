"""Secrets that are known by what stands before them: the key of an assignment or a query, an option, `bearer`."""

import re

from insights_backend.enrichment.detectors.base import USER_INFO_BEFORE, Detector, Match, Span, words

_EQUALS = words("=")

_STRONG_NAMES = r"pass(?:word|wd|phrase|code)|pwd"
_GUARDED_NAMES = (
    r"token|secret|api[_ -]?key|access[_ -]?key|private[_ -]?key|secret[_ -]?key|account[_ -]?key"
    r"|auth[_-]?key"
    r"|encryption[_ -]?key|signing[_ -]?key|credentials?|authorization|signature|cookie"
)
NAME_WORDS = words("pass", "pwd", "token", "secret", "key", "credential", "authorization", "signature", "cookie")
"""The hint of a name whose value is secret."""

_LOOSE_KEYS = (
    r"(?=[sjpckao])(?<![A-Za-z])(?:session(?:[_-]?id)?|sid|jsessionid|phpsessid|sig|code|key|auth|jwt|otp|pass|state)"
)
# The quotes are escaped where JSON stands in a text of JSON.
_VALUE = (
    r"(?:\\{0,3}\"(?P<quoted>(?:[^\"\\]|\\(?!\\{0,2}\"))++)\\{0,3}\"?"
    r"|'(?P<single>[^']+)'?|(?P<bare>(?:(?!&[\w.-]{1,40}=)[^\s\"'<>])++))"
)
_QUERY_VALUE = r"(?P<bare>[^\s&#;\"'<>]+)"
_TO = r"\\{0,3}[\"'\]]{0,2}\s{0,3}(?P<sign>:=|=>|==?|:)\s{0,3}"
_QUERY = re.compile(
    rf"[?&#;](?P<key>[\w.\[\]-]{{0,60}}?(?P<strong>{_STRONG_NAMES}|{_GUARDED_NAMES}|jwt)|{_LOOSE_KEYS})="
    + _QUERY_VALUE,
    re.IGNORECASE,
)
_ASSIGNED = re.compile(
    rf"(?=[ptsaec])(?P<key>(?P<strong>{_STRONG_NAMES})|{_GUARDED_NAMES}){_TO}{_VALUE}", re.IGNORECASE
)
_LOOSE_ASSIGNED = re.compile(rf"{_LOOSE_KEYS}=(?P<bare>[^\s&#;\"'<>]+)", re.IGNORECASE)
_LONGEST_KEY = 60
_SHORT_TOKEN = 12
_LONG_TOKEN = 16
_LONG_KEY = 32
_QUERY_BEFORE = re.compile(r"[?&#;][\w.\[\]-]*\Z")
_OPTION = re.compile(
    rf"(?<![\w-])--(?=\w)[\w-]{{0,30}}?(?:{_STRONG_NAMES}|{_GUARDED_NAMES}) (?P<bare>[^\s\"'<>-][^\s\"'<>]*)"
)

_SECRET_ACCESS_KEY = re.compile(r"secret_access_key\s{1,3}([^\s\"'<>]+)", re.IGNORECASE)  # of `aws configure set`

_BEARER = re.compile(r"(?=[bt])(?<![A-Za-z0-9])(?:bearer|basic|token)\s{1,3}([\w.~+/=-]{12,}+)", re.IGNORECASE)
_COMMAND_USER = re.compile(r"(?<!\S)(?:-u|--(?:proxy-)?user)[ =](\S+:\S+)")
_HEADER = re.compile(
    r"authorization[\"']?\s?[:=]\s?[\"']?"
    r"(?:bearer|basic|token|digest|api-?key|geniekey|ssws|negotiate|ntlm|bot|splunk)\s+([\w.~+/=-][^\s\"'\\<>,;&()\[\]{}]*+)",
    re.IGNORECASE,
)
_COOKIES = re.compile(
    r"cookie[:=]\s{0,3}([\w.-]{1,60}=[^\s;\"'<>]*+(?:;\s?[\w.-]{1,60}+(?:=[^\s;\"'<>]*+)?+)*+)", re.IGNORECASE
)

_PLACEHOLDER = re.compile(
    r"\$\{.*|\$\(.*|\$[A-Za-z_]\w*|\{\{.*|%\(.*|\*+|x{3,}|\.{3}|your[-_].*|placeholder.*|<.*|change-?me|\[[a-z]{2,12}\]"
    r"|true|false|null|none|nil|undefined|required|optional|yes|no|string|bearer|basic|enabled|disabled|!.*",
    re.IGNORECASE | re.DOTALL,
)
_COUNT = re.compile(r"\d{1,5}")
# Such as `k8s`, `15m`, `RS256`; `oauth2`; `sha512`.
_SHORT_NAME = re.compile(r"(?:[A-Za-z]{0,2}\d{1,3}[A-Za-z]{0,2}|[A-Za-z]{3,5}\d|sha\d{3})[,.;]?", re.IGNORECASE)
_NUMBERED_WORD = re.compile(r"[A-Za-z]?[a-z]+\d{1,4}")
_SHORTEST_SECRET_WORD = 12
_LONGEST_USER_INFO = 100
_PLAIN_NAME = re.compile(r"[A-Za-z]+(?:[-_./:][A-Za-z0-9]+)*[,.;]?")


def _value_span(match: Match) -> Span | None:
    for group in ("quoted", "single", "bare"):
        if match.groupdict().get(group) is not None:
            return None if _PLACEHOLDER.fullmatch(match[group]) else match.span(group)
    return None


def _looks_random(text: str) -> bool:
    """Tell a made token from a word: long, of letters and digits or of both cases, not words with seams."""
    mixed = any(c.isdigit() for c in text) and any(c.isalpha() for c in text)
    cases = any(c.isupper() for c in text[1:]) and any(c.islower() for c in text)
    if _is_one_mixed_run(text):
        return True
    return len(text) >= _SHORT_TOKEN and (mixed or cases) and not _PLAIN_NAME.fullmatch(text)


def _is_one_mixed_run(text: str) -> bool:
    digits = sum(c.isdigit() for c in text)
    return len(text) >= _LONG_TOKEN and text.isalnum() and 1 < digits < len(text)


def _assigned(match: Match) -> Span | None:
    """After `=` any value is secret; after `:` it may be prose, so it must look like more than a word, or be quoted."""
    span = None if _is_query_key(match) or _is_in_user_info(match) else _value_span(match)
    if span is None:
        return None
    value = match.string[slice(*span)]
    if _is_directory(match, value) or _is_count(match["key"], value):
        return None
    if match["sign"] != ":":
        return span
    if match["strong"]:
        is_prose = match["bare"] is not None and value.rstrip(",.;").isalpha()
        return None if is_prose else span
    if match["bare"] is not None and _SHORT_NAME.fullmatch(value):
        return None
    return None if _PLAIN_NAME.fullmatch(value) and not (_is_one_mixed_run(value) or _is_made(value)) else span


def _is_directory(match: Match, value: str) -> bool:
    """Tell the working directory of a shell, `PWD` or `OLDPWD`, from a password, such as `DB_PWD`."""
    before = match.string[max(0, match.start() - 1) : match.start()]
    return match["key"].lower() == "pwd" and before != "_" and value.startswith("/")


def _is_count(key: str, value: str) -> bool:
    """Tell how many tokens there may be, or on which page one stands, from a token."""
    return key.lower().endswith("token") and _COUNT.fullmatch(value) is not None


def _is_in_user_info(match: Match) -> bool:
    """Tell whether this is the user of a URL, which has a detector of its own, such as `://x-access-token:x@host`."""
    if match["sign"] != ":" or "@" not in match[0]:
        return False
    start = max(0, match.start() - _LONGEST_USER_INFO)
    return USER_INFO_BEFORE.search(match.string[start : match.end("sign")]) is not None


def _is_made(text: str) -> bool:
    """Tell a long key from names with seams: of digits and of letters of both cases, as those of AWS."""
    kinds = (str.isdigit, str.isupper, str.islower)
    return len(text) >= _LONG_KEY and all(any(map(kind, text)) for kind in kinds)


def _is_query_key(match: Match) -> bool:
    """A value in a query ends at `&` or `#`, and has a detector of its own."""
    before = match.string[max(0, match.start() - _LONGEST_KEY) : match.start()]
    return match["sign"] == "=" and _QUERY_BEFORE.search(before) is not None


def _in_query(match: Match) -> Span | None:
    if match["strong"] and not _is_count(match["key"], match["bare"]):
        return _value_span(match)
    return _random_value(match)


def _random_value(match: Match) -> Span | None:
    return _value_span(match) if _looks_random(match["bare"]) else None


def _random_token(match: Match) -> Span | None:
    return match.span(1) if _looks_random(match[1]) and not _NUMBERED_WORD.fullmatch(match[1]) else None


def _made_key(match: Match) -> Span | None:
    return match.span(1) if _is_made(match[1]) else None


def _header_value(match: Match) -> Span | None:
    """Leave words about headers alone, such as `authorization: basic auth`."""
    value = match[1]
    is_word = len(value) < _SHORTEST_SECRET_WORD and value.isalpha() and value[1:].islower()
    return None if is_word else match.span(1)


def _command_user(match: Match) -> Span | None:
    """Leave the user and the group of a process alone, references to users, and passwords that stand elsewhere."""
    user, _, password = match[1].partition(":")
    is_group = user == password or (user.isdecimal() and password.isdecimal())
    is_reference = user.lower() == "user" and "/" in password
    return None if is_group or is_reference or _PLACEHOLDER.fullmatch(password) else match.span(1)


def _option_value(match: Match) -> Span | None:
    return None if match["bare"].isalpha() else _value_span(match)


DETECTORS = (
    Detector("credential/query", _EQUALS, _QUERY, _in_query),
    Detector("credential/loose-key", _EQUALS, _LOOSE_ASSIGNED, _random_value),
    Detector("credential/assigned", NAME_WORDS, _ASSIGNED, _assigned),
    Detector("credential/header", words("authorization"), _HEADER, _header_value),
    Detector("credential/cookies", words("cookie:", "cookie="), _COOKIES),
    Detector("credential/secret-access-key", words("secret_access_key"), _SECRET_ACCESS_KEY, _made_key),
    Detector("credential/bearer", words("bearer", "basic", "token"), _BEARER, _random_token),
    Detector("credential/option", words("--"), _OPTION, _option_value),
    Detector("credential/command-user", words("-u"), _COMMAND_USER, _command_user),
)
