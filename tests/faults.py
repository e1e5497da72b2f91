"""Load, kills and a count afterwards: nothing that was answered 2xx is lost, nothing counts twice."""

import json
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import requests

from tests.process import REPOSITORY, Process, serving

CLIENTS = 8
SETTLE_SECONDS = 20


class Client:
    """Sends batches one after the other, and writes down what became of each.

    Args:
        name: part of the ids of its events.
        resends: whether it sends a batch again that it got no answer for.
    """

    def __init__(self, name: str, *, resends: bool) -> None:
        self.name = name
        self.resends = resends
        self.number = 0
        self.accepted: set[str] = set()
        self.unanswered: list[list[str]] = []
        self.refused: set[str] = set()
        self.session = requests.Session()

    def run(self, process: Process, stop: Event, random: Random) -> None:
        """Send until told to stop, or until nobody answers."""
        while not stop.is_set():
            if self.resends and self.unanswered:
                ids = self.unanswered.pop()
            else:
                self.number += 1
                ids = [f"{self.name}-{self.number}-{n}" for n in range(random.randint(1, 20))]
            if not self.send(process, ids):
                return

    def send(self, process: Process, ids: list[str]) -> bool:
        """Send one batch; tell whether it was answered."""
        try:
            answer = self.session.post(f"{process.api}/events", json=[visit(id_) for id_ in ids], timeout=10)
        except requests.RequestException:
            self.unanswered.append(ids)
            return False
        if answer.ok:
            self.accepted.update(ids)
        else:
            self.refused.update(ids)
        return True


def visit(id_: str) -> dict[str, Any]:
    return {"id": id_, "action": "navigate", "subject": f"/x/{id_}", "context": {"pluginId": "catalog"}}


def config_in(directory: Path) -> Path:
    """The shipped configuration, with its data in a directory."""
    text = (REPOSITORY / "config" / "app-config.yaml").read_text()
    file = directory / "app-config.yaml"
    file.write_text(text.replace("./var", str(directory / "var")))
    return file


def kill_under_load(directory: Path, *, kills: int, resend: bool, seed: int) -> tuple[list[Client], Counter[str]]:
    """Kill a service again and again while clients send to it.

    Returns:
        The clients, and how often each event id is in the warehouse afterwards.
    """
    config, log = config_in(directory), directory / "log"
    random = Random(seed)  # noqa: S311 - chooses moments, guards nothing
    clients = [Client(f"c{number}", resends=resend) for number in range(CLIENTS)]
    for _ in range(kills):
        with serving(config, log) as process, ThreadPoolExecutor(CLIENTS) as pool:
            stop = Event()
            runs = [pool.submit(client.run, process, stop, Random(random.random())) for client in clients]  # noqa: S311
            stop.wait(random.uniform(0.02, 0.8))
            process.kill()
            stop.set()
            for run in runs:
                run.result()
    with serving(config, log) as process:
        for client in clients:
            while resend and client.unanswered:
                assert client.send(process, client.unanswered.pop())
        return clients, settled(process)


def settled(process: Process) -> Counter[str]:
    """How often each event id is in the warehouse, once nothing waits any more."""
    before: Counter[str] = Counter()
    for _ in range(SETTLE_SECONDS):
        Event().wait(1.0)
        text = requests.get(f"{process.api}/export", timeout=30).text
        now = Counter(json.loads(line)["id"] for line in text.splitlines())
        if now == before:
            return now
        before = now
    return before


def check(clients: list[Client], stored: Counter[str]) -> None:
    """Hold the promise against what happened."""
    accepted = set().union(*(client.accepted for client in clients))
    unanswered = {id_ for client in clients for ids in client.unanswered for id_ in ids}
    refused = set().union(*(client.refused for client in clients)) - accepted
    assert accepted, "the service answered nothing at all"
    assert accepted - set(stored) == set(), "answered 2xx, and lost"
    assert {id_: n for id_, n in stored.items() if n > 1} == {}, "counted twice"
    # What got no answer may have been stored before the kill; what was refused may not.
    assert set(stored) - accepted <= unanswered
    assert not refused & set(stored)
