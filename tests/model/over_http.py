"""The desk asked over its API, by people who are signed in."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any

from sqlalchemy import select

from tests.model.bank import Bank
from tests.model.moved_clock import MovedClock
from tests.model.people import People
from tests.model.plain.desk import Mandate, Plan
from tests.model.product import WHY, Product
from tests.model.product_payouts import ProductPayouts
from tests.model.worlds import ACTORS
from tests.support.people import PASSWORD
from webapp.jobs.run_job import run_here
from webapp.models import AutoDeduct, Dispute, Escrow, Freeze, Payment, Payout, PayoutSchedule, Transfer
from webapp.runtime import Runtime

_PARTY_MONEY = {"deposit": "deposits", "owe": "debts", "repay": "repayments"}


def requested(method: Callable[..., Any]) -> Callable[..., Any]:
    """Asks by a request; what is only tried asks the services, whose transaction can be undone."""

    @wraps(method)
    def asked(self: Any, *given: Any, **more: Any) -> Any:
        if not self.is_only_tried:
            return method(self, *given, **more)
        of_services = next(each for each in type(self).__mro__[1:] if method.__name__ in vars(each))
        return getattr(of_services, method.__name__)(self, *given, **more)

    return asked


class HttpProduct(Product):
    """What people do is done by requests; what providers, banks and clocks do, as ever."""

    def __init__(self, runtime: Runtime, moved: MovedClock) -> None:
        self.people = People(runtime)
        super().__init__(runtime, moved)

    @property
    def is_only_tried(self) -> bool:
        return self.is_trying

    # orders and escrows

    @requested
    def create(
        self,
        who: str,
        terms: str,
        buyer: str,
        seller: str,
        amount: int,
        currency: str,
        *,
        policy: str,
        fee: int,
        release_at: datetime | None,
        tenant: str | None,
    ) -> None:
        body = {
            "ref": f"o-{len(self.orders)}",
            "buyer": buyer.lower(),
            "seller": seller.lower(),
            "amount": {"amount": amount, "currency": currency},
            "terms": terms,
            "policy": policy,
            "fee": fee,
            "release_at": None if release_at is None else release_at.isoformat(),
            "tenant": tenant,
        }
        made = self.people.ask(who, "/api/v1/orders", body)
        self.orders.append(made["id"])
        self.escrows.append(made["escrow"]["id"])

    @requested
    def complete(self, who: str, number: int) -> None:
        self.people.ask(who, f"/api/v1/orders/{self.orders[number]}/complete")

    @requested
    def cancel(self, who: str, number: int) -> None:
        self.people.ask(who, f"/api/v1/orders/{self.orders[number]}/cancel", {"reason": WHY})

    @requested
    def extend(self, who: str, number: int, due: datetime) -> None:
        body = {"reason": WHY, "release_at": due.isoformat(), "version": self._shown(Escrow, self.escrows[number])}
        self.people.ask(who, f"{self._escrow(number)}/extend", body)

    @requested
    def freeze(self, who: str, number: int) -> None:
        self.people.ask(who, f"{self._escrow(number)}/freeze", {"reason": WHY})

    @requested
    def unfreeze(self, who: str, number: int, whose: str) -> None:
        mine = (Freeze.escrow_id == self.escrows[number], Freeze.cause == "person")
        last = select(Freeze.id).where(*mine, Freeze.cause_id == ACTORS[whose].id).order_by(Freeze.id.desc())
        with self.runtime.db.reading() as session:
            freeze = session.scalars(last).first()
        self.people.ask(who, f"{self._escrow(number)}/unfreeze", {"reason": WHY, "freeze_id": freeze or 0})

    # disputes

    @requested
    def open_dispute(self, who: str, number: int, kind: str) -> None:
        body = {"escrow_id": self.escrows[number], "claimant": "buyer", "reason_code": "late", "claim": "It is late."}
        made = self.people.ask(who, "/api/v1/disputes", body | {"kind": kind})
        self.disputes.append(made["id"])
        self.dispute_kinds.append(kind)

    @requested
    def handle(self, who: str, number: int, what: str, more: Any) -> None:
        bodies: dict[str, Any] = {
            "ask": lambda: {"side": more, "body": WHY},
            "answered": dict,
            "escalate": lambda: {"reason": WHY},
            "assign": lambda: {"user_id": None if more is None else ACTORS[more].id},
            "say": lambda: {"audience": more[0], "body": WHY, "inbound": more[1]},
        }
        verb = "messages" if what == "say" else what
        self.people.ask(who, f"{self._dispute(number)}/{verb}", bodies[what]())

    @requested
    def withdraw(self, who: str, number: int) -> None:
        body = {"reason": WHY, "version": self._shown(Dispute, self.disputes[number])}
        self.people.ask(who, f"{self._dispute(number)}/withdraw", body)

    # decisions

    @requested
    def decide(self, who: str, action: str, subject: Any, stale: bool = False, **payload: Any) -> str:
        path, body = self._asked(action, subject, -1 if stale else 0, **payload)
        came = self.people.ask(who, path, body)
        if came["approval"] is not None:
            self.proposals.append(came["approval"]["id"])
        return "executed" if came["executed"] else "proposed"

    def _asked(self, action: str, subject: Any, off: int, **payload: Any) -> tuple[str, dict[str, Any]]:
        kind, verb = action.split(".")
        verb = verb.replace("_", "-")
        if kind == "escrow":
            return f"{self._escrow(subject)}/{verb}", self._because(Escrow, self.escrows[subject], off)
        if kind == "dispute":
            return f"{self._dispute(subject)}/resolution", self._resolved(subject, off, **payload)
        if kind == "payment":
            mine = self.payments[subject]
            return f"/api/v1/payments/{mine}/{verb}", self._because(Payment, mine, off)
        if kind == "payout":
            with self.runtime.db.reading() as session:
                payout = list(session.scalars(select(Payout.id).order_by(Payout.id)))[subject]
            return f"/api/v1/payouts/{payout}/{verb}", self._because(Payout, payout, off)
        if kind == "party":
            money = {"amount": payload["amount"], "currency": payload["currency"]}
            body = {"amount": money, "reference": payload["reference"], "reason": WHY}
            return f"/api/v1/parties/{self.parties[subject]}/{_PARTY_MONEY[verb]}", body
        return self._corrected(verb, subject, **payload)

    def _resolved(self, subject: int, off: int, resolution: str, seller_amount: int) -> dict[str, Any]:
        body = self._because(Dispute, self.disputes[subject], off) | {"resolution": resolution, "code": "policy"}
        if resolution != "split":
            return body
        with self.runtime.db.reading() as session:
            held = session.get_one(Escrow, session.get_one(Dispute, self.disputes[subject]).escrow_id).amount
        return body | {"buyer_amount": held - seller_amount, "seller_amount": seller_amount}

    def _corrected(self, verb: str, subject: Any, to_debt: bool, seller_amount: int) -> tuple[str, dict[str, Any]]:
        with self.runtime.db.reading() as session:
            transfer = self.transfer(session, subject)
            whole = session.get_one(Transfer, transfer).amount
        body = {"reason": WHY, "to_debt": to_debt}
        if verb == "reverse-and-split":
            body |= {"buyer_amount": whole - seller_amount, "seller_amount": seller_amount}
        return f"/api/v1/transfers/{transfer}/{verb}", body

    @requested
    def approve(self, who: str, number: int) -> None:
        self.people.ask(who, f"/api/v1/approvals/{self.proposals[number]}/approve", {"password": PASSWORD})

    @requested
    def reject(self, who: str, number: int) -> None:
        self.people.ask(who, f"/api/v1/approvals/{self.proposals[number]}/reject", {"reason": WHY})

    # parties, subscriptions

    @requested
    def open_wallet(self, who: str, party: str, currency: str) -> None:
        self.people.ask(who, f"{self._party(party)}/wallets", {"currency": currency, "reason": WHY})

    @requested
    def set_mandate(self, who: str, party: str, currency: str, mandate: Mandate) -> None:
        mine = (AutoDeduct.party_id == self.parties[party], AutoDeduct.currency == currency)
        with self.runtime.db.reading() as session:
            version = session.scalars(select(AutoDeduct.version).where(*mine)).first()
        body = {
            "currency": currency,
            "enabled": mandate.enabled,
            "percent": mandate.percent,
            "daily_max": mandate.daily_max,
            "minimum_balance": mandate.minimum,
            "version": version or 0,
        }
        self.people.ask(who, f"{self._party(party)}/auto-deduct", body, "PUT")

    @requested
    def give_subscription(self, who: str, tenant: str, until: datetime) -> None:
        made = self.people.ask(who, "/api/v1/subscriptions", {"tenant": tenant, "expire_date": until.isoformat()})
        self.subscriptions[tenant] = made["id"]

    @requested
    def change_subscription(self, who: str, tenant: str, kind: str, until: datetime) -> None:
        verb = {"renewed": "renew", "extended": "extend", "suspended": "suspend", "resumed": "resume"}.get(
            kind, "revert"
        )
        body = {"reason": WHY} | ({"expire_date": until.isoformat()} if verb in ("renew", "extend") else {})
        self.people.ask(who, f"/api/v1/subscriptions/{self.subscriptions[tenant]}/{verb}", body)

    # jobs

    @requested
    def run(self, job: str, at: datetime | None = None, *, dry_run: bool = False) -> None:
        if job == "watch":
            super().run(job, at, dry_run=dry_run)
            return
        body = {"at": None if at is None else at.isoformat(), "dry_run": dry_run}
        run_here(self.runtime, self.people.ask("Divine", f"/api/v1/jobs/{job}/trigger", body)["id"])

    @requested
    def pause(self, who: str, job: str) -> None:
        self.people.ask(who, f"/api/v1/jobs/{job}/pause", {"reason": WHY})

    @requested
    def resume(self, who: str, job: str) -> None:
        self.people.ask(who, f"/api/v1/jobs/{job}/resume")

    # addresses, and what a form was shown

    def _escrow(self, number: int) -> str:
        return f"/api/v1/escrows/{self.escrows[number]}"

    def _dispute(self, number: int) -> str:
        return f"/api/v1/disputes/{self.disputes[number]}"

    def _party(self, name: str) -> str:
        return f"/api/v1/parties/{self.parties[name]}"

    def _shown(self, model: type[Any], number: int) -> int:
        """The version that whoever decides has before them."""
        with self.runtime.db.reading() as session:
            return int(session.scalars(select(model.version).where(model.id == number)).one())

    def _because(self, model: type[Any], number: int, off: int) -> dict[str, Any]:
        return {"reason": WHY, "version": self._shown(model, number) + off}


class HttpPayouts(ProductPayouts):
    """Payouts asked for by requests; their provider does what it does, as ever."""

    def __init__(self, product: HttpProduct, bank: Bank) -> None:
        super().__init__(product, bank)
        self.people = product.people

    @property
    def is_only_tried(self) -> bool:
        return self.product.is_trying

    @requested
    def put_destination(self, who: str, party: str, currency: str) -> None:
        body = {
            "currency": currency,
            "kind": "nuban",
            "bank_code": "058",
            "account_number": f"{len(self.destinations):010}",
            "account_name": party,
            "password": PASSWORD,
        }
        path = f"/api/v1/parties/{self.product.parties[party]}/payout-destination"
        self.destinations.append(self.people.ask(who, path, body, "PUT")["id"])

    @requested
    def decide_destination(self, who: str, number: int, *, yes: bool) -> None:
        path = f"/api/v1/payout-destinations/{self.destinations[number]}"
        if yes:
            self.people.ask(who, f"{path}/approve", {"password": PASSWORD})
        else:
            self.people.ask(who, f"{path}/reject", {"reason": WHY})

    @requested
    def plan(self, who: str, new: Plan) -> None:
        body = {
            "ref": f"plan-{len(self.plans)}",
            "party": new.party.lower(),
            "amount": {"amount": new.amount, "currency": new.currency},
            "due_at": new.due.isoformat(),
            "guarantee_completion_date": None if new.guarantee is None else new.guarantee.isoformat(),
        }
        self.plans.append(self.people.ask(who, "/api/v2/payout-schedules", body)["id"])

    @requested
    def change_plan(self, who: str, number: int, amount: int, due: datetime) -> None:
        with self.product.runtime.db.reading() as session:
            found = session.get_one(PayoutSchedule, self.plans[number])
        ends = found.guarantee_completion_date
        body = {
            "amount": {"amount": amount, "currency": found.currency},
            "due_at": due.isoformat(),
            "guarantee_completion_date": None if ends is None else ends.isoformat(),
            "version": found.version,
        }
        self.people.ask(who, f"/api/v2/payout-schedules/{self.plans[number]}", body, "PUT")

    @requested
    def cancel_plan(self, who: str, number: int) -> None:
        self.people.ask(who, f"/api/v2/payout-schedules/{self.plans[number]}", method="DELETE", reason=WHY)

    @requested
    def pay_now(self, who: str, number: int) -> None:
        run = self.people.ask(who, f"/api/v2/payout-schedules/{self.plans[number]}/trigger")["id"]
        run_here(self.product.runtime, run)

    @requested
    def retry(self, who: str, number: int) -> None:
        run_here(self.product.runtime, self.people.ask(who, f"{self._payout(number)}/retry")["id"])

    @requested
    def cancel(self, who: str, number: int) -> None:
        self.people.ask(who, f"{self._payout(number)}/cancel", {"reason": WHY})

    @requested
    def ask(self, who: str, number: int) -> None:
        self.people.ask(who, f"{self._payout(number)}/ask", looks_anew=True)

    def _payout(self, number: int) -> str:
        with self.product.runtime.db.reading() as session:
            return f"/api/v1/payouts/{self.payouts(session)[number].id}"


def by_requests(runtime: Runtime, clock: MovedClock, bank: Bank) -> tuple[Product, ProductPayouts]:
    """The desk is asked over its API, by people who are signed in."""
    product = HttpProduct(runtime, clock)
    return product, HttpPayouts(product, bank)
