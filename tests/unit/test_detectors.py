"""What the detectors find, what they leave alone, and that they stay linear."""

import re

import pytest

from insights_backend.enrichment.detectors import DETECTORS
from tests.bench.redaction.growth import UNITS, work
from tests.personal import FOUND, clean

HEX, UPPER, MIXED = "0a1b2c3d4e5f6789" * 4, "A1B2C3D4E5F6G7H8" * 4, "a1B2c3D4e5F6g7H8" * 4

MADE = [
    "ibt_" + "a1B2-c3_D4e" * 3 + "a1B2c3D4e5",
    "abc8Q~" + "a1B2c~3D.4e-5F_6g7" + "a1B2c3D4e5F6g7H8",
    "glwt-" + MIXED[:20],
    f"glpat-{MIXED[:27]}.01.1a2b3c4d5",
    f"glpat-{MIXED[:27]}.1a2b3c4d5",
    f"cs_live_{MIXED[:58]}",
    f"pi_{MIXED[:24]}_secret_{MIXED[:25]}",
    f"ATBB{MIXED[:32]}",
    f"CCIPAT_{MIXED[:22]}_{HEX[:40]}",
    f"CCIPRJ_{MIXED[:22]}_{HEX[:40]}",
    f"gsk_{MIXED[:52]}",
    f"ntn_{'1234567890'}1{MIXED[:35]}",
    f"tskey-auth-{MIXED[:12]}-{MIXED[:32]}",
    f"dckr_oat_{'a1B2_c3-D4' * 3}",
    f"sbp_{HEX[:40]}",
    f"1//0{'a1B2-c3_D4' * 6}",
    f"dt0c01.{UPPER[:24]}.{UPPER}",
    f"xkeysib-{HEX}-{MIXED[:16]}",
    f"snyk_uat.{HEX[:8]}.{'a1B2-c3_D4' * 4}",
    f"bkua_{HEX[:40]}",
    f"nfp_{MIXED[:36]}",
    f"pscale_tkn_{'a1B2-c3_D4' * 4}",
    f"CFPAT-{'a1B2-c3_D4' * 4}xyz",
    f"HRKU-AA{'a1B2-c3_D4' * 5}abcdefgh",
    "HRKU-3f2504e0-4f89-41d3-9a0c-0305e82c3301",
    f"xai-{MIXED}{MIXED[:16]}",
    f"pplx-{MIXED[:48]}",
    f"pat{MIXED[:14]}.{HEX}",
    f"pat.{'a1B2_c3-D4e' * 2}.{HEX[:24]}.{MIXED[:20]}",
    f"API-{UPPER[:26]}",
    f"ops_eyJ{MIXED}{MIXED}",
    f"ABSK{MIXED}{MIXED}",
    f"LTAI5t{MIXED[:18]}",
    f"cmVmdGtu{MIXED[:56]}",
    f"{MIXED[:52]}JQQJ99{MIXED[:18]}AZDO{MIXED[:4]}",
    f"v1.0-{HEX[:24]}-{HEX}{HEX}{HEX[:18]}",
    f"fo1_{'a1B2-c3_D4' * 4}xyz",
    f"api_org_{MIXED[:34]}",
    f"r8_{MIXED[:37]}",
    f"pnu_{MIXED[:36]}",
    f"rdme_{HEX}{HEX[:6]}",
    f"CLOJARS_{HEX[:60]}",
    f"cio{MIXED[:32]}",
    f"EZAK{MIXED[:54]}",
    f"sha256~{'a1B2-c3_D4' * 4}xyz",
]


@pytest.mark.parametrize("token", MADE)
def test_a_token_of_a_known_maker_is_found_whole_wherever_it_stands(token: str) -> None:
    assert clean(token) == "[credential]"
    assert clean(f"a {token}, b") == "a [credential], b"
    assert clean(f"/x/{token}/y") == "/x/[credential]/y"


NOT_PERSONAL = [
    # addresses that are nobody's
    "127.0.0.1:7007", "::1", "0.0.0.0:80", "255.255.255.0", "10.0.0.0/8", "localhost:3000",
    # versions, in packages, images, products and ranges
    "lib@1.2.3.4", "v10.0.1.2", "10.0.1.2-SNAPSHOT", "Firefox/115.0.2.1", "PostgreSQL 15.3.0.1",
    "1.2.3.4.5", "chapter 1.2.3.4", "v 1.2.3.4",
    "nginx 1.25.3.1: timeout", "build 10.0.0.17", "chrome 120.0.99.109", "tomcat 10.1.2.3:", "192.168.1.5-SNAPSHOT",
    "acme/web:1.2.3.4", "version=1.2.3.4", ">=1.2.3.4",
    # ids, hashes, dates and times
    "3f2504e0-4f89-41d3-9a0c-0305e82c3301", "da39a3ee5e6b4b0d3255bfef95601890afd80709",
    "2024-01-15T10:20:30+01:00",
    "1705312830123", "20240115102030", "15.01.2024", "10:20:30", "ticket 2125550142",
    "TICKET-555-0142", "ORD-457-55-5462",
    # names of things, in Kubernetes, in Backstage, in code
    "web-7d4b9c6f8d-x2x7k", "app.kubernetes.io/name=web", "component:default/web",
    "/catalog/default/component/web",
    "aws::ec2::instance", "a::b", "dead::beef", "feed::add",
    "ip:2001:db8::/32", "roadiehq:utils:user:list", "user:email",
    "user-service", "/users/1234",
    "@backstage/core", "git@github.com:acme/web.git", "git+ssh://git@github.com/acme/web",
    "icon@2x.png", "x@y",
    "/docs/home/intro", "/home/runner/work", "~1.2.3",
    # images, versions, what happens to users and which are meant
    "acme/user:1.4.2", "ghcr.io/acme/user:1.4.2", "acme/user:jammy@sha256:0a", "user:v2", "user:created",
    "user:profile", "user:latest", "user:events", "user:me",
    # the words, not the things
    "password: required for all of you", "superuser:admin/console", "secret: my-app-2/Tls",
    "password policy", "secret-manager", "auth tokens and secret rotation", "token: the token to use",
    "secret:my-secret",
    "Authorization: Bearer ${TOKEN}", "Authorization: Bearer <token>",
    "authorization: bearer token", "Authorization: Basic auth", "token: oauth2", "secret: k8s", "api key: v2",
    "signature: RS256", "cookie: 3rd party", "credentials: s3", "token: 15m", "app/token:v2", "max_token=4096",
    "token=4096", "/x?page_token=2", "pwd: /app", "PWD=/workspace/web", "docker run -u 1000:1000 img",
    "docker run --user www-data:www-data img", "basic kubernetes101", "curl -u admin:$PASSWORD x",
    "cookie: see a=b", "set secret_access_key configuration/of-the-cluster", "postgres://host:5432/db",
    "jdbc:oracle:thin:@host:1521/db",
    "password=${DB_PASSWORD}", "token: ${{ secrets.X }}", "API_KEY=your-api-key-here",
    "Bearer ${TOKEN}", "basic authentication",
    "?sort=name&state=open&code=200", "tokenType=bearer", "phone verification api", "+48.8566140",
    "https://${TOKEN}@github.com/x",
    # text with such accents and signs, and what begins with dots
    "cafe\u0301 et the\u0301", "सेवा का दस्तावेज़", "ดูที่ผู้ใช้", "../lib@1.2.3", "git diff ...@origin/main", "./icon@2x.png",
    # words in a query, and a plus that is none
    "/search?query=how+to+deploy+a+service", "/search?query=token+bucket+and+c%2B%2B", "Why? 1+1 is 2", "C++: why?",
    # almost: a wrong check digit, a wrong length, an area that is never given out
    "4111 1111 1111 1112", "4111.1111.1111.1112", "web-4111111111111111", "0.4111.1111.1111.1111",
    "DE89370400440532013001", "DE893704004405320130", "000-12-3456",
    "DE89.3704.0044.0532.0130.01", "de01.prod.eu-west-1.example.com", "gb01.worker.node.pool.7.example.com",
    # accounts of AWS and articles, of which one in ten has the check digit of a card
    "arn:aws:iam::574585216546:role/web", "?role=arn%3Aaws%3Aiam%3A%3A574585216546%3Arole%2Fweb",
    "574585216546.dkr.ecr.eu-west-1.amazonaws.com/web:1.2.3", "https://574585216546.signin.aws.amazon.com/console",
    "https://sqs.eu-west-1.amazonaws.com/574585216546/jobs", "EAN 4877667679937", '{"gtin": "5711205102988"}',
    "9007199254740991",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_personal_data_is_replaced_by_its_type(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_a_cleaned_text_is_clean(text: str, expected: str) -> None:
    assert clean(expected) == expected


@pytest.mark.parametrize("unit", UNITS)
def test_work_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    for detector in DETECTORS:
        assert work(detector, unit * 1024) <= 2 * work(detector, unit * 512) + 256


def test_no_pattern_repeats_a_repeat() -> None:
    """An unbounded repeat that can give back, around another one, is how backtracking becomes exponential."""
    nested = re.compile(r"\((?:\?:)?[^()]*[\w\])][*+]\)[*+](?!\+)")
    assert nested.search(r"(?:[\w-]+)*")
    assert [d.pattern.pattern for d in DETECTORS if nested.search(d.pattern.pattern)] == []
