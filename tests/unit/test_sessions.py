from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from insights_backend.access import Scope, TokenStore
from insights_backend.errors import ForbiddenError, UnauthenticatedError
from insights_backend.web.sessions import SECONDS, Sessions
from tests.fakes import Clock

COUNTED = iter(range(1, 1000))


def randomness(length: int) -> bytes:
    return next(COUNTED).to_bytes(length)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(tmp_path: Path, clock: Clock) -> TokenStore:
    return TokenStore(tmp_path / "tokens.sqlite3", clock, randomness)


@pytest.fixture
def sessions(tokens: TokenStore, clock: Clock) -> Sessions:
    return Sessions(tokens, clock)


@pytest.mark.parametrize("scope", ["view", "admin"])
def test_a_token_that_may_read_begins_a_session_that_does_not_hold_it(
    sessions: Sessions, tokens: TokenStore, scope: Scope
) -> None:
    token = tokens.create("monday.v-1", scope)
    session = sessions.begin(token)
    assert sessions.is_live(session)
    assert token not in session
    assert token.removeprefix("ibt_") not in session


def test_other_tokens_begin_none(sessions: Sessions, tokens: TokenStore) -> None:
    with pytest.raises(ForbiddenError):
        sessions.begin(tokens.create("portal-a", "upload"))
    with pytest.raises(UnauthenticatedError):
        sessions.begin("ibt_" + "x" * 43)
    with pytest.raises(UnauthenticatedError):
        sessions.begin("")


def test_a_session_ends_by_itself(sessions: Sessions, tokens: TokenStore, clock: Clock) -> None:
    session = sessions.begin(tokens.create("monday", "view"))
    clock.now += SECONDS - 1
    assert sessions.is_live(session)
    clock.now += 1
    assert not sessions.is_live(session)


def test_a_session_ends_with_its_token_even_if_the_name_is_given_again(sessions: Sessions, tokens: TokenStore) -> None:
    session = sessions.begin(tokens.create("monday", "view"))
    tokens.revoke("monday")
    assert not sessions.is_live(session)
    again = sessions.begin(tokens.create("monday", "view"))
    assert not sessions.is_live(session)
    assert sessions.is_live(again)


def test_a_session_cannot_be_made_longer_nor_another_tokens(
    sessions: Sessions, tokens: TokenStore, clock: Clock
) -> None:
    name, end, signature = sessions.begin(tokens.create("monday", "view")).split(".")
    tokens.create("friday", "view")
    assert not sessions.is_live(f"{name}.{int(end) + 1}.{signature}")
    assert not sessions.is_live(f"friday.{end}.{signature}")
    assert not sessions.is_live(f"{name}.{end}.{signature[:-1]}")
    assert not sessions.is_live(f"{name}.{end}")


@pytest.fixture(scope="module")
def some_sessions(tmp_path_factory: pytest.TempPathFactory) -> Sessions:
    tokens = TokenStore(tmp_path_factory.mktemp("tokens") / "tokens.sqlite3", Clock(), randomness)
    tokens.create("monday", "view")
    return Sessions(tokens, Clock())


@given(st.text() | st.builds("monday.{}.{}".format, st.text(max_size=12), st.text(max_size=50)))
def test_what_is_no_session_of_ours_is_refused(some_sessions: Sessions, text: str) -> None:
    assert not some_sessions.is_live(text)
