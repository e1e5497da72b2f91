"""What counts as a view of a page."""

from collections.abc import Iterable
from threading import Lock

from insights_backend.model.entity_ref import EntityRef
from insights_backend.model.event import Event, Millis

_REPEAT: Millis = 2000
_SHELL = "app/root"


class Views:
    """Tells views from other events.

    A view is a `navigate` of a user, but not the one by which the new front end's shell (`app/root`) reports a page
    load once more, and not to the subject that the same user navigated to less than two seconds before: a change of
    theme, or of the catalog graph, repeats the navigate of a page that has not changed.

    Args:
        max_users: how many users' last subjects are remembered; the least recently seen are forgotten.
    """

    def __init__(self, max_users: int = 100_000) -> None:
        self._max_users = max_users
        # The hash of a subject, which may be long. Those seen last come last.
        self._last: dict[EntityRef, tuple[int, Millis]] = {}
        self._lock = Lock()

    def is_view(self, event: Event) -> bool:
        """Tell whether an event is a view, and remember where its user is now."""
        content = event.content
        if content.action != "navigate" or event.user is None or content.extension_id == _SHELL:
            return False
        subject = hash(content.subject)
        with self._lock:
            last, time = self._last.pop(event.user, (0, -_REPEAT))
            self._last[event.user] = (subject, event.time)
            if len(self._last) > self._max_users:
                del self._last[next(iter(self._last))]
        # Events of one batch may be out of order, so the later one can come first.
        return subject != last or abs(event.time - time) >= _REPEAT

    def forget(self, users: Iterable[EntityRef]) -> None:
        """Forget where users are: what they did last could not be stored, and will come again."""
        with self._lock:
            for user in users:
                self._last.pop(user, None)
