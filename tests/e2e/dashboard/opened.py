"""What is looked at in the tests of the dashboard."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

from tests.browser import Reader
from tests.process import Process

HOSTILE = "<script>document.title = 'taken'</script>"
TODAY = datetime.now(UTC).date()
LAST_MONTH = f"from={TODAY - timedelta(41)}&to={TODAY - timedelta(14)}"
Open = Callable[..., Reader]


def report(process: Process, name: str, query: str) -> Any:
    answer = requests.get(f"{process.api}/reports/{name}?{query}", timeout=30)
    assert answer.ok, answer.text
    return answer.json()
