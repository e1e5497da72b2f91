"""On which processors the embedded engine works: on all that the process may use, whoever asks it.

Its threads stay where the thread may run that they are started by, and the one that answers a request may stay on a
single processor.
"""

import os
from collections.abc import Iterator, Set
from contextlib import contextmanager, suppress

_IS_LINUX = hasattr(os, "sched_setaffinity")


def allowed() -> Set[int]:
    """Say on which processors this thread may run; none where the system does not tell."""
    return os.sched_getaffinity(0) if _IS_LINUX else frozenset()


@contextmanager
def running_on(processors: Set[int]) -> Iterator[None]:
    """Let this thread run on some processors inside the `with`, and so what it starts there.

    Source: Linux, sched_setaffinity(2).

    Args:
        processors: which; where it is none, nothing changes.
    """
    before = allowed()
    if not processors or processors == before:
        yield
        return
    _run_on(processors)
    try:
        yield
    finally:
        _run_on(before)


def _run_on(processors: Set[int]) -> None:
    with suppress(OSError):  # all of them have been taken from the process meanwhile
        os.sched_setaffinity(0, processors)
