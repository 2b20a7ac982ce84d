"""Pages with a million escrows and a million runs, against an empty page of ours and a stock Flask-Admin list."""

import os
import re
import time
import uuid
from collections.abc import Callable
from operator import attrgetter
from statistics import median
from typing import Any

from flask import Flask, render_template_string
from flask.testing import FlaskClient
from flask_admin import Admin
from flask_admin.contrib.sqla import ModelView
from flask_babel import Babel
from sqlalchemy import Table
from sqlalchemy.orm import DeclarativeBase, foreign, relationship, scoped_session, sessionmaker

from bench.child import operator
from bench.market import fill
from bench.places import scratch
from bench.table import Ratio, Ratios
from webapp import clock, logs
from webapp.admin.ui.lists.keyset import encode
from webapp.admin.ui.screen import Screen, page
from webapp.app import create_app
from webapp.domain.actors import Actor
from webapp.domain.permissions import ROLES
from webapp.runtime import Runtime
from webapp.services.users import users

ROUNDS = 9
COUNT = int(os.environ.get("BENCH_ROWS", "1000000"))
_PASSWORD = "seven quiet herons"
_PAGE = 25


class EmptyScreen(Screen):
    """A signed-in page with the frame of every page and nothing in it."""

    slug = "empty"
    title = "Empty"
    permission = "job:read"
    in_menu = False

    @page("/")
    def index(self) -> str:
        """Nothing."""
        return render_template_string('{% extends "base.html" %}', admin_view=self)


def run() -> Ratios:
    """Times in milliseconds; medians of interleaved rounds."""
    with scratch("postgresql") as runtime:
        fill(runtime, COUNT)
        ours, stock = signed_in(runtime), _stock(runtime)
        times = _measured(_ways(ours, stock))
    against = dict.fromkeys(times, f"empty-page ms, {COUNT:,} rows")
    ratios = {
        f"pages-{name}": Ratio.of_figures(took, times["empty"], f"{name} ms", against[name])
        for name, took in times.items()
        if name != "empty" and not name.startswith("stock-")
    }
    for name, mine in (("halfway", "escrows-halfway"), ("search", "escrows-search")):
        of = f"stock Flask-Admin {name} ms"
        ratios[f"pages-{name}-against-flask-admin"] = Ratio.of_figures(
            times[f"stock-{name}"], times[mine], of, "ours ms"
        )
    return ratios


def _ways(ours: FlaskClient, stock: FlaskClient) -> dict[str, Callable[[], Any]]:
    half = COUNT // 2
    addresses = {
        "empty": "/empty",
        "overview": "/",
        "escrows-first": "/escrows?tab=all",
        "escrows-halfway": f"/escrows?tab=all&after={encode([half])}",
        "escrows-filtered": "/escrows?tab=held&currency=NGN",
        "escrows-search": f"/escrows?q=E-{half:08}",
        "jobs": "/jobs",
        "job": "/jobs/auto_release",
    }
    ways = {name: _asking(ours, address) for name, address in addresses.items()}
    stock_pages = {"halfway": f"/escrow/?page={half // _PAGE}", "search": f"/escrow/?search=E-{half:08}"}
    return ways | {f"stock-{name}": _asking(stock, address) for name, address in stock_pages.items()}


def _asking(client: FlaskClient, address: str) -> Callable[[], Any]:
    def ask() -> None:
        answer = client.get(address, follow_redirects=True)
        assert answer.status_code == 200, (address, answer.status_code)

    return ask


def _measured(ways: dict[str, Callable[[], Any]]) -> dict[str, float]:
    taken: dict[str, list[float]] = {name: [] for name in ways}
    for number in range(ROUNDS + 1):
        for name, way in ways.items():
            began = time.perf_counter()
            way()
            if number:
                taken[name].append((time.perf_counter() - began) * 1000)
    return {name: median(times) for name, times in taken.items()}


def signed_in(runtime: Runtime, role: str = "operator") -> FlaskClient:
    """A browser of somebody with this role, at a desk that has an empty page besides its own."""
    logs.configure(runtime.settings.model_copy(update={"log_format": "json"}))
    app = create_app(runtime)
    app.extensions["admin"][0].add_view(EmptyScreen())
    maker = Actor("cli", None, operator().name, ROLES["admin"])
    email = f"{uuid.uuid4().hex}@desk.example"
    with runtime.db.transaction() as session:
        users.create(
            session,
            email=email,
            name="Bench",
            roles=[role],
            password=_PASSWORD,
            at=clock.now(),
            actor=maker,
        )
    client = app.test_client()
    shown = re.findall(r'name="(csrf_token|submission)"[^>]*value="([^"]*)"', client.get("/sign-in").text)
    answer = client.post("/sign-in", data=dict(shown) | {"email": email, "password": _PASSWORD})
    assert answer.status_code == 303, answer.text
    return client


def _stock(runtime: Runtime) -> FlaskClient:
    """Flask-Admin's own list of the same table, with the same columns in the same order."""

    class Stock(DeclarativeBase):
        pass

    parties = Table("party", Stock.metadata, autoload_with=runtime.db.engine)
    escrows = Table("escrow", Stock.metadata, autoload_with=runtime.db.engine, resolve_fks=False)
    name_of = attrgetter("name")

    class Party(Stock):
        __table__ = parties

        def __str__(self) -> str:
            return str(name_of(self))

    class Escrow(Stock):
        __table__ = escrows
        buyer = relationship(Party, primaryjoin=foreign(escrows.c.buyer_id) == parties.c.id, viewonly=True)
        seller = relationship(Party, primaryjoin=foreign(escrows.c.seller_id) == parties.c.id, viewonly=True)

    class EscrowView(ModelView):
        column_list = ("ref", "buyer", "seller", "amount", "currency", "status", "policy", "created_at", "release_at")
        column_searchable_list = ("ref",)
        column_default_sort = ("id", True)
        page_size = _PAGE

    app = Flask("stock")
    app.secret_key = "bench"
    Babel(app)
    session = scoped_session(sessionmaker(runtime.db.engine))
    Admin(app, name="stock", url="/").add_view(EscrowView(Escrow, session, endpoint="escrow", url="/escrow"))
    app.teardown_request(lambda _error: session.remove())
    return app.test_client()
