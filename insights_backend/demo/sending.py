"""Sending a history to a running service, as portals' backends would."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from insights_backend.delivery.destination import DeliveryError
from insights_backend.delivery.uploader import Uploader
from insights_backend.demo.history import Chapter


def send(chapters: Iterable[Chapter], uploaders: Sequence[Uploader], sent: Callable[[Chapter], None]) -> None:
    """Upload a history; each part is made while those before are on their way.

    Args:
        chapters: the history.
        uploaders: send it, in turns: with two, a part is read by the service while another one is being stored.
        sent: is called with each part that has arrived.

    Raises:
        DeliveryError: a part was not taken; those for which `sent` was called are stored.
    """
    on_their_way: deque[Future[Chapter]] = deque()
    with ThreadPoolExecutor(len(uploaders)) as threads:
        for number, chapter in enumerate(chapters):
            if len(on_their_way) == len(uploaders):
                sent(on_their_way.popleft().result())
            on_their_way.append(threads.submit(_upload, uploaders[number % len(uploaders)], chapter))
        for future in on_their_way:
            sent(future.result())


def _upload(uploader: Uploader, chapter: Chapter) -> Chapter:
    uploader.record_total_users(chapter.total)
    if refused := uploader.deliver(chapter.batch):
        raise DeliveryError(f"the service refused {sum(letter.events for letter in refused)} events for good")
    return chapter
