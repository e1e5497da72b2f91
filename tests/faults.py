"""Load, kills and a count afterwards: nothing that was answered 2xx is lost, nothing counts twice."""

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from random import Random
from threading import Event
from typing import Any

import requests

from insights_backend.access import TokenStore
from insights_backend.composition import make_data_dir
from insights_backend.delivery.outbox import Backlog, Outbox
from tests.process import REPOSITORY, Process, eventually, free_port, serving
from tests.upstream import upstream

CLIENTS = 8


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
        self.statuses: Counter[int] = Counter()
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
        self.statuses[answer.status_code] += 1
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


def portal_config(directory: Path, url: str, bearer: str = "some-token") -> Path:
    """A backend that uploads, with its data in a directory of its own.

    Args:
        directory: where to; made if missing.
        url: where the collector is.
        bearer: the token that the collector knows it by.
    """
    directory.mkdir(exist_ok=True)
    file = directory / "app-config.yaml"
    file.write_text(f"""
backstageInsights:
  roles: [backend]
  dataDir: {directory / "var"}
  auth: {{ mode: none }}
  catalog: {{ file: {REPOSITORY / "config" / "org.yaml"} }}
  upload: {{ url: "{url}", token: {bearer} }}
""")
    return file


def collector_config(directory: Path) -> tuple[Path, TokenStore]:
    """A collector with its data in a directory of its own, and its tokens."""
    directory.mkdir(exist_ok=True)
    file = directory / "app-config.yaml"
    file.write_text(f"backstageInsights: {{ roles: [collector], dataDir: {directory / 'var'} }}\n")
    make_data_dir(directory / "var")
    return file, TokenStore(directory / "var" / "tokens.sqlite3", time.time, os.urandom)


def backlog(directory: Path) -> Backlog:
    """What waits in the outbox of the service whose files are in a directory."""
    with closing(Outbox(directory / "var", max_bytes=1, clock=time.time)) as outbox:
        return outbox.backlog()


@contextmanager
def load(*targets: tuple[Client, Process], seed: int) -> Iterator[None]:
    """Let each client send to its service inside the `with`."""
    stop, random = Event(), Random(seed)  # noqa: S311 - chooses sizes, guards nothing
    with ThreadPoolExecutor(len(targets)) as pool:
        runs = [pool.submit(client.run, process, stop, Random(random.random())) for client, process in targets]  # noqa: S311
        try:
            yield
        finally:
            stop.set()
        for run in runs:
            run.result()


def two_portals(directory: Path, *, kills: int, seed: int) -> dict[str, tuple[list[Client], Counter[str]]]:
    """Kill a collector again and again, and in the end the two portals that upload events of the same ids to it.

    Returns:
        For each portal its clients, and how often each event id is in the warehouse under its name.
    """
    collector, tokens = collector_config(directory / "collector")
    port = free_port()
    url = f"http://127.0.0.1:{port}/api/backstage-insights"
    configs = {name: portal_config(directory / name, url, tokens.create(name, "upload")) for name in ("a", "b")}
    clients = {name: [Client(f"c{number}", resends=True) for number in range(CLIENTS // 2)] for name in configs}
    with serving_all(configs) as portals:
        targets = [(client, portals[name]) for name in configs for client in clients[name]]
        with load(*targets, seed=seed):
            kill_again_and_again(collector, port, kills, Random(seed))  # noqa: S311 - chooses moments
            for portal in portals.values():
                portal.kill()
    with serving(collector, directory / "log", port=port) as process, serving_all(configs) as portals:
        for name in configs:
            resend(clients[name], portals[name])
        assert eventually(lambda: not any(backlog(directory / name).requests for name in configs))
        stored = exported(process, tokens.create("reader", "admin"))
    return {
        name: (clients[name], Counter({id_: n for (instance, id_), n in stored.items() if instance == name}))
        for name in configs
    }


@contextmanager
def serving_all(configs: Mapping[str, Path]) -> Iterator[dict[str, Process]]:
    """Run a service for each configuration inside the `with`."""
    with ExitStack() as stack, ThreadPoolExecutor() as pool:
        services = [serving(file, file.with_name("log")) for file in configs.values()]
        yield dict(zip(configs, pool.map(stack.enter_context, services), strict=True))


def kill_again_and_again(config: Path, port: int, kills: int, random: Random) -> None:
    """Start a service and kill it at a random moment, so many times."""
    for _ in range(kills):
        with serving(config, config.with_name("log"), port=port) as process:
            Event().wait(random.uniform(0.1, 0.6))
            process.kill()


def resend(clients: Iterable[Client], process: Process) -> None:
    """Let clients send again what they got no answer for."""
    for client in clients:
        while client.unanswered:
            assert client.send(process, client.unanswered.pop())


def exported(process: Process, token: str) -> Counter[tuple[str, str]]:
    """How often each event is in the warehouse of a service, by instance and id."""
    answer = requests.get(f"{process.api}/export", headers={"Authorization": f"Bearer {token}"}, timeout=60)
    assert answer.ok, answer.text
    events = map(json.loads, answer.text.splitlines())
    return Counter((event["instance"], event["id"]) for event in events)


def kill_under_load(directory: Path, *, kills: int, resends: bool, seed: int) -> tuple[list[Client], Counter[str]]:
    """Kill a service again and again while clients send to it.

    Returns:
        The clients, and how often each event id is in the warehouse afterwards.
    """
    config, log = config_in(directory), directory / "log"
    random = Random(seed)  # noqa: S311 - chooses moments, guards nothing
    clients = [Client(f"c{number}", resends=resends) for number in range(CLIENTS)]
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
        if resends:
            resend(clients, process)
        return clients, settled(process, directory)


def settled(process: Process, directory: Path) -> Counter[str]:
    """How often each event id is in the warehouse, once nothing waits any more."""
    assert eventually(lambda: not backlog(directory).requests), "events still wait"
    lines = requests.get(f"{process.api}/export", timeout=30).text.splitlines()
    return Counter(json.loads(line)["id"] for line in lines)


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


def stop_under_load(
    directory: Path, *, moods: Iterable[str], seconds: float
) -> tuple[list[Client], Counter[str], float]:
    """Ask a service to stop while clients send to it, and let the next one deliver what is left.

    Args:
        directory: for its files.
        moods: how the collector that it uploads to behaves at first.
        seconds: when to ask.

    Returns:
        The clients, how often each event arrived, and how many seconds the stop took.
    """
    clients = [Client(f"c{number}", resends=False) for number in range(CLIENTS)]
    with upstream(moods) as server:
        config = portal_config(directory / "portal", server.url)
        with (
            serving(config, directory / "log") as process,
            load(*((client, process) for client in clients), seed=5),
        ):
            Event().wait(seconds)
            began = time.monotonic()
            process.terminate()
            took = time.monotonic() - began
        server.script = iter(())
        with serving(config, directory / "log"):
            assert eventually(lambda: not backlog(directory / "portal").requests)
        return clients, server.events, took


def many_processes(directory: Path, *, seconds: float) -> tuple[list[Client], Counter[str]]:
    """Let three services of two workers each share an outbox, and kill one of them in the middle.

    Returns:
        The clients, and how often each event arrived.
    """
    clients = [Client(f"c{number}", resends=False) for number in range(9)]
    with upstream() as server, ExitStack() as stack:
        config = portal_config(directory / "portal", server.url)
        services = [stack.enter_context(serving(config, directory / "log", WEB_CONCURRENCY="2")) for _ in range(3)]
        with load(*((client, services[number % 3]) for number, client in enumerate(clients)), seed=6):
            Event().wait(seconds)
            services[0].kill()
            Event().wait(seconds)
        assert eventually(lambda: not backlog(directory / "portal").requests)
        return clients, server.events
