"""What the detectors find, what they leave alone, and that they stay linear."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.enrichment.detectors import DETECTORS
from insights_backend.enrichment.names import PERSONAL_NAMES
from insights_backend.enrichment.scanner import Scanner
from tests.bench.redaction.growth import UNITS, work
from tests.bench.redaction.samples import samples

GITHUB_TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJqYW5lIn0.c2lnbmF0dXJlLW9mLWl0"
PEM = "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\n-----END RSA PRIVATE KEY-----"


PERSON = "u_abcd_" + "a" * 32


def clean(text: str) -> str:
    return Scanner(lambda _: PERSON).clean(text)


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
]


@pytest.mark.parametrize("token", MADE)
def test_a_token_of_a_known_maker_is_found_whole_wherever_it_stands(token: str) -> None:
    assert clean(token) == "[credential]"
    assert clean(f"a {token}, b") == "a [credential], b"
    assert clean(f"/x/{token}/y") == "/x/[credential]/y"


FOUND = [
    # e-mail: plain, plus forms, international, in sentences and lists, obfuscated
    ("jane.doe+news@example.com", "[email]"),
    ("(o'neil@mail.example.ie).", "([email])."),
    ("иван@пример.рф", "[email]"),
    ("a@example.com;b@example.org", "[email];[email]"),
    ("jane\uff20example.com", "[email]"),
    ("jane [at] example [dot] com", "[email]"),
    ("ask jane dot doe at example dot com", "ask [email]"),
    ("ja\u200bne@exam\u200bple.com", "[email]"),
    ('"jane doe"@example.com', "[email]"),
    ("...jane@example.com", "[email]"),
    ("see ./.jane@example.com", "see ./[email]"),
    # accents and vowel signs that are characters of their own, and marks that nobody sees
    ("jose\u0301@example.com", "[email]"),
    ("jane@bu\u0308cher.example", "[email]"),
    ("ask rene\u0301.mu\u0308ller@example.com now", "ask [email] now"),
    ("संपर्क@डाटामेल.भारत", "[email]"),
    ("ผู้ใช้@ตัวอย่าง.ไทย", "[email]"),
    ("jane@উদাহরণ.বাংলা", "[email]"),
    ("संपर्क राम@example.com से", "संपर्क [email] से"),
    ("jane%CC%81@example.com", "[email]"),
    ("ja\u200ene@exam\u2066ple\u180e.com", "[email]"),
    ("jane\ufe0f@exam\u2063ple.com", "[email]"),
    ("+49\u200f151\u202a24680135", "[phone]"),
    ("+49\u2003151\u200a24680135", "[phone]"),
    ("020\u20027946\u20020123", "[phone]"),
    ("/x?q=ask+jose%CC%81@example.com+now", "/x?q=[email]+now"),
    # beside letters of scripts that put no spaces, and in their digits
    ("メールはjane@example.comです。", "[email]です。"),
    ("カードは4111 1111 1111 1111です。", "カードは[card]です。"),
    ("電話は+81 90-1234-5678まで", "電話は[phone]まで"),
    ("口座NL91ABNA0417164300です", "口座[iban]です"),
    ("هاتف ٠٢٠ ٧٩٤٦ ٠١٢٣", "هاتف [phone]"),
    # telephone numbers have tests of their own
    ("call +49 (0)89 1234 5678 now", "call [phone] now"),
    ("020 7946 0123", "[phone]"),
    ("phone=491511234567&x=1", "phone=[phone]&x=1"),
    # IP addresses
    ("from 203.0.113.5.", "from [ip]."),
    ("http://192.168.7.20:8080/x", "http://[ip]:8080/x"),
    ("root@203.0.113.5", "root@[ip]"),
    ('{"v":"203.0.113.5"}', '{"v":"[ip]"}'),
    ("ssh root@9.8.7.6", "ssh root@[ip]"),
    ("root@10.0.0.5", "root@[ip]"),
    ("10.1.2.3/32", "[ip]/32"),
    ("[2001:db8::7]:443", "[[ip]]:443"),
    ("fe80::1%eth0", "[ip]"),
    ("fe80::1%12 is up", "[ip] is up"),
    ("peer:2001:db8::7: timeout", "peer:[ip]: timeout"),
    # after the name of a product, if a port follows or no version is like it
    ("postgres=203.0.113.5:5432", "postgres=[ip]:5432"),
    ("nginx 192.168.1.5 timeout", "nginx [ip] timeout"),
    ("nginx 172.20.1.5 timeout", "nginx [ip] timeout"),
    ("tomcat 10.1.2.3:8080 timeout", "tomcat [ip]:8080 timeout"),
    ("Server/10.1.2.3", "Server/[ip]"),
    ("acme/web:192.168.1.5", "acme/web:[ip]"),
    ("ip:2001:db8::7", "ip:[ip]"),
    ("IPv6:2001:db8::7", "IPv6:[ip]"),
    ("ip6:2001:db8::7/64", "ip6:[ip]/64"),
    ("fd12:3456::a", "[ip]"),
    ("<b>203.0.113.5</b>", "<b>[ip]</b>"),
    ("::ffff:10.1.2.3", "[ip]"),
    # cards and accounts: check digit, brand, length
    ("4111-1111-1111-1111", "[card]"),
    ("pay 378282246310005 now", "pay [card] now"),
    ("4111.1111.1111.1111", "[card]"),
    ("Card-4111111111111111", "Card-[card]"),
    ("gb82 west 1234 5698 7654 32 today", "[iban] today"),
    ("NL91ABNA0417164300,", "[iban],"),
    ("457-55-5462", "[ssn]"),
    ("ssn: 457555462", "ssn: [ssn]"),
    # credentials: only the secret part
    (f"token {GITHUB_TOKEN}", "token [credential]"),
    (JWT, "[credential]"),
    (f"key {PEM} end", "key [credential] end"),
    ("-----BEGIN PRIVATE KEY-----\nMIIE cut off", "[credential]"),
    ("AKIAIOSFODNN7EXAMPLE", "[credential]"),
    ("https://jane@git.example.com/x", "https://[credential]@git.example.com/x"),
    ("https://jane:p@ss@git.example.com/x", "https://[credential]@git.example.com/x"),
    ("https://${A}jane@b.co", "https://[credential]@b.co"),
    ("Authorization: Bearer abc.def", "Authorization: Bearer [credential]"),
    ("postgres://app:pa@ss@db/x", "postgres://[credential]@db/x"),
    ("curl -u admin:hunter2 x", "curl -u [credential] x"),
    ("Authorization: Bearer abcDEF123456789xyz", "Authorization: Bearer [credential]"),
    ("DB_PASSWORD=p@ssw0rd!", "DB_PASSWORD=[credential]"),
    ("password: hunter2", "password: [credential]"),
    ('{"client_secret": "a b c1"}', '{"client_secret": "[credential]"}'),
    ("/cb?code=4fAbc9Zx81kdPq02&state=list", "/cb?code=[credential]&state=list"),
    ("deploy --token abc123", "deploy --token [credential]"),
    ("https://hooks.slack.com/services/T0/B0/xyz", "[credential]"),
    # user names inside paths
    ("/home/jane/src", "/home/[username]/src"),
    (r"\\server\Users\jane", r"\\server\Users\[username]"),
    (r"C:\Users\Jane Doe\x", r"C:\Users\[username]\x"),
    ("file:///Users/jane/x", "file:///Users/[username]/x"),
    ("cd ~jane/x", "cd ~[username]/x"),
    # users, by reference and by the path of their page
    ("owned by User:default/Jane.", f"owned by {PERSON}."),
    ("user:jane", PERSON),
    ("/catalog/default/user/jane/x?y", f"/catalog/default/user/{PERSON}/x?y"),
    ("/docs/acme/User/jane", f"/docs/acme/User/{PERSON}"),
    ("/entities/by-name/user/default/jane", f"/entities/by-name/user/default/{PERSON}"),
    # what is never hashed, where a user could stand
    ("user:4111111111111111", "[card]"),
    ("user:default/457-55-5462 left", "[ssn] left"),
    (f"user:{GITHUB_TOKEN}", "[credential]"),
    ("/catalog/default/user/4111111111111111", "/catalog/default/user/[card]"),
    ("/catalog/default/user/4111%201111%201111%201111", "/catalog/default/user/[card]"),
    ("git clone user:hunter2pw@localhost/web", "git clone [credential]@localhost/web"),
    ("user:S3cretPw1@db:5432/x", "[credential]@db:5432/x"),
    ("user:p@ss@db", "[credential]@db"),
    # homes in links to an editor
    ("vscode://file/home/jane/x.ts", "vscode://file/home/[username]/x.ts"),
    ("windsurf://file/home/jane/x", "windsurf://file/home/[username]/x"),
    ("vscodium://file/home/jane/x", "vscodium://file/home/[username]/x"),
    ("zed://file/home/jane/x", "zed://file/home/[username]/x"),
    ("/c/Users/jane/src", "/c/Users/[username]/src"),
    (r"\\wsl$\Ubuntu\home\jane\x", r"\\wsl$\Ubuntu\home\[username]\x"),
    ("cursor://file/Users/jane/x", "cursor://file/Users/[username]/x"),
    ("vscode://vscode-remote/ssh-remote+h/home/jane/x", "vscode://vscode-remote/ssh-remote+h/home/[username]/x"),
    # users, in a search for what is theirs
    ("owner:user:default/jane", f"owner:{PERSON}"),
    ("relations.ownedBy:user:default/jane", f"relations.ownedBy:{PERSON}"),
    ("a_user:default/jane", f"a_{PERSON}"),
    # secrets in JSON and YAML
    ('{"password":"correcthorse"}', '{"password":"[credential]"}'),
    ("aws_secret_access_key: wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "aws_secret_access_key: [credential]"),
    ('{"SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}', '{"SecretAccessKey":"[credential]"}'),
    (r"{\"password\":\"hunter2x\",\"a\":1}", r"{\"password\":\"[credential]\",\"a\":1}"),
    # headers, commands, addresses of databases
    ("Authorization: ApiKey a1B2c3d4E5F6", "Authorization: ApiKey [credential]"),
    ("authorization: GenieKey 1a2b-3c4d", "authorization: GenieKey [credential]"),
    ("Authorization: SSWS 00QCjAl4MlV-WPXM", "Authorization: SSWS [credential]"),
    ("Cookie: theme=dark; _oauth2_proxy=a1B2; user=jane", "Cookie: [credential]"),
    ("curl -H 'Cookie: a=b; c=d' x", "curl -H 'Cookie: [credential]' x"),
    (
        "aws configure set aws_secret_access_key wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
        "aws configure set aws_secret_access_key [credential]",
    ),
    ("postgres://user:p/w@host/db", "postgres://[credential]@host/db"),
    ("mongodb+srv://app:p@/w@host/db", "mongodb+srv://[credential]@host/db"),
    ("jdbc:oracle:thin:scott/tiger@host", "jdbc:oracle:thin:[credential]@host"),
    ("https://x-access-token:abc@github.com/x", "https://[credential]@github.com/x"),
    ("curl --user jane:jane2 x", "curl --user [credential] x"),
    ("token: hunter2x", "token: [credential]"),
    ("secret: abc123", "secret: [credential]"),
    ("secret=1234", "secret=[credential]"),
    ("DB_PWD=/x1y2", "DB_PWD=[credential]"),
    ("cookie=a=b; user=jane", "cookie=[credential]"),
    # percent-encoded, as addresses hold it; twice, too
    ("/p?token=secret&email=a%40b.co#frag", "/p?token=[credential]&email=[email]#frag"),
    ("?owner=user%3Adefault%2Fjane&x=1", f"?owner={PERSON}&x=1"),
    ("?q=a%2540b.co", "?q=[email]"),
    ("?q=%2B49%2089%2012345678", "?q=[phone]"),
    ("?token=a%26b&x=1", "?token=[credential]&x=1"),
    ("/x?access_token=abc#top", "/x?access_token=[credential]#top"),
    # in a query a plus is a blank, or itself
    ("/search?query=%2B49+151+24680135", "/search?query=[phone]"),
    ("/search?query=%2B1+%28415%29+555-0173", "/search?query=[phone]"),
    ("/search?query=call+4155550173&page=2", "/search?query=call+[phone]&page=2"),
    ("/search?query=203.0.113.5+timeout", "/search?query=[ip]+timeout"),
    ("/search?query=457+55+5462", "/search?query=[ssn]"),
    ("/search?query=Bearer+a1B2c3D4e5F6g7H8i9J0k1L2m3N4", "/search?query=Bearer+[credential]"),
    ("/search?query=-----BEGIN+RSA+PRIVATE+KEY-----%0AMIIEow", "/search?query=[credential]"),
    ("/search?query=curl+-u+admin:hunter2", "/search?query=curl+-u+[credential]"),
    ("/search?query=curl+-u+admin%3Ahunter2", "/search?query=curl+-u+[credential]"),
    ("/search?query=jane+dot+doe+at+example+dot+com", "/search?query=[email]"),
    ("/search?query=ask+jane+%5Bat%5D+example.com", "/search?query=ask+[email]"),
    ("/search?query=ask+jane%2Btag@example.com+or+me", "/search?query=[email]+or+me"),
    ("/search?query=jane+tag@example.com", "/search?query=[email]"),
    ("/search?query=a@example.com+b@example.com", "/search?query=[email]+[email]"),
]

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
    "9007199254740991",
]  # fmt: skip


PERSONAL_IN_QUERY = [
    ("/nope/xyz?token=secret&email=a%40b.c#h", "/nope/xyz?token=[credential]&email=[email]#h"),
    # any of the names, compared without case, `-` and `_`, with any value
    ("?userName=jane", "?userName=[username]"),
    ("/x?a=1&USER_ID=4711&b=2", "/x?a=1&USER_ID=[username]&b=2"),
    ("/x?user-id=4711", "/x?user-id=[username]"),
    ("/x?E-Mail=none", "/x?E-Mail=[email]"),
    ("/x?login=true", "/x?login=[username]"),
    ("/x?login_hint=jane.doe", "/x?login_hint=[username]"),
    ("/x?jwt=abc&b=2", "/x?jwt=[credential]&b=2"),
    ("/x#displayName=Jane+Doe", "/x#displayName=[username]"),
    ("/x?displayName=Jane%20Doe&b=2", "/x?displayName=[username]&b=2"),
    ("/x?lastName=O'Brien,Jane", "/x?lastName=[username]"),
    ("see <a href='/x?a=1&amp;login=jane'>", "see <a href='/x?a=1&amp;login=[username]>"),
    # an escaped query, names included; a replaced value ends where its own query says
    ("/x?%6Cogin=jane", "/x?%6Cogin=[username]"),
    ("/x?next=%2Fy%3Flogin%3Djane%26b%3D2", "/x?next=%2Fy%3Flogin%3D[username]%26b%3D2"),
    ("/x?login=a%26b&c=1", "/x?login=[username]&c=1"),
    # what tells more than its name keeps its type
    ("/x?userId=user%3Adefault%2Fjane", f"/x?userId={PERSON}"),
    ("/x?login=jane@example.com", "/x?login=[email]"),
    ("/x?phone=%2B49%2089%2012345678", "/x?phone=[phone]"),
]

NOT_PERSONAL_IN_QUERY = [
    # nothing to hide, or hidden already
    "/x?email=", "/x?email=&b=2", "/x?email=[email]&b=2", "/x?login=[username]", f"/x?login={PERSON}&b=2",
    # Backstage's own filters
    "/catalog?filters[user]=all", "/catalog?filters%5Bkind%5D=component&filters%5Buser%5D=owned", "/x?user=all",
    # another name, or no query
    "/x?filters[email]=on", "/x?emailVerified=true", "/x?loginPage=2", "/x?spec.login=2", "/x?b=login", "login=once",
]  # fmt: skip


PERSONAL_IN_JSON = [
    ('{"userName": "Jane Doe", "fullName":"Jane"}', '{"userName": "[username]", "fullName":"[username]"}'),
    ('{"contactEmail" : "jane", "n": "x"}', '{"contactEmail" : "[email]", "n": "x"}'),
    (r'{"nickname": "Jane \"JD\" Doe"}', '{"nickname": "[username]"}'),
    (r'{\"login\":\"jane\",\"n\":\"x\"}', r'{\"login\":\"[username]\",\"n\":\"x\"}'),
    # as the scaffolder puts the form into the address
    ("/create/templates/default/new?formData=%7B%22userName%22%3A%22Jane%20Doe%22%2C%22email%22%3A%22jane%22%7D",
     "/create/templates/default/new?formData=%7B%22userName%22%3A%22[username]%22%2C%22email%22%3A%22[email]%22%7D"),
    ("?formData=%7B%22userName%22%3A+%22Jane+Doe%22%7D", "?formData=%7B%22userName%22%3A+%22[username]%22%7D"),
]  # fmt: skip

NOT_PERSONAL_IN_JSON = [
    '{"name": "web", "owner": "team-a"}', '{"login": ""}', '{"login": "[username]"}', '{"email":"[email]"}',
    '{"login": {"n": "x"}}', f'{{"login": "{PERSON}"}}', 'the "login": see below',
    "?formData=%7B%22name%22%3A%22web%22%7D",
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), PERSONAL_IN_JSON, ids=[text for text, _ in PERSONAL_IN_JSON])
def test_in_json_a_personal_name_hides_its_value_whatever_it_is(text: str, expected: str) -> None:
    assert clean(text) == expected
    assert clean(expected) == expected


@pytest.mark.parametrize("text", NOT_PERSONAL_IN_JSON)
def test_in_json_no_other_name_hides_anything(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(("text", "expected"), PERSONAL_IN_QUERY, ids=[text for text, _ in PERSONAL_IN_QUERY])
def test_in_a_query_a_personal_name_hides_its_value_whatever_it_is(text: str, expected: str) -> None:
    assert clean(text) == expected
    assert clean(expected) == expected


@pytest.mark.parametrize("text", NOT_PERSONAL_IN_QUERY)
def test_in_a_query_no_other_name_hides_anything(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize("name", sorted(PERSONAL_NAMES))
def test_every_name_that_is_never_kept_counts_in_a_query(name: str) -> None:
    label = "[email]" if "mail" in name else "[username]"
    assert clean(f"/x?{name}=jane&b=2") == f"/x?{name}={label}&b=2"


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_personal_data_is_replaced_by_its_type(text: str, expected: str) -> None:
    assert clean(text) == expected


@pytest.mark.parametrize("text", NOT_PERSONAL)
def test_what_only_looks_like_it_stays(text: str) -> None:
    assert clean(text) == text


@pytest.mark.parametrize(("text", "expected"), FOUND, ids=[text for text, _ in FOUND])
def test_a_cleaned_text_is_clean(text: str, expected: str) -> None:
    assert clean(expected) == expected


LONG = "How to deploy, and whom to ask when it fails: see the docs. " * 20
SAMPLES = st.sampled_from([text for text, _ in FOUND])


@given(SAMPLES, SAMPLES, st.sampled_from(" &/,%\n"), st.sampled_from(["", LONG]))
def test_cleaning_twice_is_cleaning_once(left: str, right: str, seam: str, before: str) -> None:
    once = clean(before + left + seam + right)
    assert clean(once) == once


@given(st.integers(0, 2**32), st.integers(0, 2**32))
def test_of_what_was_planted_nothing_is_left_wherever_it_stands(which: int, where: int) -> None:
    sample = PLANTED[which % len(PLANTED)]
    at = where % (len(AROUND) + 1)
    cleaned = clean(f"{AROUND[:at]} {sample.text} {AROUND[at:]}")
    assert not [span for span in sample.spans if sample.text[span.start : span.end] in cleaned]
    assert clean(cleaned) == cleaned


PLANTED = [sample for sample in samples(seed=7, each=40) if sample.spans]
AROUND = "the docs of petstore (see /docs) 名前 & others: [x]"


def test_a_text_full_of_personal_data_is_replaced_as_a_whole() -> None:
    assert clean("a@example.com " * 100) == "[redacted]"


def test_of_a_page_with_a_form_full_of_it_the_page_stays() -> None:
    form = "".join(f"&contact{n}=jane{n}@example.com" for n in range(40))
    assert clean(f"/create/templates/default/create-go?a=b{form}") == "/create/templates/default/create-go?[redacted]"
    assert clean(f"/home/jane/x?a=b{form}") == "/home/[username]/x?[redacted]"
    assert clean(f"/x/{'long/' * 100}?a=b{form}") == "[redacted]"


@given(SAMPLES, st.sampled_from(["/", " ", "=", ""]))
def test_of_what_stands_before_such_a_form_nothing_is_left_either(text: str, seam: str) -> None:
    page, _, _ = f"/x{seam}{text}?".partition("?")
    once = clean(f"/x{seam}{text}?" + "a@example.com " * 40)
    assert once.partition("?")[0] in {clean(page), "[redacted]"}
    assert "a@example.com" not in once
    assert clean(once) == once


def test_of_a_long_text_by_people_only_what_must_not_stay_is_replaced() -> None:
    text = "{}Mail {}, call {}, or open https://example.com/x?a=1&b=2. Set api_key={} and see node {}."
    personal = text.format(LONG, "jane@example.com", "020 7946 0123", "a1B2c3D4e5F6", "10.1.2.3")
    assert clean(personal) == text.format(LONG, "[email]", "[phone]", "[credential]", "[ip]")


def test_of_a_query_of_many_words_only_what_must_not_stay_is_replaced() -> None:
    query = "/search?query=" + "how+to+deploy+" * 60 + "ask:{}+or+%28{}%29&page=2"
    personal = query.format("+jane%40example.com", "%2B49+151+24680135")
    assert clean(personal) == query.format("[email]", "[phone]")
    assert clean(query.format("me", "you")) == query.format("me", "you")


def test_a_long_text_with_the_signs_of_nearly_everything_is_replaced_as_a_whole() -> None:
    assert clean(LONG + "".join(UNITS)) == "[redacted]"


@pytest.mark.parametrize("unit", UNITS)
def test_work_grows_with_the_text_and_not_with_its_square(unit: str) -> None:
    for detector in DETECTORS:
        assert work(detector, unit * 1024) <= 2 * work(detector, unit * 512) + 256


def test_no_pattern_repeats_a_repeat() -> None:
    """An unbounded repeat that can give back, around another one, is how backtracking becomes exponential."""
    nested = re.compile(r"\((?:\?:)?[^()]*[\w\])][*+]\)[*+](?!\+)")
    assert nested.search(r"(?:[\w-]+)*")
    assert [d.pattern.pattern for d in DETECTORS if nested.search(d.pattern.pattern)] == []


def test_a_user_is_named_with_all_accents_and_signs() -> None:
    names = {"user:default/राम": PERSON}
    assert Scanner(names.__getitem__).clean("/catalog/default/user/राम?q=@") == f"/catalog/default/user/{PERSON}?q=@"
