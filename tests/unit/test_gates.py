"""Of both gates the same is asked: what they let pass holds nothing, and most texts of a portal pass."""

import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.enrichment.detectors import gate, gate_re2
from insights_backend.enrichment.detectors.gate import Gate
from insights_backend.enrichment.reading import read
from insights_backend.enrichment.scanner import Scanner
from tests.bench.redaction.samples import samples

GATES = pytest.mark.parametrize("is_plain", [gate.is_plain, gate_re2.is_plain], ids=["re", "re2"])
PIECES = st.sampled_from([
    "a", "x1", "token", "Token ", "pass", "key", ":", "/", "user", "User/", "home/", "-", "--", "-u ", " dot ", " at ",
    "(at)", "1.2.3.4", "12", "_", "webhook", "eyJ", "glsa_", "sk-", "c:", "users/", " ", "[", ")", "é", "名",
    "abcdefghijkl", '"', '":"', '" : "', "login", "secret_access_key ", "cookie:", "Ab1/",
    "tel", "$", "\u00a0", "\u0661", "\u017f", "\v",
    "ibt_", "1//0", "snyk_uat.", "pscale_tkn_", "CFPAT-", "HRKU-", "a-b_c-d_", "pat", "q~",
    "?", "+", "dot+", "+at+", "[at+]", "-u+a:b", "Bearer+", "c:/documents+and+settings/",
    *(sample.text for sample in samples(seed=11, each=12) if sample.spans),
])  # fmt: skip


@GATES
@given(text=st.lists(PIECES | st.text(max_size=3), max_size=8).map("".join))
def test_nothing_is_ever_found_in_what_a_gate_lets_pass(is_plain: Gate, text: str) -> None:
    assert not (is_plain(text) and any(found for reading in read(text) for found in reading.find()))


@given(st.lists(PIECES, max_size=8).map("".join))
def test_both_gates_let_the_same_pass(text: str) -> None:
    assert gate.is_plain(text) == gate_re2.is_plain(text)


@given(st.lists(PIECES, max_size=8).map("".join))
def test_what_becomes_of_a_text_does_not_depend_on_the_gate(text: str) -> None:
    by_re, by_re2 = (Scanner(None, is_plain) for is_plain in (gate.is_plain, gate_re2.is_plain))
    assert by_re.clean(text) == by_re2.clean(text)


@GATES
def test_a_gate_lets_most_texts_of_a_portal_pass(is_plain: Gate) -> None:
    texts = [
        "/catalog/default/component/petstore", "component:default/petstore", "backstage-plugin-kubernetes-backend",
        "Search",
        "How to rotate a secret?", "https://github.com/acme/petstore", "Größe der Dienste (alle)",
        "認証サービスの使い方", "v1.2.3",
    ]  # fmt: skip
    assert [text for text in texts if not is_plain(text)] == []


@GATES
def test_what_cannot_be_encoded_is_not_plain(is_plain: Gate) -> None:
    assert not is_plain("a long name of a service \ud800")


def test_where_google_re2_is_not_installed_python_tells(monkeypatch: pytest.MonkeyPatch) -> None:
    assert gate.fastest() is not gate.is_plain
    monkeypatch.setitem(sys.modules, "insights_backend.enrichment.detectors.gate_re2", None)
    monkeypatch.delattr("insights_backend.enrichment.detectors.gate_re2")
    assert gate.fastest() is gate.is_plain
