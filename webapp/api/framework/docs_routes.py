"""The API's description for machines, and Swagger UI to read and try it."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from importlib.resources import as_file, files
from typing import Any

from flask import Flask, Response, abort, jsonify, render_template, send_file, url_for

from webapp.api.framework.openapi import document
from webapp.api.framework.routing import Endpoint
from webapp.security import public, signed_in

_PACKAGE = "flask-swagger-ui"
_FILES = ("swagger-ui.css", "swagger-ui-bundle.js")
"""What the page needs of the package; its own page has a script in it, which the policy forbids."""
_YEAR = 31_536_000


def register_docs(app: Flask, declared: Sequence[Endpoint]) -> None:
    """Add `/api/openapi.json`, `/api/docs` and the files of that page. The description is made when first asked for."""

    @cache
    def described() -> dict[str, Any]:
        return document(declared, version("escrow-desk"))

    @public
    def openapi() -> Response:
        return jsonify(described())

    @signed_in
    def docs() -> str:
        addresses = [url_for("docs_file", release=version(_PACKAGE), name=name) for name in _FILES]
        return render_template("api/docs.html", style=addresses[0], script=addresses[1], admin_view=None)

    @signed_in
    def docs_file(release: str, name: str) -> Response:
        if name not in _FILES or release != version(_PACKAGE):
            abort(404)
        with as_file(files("flask_swagger_ui") / "dist" / name) as file:
            return send_file(file, max_age=_YEAR)

    app.add_url_rule("/api/openapi.json", "openapi", openapi)
    app.add_url_rule("/api/docs", "docs", docs)
    app.add_url_rule("/api/docs/<release>/<name>", "docs_file", docs_file)
