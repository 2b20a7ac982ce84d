"""What a person decides about a refund that can't be told from another, and what follows of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from tests.services.payments.test_payment_decisions import held_by_card, refund
from tests.support.market import AMINA, CHIKA, NOW, Market, all_books_agree, wallet
from webapp.domain.actors import Actor, job_actor
from webapp.domain.payments.refund_matching import OWN_TIME
from webapp.domain.providers.provider_results import (
    ListedRefunds,
    NoResponse,
    ProviderResponse,
    ProviderStatus,
    RefundRow,
)
from webapp.errors import Conflict, Invalid, NotAllowed, Overtaken
from webapp.models import Alert, Audit, Payment, Refund
from webapp.runtime import Runtime
from webapp.services.refunds import decisions as refund_decisions
from webapp.services.refunds import refunds
from webapp.services.refunds import settlement as refund_settlement
from webapp.services.refunds.decisions import Choice, RefundChoice
from webapp.services.refunds.settlement import RefundResult

JOB = job_actor("deliver_outbox")
WHY = "The dashboard shows who made it."


def row(number: str, amount: int = 10_000, status: ProviderStatus = ProviderStatus.PENDING) -> RefundRow:
    return RefundRow(number, status, amount, "NGN", NOW + timedelta(minutes=1), str(status))


class Case:
    """A refund of 100.00 that was tried once, of which nobody knows what became."""

    def __init__(self, market: Market) -> None:
        self.market, self.session = market, market.session
        self.payment, self.escrow = held_by_card(market)
        refund(market, self.escrow)
        [self.giving] = refunds.claim_due(self.session, NOW, 10, timedelta(minutes=3))
        self.session.flush()

    def hears(self, word: RefundResult, at: timedelta = timedelta(minutes=1)) -> Refund:
        refund_settlement.settle_all(self.session, {self.giving.id: word}, at=NOW + at, actor=JOB)
        return self.refund()

    def refund(self) -> Refund:
        found = refunds.of_payment(self.session, self.payment.id)
        assert found is not None
        return found

    def decide(self, choice: Choice, number: str = "", actor: Actor = CHIKA, version: int | None = None) -> Refund:
        said = RefundChoice(choice, WHY, number)
        seen = self.refund().version if version is None else version
        return refund_decisions.decide(
            self.session,
            self.payment.id,
            said,
            version=seen,
            at=NOW + timedelta(minutes=2),
            actor=actor,
        )

    def credited(self) -> int:
        return wallet(self.session, self.escrow.buyer_id)

    def alerts(self) -> list[str]:
        firing = select(Alert.rule).where(Alert.status == "firing").order_by(Alert.rule)
        return list(self.session.scalars(firing.execution_options(populate_existing=True)))


@pytest.fixture
def case(runtime: Runtime) -> Iterator[Case]:
    with runtime.db.transaction() as session:
        made = Market(session, runtime)
        made.limit(1_000_000)
        yield Case(made)
    all_books_agree(runtime)


def test_of_two_that_can_be_ours_a_person_chooses_and_it_is_followed_by_its_number(case: Case) -> None:
    found = case.hears(ListedRefunds((row("1"), row("2"), row("3", 2_500))))
    assert (found.status, found.provider_id, case.alerts()) == ("needs_review", None, ["refund_needs_person"])
    assert [each["id"] for each in found.rows or ()] == ["1", "2", "3"]
    with pytest.raises(Invalid, match="one of the refunds that are listed"):
        case.decide(Choice.OURS, "9")
    made = case.decide(Choice.OURS, "2")
    assert (made.status, made.provider_id, made.rows, case.alerts()) == ("pending", "2", None, [])
    assert case.hears(ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "2")).status == "processed"
    assert case.credited() == 0
    record = case.session.scalars(select(Audit).where(Audit.action == "refund.decide_ours")).one()
    assert (record.actor_name, record.reason) == ("Chika", WHY)


def test_what_a_person_says_is_not_ours_is_never_taken_for_ours_again(case: Case) -> None:
    rows = ListedRefunds((row("1"), row("2")))
    case.hears(rows)
    assert case.decide(Choice.NONE).status == "sending"
    assert case.hears(rows).status == "sending", "not sent again before the provider's own time is over"
    assert case.hears(rows, OWN_TIME).status == "waiting"
    assert case.hears(ListedRefunds((*rows.rows, row("3"))), OWN_TIME).provider_id == "3"


def test_the_wallet_gets_it_only_by_a_decision_once_it_was_done(case: Case) -> None:
    assert case.hears(ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "1")).status == "processed"
    found = case.hears(ProviderResponse("r", ProviderStatus.FAILED, 10_000, "NGN", "1", "failed"))
    assert (found.status, case.credited(), case.alerts()) == ("needs_review", 0, ["refund_needs_person"])
    case.decide(Choice.WALLET)
    assert (case.refund().status, case.credited(), case.alerts()) == ("failed", 10_000, ["refund_failed"])


def test_what_is_done_is_asked_about_for_thirty_days(case: Case) -> None:
    done = case.hears(ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "1"))
    assert done.next_try_at == NOW + timedelta(days=1, minutes=1)
    assert (
        case.hears(ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "1"), timedelta(days=29)).next_try_at
        is not None
    )
    assert (
        case.hears(ProviderResponse("r", ProviderStatus.SUCCEEDED, 10_000, "NGN", "1"), timedelta(days=31)).next_try_at
        is None
    )


@pytest.mark.parametrize(
    ("amount", "status"), [(2_500, "needs_review"), (10_000, "processed"), (10_001, "needs_review")]
)
def test_less_than_asked_stays_open(case: Case, amount: int, status: str) -> None:
    assert case.hears(ProviderResponse("r", ProviderStatus.SUCCEEDED, amount, "NGN", "1")).status == status
    assert case.credited() == 0


def test_a_provider_that_has_it_back_already_is_looked_at_and_not_called_failed(case: Case) -> None:
    there = NoResponse("Transaction has been fully reversed.", is_there=True)
    assert case.hears(there).status == "sending"
    assert case.hears(ListedRefunds((row("1", 2_500),))).status == "sending"
    found = case.hears(ListedRefunds((row("1", 2_500),)), OWN_TIME)
    assert (found.status, case.credited(), len(found.rows or ())) == ("needs_review", 0, 1)


def test_a_refusal_after_an_earlier_attempt_is_looked_into(case: Case) -> None:
    case.hears(NoResponse("It did not answer."))
    case.hears(ListedRefunds(()), OWN_TIME)
    case.session.flush()
    [giving] = refunds.claim_due(case.session, NOW + 2 * OWN_TIME, 10, timedelta(minutes=3))
    assert (giving.may_send, case.refund().times_sent) == (True, 2)
    assert case.hears(NoResponse("No.", is_refusal=True), 2 * OWN_TIME).status == "sending"
    assert case.credited() == 0
    assert case.hears(ListedRefunds(()), 3 * OWN_TIME).status == "failed"
    assert case.credited() == 10_000


def test_what_waits_for_somebody_at_the_provider_calls_a_person_until_it_goes_on(case: Case) -> None:
    waits = ProviderResponse("r", ProviderStatus.PENDING, 10_000, "NGN", "1", "needs-attention", needs_person=True)
    assert (case.hears(waits).status, case.alerts()) == ("pending", ["refund_needs_person"])
    case.hears(ProviderResponse("r", ProviderStatus.PENDING, 10_000, "NGN", "1", "processing"))
    assert case.alerts() == []


def test_only_who_approves_decides_and_only_about_what_was_seen(case: Case) -> None:
    with pytest.raises(Overtaken, match="nothing to decide"):
        case.decide(Choice.WALLET)
    case.hears(ListedRefunds((row("1"), row("2"))))
    with pytest.raises(NotAllowed):
        case.decide(Choice.WALLET, actor=AMINA)
    with pytest.raises(Overtaken):
        case.decide(Choice.WALLET, version=1)
    case.refund().provider_id = "1"
    case.session.flush()
    with pytest.raises(Conflict, match="it is ours"):
        case.decide(Choice.NONE)
    assert case.session.get_one(Payment, case.payment.id).status == "succeeded"
