"""The API's description for machines, and a page to read and try it."""

from collections.abc import Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

from flask import Flask, Response, jsonify, render_template

from webapp.api.framework.api_docs_page import by_tag
from webapp.api.framework.openapi import document
from webapp.api.framework.routing import Endpoint
from webapp.security import public, signed_in


def register_docs(app: Flask, declared: Sequence[Endpoint]) -> None:
    """Add `/api/openapi.json` and `/api/docs`. The description is made when somebody first asks for it."""

    @cache
    def described() -> dict[str, Any]:
        return document(declared, version("escrow-desk"))

    @public
    def openapi() -> Response:
        return jsonify(described())

    @signed_in
    def docs() -> str:
        return render_template("api/docs.html", document=described(), tags=by_tag(described()), admin_view=None)

    app.add_url_rule("/api/openapi.json", "openapi", openapi)
    app.add_url_rule("/api/docs", "docs", docs)
