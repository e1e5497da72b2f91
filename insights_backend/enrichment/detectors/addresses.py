"""IP addresses of machines, told from versions, netmasks and loopback addresses."""

import ipaddress
import re
from socket import AF_INET6, inet_pton
from string import ascii_lowercase

from insights_backend.enrichment.detectors.base import Detector, Hint, Match, Span

_OCTET = r"(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)"
_IPV4 = re.compile(rf"(?=\d)(?<![\w.])(?<![A-Za-z]-){_OCTET}(?:\.{_OCTET}){{3}}(?![\w+])(?!\.\d)(/\d\d?)?", re.ASCII)
_IPV4_HINT: Hint = re.compile(r"\d\.\d").search
_IPV6 = re.compile(
    r"(?=:{0,2}[0-9a-fA-F])(?:(?<![\w:.])|(?<=[A-Za-z_]{3}:)|(?<=[Ii][Pp]:)|(?<=[PpVv][46]:))(?:[0-9a-fA-F]{0,4}:){2,7}+"
    r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9a-fA-F]{1,4})?(?:%\w{1,16})?(?!\w|:[\w:])",
    re.ASCII,
)
_ASSIGNED_IPV6 = ((0x2000, 0x3FFF), (0xFC00, 0xFEFF))  # their first 16 bits; IANA, and RFC 4193, 4291
_TRANSLATED_IPV4 = 0x64FF9B  # 64:ff9b::/32, RFC 6052 and 8215
_MAPPED_IPV4, _LOOPBACK, _MULTICAST = 0xFFFF, 127, 0xFF00
_SMALLEST_NETWORK = 30
_DIGIT = re.compile(r"\d")
_THREE_DIGITS = re.compile(r"\d{3}")
# Written out in full: two digits a group would be the address of a network card, or a fingerprint.
_WHOLE_IPV6 = re.compile(r"(?=.*[0-9a-f]{3})[0-9a-f]{1,4}(?::[0-9a-f]{1,4}){7}(?:%\w+)?", re.IGNORECASE)
_IPV6_PREFIX = re.compile(r"/(\d{1,3})(?!\d)")
_IPV6_HINT: Hint = re.compile(":[^:]{0,4}:").search
_VERSION_NAMES = frozenset({
    "version", "ver", "rv", "release", "rel", "rev", "build", "sdk", "openssl", "chrome", "chromium", "firefox",
    "safari", "electron", "postgres", "postgresql", "mysql", "mariadb", "java", "jdk", "jre", "nginx", "tomcat",
    "chapter", "section", "step",
})  # fmt: skip
_UPGRADES = ("upgrade to", "upgraded to", "bump to", "bumped to")
_SIGNS = " \t\n\"':=/"
_SIGN_BEFORE = re.compile(r"(?:[~^<]|(?<![\w\"'/-])>|[<>=~!^]=\s?|(?<!\w)v\.?\s{0,2})\Z")
_LONGEST_SIGN_BEFORE = 5
_LONGEST_VERSION_BEFORE = 24
_IMAGE_BEFORE = re.compile(r"[a-z0-9]/[\w.-]{1,40}[:@]\Z")
_LONGEST_IMAGE_BEFORE = 43
_PRODUCT_BEFORE = re.compile(r"(?:\A|[\s(;])(?!(?:Server|Client|Host|Peer)/)[A-Z][\w+]{0,30}/\Z")
_VERSION_AFTER = re.compile(
    r"-(?:snapshot|alpha|beta|rc|pre|dev|release|final|ga|alpine|slim|debian|ubuntu|jdk|build)", re.I
)
_PORT_AFTER = re.compile(r":\d{2,5}(?![\w:])")
_PRIVATE = re.compile(r"192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.")  # RFC 1918; versions may begin with 10
_LOGIN = re.compile(r"\b(?:ssh|scp|sftp|rsync|mosh)\b|://")
_LONGEST_LOGIN = 65


def _ipv4(match: Match) -> Span | None:
    """Leave loopback, netmasks, whole networks, and the four-part versions of packages and browsers alone."""
    address, before = match[0].partition("/")[0], match.string[max(0, match.start() - 80) : match.start()]
    if address.startswith(("0.", "127.", "255.")) or address.endswith(".0.0.0"):
        return None
    if _is_network(match[0]) or _is_version(match, address, before):
        return None
    return match.start(), match.start() + len(address)


def _is_network(text: str) -> bool:
    address, _, prefix = text.partition("/")
    return bool(prefix) and int(prefix) <= _SMALLEST_NETWORK and _host_bits(address, int(prefix)) == 0


def _host_bits(address: str, prefix: int) -> int:
    return int(ipaddress.IPv4Address(address)) & (0xFFFFFFFF >> prefix)


def _is_version(match: Match, address: str, before: str) -> bool:
    if _VERSION_AFTER.match(match.string, match.end()):
        return True
    if _PRIVATE.match(address) or _PORT_AFTER.match(match.string, match.end()):
        return False
    if before.endswith("@") and not _LOGIN.search(before[-_LONGEST_LOGIN:-1].rpartition("@")[2].lower()):
        follows_path = match.string[match.end() : match.end() + 2] == ":/"
        is_small = not _THREE_DIGITS.search(address)
        return is_small and not follows_path and not address.startswith("10.")  # of private ones, only these are small
    return _follows_name(before)


def _follows_name(before: str) -> bool:
    """Tell whether a product, a package or the word version stands before; each looks no further than it must."""
    if before.endswith("/") and _PRODUCT_BEFORE.search(before):
        return True
    if "://" in before[-10:]:
        return False
    lower = before.lower()
    if lower.endswith((":", "@")) and _IMAGE_BEFORE.search(lower[-_LONGEST_IMAGE_BEFORE:]):
        return True
    return (
        _is_version_name(lower[-_LONGEST_VERSION_BEFORE:])
        or _SIGN_BEFORE.search(lower[-_LONGEST_SIGN_BEFORE:]) is not None
    )


def _is_version_name(before: str) -> bool:
    name = before.rstrip(_SIGNS)
    return name[len(name.rstrip(ascii_lowercase)) :] in _VERSION_NAMES or name.endswith(_UPGRADES)


def _ipv6(match: Match) -> Span | None:
    """Take addresses of assigned ranges only: `a::b` is a name in some language, as `feed::add`, `fe80::1` an address.

    Whole networks, and groups of machines (multicast), are nobody's.
    """
    text = match[0]
    if text.endswith(":") and not text.endswith("::"):
        text = text[:-1]  # the colon of the sentence
    try:
        address = int.from_bytes(inet_pton(AF_INET6, text.partition("%")[0]))
    except OSError:
        return None
    is_whole = _WHOLE_IPV6.fullmatch(text) is not None
    start = address >> 112
    if _is_ipv6_network(address, match) or (start >= _MULTICAST and not is_whole):
        return None
    span = match.start(), match.start() + len(text)
    if address >> 32 == _MAPPED_IPV4:
        return None if address >> 24 & 0xFF == _LOOPBACK else span
    is_assigned = any(first <= start <= last for first, last in _ASSIGNED_IPV6) or address >> 96 == _TRANSLATED_IPV4
    return span if is_whole or (is_assigned and _DIGIT.search(text)) else None


def _is_ipv6_network(address: int, match: Match) -> bool:
    prefix = _IPV6_PREFIX.match(match.string, match.end())
    return prefix is not None and address & ((1 << 128) - 1 >> min(int(prefix[1]), 128)) == 0 and prefix[1] != "128"


IPV6 = Detector("ip/v6", _IPV6_HINT, _IPV6, _ipv6)
"""Finds what may end in `%12`, the number of a network card, which undoing escapes would take away."""

DETECTORS = (Detector("ip/v4", _IPV4_HINT, _IPV4, _ipv4), IPV6)
