"""Apps of both front-end systems, made around an analytics module and run in Node or in a browser.

A module meets the real APIs of each system: fetch, discovery, identity. In Node, what there is of a browser is a
document that can be left; in each visit the answer to the first request is lost on its way.
"""

import json
from pathlib import Path
from typing import Any

from tests.e2e.backstage.backend import Backstage
from tests.e2e.backstage.beside import ORIGIN, Beside, visit
from tests.e2e.backstage.node import HOME, run
from tests.e2e.backstage.page import settings_shown


def visit_of(name: str, number: int) -> dict[str, Any]:
    """An event as Backstage hands it to a module, which knows no ids."""
    event = visit("", "svc-0", subject=f"/catalog/default/component/svc-0/{name}-{number}")
    return {key: value for key, value in event.items() if key != "id"}


def discovery(service: Beside) -> dict[str, Any]:
    """What of the portal's app-config the front end is given."""
    return {"app": {"baseUrl": ORIGIN}, **settings_shown("discovery:", service.process.url)}


def bundle(system: str, name: str, line: str, entry: str = "visit.js", ending: str = "mjs") -> Path:
    """Make a program around an app of a front-end system with a module, and return its file, of `HOME`."""
    module, program = HOME / f"{system}-{name}-on-trial.ts", Path(f"on-trial-{system}-{name}.{ending}")
    module.write_text(line + "\n")
    names = (f"system-on-trial=./{system}-system.js", f"module-on-trial=./{module.name}")
    run(Path("bundle.js"), entry, program, *names)
    return program


def visited(
    program: Path, backstage: Backstage, user: str, configuration: dict[str, Any], events: list[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Run a visit, and return its requests."""
    backend = {"backend": {"baseUrl": backstage.url}}
    given = {
        "backstage": backstage.url,
        "user": user,
        "configuration": {**backend, **configuration},
        "events": events,
    }
    requests: list[dict[str, Any]] = json.loads(run(program, json.dumps(given)))
    return requests
