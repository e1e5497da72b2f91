"""What personal data and secrets look like: one regular expression each, and a check of what it found.

Every expression is linear in its input: it starts only where a token starts (a look-behind), takes a token
whole (possessive repeats) or takes at most a fixed number of characters. A found text is named by its type;
personal names are found by their field, never by guessing at text.
"""

import ipaddress
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

Span = tuple[int, int]
Match = re.Match[str]

_LONGEST_NUMBER = 64  # an IBAN with a separator after each character


@dataclass(frozen=True, slots=True)
class Found:
    """A piece of text that must not stay.

    Args:
        label: its type, such as `email`.
        start: index of its first character.
        end: index after its last character.
        ref: the user that it names, when it is a reference to one.
    """

    label: str
    start: int
    end: int
    ref: str | None = None


def _captured(match: Match) -> Span | None:
    """Return where the group that matched stands, or the whole match."""
    return match.span(match.lastindex or 0)


def _whole(match: Match) -> Span | None:
    return match.span()


def _resume(match: Match, span: Span | None) -> int:
    """Return where to look on: inside a refused candidate, but only a short one, to keep growth linear."""
    if span is not None:
        return span[1]
    return match.end() if match.end() - match.start() > _LONGEST_NUMBER else match.start() + 1


@dataclass(frozen=True, slots=True)
class Detector:
    """One way in which one type of data shows itself.

    Args:
        label: the type that replaces what is found.
        hint: matches somewhere in every text in which the pattern could; cheap.
        pattern: matches candidates; what is to be replaced is its last group, or all of it.
        check: returns where the data stands in a candidate, or None when it is something else.
    """

    label: str
    hint: re.Pattern[str]
    pattern: re.Pattern[str]
    check: Callable[[Match], Span | None] = _captured

    def find(self, text: str) -> Iterator[Found]:
        """Yield what is found, in order; a candidate that is refused does not hide the next one."""
        if not self.hint.search(text):
            return
        match = self.pattern.search(text)
        while match is not None:
            span = self.check(match)
            if span is not None:
                yield Found(self.label, *span)
            match = self.pattern.search(text, max(_resume(match, span), match.start() + 1))


# --- references to users ----------------------------------------------------------------------------------

_OAUTH_SCOPES = frozenset(
    [
        "email",
        "read",
        "write",
        "follow",
        "create",
        "delete",
        "update",
        "list",
        "admin",
        "password",
        "pass",
        "group",
    ]
)
_REF_HINT = re.compile(r"user[:/]", re.IGNORECASE)
_NAME = r"[^\W_](?:[\w.@+-]*\w)?"
_USER_REF = re.compile(
    rf"(?<![\w:])(?<!//)user:(?:(?P<space>[\w-]{{1,63}}+)/{_NAME}|(?P<short>[^\W_](?:[\w.+-]*\w)?))",
    re.IGNORECASE,
)
_USER_PATH = re.compile(
    r"/(?:catalog|docs)/(?P<namespace>[^/\s]+)/user/(?P<name>[^/\s?#,;:\"'<>()]+)"
    r"|/by-name/user/(?P<space>[^/\s]+)/(?P<user>[^/\s?#,;:\"'<>()]+)",
    re.IGNORECASE,
)


def _user_refs(text: str) -> Iterator[Found]:
    """Find entity references of users ("References") and paths of their pages (plugin-catalog's routes)."""
    if not _REF_HINT.search(text):
        return
    for match in _USER_REF.finditer(text):
        if match["space"] or match["short"].lower() not in _OAUTH_SCOPES:
            yield Found("username", *match.span(), ref=match[0])
    for match in _USER_PATH.finditer(text):
        namespace = match["namespace"] or match["space"]
        name = "name" if match["name"] else "user"
        yield Found("username", *match.span(name), ref=f"user:{namespace}/{match[name]}")


# --- credentials ------------------------------------------------------------------------------------------

_LONG_RUN = re.compile(r"[\w.-]{16}|-----B")
_SIGNED = re.compile("[=:]|--")
_AT = re.compile("@")

_PEM = re.compile(
    r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----"
    r"(?s:.*?)(?:-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----|\Z)"
)
_JWT = re.compile(r"(?<![\w-])eyJ[\w-]{8,}+\.[\w-]{4,}+(?:\.[\w-]*+)*+", re.ASCII)
_PROVIDER = re.compile(
    r"(?<![A-Za-z0-9])(?:"
    r"(?:AKIA|ASIA|AROA|AIDA|ABIA|ACCA)[A-Z2-7]{16}(?![A-Za-z0-9])"  # AWS
    r"|gh[pousr]_[A-Za-z0-9]{20,}+|github_pat_\w{20,}+"
    r"|gl(?:pat|dt|rt|rtr|ptt|oas|soat|cbt|ft|imt|agent|ffct)-[\w-]{16,}+|GR1348941[\w-]{20,}+"  # GitLab
    r"|xox[a-z](?:\.xox[a-z])?-[\w-]{10,}+|xapp-\d-[\w-]{10,}+"  # Slack
    r"|(?:sk|rk|pk)_(?:live|test)_[A-Za-z0-9]{10,}+|whsec_[A-Za-z0-9+/=]{16,}+"  # Stripe
    r"|npm_[A-Za-z0-9]{30,}+|pypi-[\w-]{40,}+|rubygems_[0-9a-f]{40,}+|dckr_pat_[\w-]{20,}+"
    r"|SG\.[\w-]{16,}+\.[\w-]{16,}+|sq[abup]_[0-9a-f]{40}|sq0[a-z]{3}-[\w-]{20,}+"  # SendGrid, Sonar, Square
    r"|sk-(?:(?:proj|svcacct|admin|ant|or|lf)-)[\w-]{20,}+|sk-[A-Za-z0-9]{32,}+|hf_[A-Za-z0-9]{30,}+"
    r"|AIza[\w-]{30,}+|ya29\.[\w-]{20,}+|GOCSPX-[\w-]{20,}+"  # Google
    r"|hv[sbr]\.[\w-]{20,}+|do[opr]_v1_[0-9a-f]{60,}+|shp(?:at|ca|pa|ss)_[A-Fa-f0-9]{32}"
    r"|dapi[0-9a-f]{32}|ATATT3[\w=-]{30,}+|ATCTT3[\w=-]{30,}+|NRAK-[A-Z0-9]{20,}+|NRII-[\w-]{20,}+"
    r"|gls?[ac]_[A-Za-z0-9_+/=]{30,}+|lin_(?:api|oauth)_\w{30,}+|fig[do]_[\w-]{30,}+|PMAK-[\w-]{30,}+"
    r"|sntry[su]_[\w+/=-]{30,}+|pul-[0-9a-f]{40}|dp\.[a-z]{2,5}\.[\w.-]{30,}+|AKCp[A-Za-z0-9]{40,}+"
    r"|AGE-SECRET-KEY-1[A-Z0-9]{50,}+|SK[0-9a-f]{32}(?![A-Za-z0-9])|key-[0-9a-f]{32}(?![A-Za-z0-9])"
    r"|[A-Za-z0-9]{14}\.atlasv1\.[\w-]{40,}+|\d{8,10}:AA[\w-]{33}(?![\w-])"  # Terraform Cloud, Telegram
    r")",
    re.ASCII,
)
_WEBHOOK = re.compile(
    r"https?://(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)"
    r"|(?:\w{1,20}\.)?discord(?:app)?\.com/api/webhooks|[\w-]{1,60}\.webhook\.office\.com/webhookb2)/[\w/@.-]+"
)
_SSH_KEY = re.compile(r"(?<![A-Za-z0-9+/])AAAA[A-Z][A-Za-z0-9+/]{40,}+={0,2}")
_BEARER = re.compile(r"(?<![A-Za-z])(?:bearer|basic|token)\s{1,3}([\w.~+/=-]{12,}+)", re.IGNORECASE)
_URL_USER = re.compile(r"(?<=://)([^\s/?#\"'<>]+)@")
_COMMAND_USER = re.compile(r"(?<!\S)(?:-u|--(?:proxy-)?user)[ =](\S+:\S+)")
_HEADER = re.compile(
    r"authorization[\"']?\s?[:=]\s?[\"']?(?:bearer|basic|token|digest)\s+([\w.~+/=-]++)", re.IGNORECASE
)
_USER_PLACEHOLDER = re.compile(r"(?:[\w-]*:)?(?:\$\{[^{}]*\}|\$\w+|\$?\{\{[^{}]*\}\})")
_REPOSITORY_USERS = frozenset({"git", "hg", "svn"})

_STRONG_NAMES = r"pass(?:word|wd|phrase|code)|pwd"
_GUARDED_NAMES = (
    r"token|secret|api[_ -]?key|access[_ -]?key|private[_ -]?key|secret[_ -]?key|account[_ -]?key"
    r"|auth[_-]?key"
    r"|encryption[_ -]?key|signing[_ -]?key|credentials?|authorization|signature|cookie"
)
_LOOSE_KEYS = r"(?<![A-Za-z])(?:session(?:[_-]?id)?|sid|jsessionid|phpsessid|sig|code|key|auth|jwt|otp|pass|state)"
_VALUE = r"(?:\"(?P<quoted>[^\"]+)\"?|'(?P<single>[^']+)'?|(?P<bare>(?:(?!&[\w.-]{1,40}=)[^\s\"'<>])++))"
_QUERY_VALUE = r"(?P<bare>[^\s&#;\"'<>]+)"
_TO = r"[\"'\]]{0,2}\s{0,3}(?P<sign>:=|=>|==?|:)\s{0,3}"
_QUERY = re.compile(
    rf"[?&#;](?P<key>[\w.\[\]-]{{0,60}}?(?P<strong>{_STRONG_NAMES}|{_GUARDED_NAMES})|{_LOOSE_KEYS})=" + _QUERY_VALUE,
    re.IGNORECASE,
)
_ASSIGNED = re.compile(rf"(?P<key>(?P<strong>{_STRONG_NAMES})|{_GUARDED_NAMES}){_TO}{_VALUE}", re.IGNORECASE)
_LOOSE_ASSIGNED = re.compile(rf"{_LOOSE_KEYS}=(?P<bare>[^\s&#;\"'<>]+)", re.IGNORECASE)
_LONGEST_KEY = 60
_SHORT_TOKEN = 12
_LONG_TOKEN = 16
_QUERY_BEFORE = re.compile(r"[?&#;][\w.\[\]-]*\Z")
_OPTION = re.compile(
    rf"(?<![\w-])--(?=\w)[\w-]{{0,30}}?(?:{_STRONG_NAMES}|{_GUARDED_NAMES}) (?P<bare>[^\s\"'<>-][^\s\"'<>]*)"
)

_PLACEHOLDER = re.compile(
    r"\$\{.*|\$\(.*|\$[A-Za-z_]\w*|\{\{.*|%\(.*|\*+|x{3,}|\.{3}|your[-_].*|placeholder.*|<.*|change-?me|\[[a-z]{2,12}\]"
    r"|true|false|null|none|nil|undefined|required|optional|yes|no|string|bearer|basic|enabled|disabled|!.*",
    re.IGNORECASE | re.DOTALL,
)
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
    """After `=` any value is secret; after `:` it may be prose, so it must look like more than a word."""
    span = None if _is_query_key(match) else _value_span(match)
    if span is None or match["sign"] != ":":
        return span
    value = match.string[slice(*span)]
    if match["strong"]:
        return None if value.rstrip(",.;").isalpha() else span
    return None if _PLAIN_NAME.fullmatch(value) and not _is_one_mixed_run(value) else span


def _is_query_key(match: Match) -> bool:
    """A value in a query ends at `&` or `#`, and has a detector of its own."""
    before = match.string[max(0, match.start() - _LONGEST_KEY) : match.start()]
    return match["sign"] == "=" and _QUERY_BEFORE.search(before) is not None


def _in_query(match: Match) -> Span | None:
    span = _value_span(match)
    return span if match["strong"] or _looks_random(match["bare"]) else None


def _random_value(match: Match) -> Span | None:
    return _value_span(match) if _looks_random(match["bare"]) else None


def _random_token(match: Match) -> Span | None:
    return match.span(1) if _looks_random(match[1]) else None


def _option_value(match: Match) -> Span | None:
    return None if match["bare"].isalpha() else _value_span(match)


def _url_user(match: Match) -> Span | None:
    value = match[1]
    return None if value in _REPOSITORY_USERS or _USER_PLACEHOLDER.fullmatch(value) else match.span(1)


# --- e-mail -----------------------------------------------------------------------------------------------

_LOCAL = r"(?<![\w.+-])(?<![\w.+-]')[\w+-][\w.+-]*+(?:'[\w.+-]++)*+(?:\[bot\])?"
_EMAIL = re.compile(rf"(?:{_LOCAL}|\"[^\"@]{{1,64}}\")@[\w-]++(?:\.[\w-]++)*\.(?:xn--[\w-]+|[^\W\d_]{{2,63}})")
_OBFUSCATED = re.compile(
    rf"{_LOCAL}\s?[\[({{<]\s?at\s?[\])}}>]\s?[\w-]{{1,63}}"
    rf"(?:\s?(?:\.|[\[({{<]\s?dot\s?[\])}}>])\s?[\w-]{{1,63}}){{1,8}}",
    re.IGNORECASE,
)
_SPELLED = re.compile(r"(?<!\w)(?<! dot )\w++(?: dot \w++)*+ at \w++(?: dot \w++)++", re.IGNORECASE)
_OBFUSCATED_HINT = re.compile(r"[\[({<]\s?at\s?[\])}>]", re.IGNORECASE)
_SPELLED_HINT = re.compile(" dot ", re.IGNORECASE)
_FILE_ENDINGS = frozenset({
    "png", "jpg", "jpeg", "gif", "svg", "webp", "ico", "json", "yaml", "yml", "js", "mjs", "cjs", "ts",
    "tsx", "jsx", "css", "html", "xml", "tgz", "gz", "jar", "war", "exe", "txt", "lock", "toml",
})  # fmt: skip
_LONGEST_USER_INFO = 200
_IN_USER_INFO = re.compile(r"://[^\s/?#\"'<>]*\Z")
_VERSION_DOMAIN = re.compile(r"v?\d+(?:\.|x\.)", re.IGNORECASE)


def _email(match: Match) -> Span | None:
    """Leave repositories (`git@host:path`), versions (`lib@1.2.3-rc.x`), pictures (`icon@2x.png`) alone.

    The user of a URL is a credential, found as such up to its last `@`.
    """
    local, _, domain = match[0].rpartition("@")
    before = match.string[max(0, match.start() - _LONGEST_USER_INFO) : match.start()]
    if _IN_USER_INFO.search(before):
        return None
    if local in _REPOSITORY_USERS and match.string[match.end() : match.end() + 1] in {":", "/"}:
        return None
    is_file = domain.rpartition(".")[2].lower() in _FILE_ENDINGS
    is_version = _VERSION_DOMAIN.match(domain) and not re.search(r"[a-z]{3,}\.[a-z]{2,}$", domain)
    return None if is_file or is_version else match.span()


# --- numbers: cards, IBAN, SSN, phone ---------------------------------------------------------------------

_SEVEN_DIGITS = re.compile(r"\d(?:[^\d]{0,3}\d){6}")
_CARD = re.compile(
    r"(?<!\w)(?<!\d[.,-])(?<![A-Za-z]-)"
    r"(?:\d{4}([ +-])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ +-])\d{6}\2\d{4,5}|\d{13,19})"
    r"(?!\w|[.-]\d)"
)
_CARD_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{4}|222[1-9]\d\d|22[3-9]\d{3}|2[3-6]\d{4}|27[01]\d{3}|2720\d\d)\d{10}"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|095|[689]\d)\d{11,16}|220[0-4]\d{12}"  # American Express, Diners Club, Mir
    r"|(?:6011|64[4-9]\d|65\d\d|62\d\d|60\d\d|8[12]\d\d)\d{12,15}|35(?:2[89]|[3-8]\d)\d{12,15}"  # and JCB
    r"|50(?:18|19|20|38)\d{12,15}|(?:5[678]|6[37])\d{14,17}"  # Dankort, Maestro
)


_DIGIT_SUMS_OF_DOUBLES = str.maketrans("0123456789", "0246813579")


def _card(match: Match) -> Span | None:
    """Known brand and length, and the check digit of ISO/IEC 7812 (Luhn)."""
    digits = re.sub(r"\D", "", match[0])
    return match.span() if _CARD_BRANDS.fullmatch(digits) and _luhn(digits) else None


def _luhn(digits: str) -> bool:
    doubled = digits[-2::-2].translate(_DIGIT_SUMS_OF_DOUBLES)
    return sum(map(int, doubled + digits[-1::-2])) % 10 == 0


_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ +-]?[A-Z0-9]){11,30}", re.IGNORECASE | re.ASCII)
_IBAN_LENGTHS = {
    country: int(length)
    for length, countries in {
        "15": "NO", "16": "BE", "18": "DK FI FO GL NL SD FK", "19": "MK SI", "20": "AT BA EE KZ LT LU XK MN",
        "21": "CH HR LI LV", "22": "BG BH CR DE GB GE IE ME RS VA", "23": "AE GI IL IQ TL OM SO",
        "24": "AD CZ ES MD PK RO SA SE SK TN VG", "25": "PT ST LY", "26": "IS TR",
        "27": "BI DJ FR GR IT MC MR SM",
        "28": "AL AZ BY CY DO GT HU LB PL SV NI", "29": "BR EG PS QA UA", "30": "JO KW MU YE", "31": "MT SC",
        "32": "LC", "33": "RU",
    }.items()
    for country in countries.split()
}  # fmt: skip


_NO_SEPARATORS = str.maketrans("", "", " +-")
_IBAN_DIGITS = {ord("A") + index: str(10 + index) for index in range(26)}


def _iban(match: Match) -> Span | None:
    """Length by country and the check digits of ISO 13616 (mod 97); the words after it are not part of it."""
    length = _IBAN_LENGTHS.get(match[0][:2].upper())
    text = match[0].translate(_NO_SEPARATORS).upper()[:length]
    if length is None or len(text) < length or int((text[4:] + text[:4]).translate(_IBAN_DIGITS)) % 97 != 1:
        return None
    places = [index for index, char in enumerate(match[0]) if char.isalnum()]
    end = match.start() + places[length - 1] + 1
    return None if match.string[end : end + 1].isalnum() else (match.start(), end)


_SSN = re.compile(r"(?<![\w-])(?<!\d[ .])(?!000|666|9)\d{3}([ -])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])(?! \d)(?!\.\d)")
_NAMED_SSN = re.compile(
    r"(?:ssn|social[ _-]?security(?:[ _-]?(?:number|no))?|tax[ _-]?id)"
    r"\W{0,4}((?!000|666|9)\d{3}[ .-]?\d{2}[ .-]?\d{4})(?!\d)",
    re.IGNORECASE,
)


_CALLING_CODE = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2[1-689]\d|3[578]\d|42\d|5[09]\d|6[789]\d|8[035789]\d|9[679]\d"
)  # ITU-T E.164, list of assigned codes
_PHONE_INTERNATIONAL = re.compile(r"(?<![\w+])(?:\+|(?<![.-])00(?=[1-9]\d? ))\(?\d(?:[ .()/-]{0,3}\d){6,14}(?!\d)")
_PHONE_NORTH_AMERICA = re.compile(
    r"(?<![\w+-])(?<!\d[. ])(?:1[ .+-])?"
    r"(?:\([2-9]\d\d\)[ +-]?|[2-9]\d\d([ .+-]))[2-9]\d\d[ .+-]\d{4}(?![\w-])(?!\.\d)"
)
_PHONE_NATIONAL = re.compile(
    r"(?<![\w.+/-])(?<!\d )"
    r"(?:\(0[1-9]\d{1,3}\) ?\d{3,4}[ -]?\d{3,4}"
    r"|0[1-9]\d{1,3}[ /-]\d{6,8}"
    r"|0[1-9]\d{1,3}[ -]\d{3,4}[ -]\d{3,4}"
    r"|0[1-9](?:([ .-])\d\d)(?:\1\d\d){3}"
    r"|0[1-9][ -]\d{4}[ -]\d{4}"
    r"|8[ -]?\(\d{3}\) ?\d{3}-\d\d-\d\d"
    r"|\(\d{2}\) ?9?\d{4}-\d{4}"
    r"|1[3-9]\d([ -])\d{4}\2\d{4})"
    r"(?![\w-])(?![. ]\d)"
)
_PHONE_NAMED = re.compile(
    r"(?<![A-Za-z])(?:tel|(?:tele|cell)?phone|mobile|mob|cell|fax|sms|whatsapp|msisdn|wa\.me)"
    r"(?:[ _-]?(?:number|no|nr)\b\.?)?[\"']{0,2}(\s{0,2}[:=/]\s{0,2}|\s)(?://)?"
    r"[\"']?(\+?\(?\d(?:[ .()/-]{0,2}\d){6,14})(?!\d)",
    re.IGNORECASE,
)
_DATE = re.compile(r"(?:19|20)\d\d[-/.]?\d\d[-/.]?\d\d|\d\d?[-/.]\d\d?[-/.](?:19|20)\d\d|\d{1,3}(?:\.\d{1,3}){3}")


_DECIMAL = re.compile(r"\+\d{1,3}\.\d+")  # such as a latitude


def _digits(text: str) -> str:
    return "".join(char for char in text if char.isdigit())


def _phone_international(match: Match) -> Span | None:
    if _DECIMAL.fullmatch(match[0]):
        return None
    digits = _digits(match[0]).removeprefix("00")
    code = _CALLING_CODE.match(digits)
    enough = 11 if digits.startswith("1") else 8 if re.search(r"\d[ .()/-]", match[0]) else 9
    return match.span() if code and enough <= len(digits) <= (11 if digits[0] == "1" else 15) else None


def _phone_named(match: Match) -> Span | None:
    is_long = len(_digits(match[2])) >= (9 if match[1].isspace() else 7)
    return match.span(2) if is_long and not _DATE.match(match[2]) else None


# --- IP addresses -----------------------------------------------------------------------------------------

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"(?<![\w.])(?<![A-Za-z]-){_OCTET}(?:\.{_OCTET}){{3}}(?![\w+])(?!\.\d)(/\d\d?)?", re.ASCII)
_IPV4_HINT = re.compile(r"\d\.\d")
_IPV6 = re.compile(
    r"(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-f]{1,4})?(?:%\w{1,16})?(?![\w:])",
    re.IGNORECASE,
)
_ASSIGNED_IPV6 = [ipaddress.IPv6Network(n) for n in ("2000::/3", "fc00::/6", "64:ff9b::/32")]  # IANA
_SMALLEST_NETWORK = 30
_IPV6_HINT = re.compile(":[^:]{0,4}:")
_VERSION_BEFORE = re.compile(
    r"(?:\b(?:version|ver|v|release|rel|rev|build|sdk|openssl|chrome|chromium|firefox|safari|electron|postgres(?:ql)?"
    r"|mysql|mariadb|java|jdk|jre|nginx|tomcat|upgrade to|upgraded to|bump(?:ed)? to)"
    r"[\"']?\s{0,2}[:=/]?\s{0,2}[\"']?"
    r"|[~^<>]|[<>=~!^]=\s?|[a-z0-9]/[\w.-]{1,40}[:@])\Z",
    re.IGNORECASE,
)
_PRODUCT_BEFORE = re.compile(r"(?:\A|[\s(;])[A-Z][\w+]{0,30}/\Z")
_VERSION_AFTER = re.compile(
    r"-(?:snapshot|alpha|beta|rc|pre|dev|release|final|ga|alpine|slim|debian|ubuntu|jdk|build)", re.I
)
_LOGIN_BEFORE = re.compile(r"(?:\b(?:ssh|scp|sftp|rsync|mosh)\b[^@]{0,60}|://[^@]{0,60})@\Z", re.IGNORECASE)


def _ipv4(match: Match) -> Span | None:
    """Leave loopback, netmasks, whole networks, and the four-part versions of packages and browsers alone."""
    address, before = match[0].partition("/")[0], match.string[max(0, match.start() - 80) : match.start()]
    if address.startswith(("0.", "127.", "255.")) or _is_network(match[0]) or _is_version(match, address, before):
        return None
    return match.start(), match.start() + len(address)


def _is_network(text: str) -> bool:
    address, _, prefix = text.partition("/")
    return bool(prefix) and int(prefix) <= _SMALLEST_NETWORK and _host_bits(address, int(prefix)) == 0


def _host_bits(address: str, prefix: int) -> int:
    return int(ipaddress.IPv4Address(address)) & (0xFFFFFFFF >> prefix)


def _is_version(match: Match, address: str, before: str) -> bool:
    if _VERSION_AFTER.match(match.string, match.end()) or _PRODUCT_BEFORE.search(before):
        return True
    if before.endswith("@") and not _LOGIN_BEFORE.search(before):
        follows_path = match.string[match.end() : match.end() + 2] == ":/"
        is_small = all(len(octet) <= len("99") for octet in address.split("."))
        return is_small and not follows_path and not ipaddress.IPv4Address(address).is_private
    return _VERSION_BEFORE.search(before) is not None and "://" not in before[-10:]


def _ipv6(match: Match) -> Span | None:
    """Take addresses of assigned ranges only: `a::b` is a name in some language, `fe80::1` is an address."""
    try:
        address = ipaddress.IPv6Address(match[0].partition("%")[0])
    except ValueError:
        return None
    if address.ipv4_mapped is not None:
        return None if address.ipv4_mapped.is_loopback else match.span()
    return match.span() if any(address in network for network in _ASSIGNED_IPV6) else None


# --- user names inside paths ------------------------------------------------------------------------------

_PATH_HINT = re.compile(r"home[/\\]|users[/\\]|settings[/\\]|~", re.IGNORECASE)
_UNIX_HOME = re.compile(r"(?<![\w)\]}.%-])(?:/(?:var|export|usr))?(?:/mnt/[a-z])?/(?:home|Users)/([\w.@+-]+)")
_FILE_URL_HOME = re.compile(r"file://(?:localhost)?/(?:home|Users)/([\w.@+-]+)")
_WINDOWS_HOME = re.compile(
    r"(?:[a-z]:[\\/]{1,2}|\\)(?:users|documents and settings)[\\/]{1,2}"
    r"([^\\/:*?\"<>|\s]++(?: [^\\/:*?\"<>|\s]++){1,3}(?=[\\/])|[^\\/:*?\"<>|\s]+)",
    re.IGNORECASE,
)
_TILDE_HOME = re.compile(r"(?<![\w~.^\])])~([A-Za-z_][\w.-]*)(?=/)|(?<=/)~([A-Za-z_][\w.-]*)")
_SHARED_HOMES = frozenset({
    "runner", "node", "app", "ubuntu", "ec2-user", "jenkins", "vscode", "coder", "user", "root",
    "shared", "public", "default", "git", "admin", "circleci", "gitpod", "linuxbrew", "airflow",
    "jovyan", "nonroot", "azureuser", "vagrant", "pi", "username",
})  # fmt: skip


def _home(match: Match) -> Span | None:
    """Leave the accounts of machines and images alone."""
    group = match.lastindex or 0
    return None if match[group].lower() in _SHARED_HOMES else match.span(group)


DETECTORS = (
    Detector("credential", re.compile("-----B"), _PEM),
    Detector("credential", re.compile("eyJ"), _JWT),
    Detector("credential", re.compile("webhook|hooks"), _WEBHOOK),
    Detector("credential", _LONG_RUN, _PROVIDER),
    Detector("credential", re.compile("AAAA"), _SSH_KEY),
    Detector("credential", _AT, _URL_USER, _url_user),
    Detector("credential", re.compile("="), _QUERY, _in_query),
    Detector("credential", _SIGNED, _ASSIGNED, _assigned),
    Detector("credential", re.compile("="), _LOOSE_ASSIGNED, _random_value),
    Detector("credential", re.compile(" "), _BEARER, _random_token),
    Detector("credential", _SIGNED, _HEADER),
    Detector("credential", re.compile("--"), _OPTION, _option_value),
    Detector("credential", re.compile("-u"), _COMMAND_USER),
    Detector("email", _AT, _EMAIL, _email),
    Detector("email", _OBFUSCATED_HINT, _OBFUSCATED, _whole),
    Detector("email", _SPELLED_HINT, _SPELLED),
    Detector("iban", _SEVEN_DIGITS, _IBAN, _iban),
    Detector("card", _SEVEN_DIGITS, _CARD, _card),
    Detector("ssn", _SEVEN_DIGITS, _SSN, _whole),
    Detector("ssn", _SEVEN_DIGITS, _NAMED_SSN),
    Detector("ip", _IPV4_HINT, _IPV4, _ipv4),
    Detector("ip", _IPV6_HINT, _IPV6, _ipv6),
    Detector("phone", _SEVEN_DIGITS, _PHONE_INTERNATIONAL, _phone_international),
    Detector("phone", _SEVEN_DIGITS, _PHONE_NORTH_AMERICA, _whole),
    Detector("phone", _SEVEN_DIGITS, _PHONE_NATIONAL, _whole),
    Detector("phone", _SEVEN_DIGITS, _PHONE_NAMED, _phone_named),
    Detector("username", _PATH_HINT, _UNIX_HOME, _home),
    Detector("username", _PATH_HINT, _FILE_URL_HOME, _home),
    Detector("username", _PATH_HINT, _WINDOWS_HOME, _home),
    Detector("username", _PATH_HINT, _TILDE_HOME, _home),
)
"""Every detector, the surest first: where two find the same text, the first one names it."""


def find(text: str) -> list[Found]:
    """Find everything in a text that must not stay, references to users first.

    Args:
        text: plain text, any escapes already undone; about 50 µs for a line, linear in its length.
    """
    found = list(_user_refs(text))
    for detector in DETECTORS:
        found.extend(detector.find(text))
    return found


# A word of letters, short numbers and the seams between them; nothing that any detector could start with.
_PLAIN = re.compile(r"[A-Za-z ,._/-]*+(?:\d{1,3}+[A-Za-z ,._/-]++)?(?:\d{1,3}+)?", re.ASCII)
_MARK = re.compile(r"[A-Za-z0-9_.-]{16}|/home/|user/|/Users/|--| dot |-u |\b(?:bearer|basic|token) ", re.IGNORECASE)


def is_plain(text: str) -> bool:
    """Tell cheaply that no detector can find anything in a text; False means only that they must look."""
    return _PLAIN.fullmatch(text) is not None and _MARK.search(text) is None
