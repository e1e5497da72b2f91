"""What the tests of the uploader share."""

from collections.abc import Iterator

import pytest
import responses

from insights_backend.http_client import DirectSession
from tests.unit.uploader.sender import Sender


@pytest.fixture
def collector() -> Iterator[responses.RequestsMock]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        yield mock


@pytest.fixture
def session() -> Iterator[DirectSession]:
    with DirectSession() as session:
        yield session


@pytest.fixture
def sender(session: DirectSession) -> Sender:
    return Sender(session)
