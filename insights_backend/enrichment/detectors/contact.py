"""How to reach a person: e-mail addresses, also spelled out to hide them, and telephone numbers."""

import re

from insights_backend.enrichment.detectors.base import AT, SEVEN_DIGITS, Detector, Hint, Match, Span, both, whole, words
from insights_backend.enrichment.detectors.credentials import REPOSITORY_USERS

_LOCAL = r"(?<![\w.+-])(?<![\w.+-]')[\w+-][\w.+-]*+(?:'[\w.+-]++)*+(?:\[bot\])?"
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
_IN_USER_INFO = re.compile(r"://[^\s/?#\"'<>]*\Z")
_NAMED_DOMAIN = re.compile(r"[a-z]{3,}\.[a-z]{2,}\Z|\A\d+\.(?!alpha|beta|dev|next|canary|pre|rc|snap|final)[a-z]{2,}\Z")
_VERSION_DOMAIN = re.compile(r"v?\d+(?:\.|x\.)", re.IGNORECASE)


def _email(match: Match) -> Span | None:
    """Leave repositories (`git@host:path`), versions (`lib@1.2.3-rc.x`), pictures (`icon@2x.png`) alone.

    The user of a URL is a credential, found as such up to its last `@`.
    """
    local, _, domain = match[0].rpartition("@")
    before = match.string[max(0, match.start() - _LONGEST_USER_INFO) : match.start()]
    if _IN_USER_INFO.search(before):
        return None
    if local in REPOSITORY_USERS and match.string[match.end() : match.end() + 1] in {":", "/"}:
        return None
    is_file = domain.rpartition(".")[2].lower() in _FILE_ENDINGS
    is_version = _VERSION_DOMAIN.match(domain) and not _NAMED_DOMAIN.search(domain)
    return None if is_file or is_version else match.span()


_CALLING_CODE = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2[1-689]\d|3[578]\d|42\d|5[09]\d|6[789]\d|8[035789]\d|9[679]\d"
)  # ITU-T E.164, list of assigned codes
_EXTENSION = r"(?: ?(?:x|ext\.?) ?\d{1,6}(?![\w-]))?"
_PHONE_INTERNATIONAL = re.compile(
    r"(?=[+0])(?<![\w+])(?:\+|(?<![.-])00(?=[1-9]\d? )|(?<![.-])011[ -](?=[1-9]))"
    rf"\(?(?P<digits>\d(?:[ .()/-]{{0,3}}\d){{6,14}}){_EXTENSION}(?!\d)",
    re.ASCII,
)
_PHONE_NORTH_AMERICA = re.compile(
    r"(?=[\d(])(?<![\w+-])(?<!\d[. ])(?:(?:00)?1[ .+-])?"
    r"(?:\([2-9]\d\d\)[ +-]?|[2-9]\d\d([ .+-]))[2-9]\d\d[ .+-]\d{4}"
    rf"{_EXTENSION}(?![\w-])(?!\.\d)",
    re.ASCII,
)
_PHONE_NATIONAL = re.compile(
    r"(?=[018(])(?<![\w.+/-])(?<!\d )"
    r"(?:\(0[1-9]\d{1,4}\) ?\d{3,4}[ -]?\d{2,4}"
    r"|\(0[2-9]\) ?\d{4}[ -]?\d{4}"
    r"|0[1-9]\d{1,3}(?:[ /-]| / )\d{6,8}|0[1-9]\d{3,4} \d{5,6}"
    r"|0[1-9]\d{0,3}(?P<seam>[ -])\d{2,4}(?:(?P=seam)\d{2,4}){1,3}"
    r"|0[1-9]\d{1,3}[ -]\d{3,4}[ -]\d{3,4}"
    r"|0[1-9](?:\.\d\d){4}"
    r"|0[1-9]\d{9}"
    r"|8[ -]?\(\d{3}\) ?\d{3}-\d\d-\d\d"
    r"|\(\d{2}\) ?9?\d{4}-\d{4}"
    r"|1[3-9]\d(?P<dash>[ -])\d{4}(?P=dash)\d{4})"
    r"(?![\w-])(?![. ]\d)",
    re.ASCII,
)
_PHONE_NAMED = re.compile(
    r"(?=[tfpmhcsw])(?<![A-Za-z])(?:t[eé]l|telefon|fon|(?:tele|cell)?phone|mobile?|mob|handy|cell|fax|sms|whatsapp|msisdn|wa\.me)"
    r"(?:[ _-]?(?:number|no|nr)\b)?\.?[\"']{0,2}(\s{0,2}[:=/]\s{0,2}|\s)(?://)?"
    r"[\"']?(\+?\(?\d(?:[ .()/-]{0,2}\d){6,14})(?!\d)",
    re.IGNORECASE,
)
_PHONE_WORDS = words("tel", "tél", "fon", "phone", "mob", "handy", "cell", "fax", "sms", "whatsapp", "msisdn", "wa.me")
_DATE = re.compile(r"(?:19|20)\d\d[-/.]?\d\d[-/.]?\d\d|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d|\d{1,3}(?:\.\d{1,3}){3}")
_SHORTEST_WITH_ZERO = 9
_DECIMAL = re.compile(r"\+\d{1,3}\.\d+")  # such as a latitude


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _phone_international(match: Match) -> Span | None:
    if _DECIMAL.fullmatch(match[0]):
        return None
    digits = _digits(match["digits"])
    code = _CALLING_CODE.match(digits)
    enough = 11 if digits.startswith("1") else 8 if re.search(r"\d[ .()/-]", match["digits"]) else 9
    return match.span() if code and enough <= len(digits) <= (11 if digits[0] == "1" else 15) else None


def _phone_national(match: Match) -> Span | None:
    """With the zero of a long-distance call it has nine digits or more; a date has eight."""
    is_short = match[0].startswith("0") and len(_digits(match[0])) < _SHORTEST_WITH_ZERO
    return None if is_short else match.span()


def _phone_named(match: Match) -> Span | None:
    is_long = len(_digits(match[2])) >= (9 if match[1].isspace() else 7)
    return match.span(2) if is_long and not _DATE.match(match[2]) else None


EMAIL = (
    Detector("email/plain", AT, _EMAIL, _email),
    Detector("email/obfuscated", _OBFUSCATED_HINT, _OBFUSCATED, whole),
    Detector("email/spelled", _SPELLED_HINT, _SPELLED),
)
PHONE = (
    Detector("phone/international", SEVEN_DIGITS, _PHONE_INTERNATIONAL, _phone_international),
    Detector("phone/north-american", SEVEN_DIGITS, _PHONE_NORTH_AMERICA, whole),
    Detector("phone/national", SEVEN_DIGITS, _PHONE_NATIONAL, _phone_national),
    Detector("phone/named", both(SEVEN_DIGITS, _PHONE_WORDS), _PHONE_NAMED, _phone_named),
)
