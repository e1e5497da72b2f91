"""What counts as a view of a page."""

import tracemalloc

from insights_backend.enrichment.views import Views
from tests.fakes import event, user

# Each line: who, where, when (ms), by which extension, and whether it is a view.
VIEWS = [
    ("jane", "/", 0, "app/root", False),  # the shell, once more for each page load
    ("jane", "/", 100, "page:catalog", True),
    ("jane", "/", 1500, "page:catalog", False),  # a change of theme
    ("jane", "/", 3400, "page:catalog", False),  # less than two seconds after the one before
    ("jane", "/", 5400, "page:catalog", True),
    ("john", "/", 5401, "page:catalog", True),  # somebody else
    ("jane", "/docs", 5500, "page:docs", True),
    ("jane", "/", 5600, "page:catalog", True),  # back again is a view
    ("jane", "/", 5000, "page:catalog", False),  # sent out of order
    (None, "/", 9000, "page:catalog", False),  # nobody's
]


def test_views_are_navigates_of_users_that_change_the_page() -> None:
    views = Views()
    for name, subject, millis, extension, expected in VIEWS:
        navigate = event(
            user=user(name) if name else None,
            subject=subject,
            time=millis,
            context={"pluginId": "catalog", "extensionId": extension},
        )
        assert views.is_view(navigate) is expected, (name, subject, millis)


def test_only_a_navigate_is_a_view() -> None:
    assert not Views().is_view(event(user=user(), action="click"))


def test_the_memory_of_last_subjects_is_bounded() -> None:
    views = Views(max_users=1)
    assert views.is_view(event(user=user("a")))
    assert views.is_view(event(user=user("b")))
    assert views.is_view(event(user=user("a")))  # forgotten in between


def test_where_users_are_takes_no_more_memory_however_long_it_is() -> None:
    views = Views()
    tracemalloc.start()
    for number in range(100):
        assert views.is_view(event(user=user(str(number)), subject=f"/{number}?{'x' * 10_000}"))
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100_000
