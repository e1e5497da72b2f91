"""Telephone numbers: international, as they are written in a country, and after a word that says so.

How countries group their numbers is custom (ITU-T E.123 says how it should be). What other numbers are grouped like
stays: dates, thousands, and whatever is named an order, a ticket or their like.
"""

import re
from itertools import pairwise

from insights_backend.enrichment.detectors.base import SEVEN_DIGITS, Detector, Match, Span, both, words

_CALLING_CODE = re.compile(
    r"1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]"
    r"|2[1-689]\d|3[578]\d|42\d|5[09]\d|6[789]\d|8[035789]\d|9[679]\d"
)  # ITU-T E.164, list of assigned codes
_EXTENSION = r" ?(?:x|ext\.?) ?\d{1,6}(?![\w-])"
_INTERNATIONAL = re.compile(
    r"(?=[+0])(?<![\w+])(?:\+|(?<![.-])00(?=[1-9])|(?<![.-])011[ -](?=[1-9]))"
    rf"\(?(?P<digits>\d(?:[ .()/-]{{0,3}}\d){{6,14}})(?:{_EXTENSION})?(?!\d)",
    re.ASCII,
)
_CODE_APART = re.compile(r"00\d{1,3} ")
_MOBILE = re.compile(
    r"27[678]|3069|316|324[5-9]|33[67]|34[67]|3519|3538|3526|358[45]|36[237]0|380[569]|393[2-9]|407|417[5-9]|420[67]"
    r"|436[5-9]|447[1-9]|467|48[4-8]|491[5-7]|905[0-5]|91[6-9]|9715|9725"
)  # how numbers of mobile telephones begin, by the national numbering plans
_SEAM = r"[ +-]"  # a blank is a plus in the query of a URL
_WAYS = (
    # an area code in brackets
    r"(?:(?:00)?1[ .+-]?)?\((?!(?:19|20)\d\d\))\d{2,5}\)[ /+-]{0,2}\d{2,9}(?:[ ./+-]\d{2,5}){0,3}",
    rf"\(\d\)[ /+-]?\d{{3,4}}{_SEAM}\d{{4}}",
    # the zero of a long-distance call
    rf"0{_SEAM}(?!(?:19|20)\d\d-)[1-9]\d{{0,4}}(?:{_SEAM}\d{{2,5}}){{1,4}}|0[1-9]\d{{0,4}}(?:{_SEAM}\d{{2,5}}){{2,4}}",
    r"0[1-9]\d{0,3}(?: ?/ ?| - )\d{2,8}(?:[ .+-]\d{2,4}){0,3}|0[1-9]\d{1,3}(?:[ +]\d{5,8}|-\d{6,8})|0[1-9][ +-]\d{7,8}",
    r"0[1-9](?:\.\d\d){4}|0\d\d\.\d{3}\.\d{3,4}",
    r"0[1-9]\d{8,9}",
    # North America
    r"(?:1[ .+-])?(?:[2-9]\d\d[ /+][2-9]\d\d[ +-]\d{4}|\d{3}(?P<seam>[ .+-])\d{3}(?P=seam)\d{4})",
    r"(?:00)?1[ +-]\d{3}[ .+-]\d{3}[ .+-]\d{4}|1-?8\d\d-\d{3}-\d{3}",
    rf"\d{{3}}[ .+-]\d{{3}}[ .+-]\d{{4}}(?={_EXTENSION})",
    # Russia and its neighbours, China, Hungary
    r"8[ -]?\(?\d{3,4}\)?[ -]?\d{2,3}[ -]\d\d[ -]?\d\d|\d{3}-\d{3}-\d\d-\d\d",
    r"1[3-9]\d(?P<dash>[ -])\d{4}(?P=dash)\d{4}",
    r"\d\d(?:-\d\d?)?/\d{3}[ -]\d{3,4}",
    # Brazil and Argentina, India
    r"\d\d 9?\d{4}-\d{4}|(?:0 )?[6-9]\d{4} \d{5}",
    # nothing before, groups apart by blanks
    r"[1-9]\d(?: \d\d){3}|\d{3}(?: \d\d){2,3}|\d(?: \d\d){4}|[1-9]\d(?: \d\d){4}",
    r"[2-9]\d\d \d{3} \d{3}|\d{3} \d\d \d{3}|[1-9]\d{3} \d{3} \d{3}",
    r"\d{1,2} \d{3} \d{4}|\d{1,3} \d{4} \d{4}|\d{2,3} \d{3} \d\d \d\d|[1-9]\d{0,2} \d{3} \d{3} (?:\d{4}|\d\d \d\d)",
)
_NATIONAL = re.compile(
    r"(?=[\d(])(?<![\w.+/-])(?<!\d )(?=(?:[018]{1,3}[ .+-]?)?\(?\d(?:[ )./+-]{0,3}\d){5})"
    rf"(?P<number>{'|'.join(_WAYS)})(?:{_EXTENSION})?(?![\w-])(?![. ]\d)",
    re.ASCII,
)
_NAMED = re.compile(
    r"(?=[tfpmhcswdrg电電手])(?:(?<![A-Za-z])"
    r"(?:t[eé]l|tlf|fon|mob|m[oó]vil|handy|cell?|celular|fax|sms|gsm|pager|hotline|helpline|whatsapp|msisdn|wa\.me"
    r"|(?P<weak>call|dial|ring|contacto?|kontakt))|phone|mobile?|t[eé]l[eé]f[oó]n[oe]?|电话|電話|手机)"
    r"(?:[ _-]?(?:number|no|nr|us|me|at|on|is)\b){0,2}(?P<dot>\.)?[\"']{0,2}(?P<to>\s{0,2}[:=/#]\s{0,2}|\s)(?://)?"
    r"[\"']?(?P<number>\+?\(?\d(?:[ .()/-]{0,2}\d){6,14})(?!\d)",
    re.IGNORECASE,
)
_PHONE_WORDS = words(
    "tel", "tél", "tlf", "fon", "phone", "mob", "móvil", "movil", "handy", "cel", "fax", "sms", "gsm", "pager", "line",
    "whatsapp", "msisdn", "wa.me", "call", "dial", "ring", "contact", "kontakt", "电话", "電話", "手机",
)  # fmt: skip
_DATE = re.compile(
    r"(?:19|20)\d\d([ /.-]?)(?:0[1-9]|1[0-2])\1(?:0[1-9]|[12]\d|3[01])(?:[ -]?\d{4}|[ -]?\d{6})?(?!\d)"
    r"|\d\d?([ /.-])\d\d?\2(?:19|20)\d\d(?!\d)|\d{1,3}(?:\.\d{1,3}){3}(?![.\d])"
)
_MOMENT = re.compile(r"1\d{9}|1\d{12}")  # seconds or milliseconds since 1970, until 2033
_ORDER_BEFORE = re.compile(
    r"\b(?:order|ticket|case|build|invoice|sku|ean|upc|isbn|issn|part|serial|id|run|job|commit|timestamp|ts|epoch|size"
    r"|count|total|offset|seq)\W{1,3}\Z",
    re.IGNORECASE,
)
_LONGEST_ORDER_BEFORE = 13
_DECIMAL = re.compile(r"\+\d{1,3}\.\d+")  # such as a latitude
_GROUPS = re.compile(r"\d+")
_SHORTEST, _LONGEST = 7, 13
_SHORTEST_MOBILE, _LONGEST_MOBILE = 11, 13
_SHORTEST_WITH_ZERO = 9
_SHORTEST_UNGROUPED = 8
_ISBN = 10
_COLOUR, _BRIGHTEST = 3, 255
_NEAR = 15
_STATUSES, _FIRST_STATUS, _LAST_STATUS = 3, 100, 599  # RFC 9110
_SIZE = 8
_PORTS = frozenset({
    22, 25, 53, 80, 110, 143, 389, 443, 465, 587, 993, 995, 3000, 3306, 5432, 5672, 6379, 7007, 8000, 8080, 8081, 8443,
    8888, 9000, 9090, 9092, 9200, 9443, 27017,
})  # fmt: skip


def _digits(text: str) -> str:
    return "".join(_GROUPS.findall(text))


def _international(match: Match) -> Span | None:
    if _DECIMAL.fullmatch(match[0]):
        return None
    digits = _digits(match["digits"])
    if match[0].startswith("00") and not _CODE_APART.match(match[0]) and not _is_mobile(match, digits):
        return None
    code = _CALLING_CODE.match(digits)
    enough = 11 if digits.startswith("1") else 8 if re.search(r"\d[ .()/-]", match["digits"]) else 9
    return match.span() if code and enough <= len(digits) <= (11 if digits[0] == "1" else 15) else None


def _is_mobile(match: Match, digits: str) -> bool:
    """Tell a mobile telephone's number from one that is padded to its length, where nothing sets the code apart."""
    is_numbered = _MOBILE.match(digits) and _SHORTEST_MOBILE <= len(digits) <= _LONGEST_MOBILE
    return bool(is_numbered) and not _is_order(match) and match.string[match.start() - 1 : match.start()] != "/"


def _national(match: Match) -> Span | None:
    """With the zero of a long-distance call it has nine digits or more; a date has eight."""
    number, groups = match["number"], _GROUPS.findall(match["number"])
    enough = _SHORTEST_WITH_ZERO if number.startswith("0") else _SHORTEST
    if not enough <= sum(map(len, groups)) <= _LONGEST or _DATE.match(number):
        return None
    if (number[0] not in "0(" and _is_list(groups)) or (number.isdigit() and _is_made(number)):
        return None
    if number.replace(" ", "").isdigit() and _counts_up(groups):
        return None
    return None if _is_order(match) else match.span()


def _is_order(match: Match) -> bool:
    before = match.string[max(0, match.start() - _LONGEST_ORDER_BEFORE) : match.start()]
    return _ORDER_BEFORE.search(before) is not None


def _is_list(groups: list[str]) -> bool:
    """Tell whether numbers stand side by side, such as 100-200-3000, 10 20 30 40, or a colour's 255 165 100."""
    if groups[0] == "1":
        return False  # North America
    is_round = all(group.endswith("0") for group in groups) or sum(group.endswith("00") for group in groups) > 1
    is_colour = len(groups) == _COLOUR and all(int(group) <= _BRIGHTEST for group in groups)
    return is_round or is_colour


def _counts_up(groups: list[str]) -> bool:
    """Tell versions (18 20 22 24), statuses (401 403 502), sizes (512 1024 2048) and ports (80 443 8080).

    That they go up is not enough: so do the groups of one telephone number in six, such as 138 1234 5678.
    """
    numbers = [int(group) for group in groups]
    if any(group.startswith("0") for group in groups) or any(low >= high for low, high in pairwise(numbers)):
        return False
    is_near = 0 < numbers[-1] - numbers[0] < _NEAR
    is_statuses = len(groups) == _STATUSES and numbers[0] >= _FIRST_STATUS and numbers[-1] <= _LAST_STATUS
    return is_near or is_statuses or _PORTS.issuperset(numbers) or all(number % _SIZE == 0 for number in numbers)


def _is_made(digits: str) -> bool:
    """Tell a book's number with a right check digit (ISO 2108), and digits in their order."""
    book = len(digits) == _ISBN and sum(place * int(digit) for place, digit in enumerate(digits, 1)) % 11 == 0
    return book or digits in "01234567890123456789"


def _named(match: Match) -> Span | None:
    number, seam = match["number"], match["to"]
    may_count = seam.isspace() and not match["dot"]  # phone 1234567, but not Tel. 1234567
    enough = _SHORTEST_UNGROUPED if may_count and number.isdigit() else _SHORTEST
    if len(_digits(number)) < enough or _DATE.match(number):
        return None
    return None if match["weak"] and number.isdigit() and _may_be_an_id(number, seam) else match.span("number")


def _may_be_an_id(digits: str, seam: str) -> bool:
    """Tell bare digits that a word such as `call` says too little about."""
    return len(digits) < _SHORTEST_WITH_ZERO or "/" in seam or _MOMENT.fullmatch(digits) is not None


DETECTORS = (
    Detector("phone/international", SEVEN_DIGITS, _INTERNATIONAL, _international),
    Detector("phone/national", SEVEN_DIGITS, _NATIONAL, _national),
    Detector("phone/named", both(SEVEN_DIGITS, _PHONE_WORDS), _NAMED, _named),
)
