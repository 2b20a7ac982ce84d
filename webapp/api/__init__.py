"""The JSON API: the same services, the same refusals."""

import importlib
import pkgutil
from collections.abc import Iterator

from flask import Flask

from webapp.api import documents, escrow_jobs, operations, rates, webhooks
from webapp.api.binding import IdConverter, bind
from webapp.api.endpoints import Endpoint, Endpoints
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
    for module in sorted(pkgutil.iter_modules(__path__), key=lambda each: each.name):
        found = getattr(importlib.import_module(f"{__name__}.{module.name}"), "endpoints", None)
        if isinstance(found, Endpoints):
            yield from found
