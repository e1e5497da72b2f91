"""Made-up personal data of each type, in the formats in which people write it.

Written down from the standards and from custom, not from the detectors: ITU-T E.123 and E.164 for telephone numbers,
RFC 5321 and 6531 for mail addresses, RFC 4291 and 5952 for IPv6, ISO 13616 for IBANs, ISO/IEC 7812 for cards. Numbers
are random, with right check digits; nobody's are meant.
"""

import ipaddress
import string
from collections.abc import Callable, Mapping
from itertools import pairwise
from random import Random

Make = Callable[[Random], str]

_WORDS = [
    "atlas", "billing", "checkout", "delta", "falcon", "harbor", "ingest", "kestrel", "ledger", "mango", "nimbus",
    "orbit",
    "payments", "quartz",
]  # fmt: skip
_FILLERS: Mapping[str, Make] = {
    "#": lambda draw: draw.choice(string.digits),
    "^": lambda draw: draw.choice("23456789"),
    "~": lambda draw: draw.choice("0123456789abcdef"),
    "?": lambda draw: draw.choice(string.ascii_lowercase),
    "*": lambda draw: draw.choice(_WORDS),
}


def filled(draw: Random, pattern: str) -> str:
    """Fill a pattern: `#` is a digit, `^` one from 2 to 9, `~` a hexadecimal digit, `?` a letter, `*` a word."""
    return "".join(_FILLERS[char](draw) if char in _FILLERS else char for char in pattern)


def _one_of(*patterns: str) -> Make:
    return lambda draw: filled(draw, draw.choice(patterns))


_FIRST = ["jane", "Olu", "björn", "María", "wei", "Zoë", "d'Arcy", "anne-marie", "J", "satō", "иван", "李"]
_LAST = ["doe", "O'Neil", "Sørensen", "van.den.Berg", "nguyen", "müller", "ÖZTÜRK", "smith-jones", "x1", "петров"]
_DOMAINS = [
    "example.com", "mail.example.co.uk", "corp.example.io", "bücher.example", "xn--bcher-kva.example", "例え.テスト",
    "пример.рф",
    "sub.team-1.example.museum", "example.dev", "uni-köln.example.de", "163.example.cn",
]  # fmt: skip
_TAGS = ["", "", "", "+news", "+jira-123", "+a.b+c", "_ext", ".2"]


def _email(draw: Random) -> str:
    shape = draw.choice(["{0}.{1}", "{0}", "{0}_{1}", "{0}{1}", "{1}-{0}", "{0}.{1}99"])
    return shape.format(draw.choice(_FIRST), draw.choice(_LAST)) + draw.choice(_TAGS) + "@" + draw.choice(_DOMAINS)


_PHONES = (
    "+1 (^##) ^##-####", "+1-^##-^##-####", "+1.^##.^##.####", "+1^##^######", "(^##) ^##-####", "^##.^##.####",
    "+44 20 7### ####", "+44 (0)161 ### ####", "+447### ######", "07### ######", "+353 1 ### ####", "+49 151 ########",
    "+49 (0) 89 ######-##", "+49/30/#######", "0171 #######", "089 / ######", "+43 1 #######", "+41 44 ### ## ##",
    "044 ### ## ##", "+33 6 ## ## ## ##", "06.##.##.##.##", "+34 6## ### ###", "+39 02 #### ####", "+39 333 #######",
    "+351 21 ### ####", "+31 6 ########", "+32 2 ### ## ##", "+45 ## ## ## ##", "+46 8 ### ### ##", "+46-70-### ## ##",
    "+47 ### ## ###", "+358 40 ### ####", "+48 ### ### ###", "+420 ### ### ###", "+36 1 ### ####", "+30 21# ### ####",
    "+90 5## ### ## ##", "+7 (495) ###-##-##", "+380 44 ### ## ##", "+972-3-###-####", "+971 50 ### ####",
    "+966 5# ### ####", "+20 2 #### ####", "+27 82 ### ####", "+234 803 ### ####", "+254 7## ######", "+91-98###-#####",
    "+92 3## #######", "+880 17##-######", "+86 10 #### ####", "+86 13# #### ####", "+852 #### ####",
    "+886 2 #### ####",
    "+81 90-####-####", "03-####-####", "090-####-####", "+82 2-###-####", "010-####-####", "+84 9# ### ## ##",
    "+66 2 ### ####", "+65 9### ####", "+60 12-### ####", "+62 812-####-####", "+63 917 ### ####", "+61 4## ### ###",
    "(02) 9### ####", "+64 21 ### ####", "+52 55 #### ####", "+55 (11) 9####-####", "+54 9 11 ####-####",
    "+56 9 #### ####", "+57 3## ### ####", "0049 30 #######", "0033 1 ## ## ## ##", "1-800-^##-####",
    "+1 ^##-^##-#### x##", "^##-^##-####", "^##-^##-####x###", "(^##)^##-####", "^##.###.####", "06-########",
    "6## ### ###", "0 5## ### ## ##", "(0####) ######", "0#1 ### ## ##", "4## ## ###", "06########",
    "8 (9##) ###-##-##", "1^# #### ####", "(##) 9####-####",
)  # fmt: skip

_IPV4 = ("10.#.^#.1##", "172.1^.1##.#", "192.168.#.1##", "203.0.113.^#", "8^.1##.1##.^", "13#.^#.1##.^#")


def _ipv6(draw: Random) -> str:
    if draw.randrange(4) == 0:
        return filled(draw, "fe80::a~~~:~~ff:fe~~:~~~~") + draw.choice(["", "%eth0", "%en1", "%12"])
    prefix = ipaddress.IPv6Address(draw.choice(["2001:db8::", "2a00:1450::", "2606:4700::", "fd12:3456::"]))
    address = prefix + draw.getrandbits(draw.choice([12, 64]))
    return draw.choice([str(address), address.exploded, str(address).upper()])


def _ipv6_with_ipv4(draw: Random) -> str:
    return draw.choice(["::ffff:", "64:ff9b::"]) + filled(draw, "203.0.113.^#")


_CARDS = {
    16: ["4", "51", "55", "2221", "2720", "6011", "65", "644", "3528", "3589", "62", "6759", "2204"],
    15: ["34", "37"],
    14: ["36", "305"],
}


def _card(draw: Random) -> str:
    length = draw.choice([16, 16, 16, 15, 14])
    digits = draw.choice(_CARDS[length])
    digits += filled(draw, "#" * (length - 1 - len(digits)))
    doubled = (2 * int(d) if i % 2 == 0 else int(d) for i, d in enumerate(reversed(digits)))
    digits += str(-sum(sum(divmod(number, 10)) for number in doubled) % 10)
    cuts = [0, 4, 8, 12, 16] if length == 16 else [0, 4, 10, 16]
    groups = [digits[start:end] for start, end in pairwise(cuts)]
    return draw.choice(["", "", " ", "-"]).join(groups)


_ACCOUNTS = {
    "DE": "18#", "FR": "10# 2? 11#", "GB": "4? 14#", "NL": "4? 10#", "ES": "20#", "IT": "1? 22#", "BE": "12#",
    "AT": "16#",
    "CH": "17#", "PL": "24#", "SE": "20#", "NO": "11#", "DK": "14#", "FI": "14#", "PT": "21#", "IE": "4? 14#",
    "CZ": "20#",
    "HU": "24#", "RO": "4? 16#", "GR": "23#", "TR": "22#", "AE": "19#", "SA": "20#", "IL": "19#", "BR": "23# 2?",
    "MT": "4? 23#", "UA": "25#", "LV": "4? 13#", "LT": "16#", "EE": "16#", "HR": "17#", "SI": "15#", "SK": "20#",
    "BG": "4? 14#", "LU": "16#", "MC": "23#", "IS": "22#", "QA": "4? 21#", "KW": "4? 22#", "EG": "25#", "IQ": "4? 15#",
}  # fmt: skip
_GROUP = 4


def _iban(draw: Random) -> str:
    country = draw.choice(list(_ACCOUNTS))
    pattern = "".join(part[-1] * int(part[:-1]) for part in _ACCOUNTS[country].split())
    account = filled(draw, pattern).upper()
    number = "".join(str(int(char, 36)) for char in f"{account}{country}00")
    iban = f"{country}{98 - int(number) % 97:02d}{account}"
    groups = [iban[at : at + _GROUP] for at in range(0, len(iban), _GROUP)]
    return draw.choice([iban, iban, iban.lower(), " ".join(groups), " ".join(groups), "-".join(groups)])


def _ssn(draw: Random) -> str:
    area = draw.choice([*range(1, 666), *range(667, 900)])
    return f"{area:03d}-{draw.randint(1, 99):02d}-{draw.randint(1, 9999):04d}"


def _credential(draw: Random) -> str:
    long = "".join(draw.choices(string.ascii_letters + string.digits, k=64))
    upper = "".join(draw.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", k=16))
    return draw.choice([
        f"AKIA{upper}", f"ghp_{long[:36]}", f"github_pat_{long[:22]}_{long[:59]}", f"glpat-{long[:20]}",
        f"npm_{long[:36]}",
        f"xoxb-{filled(draw, '############')}-{long[:24]}", f"sk_live_{long[:24]}", f"hf_{long[:34]}",
        f"AIza{long[:35]}",
        f"SG.{long[:22]}.{long[:43]}", f"eyJhbGciOiJSUzI1NiJ9.eyJ{long[:30]}.{long[:43]}",
        f"dop_v1_{filled(draw, '~' * 64)}",
        f"hvs.{long[:24]}", f"sk-ant-api03-{long[:40]}", f"pypi-{long}", f"glsa_{long[:32]}_{filled(draw, '~' * 8)}",
    ])  # fmt: skip


MAKERS: Mapping[str, tuple[Make, ...]] = {
    "email": (_email, _email, _email, _one_of("*.*%40example.org")),
    "phone": (_one_of(*_PHONES),),
    "ip": (_one_of(*_IPV4), _one_of(*_IPV4), _ipv6, _ipv6_with_ipv4),
    "card": (_card,),
    "iban": (_iban,),
    "ssn": (_ssn,),
    "credential": (_credential,),
    "username": (_one_of("*.*", "?*", "*##", "*-?"),),
}
"""What makes data of a type, each way as often as it stands here."""
