"""The JSON API: the same services, the same refusals."""

import importlib
import pkgutil
from collections.abc import Iterator

from flask import Flask

from webapp.api.framework import docs_routes as documents
from webapp.api.framework import rate_limit as rates
from webapp.api.framework.binding import IdConverter, bind
from webapp.api.framework.routing import Endpoint, Endpoints
from webapp.api.jobs import legacy_escrow_jobs as escrow_jobs
from webapp.api.probes import health as operations
from webapp.api.webhooks import receiver as webhooks
from webapp.runtime import Runtime


def register(app: Flask, runtime: Runtime) -> None:
    """Add the API's addresses to the application."""
    app.url_map.converters["id"] = IdConverter
    declared = list(all_endpoints())
    for endpoint in declared:
        bind(app, runtime, endpoint)
    documents.publish(app, declared)
    operations.watch(app, runtime)
    escrow_jobs.say_when_closed(app, runtime)
    webhooks.listen(app, runtime)
    rates.limit(app, runtime)


def all_endpoints() -> Iterator[Endpoint]:
    """What every module of this package declares, in order of their names."""
    for module in sorted(pkgutil.walk_packages(__path__, f"{__name__}."), key=lambda each: each.name):
        found = getattr(importlib.import_module(module.name), "endpoints", None)
        if isinstance(found, Endpoints):
            yield from found
