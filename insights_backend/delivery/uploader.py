"""The destination that is elsewhere: batches are posted to a collector, synchronously and with retries.

What a collector refuses as a whole is halved until only the events at fault are left. The parts have ids derived from
the batch's, so that a delivery which was cut off repeats the same requests, and each event is stored once.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from random import Random

from insights_backend.delivery.destination import Batch, DeadLetter, DeliveryError, log_refused
from insights_backend.delivery.exchange import ADVICE, Answer, CollectorClient
from insights_backend.delivery.retry import Circuit, RetryPolicy, Verdict, next_pause
from insights_backend.model.total_users import TotalUsers

_log = logging.getLogger(__name__)

_TOO_LARGE = 413


class UploadUnauthorizedError(DeliveryError):
    """The collector does not know the token, or does not let it upload."""

    code = "upload_unauthorized"


class UploadMisdirectedError(DeliveryError):
    """Nothing at the address takes batches."""

    code = "upload_misdirected"


@dataclass(slots=True)
class _Work:
    """What is left of a batch, last part first, and what of it was refused for good."""

    batch: Batch | None
    parts: list[Batch]
    dead: list[DeadLetter] = field(default_factory=list)


class Uploader:
    """Delivers batches to a collector; one caller at a time, as the right to deliver has it.

    A delivery that fails on the way goes on where it stopped when the same batch comes again, so that each makes
    headway however many events have to be found out.

    Args:
        collector: takes them.
        policy: how hard to try.
        timeout: seconds to connect, as many for an answer to begin, and as many for all of its body.
        monotonic: a clock that never goes back, in seconds.
        sleep: waits for seconds.
        random: draws the pauses.
    """

    # What a collector of ours takes without being kept from other requests for long.
    batch_events = 15_000

    def __init__(
        self,
        collector: CollectorClient,
        *,
        policy: RetryPolicy,
        timeout: float,
        monotonic: Callable[[], float],
        sleep: Callable[[float], None],
        random: Random,
    ) -> None:
        self._collector = collector
        self._policy = policy
        self._timeout = timeout
        self._monotonic = monotonic
        self._sleep = sleep
        self._random = random
        self._circuit = Circuit(monotonic, random)
        self._work = _Work(None, [])
        self._total_users: TotalUsers | None = None

    def record_total_users(self, total: TotalUsers) -> None:
        """Tell the collector with each batch from now on how many people could use the portal."""
        self._total_users = total

    def deliver(self, batch: Batch) -> Sequence[DeadLetter]:
        """Post a batch, in parts where it has to be.

        Returns:
            The events that the collector refused: one by one for 400, 413 and 422, else as they were sent.

        Raises:
            UploadUnauthorizedError: the token does not do; nothing was refused for good.
            UploadMisdirectedError: the address does not do; nothing was refused for good.
            DeliveryError: the collector cannot take it now, or the deadline has passed.
        """
        self._check_circuit()
        began = self._monotonic()
        if self._work.batch != batch:  # also where a person has been taken out of it
            self._work = _Work(batch, [batch])
        while self._work.parts:
            answer = self._post(self._work.parts[-1], began)
            self._settle(self._work, answer)
        dead, self._work = self._work.dead, _Work(None, [])
        log_refused(self._collector.name, dead)
        return dead

    def _check_circuit(self) -> None:
        rest = self._circuit.rest
        if rest:
            raise DeliveryError(f"{self._collector.name} has failed and is left alone for {rest:.1f} s more")

    def _post(self, part: Batch, began: float) -> Answer:
        """Post one part until there is an answer that decides about it."""
        body = self._collector.format.body(part.pieces(), self._total_users)
        if body is None:  # as it would be answered
            return Answer(Verdict.DIVISIBLE, "takes no batch of this size", _TOO_LARGE)
        policy = replace(self._policy, retries=0) if self._circuit.on_probation else self._policy
        attempt = 1
        while True:
            answer = self._collector.post(part.id, body, self._time_left(began))
            match answer.verdict:
                case Verdict.UNAUTHORIZED:
                    raise UploadUnauthorizedError(self._misconfigured(answer))
                case Verdict.MISDIRECTED:
                    raise UploadMisdirectedError(self._misconfigured(answer))
                case Verdict.TRANSIENT:
                    self._wait(attempt, began, answer, policy)
                case _:
                    self._circuit.succeeded()
                    return answer
            attempt += 1

    def _time_left(self, began: float) -> float:
        left = began + self._policy.deadline - self._monotonic()
        if left <= 0:
            raise DeliveryError(f"{self._collector.name} has not taken all within {self._policy.deadline:g} s")
        return min(self._timeout, left)

    def _wait(self, attempt: int, began: float, answer: Answer, policy: RetryPolicy) -> None:
        """Sleep until the next attempt is due, or give up."""
        elapsed = self._monotonic() - began
        pause = next_pause(attempt, elapsed, answer.retry_after, policy, self._random)
        if pause is None:
            self._circuit.failed(answer.retry_after)
            raise DeliveryError(f"{self._collector.name} {answer.says}, attempt {attempt}; events are kept")
        self._sleep(pause)

    def _misconfigured(self, answer: Answer) -> str:
        """Leave the collector alone, and say loudly what only a person can mend."""
        self._circuit.failed(answer.retry_after)
        message = f"{self._collector.name} {answer.says}: {ADVICE[answer.verdict]}; events are kept"
        _log.error(message)
        return message

    @staticmethod
    def _settle(work: _Work, answer: Answer) -> None:
        """Take the last part off the work, and put back what the answer leaves of it."""
        part = work.parts.pop()
        if answer.verdict is Verdict.DELIVERED:
            return
        if answer.verdict is Verdict.DIVISIBLE and part.events > 1:
            work.parts += reversed(_halves(part))
        else:
            work.dead.append(DeadLetter(f"http_{answer.status}", part.events, part.lines))


def _halves(part: Batch) -> tuple[Batch, Batch]:
    """Cut a part in two, under ids that are the same whenever it is cut again."""
    lines = part.lines.splitlines(keepends=True)
    middle = len(lines) // 2
    first, second = lines[:middle], lines[middle:]
    return (
        Batch.of(f"{part.id}.0", part.last_request, len(first), b"".join(first)),
        Batch.of(f"{part.id}.1", part.last_request, len(second), b"".join(second)),
    )
