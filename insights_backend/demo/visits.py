"""What one person does at one sitting, as the portal would have reported it, step by step.

Source of the events: the analytics events of Backstage's catalog, search, TechDocs and scaffolder plugins.
"""

from collections.abc import Callable, Mapping, Sequence
from random import Random
from typing import Any, TypeVar

from insights_backend.demo.organisation import Organisation, Thing
from insights_backend.demo.story import PLUGINS

Step = tuple[float, dict[str, Any]]
"""Seconds since the step before, and the fields of the event in which it differs from an empty one."""

_TERMS = (
    "payments api", "deploy", "onboarding", "kafka", "svc-110", "oauth", "golang template", "runbook", "terraform",
    "team alpha", "on-call", "grafana", "feature flags", "postgres", "release notes", "style guide",
)  # fmt: skip
_FRUITLESS = ("vacation policy", "vpn", "mainframe", "expense report", "office map")
_DOC_PAGES = ("", "/getting-started", "/architecture", "/runbooks/deploy", "/faq")
_TABS = ("Overview", "CI/CD", "API", "Dependencies", "TechDocs")
_SKEW = 2.6  # the larger, the more of all looks go to the popular

_T = TypeVar("_T")


class Visit:
    """A sitting: scenes are added to it one by one.

    Args:
        organisation: what there is to look at.
        random: decides.
        weights: how often each of the plugins is looked at.
    """

    def __init__(self, organisation: Organisation, random: Random, weights: Sequence[float]) -> None:
        self.steps: list[Step] = []
        self._organisation = organisation
        self._random = random
        self._weights = weights
        self._scenes: Mapping[Callable[[], None], float] = {
            self._browse: 5.0,
            self._look_at_plugin: 3.5,
            self._read_docs: 3.0,
            self._search: 2.5,
            self._look_at_person: 0.4,
            self._create: 0.5,
        }

    def play(self) -> list[Step]:
        """Play a few scenes, and return all steps."""
        if self._chance(0.5):
            # The new front end reports the load of a page once more, before it knows who is there.
            self._add(0.2, "navigate", "/", "app", user=None, extension="app/root")
        if self._chance(0.25):
            self._add(1.0, "signIn", "success", "app")
        scenes = self._random.choices(list(self._scenes), list(self._scenes.values()), k=self._random.randint(1, 4))
        for scene in scenes:
            scene()
        return self.steps

    def _browse(self) -> None:
        self._navigate("/catalog", "catalog", "catalog")
        thing = self._popular(self._organisation.things)
        self._click(thing.metadata["kind"], f"/catalog/{thing.path}", "catalog", target=thing.ref)
        self._visit(thing)
        if self._chance(0.4):
            tab = self._random.choice(_TABS)
            self._click(tab, f"/catalog/{thing.path}/{tab.lower()}", "catalog", thing)

    def _visit(self, thing: Thing) -> None:
        self._navigate(f"/catalog/{thing.path}", "catalog", "catalog:entity", thing, attributes=thing.attributes)

    def _look_at_plugin(self) -> None:
        (plugin,) = self._random.choices(PLUGINS, self._weights)
        self._navigate(plugin.page, plugin.id, plugin.id)
        for _ in range(self._random.randrange(3)):
            self._click("Details", f"{plugin.page}/{self._random.randrange(40)}", plugin.id)
            self._navigate(f"{plugin.page}/{self._random.randrange(40)}", plugin.id, plugin.id)

    def _read_docs(self) -> None:
        thing = self._popular(self._organisation.things)
        self._navigate("/docs", "techdocs", "techdocs")
        for page in self._random.sample(_DOC_PAGES, self._random.randint(1, 3)):
            self._navigate(
                f"/docs/{thing.path}{page}", "techdocs", "techdocs:reader", thing, attributes=thing.attributes
            )
        if self._chance(0.05):
            self._add(2.0, "not-found", f"/docs/{thing.path}/old", "techdocs", thing, attributes=thing.attributes)

    def _search(self) -> None:
        term, found = self._popular(_TERMS), self._random.randint(1, 90)
        if self._chance(0.2):
            term, found = self._random.choice(_FRUITLESS), 0
        for typed in (term[: len(term) // 2], term) if self._chance(0.5) else (term,):
            value = None if self._chance(0.05) else found
            self._add(0.9, "search", typed, "search", value=value, extension="SidebarSearchModal")
        if found and self._chance(0.65):
            thing = self._popular(self._organisation.things)
            self._discover(thing)
            self._visit(thing)

    def _discover(self, thing: Thing) -> None:
        self._add(
            self._pause(6),
            "discover",
            thing.attributes["name"],
            "search",
            value=1 + int(self._random.expovariate(0.5)),
            attributes={"to": f"/catalog/{thing.path}"},
            context={"searchTypes": "software-catalog"},
            extension="SearchResult",
            target=thing.ref,
        )

    def _look_at_person(self) -> None:
        user = self._random.choice(self._organisation.members).user
        metadata = {"kind": "User", "metadata.namespace": "default"}
        attributes = {"namespace": "default", "kind": "user", "name": user}
        subject = f"/catalog/default/user/{user}"
        self._add(
            self._pause(20), "navigate", subject, "catalog", routeRef="catalog:entity", view=True, entity=user,
            entityMetadata=metadata, attributes=attributes,
        )  # fmt: skip

    def _create(self) -> None:
        template = self._popular(self._organisation.templates)
        self._navigate("/create", "scaffolder", "scaffolder")
        self._add(self._pause(15), "click", "Template has been opened", "scaffolder", template)
        self._navigate(f"/create/templates/default/{template.attributes['name']}", "scaffolder", "scaffolder", template)
        if not self._chance(0.6):
            return
        self._add(self._pause(60), "click", "Next Step (1)", "scaffolder", template)
        self._add(self._pause(60), "click", "Create", "scaffolder", template)
        if self._chance(0.9):
            steps = {"templateSteps": 3}
            self._add(
                self._pause(5), "create", "Task has been created", "scaffolder", template,
                value=template.minutes, attributes=steps,
            )  # fmt: skip

    def _navigate(
        self,
        subject: str,
        plugin: str,
        route: str,
        thing: Thing | None = None,
        attributes: Mapping[str, str] | None = None,
    ) -> None:
        self._add(
            self._pause(25), "navigate", subject, plugin, thing, routeRef=route, view=True, attributes=attributes or {}
        )

    def _click(self, text: str, to: str, plugin: str, thing: Thing | None = None, target: str | None = None) -> None:
        self._add(self._pause(15), "click", text, plugin, thing, attributes={"to": to}, target=target)

    def _add(
        self, pause: float, action: str, subject: str, plugin: str, thing: Thing | None = None, **more: Any
    ) -> None:
        step = {"action": action, "subject": subject, "pluginId": plugin, **more}
        if thing:
            step |= {"entity": thing.ref, "entityMetadata": thing.metadata}
        self.steps.append((pause, step))

    def _pause(self, seconds: float) -> float:
        """Choose how long somebody looks, three seconds at least: sooner, and a page would be no view of its own."""
        return 3.0 + min(600.0, self._random.expovariate(1 / seconds))

    def _chance(self, probability: float) -> bool:
        return self._random.random() < probability

    def _popular(self, things: Sequence[_T]) -> _T:
        """Choose one, the earlier the likelier."""
        return things[int(len(things) * self._random.random() ** _SKEW)]
