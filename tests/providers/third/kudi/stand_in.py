"""Kudi's stand-in over HTTP: it does at once what it is told, but for payments, which their payer makes."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from flask import Flask, request
from flask.typing import ResponseReturnValue
from werkzeug.serving import make_server

from webapp import clock


@dataclass
class StandIn:
    """What it has, by kind and reference."""

    rows: dict[str, dict[str, dict[str, Any]]] = field(
        default_factory=lambda: {"payments": {}, "payouts": {}, "refunds": {}}
    )
    url: str = ""

    def pay(self, reference: str) -> None:
        """The payer pays."""
        self.rows["payments"][reference]["status"] = "done"

    def keep(self, kind: str) -> ResponseReturnValue:
        """Take what is posted, once under a reference."""
        asked, found = request.get_json(), self.rows[kind]
        if asked["reference"] in found:
            return {"error": "It is there already."}, 409
        status, number = "waiting" if kind == "payments" else "done", f"{kind}-{len(found) + 1}"
        row: dict[str, Any] = asked | {
            "id": number,
            "status": status,
            "at": clock.iso(clock.now()),
            "page": f"{self.url}/pay",
        }
        found[asked["reference"]] = row
        return row

    def told(self, kind: str) -> ResponseReturnValue:
        """Everything of a kind, or of one payment."""
        wanted = request.args.get("payment")
        return {kind: [row for row in self.rows[kind].values() if wanted in (None, row.get("payment"))]}

    def one(self, kind: str, name: str) -> ResponseReturnValue:
        """One, by its reference or its number."""
        found = [row for key, row in self.rows[kind].items() if name in (key, row["id"])]
        return found[0] if found else ({"error": "It is not there."}, 404)


@contextmanager
def serving() -> Iterator[StandIn]:
    """A stand-in on 127.0.0.1."""
    made, app = StandIn(), Flask(__name__)
    app.add_url_rule("/<kind>", "keep", made.keep, methods=["POST"])
    app.add_url_rule("/<kind>", "told", made.told)
    app.add_url_rule("/<kind>/<name>", "one", made.one)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    made.url = f"http://127.0.0.1:{server.server_port}"
    yield made
    server.shutdown()
    thread.join()
    server.server_close()
