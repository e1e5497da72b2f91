"""Asking the warehouse several questions at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from typing import TypeVar

Found = TypeVar("Found")


def at_once(*questions: Callable[[], Found]) -> list[Found]:
    """Ask at the same time what does not need one another's answer, and return the answers in that order.

    One question has stretches in which it uses a single processor, and a server is not waited for several times. Each
    knows the request that it is asked for, and its log lines name it.
    """
    with ThreadPoolExecutor(len(questions)) as pool:
        # A copy for each, since a context can be in one thread at a time only.
        return [asked.result() for asked in [pool.submit(copy_context().run, question) for question in questions]]
