"""No page says a provider's code or a machine's name where people read: sentences and words say it."""

import re
from collections.abc import Callable
from html import unescape
from pathlib import Path

from flask.testing import FlaskClient
from sqlalchemy import insert, update

from tests.support import payouts as payouts_of
from tests.support.sandbox import Sandbox, sandbox, world  # noqa: F401
from tests.support.taken_back import Case, sqlite_runtime  # noqa: F401
from webapp import clock, services
from webapp.admin.ui.timeline import ACTION_LABELS, MONEY
from webapp.domain.providers import provider_messages
from webapp.domain.states import TransferKind
from webapp.models import Chargeback, InboundWebhook, Payment, Payout, PayoutSchedule, Refund
from webapp.runtime import Runtime

SignIn = Callable[..., FlaskClient]
_UNSEEN = re.compile(r"<(script|style|svg)\b.*?</\1>|<[^>]*>", re.DOTALL)
_RECORDED = re.compile(r'(?:audit|trail)\.record(?:_all)?\(.*?"([a-z_]+\.[a-z_]+)"', re.DOTALL)
_ELSEWHERE = ("dispute.message", "evidence.attach")
"""Told on a timeline by what was written or attached."""
_OF_CASES = ("escrow", "order", "dispute", "payment", "refund", "payout", "payout_schedule", "chargeback", "transfer")
CODES = sorted(provider_messages.CODES)
ODD = [code for code in CODES if not code.isalpha()]


def _read(client: FlaskClient, address: str) -> str:
    """What people read on a page."""
    answer = client.get(address)
    assert answer.status_code == 200, address
    return unescape(_UNSEEN.sub(" ", answer.text))


def _raw(text: str, code: str) -> bool:
    """Whether the code stands there as a code: in brackets, or with its hyphens and underscores."""
    alone = rf"\({re.escape(code)}\)|: {re.escape(code)}\."
    return bool(re.search(alone, text)) or (code in ODD and code in text)


def test_no_code_of_a_provider_is_read_on_any_page(desk: Runtime, world: Sandbox, sign_in: SignIn) -> None:
    case = Case(desk, world)
    number = case.charged_back(4_000)
    case.bank(number, "reminded")
    payout = payouts_of.written(desk, payouts_of.planned(desk))
    with desk.db.transaction() as session:
        buyer = case.escrow().buyer_id
        what = {"payment_id": case.payment_id, "party_id": buyer, "provider": "paystack", "currency": "NGN"}
        session.execute(insert(Refund).values(amount=100, status="pending", created_at=clock.now(), **what))
        session.execute(update(Payout).values(status="failed", provider_id="TRF_1"))
    with desk.db.reading() as session:
        dispute, hook = session.query(Chargeback).one().dispute_id, session.query(InboundWebhook).first()
    assert hook is not None
    admin, escrow = sign_in("admin"), case.escrow().id
    pages = [f"/payments/{case.payment_id}", "/payments/?tab=all", f"/escrows/{escrow}", f"/disputes/{dispute}"]
    pages += [f"/payouts/{payout}", "/payouts/?tab=all", f"/payout-schedules/{1}", f"/payouts/{payout}/retry"]
    pages += [f"/inbound-webhooks/{hook.id}", f"/payments/{case.payment_id}/settle-refund"]
    for code in CODES:
        with desk.db.transaction() as session:
            for model in (Payment, Payout, Refund, Chargeback):
                session.execute(update(model).values(status_detail=code))
            session.execute(update(InboundWebhook).values(result=code))
            status = "failed" if CODES.index(code) % 2 else "needs_review"
            session.execute(update(Refund).values(status=status))
        for address in pages if code in ODD[:3] or code in ("failed", "declined") else pages[:1] + pages[4:5]:
            text = _read(admin, address).split('{"')[0]
            found = [each for each in CODES if _raw(text, each)]
            assert not found, (address, code, found)
            assert "charge.dispute" not in text or address.startswith("/inbound-webhooks"), address


def test_who_acted_is_no_job_s_name(desk: Runtime, world: Sandbox, sign_in: SignIn) -> None:
    case = Case(desk, world)
    case.bank(case.charged_back(), "reminded")
    with desk.db.reading() as session:
        dispute = session.query(Chargeback).one().dispute_id
    agent = sign_in("agent")
    for address in (f"/escrows/{case.escrow().id}", f"/disputes/{dispute}", f"/payments/{case.payment_id}"):
        text = _read(agent, address)
        assert "handle_webhooks" not in text, address
    assert "frozen by the desk since" in _read(agent, f"/escrows/{case.escrow().id}")


def test_what_a_job_wrote_names_no_job_as_its_author(desk: Runtime, sign_in: SignIn) -> None:
    schedule = payouts_of.planned(desk)
    payout = payouts_of.written(desk, schedule)
    with desk.db.transaction() as session:
        session.execute(update(Payout).values(created_by="process_payout_schedules"))
        session.execute(update(PayoutSchedule).values(created_by="process_payout_schedules"))
    for address in (f"/payouts/{payout}", f"/payout-schedules/{schedule}"):
        text = " ".join(_read(sign_in("admin"), address).split())
        assert "By the desk" in text, address
        assert "By process_payout_schedules" not in text, address


def test_every_deed_of_a_case_has_its_words_on_the_timeline() -> None:
    recorded: set[str] = set()
    for path in Path(services.__path__[0]).rglob("*.py"):
        recorded |= set(_RECORDED.findall(path.read_text()))
    of_cases = {each for each in recorded if each.split(".")[0] in _OF_CASES} - set(_ELSEWHERE)
    assert len(of_cases) > 30
    assert of_cases <= set(ACTION_LABELS), sorted(of_cases - set(ACTION_LABELS))
    assert {f"refund.decide_{choice}" for choice in ("ours", "none", "wallet")} <= set(ACTION_LABELS)


def test_every_kind_of_transfer_has_its_words() -> None:
    assert set(MONEY) == set(TransferKind)
