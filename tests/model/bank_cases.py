"""Orders of steps in which a payer's bank takes what was paid, and breaks that the model has to notice."""

from typing import Any

from tests.model.replay import Steps
from webapp.services.approvals import approvals
from webapp.services.payments.chargebacks import booking, refund_offsets
from webapp.services.payments.clawbacks import executors


def of(name: str, who: str = "Divine", which: int = 0, **more: Any) -> tuple[str, dict[str, Any]]:
    return name, {"who": who, "which": which, **more}


def says(said: str) -> tuple[str, dict[str, Any]]:
    return "bank_disputes", {"which": 0, "said": said}


def decide(verb: str) -> tuple[str, dict[str, Any]]:
    return of("decide_payment", "Chika", verb=verb, stale=False)


NEW = {"terms": "unpaid", "pair": ("Ada", "Ben"), "currency": "NGN", "policy": "deadline", "fee": 1, "due": 2}


def paid(amount: int = 1_000) -> Steps:
    """An order of Ada's with Ben, paid by card."""
    return [("order", {"who": "Divine", "order": NEW | {"amount": amount}}), of("pay", said="paid")]


PAID = paid()
RELEASE, REFUND = of("release", "Chika", stale=False), of("refund", "Chika", stale=False)
FREEZE = of("freeze", "Amina", lift=False)
CASE = of("open_dispute", "Amina", kind="dispute")
SPLIT = of("resolve", "Chika", resolution="split", share=5, stale=False)
REVERSE = of("reverse", verb="reverse", to_debt=True, share=5)
ONCE_WRONG: dict[str, Steps] = {
    "taken after the release, and the seller gives it": [*PAID, RELEASE, says("lost"), decide("claw_back"), REVERSE],
    "taken after the release, and the platform bears it": [*PAID, RELEASE, says("lost"), decide("write_off")],
    "taken after the release, which is reversed then": [*PAID, RELEASE, says("lost"), REVERSE],
    "taken besides our refund": [
        *PAID,
        REFUND,
        ("refund_answer", {"which": 0, "paid": True}),
        says("accepted"),
        decide("claw_back"),
    ],
    "taken of a payment that was more than its price": [
        ("order", {"who": "Divine", "order": NEW | {"amount": 1_000}}),
        of("pay", said="more"),
        decide("accept"),
        says("accepted"),
    ],
    "taken after a split by card": [*PAID, CASE, SPLIT, says("lost"), decide("claw_back")],
}


def nothing(*_args: Any, **_more: Any) -> int:
    """What a guard does that is gone."""
    return 0


BROKEN: dict[str, tuple[Steps, list[tuple[Any, str, Any]]]] = {
    "what a bank took stays in the escrow": ([*PAID, says("lost")], [(booking, "book", nothing)]),
    "what a bank took is refunded by us too": ([*PAID, REFUND, says("lost")], [(refund_offsets, "cover", nothing)]),
    "a case stays open whose money is gone": ([*PAID, CASE, FREEZE, says("lost")], [(executors, "_close", nothing)]),
    "a proposal waits for money that is gone": (
        [*paid(30_000), RELEASE, says("accepted")],
        [(approvals, "lapse", nothing)],
    ),
}
