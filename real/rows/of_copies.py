"""A copy of the desk's database wakes up beside it, with the same keys: what is due in both is paid once."""

import json
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import requests

from real import servers
from real.desk import Desk, now
from real.report import Case, Report
from real.rows.of_answers import words
from real.rows.of_redis import banner
from real.world import World
from soak.world import until
from webapp import clock
from webapp.sandbox.core.settings import SANDBOX_KEYS

ROW = "9 copies"
_JOB = "process_payout_schedules"
_MONEY = {"amount": 5_000, "currency": "NGN"}
_ACCOUNT = {"currency": "NGN", "kind": "nuban", "bank_code": "058", "account_number": "0123456789"}
_WHY = "The other one was switched off."
_BANNER = "This desk may be a copy: nothing leaves it."
_WAITS = 60.0
_QUIET = 8.0
"""Seconds in which a worker that takes runs would have begun one that waits: each looks every second."""


@dataclass(frozen=True)
class Provider:
    """The one that pays, for both desks."""

    url: str

    @property
    def paid(self) -> int:
        """How many payouts it was ever asked for, each reference once."""
        kind = "paystack.transfer"
        answer = requests.get(f"{self.url}/control/store", params={"kind": kind}, timeout=10)
        return int(answer.json()["counts"].get(kind, 0))


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    with (
        servers.redis(world.new_folder("redis")) as first,
        servers.redis(world.new_folder("redis")) as second,
        _provider(world.new_folder("sandbox")) as provider,
    ):
        reaching = SANDBOX_KEYS | {"PAYSTACK_URL": f"{provider.url}/paystack", "PAYOUT_DESTINATION_WAIT_HOURS": "0"}
        with world.desk(f"redis://{servers.HOST}:{first}/0", **reaching) as original:
            original.start("web")
            _plan_a_payout(original)
            original.halt("web")
            with world.copy_of(original, f"redis://{servers.HOST}:{second}/0") as copy:
                with report.case(ROW, "a copy, with the keys and files of the original, starts beside it") as case:
                    _sends_nothing(copy, provider, case)
                with report.case(ROW, "the original beside it") as case:
                    _pays(original, provider, case)
                original.stop()
                with report.case(ROW, "the original is gone, and somebody says that the copy is it now") as case:
                    _is_confirmed(copy, provider, case)
                copy.halt("web", "worker", "scheduler")
                with report.case(ROW, "a host that never saw this database starts on it") as case:
                    _unknown_host(world, copy, case)


@contextmanager
def _provider(folder: Path) -> Iterator[Provider]:
    port = servers.free_port()
    command = [sys.executable, "-m", "webapp.cli", "sandbox", "--port", str(port), "--smtp-port", "0"]
    command += ["--file", str(folder / "books" / "sandbox.sqlite3")]
    with servers.running(command, folder / "log", lambda: servers.listens(port)):
        yield Provider(f"http://{servers.HOST}:{port}")


def _plan_a_payout(desk: Desk) -> None:
    """Money of somebody, an account of theirs, and a payout that is due already."""
    party = desk.write("parties", ref="payee", name="Ngozi Payee", currencies=["NGN"])
    place = f"parties/{party['id']}"
    desk.write(f"{place}/deposits", amount=_MONEY, reference="first", provider_reference="bank-first")
    account = _ACCOUNT | {"account_name": "Ngozi Payee"}
    kept = desk.api.put(f"{desk.url}/api/v1/{place}/payout-destination", json=account, timeout=20)
    assert kept.status_code < 300, kept.text
    due = (clock.now() - timedelta(minutes=1)).isoformat().replace("+00:00", "Z")
    desk.write("payout-schedules", version=2, ref="due", party="payee", amount=_MONEY, due_at=due)


def _sends_nothing(copy: Desk, provider: Provider, case: Case) -> None:
    copy.start()
    run = copy.write(f"jobs/{_JOB}/trigger")["id"]
    time.sleep(_QUIET)
    case.heard("a run that pays what is due", _status(copy, run), "queued")
    case.heard("the provider", f"{provider.paid} payouts", "0 payouts")
    case.heard("desk doctor", copy.doctor()["instance"].sentence, "restored, copied or moved", "desk instance confirm")
    case.heard("a page", banner(copy, _BANNER), _BANNER)
    case.heard("the alerts", until(lambda: _alert(copy), _WAITS), "may_be_a_copy")
    case.heard("desk instance show", copy.command("instance", "show"), "1", "restored, copied or moved")


def _pays(original: Desk, provider: Provider, case: Case) -> None:
    original.start()
    run = original.write(f"jobs/{_JOB}/trigger")["id"]
    case.heard("its run", until(lambda: _ended(original, run), _WAITS), "succeeded")
    until(lambda: provider.paid, _WAITS)
    case.heard("the provider", f"{provider.paid} payouts", "1 payouts")
    case.heard("desk doctor", original.doctor()["instance"].sentence, "belong together")


def _is_confirmed(copy: Desk, provider: Provider, case: Case) -> None:
    """Its run goes on; what the original paid meanwhile is known at the provider by its reference."""
    copy.prove()
    since = now()
    code, said = copy.command("instance", "confirm", "--reason", _WHY)
    case.heard("desk instance confirm", f"exit {code} {said}", "exit 0", "is the original now")
    case.well_after = round(copy.wait_until_well(since), 1)
    until(lambda: _settled(copy), _WAITS)
    case.heard("the payout in its books", _settled(copy), "succeeded")
    case.heard("the provider", f"{provider.paid} payouts", "1 payouts")
    case.heard("desk doctor", copy.doctor()["instance"].sentence, "belong together")
    case.heard("a page", banner(copy, _BANNER) or "no banner any more", "no banner any more")
    case.heard("the audit trail", words(copy.page("/audit/?action=instance.confirm"), 20_000), _WHY)


def _unknown_host(world: World, desk: Desk, case: Case) -> None:
    """What a snapshot of a disk looks like to the host that opens it, and a host that joins the desk too."""
    elsewhere, known = str(world.new_folder("elsewhere")), _identity(desk)
    code, said = desk.command("instance", "show", VAR_DIR=elsewhere)
    case.heard("desk instance show", f"exit {code} {said}", "exit 1", f"set INSTANCE_ID={known} on it")
    code, said = desk.command("instance", "show", VAR_DIR=elsewhere, INSTANCE_ID=known)
    case.heard("desk instance show, with INSTANCE_ID", f"exit {code} {said}", "exit 0")
    shutil.rmtree(elsewhere)


def _identity(desk: Desk) -> str:
    [file] = Path(desk.variables["VAR_DIR"]).glob("instance.json")
    return str(json.loads(file.read_text())["id"])


def _status(desk: Desk, run: int) -> str:
    return str(desk.api.get(f"{desk.url}/api/v1/runs/{run}", timeout=20).json()["status"])


def _ended(desk: Desk, run: int) -> str:
    status = _status(desk, run)
    return "" if status in ("queued", "running") else status


def _settled(desk: Desk) -> str:
    found: list[dict[str, Any]] = desk.api.get(f"{desk.url}/api/v1/payouts", timeout=20).json()["data"]
    return next((each["status"] for each in found if each["status"] == "succeeded"), "")


def _alert(desk: Desk) -> str:
    text = desk.api.get(f"{desk.url}/api/v1/alerts", timeout=20).text
    at = text.find("may_be_a_copy")
    return text[max(0, at - 200) : at + 300] if at >= 0 else ""
