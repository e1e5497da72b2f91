"""The files that pages load: style and script of our own, and libraries out of their installed packages.

They are kept in memory and named by what is in them, so that a browser may keep them for ever.
"""

import gzip
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib.resources import files
from importlib.resources.abc import Traversable

from flask import Request, Response
from werkzeug.exceptions import NotFound

_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
_CHART_PACKAGE = "chartkick"
_CHART_FILE = "django/static/chartkick/Chart.bundle.js"  # Chart.js with its parts, ready for a browser
_YEAR = 365 * 86400


@dataclass(frozen=True)
class _Asset:
    content: bytes
    mimetype: str

    @cached_property
    def compressed(self) -> bytes:
        return gzip.compress(self.content, 9, mtime=0)


class Assets:
    """The files by name, and a version that changes with any of them.

    Args:
        sources: where each is, by the name under which a page asks for it.
    """

    def __init__(self, sources: Mapping[str, Traversable]) -> None:
        self._assets = dict(_read(sources))
        self.version = hashlib.sha256(b"\0".join(asset.content for asset in self._assets.values())).hexdigest()[:12]

    def text(self, name: str) -> str:
        """Return what is in a file of our own."""
        return self._assets[name].content.decode()

    def answer(self, asked: Request, version: str, name: str) -> Response:
        """Answer with a file.

        Args:
            asked: whether it takes a compressed file.
            version: for which version the browser was told to ask.
            name: which file.

        Raises:
            NotFound: there is none of that name.
        """
        asset = self._assets.get(name)
        if asset is None:
            raise NotFound
        packed = asked.accept_encodings.quality("gzip") > 0
        response = Response(asset.compressed if packed else asset.content, mimetype=asset.mimetype)
        if packed:
            response.content_encoding = "gzip"
        response.vary.add("Accept-Encoding")
        if version == self.version:
            response.cache_control.public = True
            response.cache_control.immutable = True
            response.cache_control.max_age = _YEAR
        return response


def dashboard_files() -> Mapping[str, Traversable]:
    """Find the files of the dashboard.

    Where the chart library is not installed, its file is missing: the pages then show their tables.
    """
    own = files("insights_backend.web.dashboard") / "static"
    sources = {file.name: file for file in sorted(own.iterdir(), key=lambda file: file.name)}
    try:
        return {**sources, "chart.js": files(_CHART_PACKAGE) / _CHART_FILE}
    except ModuleNotFoundError:
        return sources


def _read(sources: Mapping[str, Traversable]) -> Mapping[str, _Asset]:
    return {name: _Asset(file.read_bytes(), _TYPES[name.rpartition(".")[2]]) for name, file in sources.items()}
