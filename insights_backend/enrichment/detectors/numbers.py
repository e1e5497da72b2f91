"""Numbers that are somebody's: payment cards, bank accounts (IBAN), US social security numbers."""

import re

from insights_backend.enrichment.detectors.base import SEVEN_DIGITS, Detector, Match, Span, both, whole, words

_CARD = re.compile(
    r"(?=\d)(?<!\w)(?<!\d[.,-])(?:(?<![A-Za-z]-)|(?<=[Cc][Aa][Rr][Dd]-))"
    r"(?:\d{4}([ .+-])\d{4}\1\d{4}\1\d{1,4}(?:\1\d{1,3})?|\d{4}([ +-])\d{6}\2\d{4,5}|\d{12,19})"
    r"(?!\w|[.-]\d)",
    re.ASCII,
)
_CARD_BRANDS = re.compile(
    r"4(?:\d{12}|\d{15}|\d{18})"  # Visa
    r"|(?:5[1-5]\d{4}|222[1-9]\d\d|22[3-9]\d{3}|2[3-6]\d{4}|27[01]\d{3}|2720\d\d)\d{10}"  # Mastercard
    r"|3[47]\d{13}|3(?:0[0-5]|095|[689]\d)\d{11,16}|220[0-4]\d{12}"  # American Express, Diners Club, Mir
    r"|(?:6011|64[4-9]\d|65\d\d|62\d\d|60\d\d|8[12]\d\d)\d{12,15}|35\d\d\d{12,15}|(?:2131|1800)\d{11}"  # and JCB
    r"|5019\d{12,15}|(?:50(?:18|20|38)|5893|0604|6304|67(?:59|6[1-3]))\d{8,15}"  # Dankort, Maestro
    r"|5[678]\d{10,17}|6[37]\d{14,17}"
)

# One number in ten has the right check digit by chance; an account of AWS and an article are known by their place.
_LONGEST_OF_THING = 14
_THING_BEFORE = re.compile(
    r"(?:\barn:[\w-]{2,12}:[\w-]{1,24}:[\w-]{0,20}:|amazonaws\.com/|\b(?:ean|gtin|upc)\W{1,4})\Z", re.IGNORECASE
)
_LONGEST_THING_BEFORE = 64
_THING_AFTER = (".dkr.ecr.", ".signin.aws.")

_NO_SEPARATORS = str.maketrans("", "", " .+-")
_DIGIT_SUMS_OF_DOUBLES = str.maketrans("0123456789", "0246813579")


def _card(match: Match) -> Span | None:
    """Known brand and length, and the check digit of ISO/IEC 7812 (Luhn)."""
    digits = match[0].translate(_NO_SEPARATORS)
    if not _CARD_BRANDS.fullmatch(digits) or not _luhn(digits):
        return None
    return None if len(digits) <= _LONGEST_OF_THING and _is_of_thing(match) else match.span()


def _is_of_thing(match: Match) -> bool:
    before = match.string[max(0, match.start() - _LONGEST_THING_BEFORE) : match.start()]
    return _THING_BEFORE.search(before) is not None or match.string.startswith(_THING_AFTER, match.end())


def _luhn(digits: str) -> bool:
    doubled = digits[-2::-2].translate(_DIGIT_SUMS_OF_DOUBLES)
    return sum(map(int, doubled + digits[-1::-2])) % 10 == 0


_IBAN = re.compile(r"(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?:[ .+-]?[A-Z0-9]){11,30}", re.IGNORECASE | re.ASCII)
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


_IBAN_ALL_DIGITS = frozenset({
    "AE", "AT", "BA", "BE", "CZ", "DE", "DK", "EE", "EG", "ES", "FI", "HR", "HU", "IL", "IS", "LT", "ME", "NO", "PL",
    "PT", "RS", "SE", "SI", "SK", "XK",
})  # fmt: skip # where an account is a number, whatever the bank
_IBAN_DIGITS = {ord("A") + index: str(10 + index) for index in range(26)}


def _iban(match: Match) -> Span | None:
    """Length by country and the check digits of ISO 13616 (mod 97); the words after it are not part of it."""
    length = _IBAN_LENGTHS.get(match[0][:2].upper())
    text = match[0].translate(_NO_SEPARATORS).upper()[:length]
    if length is None or len(text) < length or int((text[4:] + text[:4]).translate(_IBAN_DIGITS)) % 97 != 1:
        return None
    if text[:2] in _IBAN_ALL_DIGITS and not text[4:].isdecimal():
        return None
    places = [index for index, char in enumerate(match[0]) if char.isalnum()]
    end = match.start() + places[length - 1] + 1
    follows = match.string[end : end + 1]
    return None if follows.isascii() and follows.isalnum() else (match.start(), end)


_SSN = re.compile(
    r"(?=\d)(?<![\w-])(?<!\d[ .])(?!000|666|9)\d{3}([ -])(?!00)\d{2}\1(?!0000)\d{4}(?![\w-])(?! \d)(?!\.\d)", re.ASCII
)
_NAMED_SSN = re.compile(
    r"(?=[st])(?:ssn|social[ _-]?security(?:[ _-]?(?:number|no))?|tax[ _-]?id)"
    r"\W{0,4}((?!000|666|9)\d{3}[ .-]?\d{2}[ .-]?\d{4})(?!\d)",
    re.IGNORECASE,
)

DETECTORS = (
    Detector("iban/checked", SEVEN_DIGITS, _IBAN, _iban),
    Detector("card/checked", SEVEN_DIGITS, _CARD, _card),
    Detector("ssn/grouped", SEVEN_DIGITS, _SSN, whole),
    Detector("ssn/named", both(SEVEN_DIGITS, words("ssn", "social", "tax")), _NAMED_SSN),
)
