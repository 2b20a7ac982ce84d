"""How long requests take, how they end and how many queries they need, by the template of their route."""

import time

from flask import Flask, Response, g, request

from webapp.process_figures import in_request
from webapp.runtime import Runtime

_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
NO_ROUTE = "(none)"


def register_request_figures(app: Flask, runtime: Runtime) -> None:
    """Register it before everything else that asks requests: what is refused early is counted too."""
    figures = runtime.figures

    def begin() -> None:
        g.figures_begun = time.perf_counter()
        in_request.set([0])

    def end(response: Response) -> Response:
        if (begun := g.pop("figures_begun", None)) is not None:
            # Nothing that a stranger chose: a name of his for each request would be a series for each.
            route = request.url_rule.rule if request.url_rule else NO_ROUTE
            method = request.method if request.method in _METHODS else "OTHER"
            figures.request_seconds.labels(method, route).observe(time.perf_counter() - begun)
            figures.requests.labels(method, route, str(response.status_code)).inc()
            figures.request_queries.labels(method, route).observe((in_request.get() or [0])[0])
        return response

    def forget(_problem: BaseException | None) -> None:
        in_request.set(None)

    app.before_request(begin)
    app.after_request(end)
    app.teardown_request(forget)
