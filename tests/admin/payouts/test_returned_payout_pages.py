"""Money that came back, or went another way, as the pages tell it: who has it now, and what can be done about it."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.support.job_runs import run_job_now
from tests.support.market import DIVINE, all_books_agree
from tests.support.people import send
from tests.support.sandbox import Sandbox, sandbox, world  # noqa: F401
from tests.support.taken_back import WHY, Case, sqlite_runtime  # noqa: F401
from webapp import clock
from webapp.domain.disputes.resolutions import DisputeResolution
from webapp.domain.states import AccountKind, FreezeCause
from webapp.models import Dispute, Refund
from webapp.runtime import Runtime
from webapp.services.disputes import disputes
from webapp.services.disputes.disputes import NewDispute
from webapp.services.escrows import freezes

SignIn = Callable[..., FlaskClient]


@pytest.fixture
def case(desk: Runtime, world: Sandbox) -> Iterator[Case]:
    yield Case(desk, world)
    all_books_agree(desk)


def _shown(client: FlaskClient, address: str) -> str:
    answer = client.get(address)
    assert answer.status_code == 200
    return answer.text.replace("\xa0", " ").replace("&#39;", "'")


def _split(case: Case) -> int:
    """Decided for both: 60.00 back to the buyer's card, 40.00 to the seller."""
    now, settings = clock.now(), case.runtime.settings
    with case.runtime.db.transaction() as session:
        new = NewDispute(case.escrow().id, "buyer", "late", "It came late.")
        made = disputes.open_dispute(session, new, at=now, actor=DIVINE, settings=settings)
        resolution = DisputeResolution("split", "agreement", WHY, 6_000, 4_000)
        disputes.resolve(session, made.id, resolution, version=made.version, at=now, actor=DIVINE, settings=settings)
        return made.id


def _dispute(case: Case) -> int:
    with case.runtime.db.reading() as session:
        return session.scalars(select(Dispute.id)).one()


def _refund_fails(case: Case) -> None:
    """Its provider says so, a while after it had taken it."""
    rows = case.world.control("store?kind=paystack.refund", method="GET")["paystack.refund"]
    case.world.control(f"refunds/{rows[0]['number']}", {"outcome": "failed"})
    with case.runtime.db.transaction() as session:
        session.execute(update(Refund).values(next_try_at=clock.now() - timedelta(seconds=1)))
    run_job_now(case.runtime, "deliver_outbox")


@pytest.mark.parametrize("is_sent", [True, False])
def test_a_refund_of_a_split_is_on_the_page_of_its_escrow_and_of_its_case(
    case: Case, sign_in: SignIn, is_sent: bool
) -> None:
    dispute = _split(case)
    said = "NGN 60.00 goes back to the payer: the refund is sent with the next run."
    if is_sent:
        run_job_now(case.runtime, "deliver_outbox")
        _refund_fails(case)
        said = "The refund of NGN 60.00 failed at paystack: it gave no reason. The money is in the buyer's wallet."
    person = sign_in("agent")
    for address in (f"/escrows/{case.escrow().id}", f"/disputes/{dispute}"):
        page = _shown(person, address)
        assert said in page
        assert page.count(f'href="/payments/{case.payment_id}"') >= 2
        assert "refund: " not in page
    assert said in _shown(person, f"/payments/{case.payment_id}")
    if is_sent:
        assert case.balance(AccountKind.WALLET, "buyer") == 6_000


def test_what_a_bank_had_ended_and_gave_back_is_held_again_and_says_so(case: Case, sign_in: SignIn) -> None:
    number = case.charged_back()
    for outcome in ("lost", "won"):
        case.bank(number, outcome)
    person, payment = sign_in("admin"), f"/payments/{case.payment_id}"
    assert "an escrow that the taking alone had ended is held again" in _shown(person, f"{payment}/give-again")
    case.decide("give_again")
    page = _shown(person, f"/escrows/{case.escrow().id}")
    assert "Given again: The provider" in page
    assert "refunded in whole" not in page
    assert f'href="/escrows/{case.escrow().id}/release' not in page
    for named in ("Frozen by a chargeback", "Freeze by a chargeback lifted", "Frozen by a person"):
        assert page.count(f'<p class="timeline-title">{named}</p>') == 1, named
    assert page.count(f'<div class="timeline-text">{WHY}</div>') == 1, "one act, its reason once"
    assert "refunded in whole" not in _shown(person, payment)
    decided = _shown(person, f"/disputes/{_dispute(case)}")
    assert "The money was held again since:" in decided
    assert "is held again: what had left it is back already." in decided
    assert "0 open of 1, 0 ended against it" in _shown(person, f"/parties/{case.escrow().seller_id}")


def test_a_reversal_that_can_be_is_offered(case: Case, sign_in: SignIn) -> None:
    case.release()
    escrow = f"/escrows/{case.escrow().id}"
    assert f'href="{escrow}/reversal' in _shown(sign_in("admin"), escrow)
    assert f'href="{escrow}/reversal' not in _shown(sign_in("agent"), escrow)


def test_a_payment_whose_money_was_released_does_not_claim_that_nothing_moves(case: Case, sign_in: SignIn) -> None:
    case.night()
    case.bank(case.charged_back(), "lost")
    page = _shown(sign_in("agent"), f"/payments/{case.payment_id}")
    assert "Nothing moves until a person decides" not in page
    assert f"Escrow {case.escrow().ref} was released to" in page
    assert "nothing of it is held. A person decides who bears what was taken back." in page


def test_a_payment_whose_money_is_held_says_that_it_stays(case: Case, sign_in: SignIn) -> None:
    case.by_hand(4_000)
    page = _shown(sign_in("agent"), f"/payments/{case.payment_id}")
    assert f"Nothing of escrow {case.escrow().ref} moves until a person decides." in page


def test_a_claw_back_that_another_freeze_refuses_says_so_and_is_not_offered(case: Case, sign_in: SignIn) -> None:
    with case.runtime.db.transaction() as session:
        freezes.freeze(session, case.escrow().id, "Looks odd.", at=clock.now(), actor=DIVINE)
    case.by_hand()
    payment = f"/payments/{case.payment_id}"
    page = _shown(sign_in("agent"), payment)
    assert f'href="{payment}/claw-back"' not in page
    assert "Looks odd. Lift that first." in page
    assert f'href="{payment}/write-off"' in page
    assert send(sign_in("agent"), f"{payment}/claw-back", reason=WHY).status_code == 409


def test_an_escrow_offers_what_its_state_lets_be_done_and_says_why_of_the_rest(case: Case, sign_in: SignIn) -> None:
    escrow = f"/escrows/{case.escrow().id}"
    page = _shown(sign_in("agent"), escrow)
    for action in ("freeze", "extend", "refund", "release"):
        assert f'href="{escrow}/{action}"' in page
    assert f"/disputes/open/{case.escrow().id}" in page
    case.charged_back()
    page = _shown(sign_in("agent"), escrow)
    with case.runtime.db.reading() as session:
        ref = session.scalars(select(Dispute.ref)).one()
    for action in ("refund", "release"):
        assert f'href="{escrow}/{action}"' not in page
    assert f"Dispute {ref} is open. Add what you know to that one." in page
    assert f"/disputes/open/{case.escrow().id}" not in page
    assert "It ends with the chargeback." in page


def test_the_note_says_what_keeps_what_is_left_and_winning_leaves_the_case(case: Case, sign_in: SignIn) -> None:
    number = case.charged_back(4_000)
    case.bank(number, "lost")
    with case.runtime.db.reading() as session:
        [dispute] = session.scalars(select(Dispute)).all()
    page = _shown(sign_in("agent"), f"/disputes/{dispute.id}")
    assert "goes its way" not in page
    assert "is left, and stays held: this dispute freezes it until it is decided or withdrawn." in page
    assert case.causes() == [FreezeCause.DISPUTE]


def test_a_won_chargeback_ends_its_own_freeze_and_the_case_says_what_it_still_freezes(
    case: Case, sign_in: SignIn
) -> None:
    case.bank(case.charged_back(4_000), "won")
    with case.runtime.db.reading() as session:
        [dispute] = session.scalars(select(Dispute)).all()
    assert (case.causes(), dispute.status) == ([FreezeCause.DISPUTE], "opened")
    page = _shown(sign_in("agent"), f"/disputes/{dispute.id}")
    assert "Its freeze has ended. This dispute goes on freezing the money until it is decided or withdrawn." in page
