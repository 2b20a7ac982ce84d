"""Every refusal of the API in any test is one that its description tells of."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from flask import Flask, request, request_finished
from werkzeug.wrappers import Response

from webapp.api import all_endpoints
from webapp.api.framework.responses import refusals


@contextmanager
def described_refusals() -> Iterator[list[str]]:
    """Gives what was refused with a status that its operation does not name, as it comes."""
    known = {f"api.{each.tag}.{each.name}": set(refusals(each)) for each in all_endpoints()}
    found: list[str] = []

    def look(_app: Flask, response: Response, **_: Any) -> None:
        named = known.get(request.endpoint or "")
        if named is not None and 400 <= response.status_code < 500 and str(response.status_code) not in named:
            found.append(f"{request.method} {request.path} answered {response.status_code}")

    with request_finished.connected_to(look):
        yield found
