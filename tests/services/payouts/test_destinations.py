"""A new payout destination waits, or a second person approves it; nothing is paid in its currency meanwhile."""

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.market import AMINA, CHIKA, DIVINE, NOW, Market, person
from webapp.domain.actors import Actor, job_actor
from webapp.encryption import decrypt
from webapp.errors import Conflict, NotAllowed
from webapp.models import Delivery, Event, Payout, PayoutDestination
from webapp.runtime import Runtime
from webapp.services.notifications.messages import event_messages
from webapp.services.payouts import creation as payout_creation
from webapp.services.payouts import destinations as payout_destinations
from webapp.services.payouts.destinations import NewDestination
from webapp.services.payouts.schedules import detail as schedule_detail
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.services.payouts.schedules.schedules import NewSchedule

JOB = job_actor("process_payout_schedules")
WAYS = {"NGN": "paystack"}
DAY = timedelta(hours=24)


@pytest.fixture
def market(session: Session, runtime: Runtime) -> Market:
    return Market(session, runtime)


def put(
    market: Market, party: int, number: str = "0123456789", *, at: datetime = NOW, actor: Actor = DIVINE
) -> PayoutDestination:
    new = NewDestination("NGN", "nuban", "058", number, "Kofi Mensah")
    return payout_destinations.put(market.session, party, new, at=at, actor=actor, settings=market.runtime.settings)


def plan(market: Market, party: int, ref: str = "plan") -> int:
    return payout_schedules.create(market.session, NewSchedule(ref, party, 1_000, "NGN", NOW), at=NOW, actor=DIVINE).id


def pay(market: Market, schedule: int, at: datetime) -> list[str]:
    """Why it can't be paid; nothing when it was."""
    outcome = payout_creation.create_all(market.session, [schedule], at=at, actor=JOB, routes=WAYS)
    assert len(outcome.refused) + outcome.passed_on == 1
    return [refused.sentence for refused in outcome.refused]


def test_nothing_is_paid_to_a_new_one_for_a_day(market: Market) -> None:
    party = market.party("payee", wallet=9_000).id
    to, schedule = put(market, party), plan(market, party)
    [why] = pay(market, schedule, NOW + DAY - timedelta(seconds=1))
    assert "is new: nothing is paid to it before 03 March 2026 at 09:30 UTC" in why
    dry = payout_creation.preview_all(market.session, [schedule], at=NOW, routes=WAYS)
    assert (dry.done, len(dry.refused)) == (0, 1)
    told = schedule_detail.reasons(schedule_detail.read(market.session, schedule), NOW, WAYS)
    assert any("is new: nothing is paid" in reason.sentence for reason in told)
    assert pay(market, schedule, NOW + DAY) == []
    assert market.session.scalars(select(Payout.destination_id)).one() == to.id


def test_an_account_number_is_kept_encrypted(market: Market) -> None:
    kept = put(market, market.party("payee").id).account_encrypted
    assert "0123456789" not in kept
    assert decrypt(kept, market.runtime.settings.encryption_keys) == "0123456789"


def test_the_one_before_is_not_paid_to_while_another_waits(market: Market) -> None:
    party = market.party("payee", wallet=9_000).id
    put(market, party, at=NOW - 2 * DAY)
    put(market, party, "9999999999")
    assert pay(market, plan(market, party), NOW) != []


def test_a_second_person_lets_it_be_paid_to_at_once(market: Market) -> None:
    party = market.party("payee", wallet=9_000).id
    to = put(market, party)
    for nobody in (DIVINE, AMINA, person(8, "Olu", "operator"), Actor("token", 1, "t", CHIKA.permissions)):
        with pytest.raises(NotAllowed):
            payout_destinations.approve(market.session, to.id, at=NOW, actor=nobody, settings=market.runtime.settings)
    payout_destinations.approve(market.session, to.id, at=NOW, actor=CHIKA, settings=market.runtime.settings)
    assert to.approved_by == "Chika"
    assert pay(market, plan(market, party), NOW) == []
    with pytest.raises(Conflict, match="waits no more"):
        payout_destinations.approve(market.session, to.id, at=NOW, actor=CHIKA, settings=market.runtime.settings)


def test_one_that_is_rejected_gives_way_to_the_one_before(market: Market) -> None:
    party = market.party("payee", wallet=9_000).id
    before = put(market, party, at=NOW - 2 * DAY)
    thief = put(market, party, "9999999999")
    payout_destinations.reject(market.session, thief.id, "The party did not ask for it.", at=NOW, actor=CHIKA)
    assert pay(market, plan(market, party), NOW) == []
    assert market.session.scalars(select(Payout.destination_id)).one() == before.id
    with pytest.raises(Conflict, match="not in use any more"):
        payout_destinations.approve(market.session, thief.id, at=NOW, actor=CHIKA, settings=market.runtime.settings)


def test_one_that_is_in_use_is_not_rejected(market: Market) -> None:
    to = put(market, market.party("payee").id, at=NOW - 2 * DAY)
    with pytest.raises(Conflict, match="waits no more"):
        payout_destinations.reject(market.session, to.id, "Why not.", at=NOW, actor=CHIKA)


def test_the_wait_is_a_setting(market: Market) -> None:
    party = market.party("payee", wallet=9_000).id
    new = NewDestination("NGN", "nuban", "058", "0123456789", "Kofi Mensah")
    settings = market.runtime.settings.model_copy(update={"payout_destination_wait_hours": 0})
    payout_destinations.put(market.session, party, new, at=NOW, actor=DIVINE, settings=settings)
    assert pay(market, plan(market, party), NOW) == []


def test_one_set_before_waiting_was_known_is_paid_to(market: Market) -> None:
    party = market.party("payee", wallet=9_000).id
    put(market, party).effective_at = None
    assert pay(market, plan(market, party), NOW) == []


def letters(market: Market) -> list[str]:
    """What the party is written, in order."""
    settings = market.runtime.settings.model_copy(update={"smtp_url": "smtp://localhost"})
    events = market.session.scalars(select(Event).where(Event.subject_kind == "party").order_by(Event.id)).all()
    event_messages.write(market.session, events, NOW, settings)
    rows = market.session.scalars(select(Delivery).order_by(Delivery.id)).all()
    assert {each.recipient for each in rows} == {"kofi@example.org"}
    return [each.body for each in rows]


@pytest.fixture
def kofi(market: Market) -> int:
    """A party that can be written to."""
    party = market.party("payee", wallet=9_000)
    party.email = "kofi@example.org"
    market.session.flush()
    return party.id


def test_the_party_is_told_what_may_come_earlier(market: Market, kofi: int) -> None:
    put(market, kofi)
    [letter] = letters(market)
    assert "From 03 March 2026, 09:30 UTC on, or earlier if the marketplace approves it, your payouts in NGN" in letter
    assert "go to the account ending in 6789." in letter
    assert "until then nothing is paid out" not in letter


def test_the_party_is_told_that_a_new_one_was_approved_early(market: Market, kofi: int) -> None:
    payout_destinations.approve(
        market.session, put(market, kofi).id, at=NOW, actor=CHIKA, settings=market.runtime.settings
    )
    [_, approved] = letters(market)
    assert "The account ending in 6789 was approved before its time: your payouts in NGN go there from now" in approved


@pytest.mark.parametrize(
    ("before", "said"),
    [("0123450000", "They go to the account ending in 0000 again."), (None, "Tell us where they are to go.")],
)
def test_the_party_is_told_that_a_new_one_was_rejected(
    market: Market, kofi: int, before: str | None, said: str
) -> None:
    if before:
        put(market, kofi, before, at=NOW - DAY)
    payout_destinations.reject(market.session, put(market, kofi).id, "A thief's.", at=NOW, actor=CHIKA)
    rejected = letters(market)[-1]
    assert "did not accept the account ending in 6789: your payouts in NGN do not go there." in rejected
    assert said in rejected
    assert "thief" not in rejected


def test_only_one_is_in_use(market: Market) -> None:
    party = market.party("payee").id
    put(market, party, at=NOW - DAY)
    put(market, party)
    used = select(PayoutDestination.id).where(PayoutDestination.retired_at.is_(None))
    assert len(market.session.scalars(used).all()) == 1
