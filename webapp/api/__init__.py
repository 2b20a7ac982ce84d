"""The JSON API: the same services, the same refusals."""

import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache
from types import ModuleType

from flask import Flask

from webapp.api.framework.binding import IdConverter, bind
from webapp.api.framework.docs_routes import register_docs
from webapp.api.framework.rate_limit import register_rate_limit
from webapp.api.framework.routing import Endpoint, Endpoints
from webapp.api.jobs.legacy_cron_jobs import register_cron_addresses
from webapp.api.jobs.legacy_escrow_jobs import register_unconfigured_answer
from webapp.api.probes.health import register_probes
from webapp.api.webhooks.receiver import register_receivers
from webapp.runtime import Runtime


def register(app: Flask, runtime: Runtime) -> None:
    """Add the API's addresses to the application."""
    app.url_map.converters["id"] = IdConverter
    declared = list(all_endpoints())
    for endpoint in declared:
        bind(app, runtime, endpoint)
    register_docs(app, declared)
    register_probes(app, runtime)
    register_unconfigured_answer(app, runtime)
    register_cron_addresses(app, runtime)
    register_receivers(app, runtime)
    register_rate_limit(app, runtime)


def all_endpoints() -> Iterator[Endpoint]:
    """What every module of this package declares, in order of their names."""
    for module in _modules():
        found = getattr(module, "endpoints", None)
        if isinstance(found, Endpoints):
            yield from found


@cache
def _modules() -> list[ModuleType]:
    """Every module of this package, in order of their names."""
    names = sorted(module.name for module in pkgutil.walk_packages(__path__, f"{__name__}."))
    # All are imported first: a module may add to the endpoints of another subject, as orders do to escrows.
    return [importlib.import_module(name) for name in names]
