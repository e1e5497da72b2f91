"""What the audit of the dependencies makes of the advisory database's answer."""

import pytest

from tests.audit import answered, installed, judged

FLAW = {"id": "PYSEC-2026-1", "fix_versions": ["2.0"], "aliases": [], "description": "bad"}
SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
SKIPPED = {"name": "orjson", "skip_reason": "not found"}


@pytest.mark.parametrize(
    ("packages", "code", "last"),
    [
        ([SOUND], 0, "1 of 1 packages were audited: 0 vulnerabilities."),
        ([SOUND, SKIPPED], 0, "1 of 2 packages were audited: 0 vulnerabilities."),
        ([SKIPPED], 0, "0 of 1 packages were audited: 0 vulnerabilities."),
        ([{**SOUND, "vulns": [FLAW]}], 1, "1 of 1 packages were audited: 1 vulnerabilities."),
    ],
)
def test_a_known_vulnerability_is_a_failure_and_an_unknown_package_is_none(
    packages: list[dict[str, object]], code: int, last: str
) -> None:
    assert judged({"dependencies": packages})[0] == code
    assert judged({"dependencies": packages})[1][-1] == last


def test_a_vulnerability_is_named_with_what_mends_it() -> None:
    assert judged({"dependencies": [{**SOUND, "vulns": [FLAW]}]})[1][0] == "flask 3.1.3: PYSEC-2026-1, fixed in 2.0"


def test_a_database_that_cannot_be_reached_is_said_and_fails_nothing() -> None:
    code, (line,) = judged(None)
    assert (code, "cannot be reached" in line) == (0, True)


@pytest.mark.parametrize(
    "said",
    [
        "requests.exceptions.ConnectionError: Max retries exceeded",
        "requests.exceptions.ReadTimeout: Read timed out.",
        "ERROR:pip_audit._cli:Could not connect to PyPI's vulnerability feed",
    ],
)
def test_a_database_is_out_of_reach_only_where_the_network_is_the_reason(said: str) -> None:
    assert answered("", said) is None


@pytest.mark.parametrize(
    "said", ["", "error: unrecognized arguments", "No module named pip_audit", "KeyError: 'vulns'"]
)
def test_an_audit_that_does_not_work_is_a_failure(said: str) -> None:
    with pytest.raises(RuntimeError, match=f"pip-audit does not work:\n{said}"):
        answered("", said)


def test_all_that_is_installed_is_asked_for_but_ourselves() -> None:
    pins = dict(pin.split("==") for pin in installed())
    assert {"Flask", "orjson", "requests"} <= pins.keys()
    assert not {"insights-backend", "pip"} & pins.keys()
