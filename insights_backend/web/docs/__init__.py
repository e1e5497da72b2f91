"""The OpenAPI document as a page for people: Swagger UI, out of its installed package."""

from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

from flask import Blueprint, Response, render_template, request

from insights_backend.web.dashboard.assets import Assets
from insights_backend.web.dashboard.site import CONTENT_POLICY, policy
from insights_backend.web.problems import register_problems

_PACKAGE = "flask_swagger_ui"
_SWAGGER_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")


def create_docs(document: str) -> Blueprint:
    """Make the blueprint of the page that shows what the service answers, and lets a reader try it.

    Args:
        document: the endpoint of the OpenAPI document that is shown.
    """
    site = Blueprint("insights_docs", __name__, template_folder="templates")
    assets = Assets(_files())
    register_problems(site)

    @site.after_request
    def protect(response: Response) -> Response:
        response.headers["Content-Security-Policy"] = policy(CONTENT_POLICY)
        return response

    @site.get("/docs")
    def page() -> str:
        return render_template("insights/docs.html", version=assets.version, document=document)

    @site.get("/docs/assets/<version>/<name>")
    def asset(version: str, name: str) -> Response:
        return assets.answer(request, version, name)

    return site


def _files() -> Mapping[str, Traversable]:
    own, swagger = files("insights_backend.web.docs") / "static", files(_PACKAGE) / "dist"
    icon = files("insights_backend.web.dashboard") / "static" / "icon.svg"
    return {**{name: swagger / name for name in _SWAGGER_FILES}, "docs.js": own / "docs.js", "icon.svg": icon}
