"""Labelled samples of the texts of a portal, with personal data and without, made up anew from a seed."""

from collections.abc import Iterator
from random import Random
from typing import NamedTuple

from tests.bench.redaction.values import MAKERS, filled


class Span(NamedTuple):
    """A piece of a text and what it is, such as `email`; positions in code points, the end excluded."""

    label: str
    start: int
    end: int


class Sample(NamedTuple):
    """A text, and all that must not stay of it."""

    text: str
    spans: tuple[Span, ...]


_ANYWHERE = (
    "{}", "see {} there", "({})", '{"v":"{}"}', "kontakt {}, bitte", "連絡先 {} まで", "first line\n{}\nlast", "{}.",
    "<b>{}</b>", "Bitte an {} wenden!", "{};", "note - {}", "\t{}", "[{}]", "Owner is {}: ask first",
    "連絡先は{}です。", "お問い合わせ「{}」", "a,{},b", "value:{}", "'{}'", "`{}`", "**{}**", "| {} |", "x={}, y=1",
    "{}?", "… {} …",
)  # fmt: skip
_QUERIES = ("/search?query={}", "q={}", "https://portal.example.com/search?a=1&query={}&page=2")
_HOMES = (
    "/home/{}/src", "/Users/{}/Library/x", r"C:\Users\{}\repo", "c:/users/{}/x", "/catalog/default/user/{}",
    "user:default/{}",
    "file:///home/{}/a.txt", "~{}/bin", "/catalog/team-x/User/{}?tab=1", "owned by user:acme/{}.",
)  # fmt: skip
_AROUND = {
    "email": (*_ANYWHERE, *_QUERIES, "mailto:{}?subject=x", "Jane <{}>", "git blame {} HEAD"),
    "ip": (*_ANYWHERE, "ssh root@{}", "client {} - GET", "from {} port 51234", "host={}"),
    "ssn": (*_ANYWHERE, "ssn {}", "SSN: {}", "social security number {}"),
    "phone": (*_ANYWHERE, "tel: {}", "call {} now", "Tel. {}"),
    "username": _HOMES,
}  # fmt: skip

_CLEAN = (
    # versions, hashes and ids
    "#.##.#", "v#.#.#-rc.#", "*@#.##.#", "@*/*@^.#.1##", "* #.#.#.#-SNAPSHOT", "Chrome/1##.0.6###.1## Safari/537.36",
    "node >=1^.##.#", "~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~", "~~~~~~~", "~" * 40, "sha256:" + "~" * 64,
    "01H^KQ^B7YN^PX3ZVQ4S^GR^M8",
    # times, dates, numbers of things
    "202#-0^-1#", "202#-0^-1#T1#:2#:3#.###Z", "1#.0^.202#", "0^/1#/202#", "202#年^月1#日", "1#:2#:3#", "17########",
    "17###########",
    "PROJ-####", "INC########", "build #####", "order 4##-#######-####### of *", "ticket ##########",
    "run ##########", "#####-#####",
    "^00-^00-^000", "lines 1##-1##", "978-#-##-######-#", "order 06########", "DE#########", "1##.###.###,##",
    "RFC ####", "ISO ####-1", "$1,2##.##", "€ 1.2##,##", "1#.#####, -^#.#####", "^^.#%", "1## MB of ^## MB",
    "+1## more", "-^#", "#e^#",
    # things of Kubernetes, clouds and hosts
    "*-~~~~~~~~~b-x#?#?", "*-#", "pod/*-*-~~~~~~~~~c-?#?#?", "prod-eu-west-^", "arn:aws:iam::1###########:role/*",
    "i-0~~~~~~~~~~~~~~~~", "*.svc.cluster.local:80^^", "127.0.0.1:70^^", "localhost:3###", "0.0.0.0:80", "::1",
    "10.#.0.0/16",
    "255.255.^^.0", "*/*:1.2^.#", "ghcr.io/acme/*:v#.#.#", "cpu=^##m,memory=^##Mi", "projects/*/locations/europe-west^",
    # references, routes and addresses of pages
    "component:default/*-*", "group:default/team-*", "api:acme/*.v^", "template:default/*-*",
    "/catalog/default/component/*",
    "/catalog?filters[kind]=component&filters[type]=*", "/docs/default/component/*/guide/#*-*",
    "/create/templates/default/*",
    "/create/tasks/~~~~~~~~-~~~~-4~~~-a~~~-~~~~~~~~~~~~", "/api-docs?limit=^#&offset=1##",
    "https://github.com/acme/*/pull/1###",
    "https://github.com/acme/*/blob/main/src/*.ts#L1#-L^#", "git@github.com:acme/*.git",
    "/catalog/:namespace/:kind/:name",
    "/users/:id/tokens", "backstage.io/techdocs-ref", "url:https://example.com/*/tree/main",
    "https://*.example.com:8443/*",
    # words of people, in several languages
    "How to rotate a secret", "Passwort zurücksetzen für den Dienst *", "Größe der Schlüssel und Tokens",
    "認証サービスの使い方",
    "検索 * サービス 一覧", "サービス*のバージョン^.#", "token bucket and rate limits", "Read me at home: the * guide",
    "* & *: what is new in #.#?",
    "Überblick über alle Komponenten", "Documentação do serviço *", "руководство по сервису *", "用户服务 *",
    "the user * page",
    "phone number validation library", "email-template-service", "credit-card-form", "iban validator v^",
    "at home with *", "*: a @*/* plugin",
    "sessionTimeout=^##", "page=1##&pageSize=^#", "key=*-*", "state=open&sort=-created", "rgb(1##, ^#, 1##)",
    "#~~~~~~", "5 @ 1^:30",
    "Chapter #.#.#.# of the handbook", "1 2 3 4 5 6 7 8 9 10 11 12", "0#-0#-0#-0#", "(##) items of ####", "E+1#.######",
)  # fmt: skip


def samples(seed: int, each: int) -> list[Sample]:
    """Make samples: so many of each type, as many with two of any types, and ten times as many that must stay.

    Args:
        seed: the same one makes the same samples.
        each: how many of each type.
    """
    draw = Random(seed)  # noqa: S311 - made-up data
    made = [_sample(draw, label) for label in MAKERS for _ in range(each)]
    made += [_pair(draw) for _ in range(each)]
    return [*made, *_clean(draw, 10 * each)]


def _clean(draw: Random, number: int) -> Iterator[Sample]:
    for index in range(number):
        yield Sample(filled(draw, _CLEAN[index % len(_CLEAN)]), ())


def _sample(draw: Random, label: str) -> Sample:
    value = draw.choice(MAKERS[label])(draw)
    before, after = draw.choice(_AROUND.get(label, _ANYWHERE)).split("{}")
    return Sample(before + value + after, (Span(label, len(before), len(before) + len(value)),))


def _pair(draw: Random) -> Sample:
    """Join two samples; not those of paths, whose end the text after them would move."""
    left, right = (_sample(draw, draw.choice([label for label in MAKERS if label != "username"])) for _ in range(2))
    shift = len(left.text) + len(" and then ")
    moved = (Span(span.label, span.start + shift, span.end + shift) for span in right.spans)
    return Sample(f"{left.text} and then {right.text}", (*left.spans, *moved))
