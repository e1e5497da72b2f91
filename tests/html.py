"""Reading a page as a browser would: its elements in order, and the text inside each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser

_VOID = {"meta", "link", "input", "br", "hr", "img", "rect", "polyline", "polygon"}


@dataclass
class Element:
    """An element of a page."""

    tag: str
    attributes: dict[str, str]
    texts: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        return " ".join("".join(self.texts).split())


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self._open: list[Element] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self.elements.append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append(Element(tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        while self._open and self._open.pop().tag != tag:
            pass

    def handle_data(self, data: str) -> None:
        for element in self._open:
            element.texts.append(data)


def elements(page: str, *tags: str) -> list[Element]:
    """The elements of a page, all or those with one of the tags."""
    reader = _Reader()
    reader.feed(page)
    reader.close()
    return [element for element in reader.elements if not tags or element.tag in tags]


def links(page: str) -> dict[str, str]:
    """The addresses of a page's links, by their text."""
    return {element.text: element.attributes["href"] for element in elements(page, "a")}


def fields(page: str) -> Iterator[tuple[str, str]]:
    """The names and values of a page's inputs."""
    return ((element.attributes["name"], element.attributes.get("value", "")) for element in elements(page, "input"))


def values(page: str) -> list[float]:
    """The numbers of a page, in order."""
    return [float(element.attributes["value"]) for element in elements(page, "data")]
