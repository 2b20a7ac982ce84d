"""Payouts, their schedules and their destinations on the screen."""

import html
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select, update

from tests.support.market import DIVINE, wallet
from tests.support.payouts import planned, settled, written
from tests.support.people import hidden, send
from webapp import clock
from webapp.admin.jobs.run_item_links import named
from webapp.domain.money.money import Money
from webapp.domain.permissions import ROLES
from webapp.domain.providers.provider_results import NoResponse, ProviderStatus
from webapp.errors import NotAllowed
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.models import Audit, Payout, PayoutDestination, PayoutSchedule, Run, RunItem
from webapp.runtime import Runtime
from webapp.services.approvals import limits
from webapp.services.common import kill_switch
from webapp.services.parties import parties
from webapp.services.payouts import payouts
from webapp.services.payouts import probes as payout_probes
from webapp.services.payouts import settlement as payout_settlement
from webapp.services.payouts.schedules import schedules as payout_schedules
from webapp.sql import database_now

SignIn = Callable[..., FlaskClient]
LISTS = (
    *[
        f"/payouts?tab={tab}"
        for tab in ("waiting", "under_way", "in_doubt", "succeeded", "came_back", "cancelled", "all")
    ],
    *[
        f"/payout-schedules?tab={tab}"
        for tab in ("due", "upcoming", "processing", "processed", "failed", "cancelled", "all")
    ],
    "/payouts/export.csv",
    "/payout-schedules/export.csv",
)
TO = {"currency": "ngn", "kind": "nuban", "bank_code": "058", "account_name": "Kofi Mensah"}


@pytest.fixture
def clocked(desk: Runtime) -> Runtime:
    """A desk whose jobs are planned."""
    register_jobs(desk)
    return desk


def schedule(desk: Runtime, number: int) -> PayoutSchedule:
    with desk.db.reading() as session:
        return payout_schedules.get(session, number)


def payout(desk: Runtime, number: int) -> Payout:
    with desk.db.reading() as session:
        return payouts.get(session, number)


def shown(client: FlaskClient, address: str) -> str:
    """The page as people read it."""
    answer = client.get(address)
    assert answer.status_code == 200, answer.text
    return html.unescape(answer.text).replace("\xa0", " ")


def failed(desk: Runtime, **more: Any) -> tuple[int, int]:
    """A schedule and its payout that the provider refused."""
    plan = planned(desk, **more)
    number = written(desk, plan)
    settled(desk, number, ProviderStatus.FAILED, "Account closed.")
    return plan, number


@pytest.mark.parametrize("role", sorted(ROLES))
def test_everybody_reads_payouts_and_their_schedules(clocked: Runtime, sign_in: SignIn, role: str) -> None:
    plan, number = failed(clocked)
    client = sign_in(role)
    for address in LISTS:
        assert client.get(address).status_code == 200, address
    page = shown(client, f"/payouts/{number}")
    assert "It failed: its provider did not pay it to Kofi Mensah" in page
    assert "Account closed." in page
    assert "Payout failed" in page
    page = shown(client, f"/payout-schedules/{plan}")
    assert "An attempt failed; the next one waits until" in page
    assert f"/payouts/{number}" in page


def test_lists_show_what_their_tabs_say(clocked: Runtime, sign_in: SignIn) -> None:
    tomorrow = clock.now() + timedelta(days=1)
    due, later = planned(clocked, placement="p-1"), planned(clocked, due_at=tomorrow, placement="p-2")
    guarded = planned(clocked, guarantee_completion_date=tomorrow)
    refs = {each: schedule(clocked, each).ref for each in (due, later, guarded)}
    client = sign_in("viewer")

    def found(query: str) -> set[int]:
        page = client.get(f"/payout-schedules?{query}").text
        return {each for each, ref in refs.items() if f">{ref}<" in page}

    assert found("") == {due}
    assert found("tab=upcoming") == {later, guarded}
    assert found("tab=all&sort=due_at") == {due, later, guarded}
    assert found("tab=all&placement=p-2") == {later}
    assert found("q=p-1") == found(f"q={refs[due]}") == {due}
    with clocked.db.reading() as session:
        party = parties.get(session, schedule(clocked, later).party_id).ref
    assert found(f"party={party}") == {later}
    assert found("tab=all&currency=KES") == set()
    number = written(clocked, due)
    assert payout(clocked, number).ref in client.get(f"/payouts?q={refs[due]}").text
    assert found("tab=processing") == {due}


def test_a_payout_shows_only_the_end_of_its_account(clocked: Runtime, sign_in: SignIn) -> None:
    plan = planned(clocked)
    number, party = written(clocked, plan), schedule(clocked, plan).party_id
    client, whole = sign_in("admin"), f"00{party:08}"
    for address in (f"/payouts/{number}", "/payouts", f"/payout-schedules/{plan}", f"/parties/{party}"):
        page = client.get(address).text
        assert whole not in page
        assert f"···{whole[-4:]}" in page


def test_a_payout_that_was_not_sent_is_cancelled_with_a_reason(clocked: Runtime, sign_in: SignIn) -> None:
    plan = planned(clocked)
    number = written(clocked, plan)
    admin, path = sign_in("admin"), f"/payouts/{number}/cancel"
    assert "Say why" in send(admin, path, reason="").text
    assert send(admin, path, reason="Wrong account.").status_code == 303
    with clocked.db.reading() as session:
        assert wallet(session, schedule(clocked, plan).party_id) == 10_000
    assert payout(clocked, number).status == "cancelled"
    assert send(admin, path, reason="Again.").status_code == 409
    assert "only a payout that was not sent yet can be cancelled" in shown(admin, f"/payouts/{number}")


def test_a_failed_payout_is_retried_by_a_run_that_is_shown(clocked: Runtime, sign_in: SignIn) -> None:
    plan, number = failed(clocked)
    operator = sign_in("operator")
    assert "by itself, with a new payout, by its run on" in shown(operator, f"/payouts/{number}")
    answer = send(operator, f"/payouts/{number}/retry")
    assert answer.status_code == 303
    with clocked.db.reading() as session:
        run = session.scalars(select(Run)).one()
    assert answer.location == f"/runs/{run.id}"
    assert run.parameters is not None
    assert (run.job, run.parameters["schedule"], run.status) == ("process_payout_schedules", plan, "queued")
    assert operator.get(answer.location).status_code == 200
    assert send(operator, f"/payouts/{number}/retry").status_code == 409


def test_a_schedule_is_planned_changed_and_cancelled(clocked: Runtime, sign_in: SignIn) -> None:
    with clocked.db.reading() as session:
        ref = parties.get(session, schedule(clocked, planned(clocked)).party_id).ref
    admin = sign_in("admin")
    new = {"ref": "s-9", "party": ref, "amount": "1,500.50", "currency": "ngn", "due_at": "2030-01-02T03:04"}
    answer = send(admin, "/payout-schedules/add", **new)
    assert answer.status_code == 303
    path = answer.location
    made = schedule(clocked, int(path.rsplit("/", 1)[1]))
    assert (made.amount, made.currency, made.due_at.isoformat()) == (150_050, "NGN", "2030-01-02T03:04:00+00:00")
    assert re.search(r"It is not due until <time [^>]*>02 January 2030, 03:04 UTC</time>\.", shown(admin, path))
    form = admin.get(f"{path}/change").text
    assert 'value="1500.50"' in form
    changes = {"amount": "20", "due_at": "2030-02-02T03:04", "guarantee": "2030-03-02T03:04", "placement": "p-3"}
    assert send(admin, f"{path}/change", **changes).status_code == 303
    changed = schedule(clocked, made.id)
    assert (changed.amount, changed.placement, changed.version) == (2_000, "p-3", 2)
    stale = admin.post(f"{path}/change", data=hidden(form) | changes)
    assert stale.status_code == 409
    assert "changed since you opened it" in stale.text
    assert re.search(r"Its guarantee ends on <time [^>]*>02 March 2030", shown(admin, path))
    assert send(admin, f"{path}/trigger").status_code == 422
    assert send(admin, f"{path}/cancel", reason="Not owed.").status_code == 303
    assert "It was cancelled; nothing is paid." in shown(admin, path)
    assert send(admin, f"{path}/cancel", reason="Again.").status_code == 409


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"party": "nobody"}, "There is no party nobody."),
        ({"amount": "-5"}, "is negative"),
        ({"amount": "0"}, "More than zero"),
        ({"amount": "12,50"}, "could be read in two ways"),
        ({"due_at": "9999-12-31T23:59"}, "1970 to 2199"),
        ({"amount": "1.005"}, "too many decimals"),
        ({"currency": "XQX"}, "XQX"),
        ({"due_at": "soon"}, "Write a date and time"),
        ({"ref": ""}, "Give it a reference of its own."),
        ({"ref": "taken"}, "Taken."),
    ],
)
def test_what_is_wrong_is_told_at_its_field(
    clocked: Runtime, sign_in: SignIn, wrong: dict[str, str], said: str
) -> None:
    with clocked.db.reading() as session:
        ref = parties.get(session, schedule(clocked, planned(clocked)).party_id).ref
    admin = sign_in("admin")
    good = {"ref": "s-9", "party": ref, "amount": "15", "currency": "NGN", "due_at": "2030-01-02T03:04"}
    if wrong == {"ref": "taken"}:
        assert send(admin, "/payout-schedules/add", **good | wrong).status_code == 303
    answer = send(admin, "/payout-schedules/add", **good | wrong)
    assert answer.status_code in (409, 422)
    field = answer.text.split(f'id="{next(iter(wrong))}-error"')[1].split("</p>")[0]
    assert said in html.unescape(field)
    assert 'value="2030-01-02T03:04"' in answer.text or "due_at" in wrong


def test_one_is_paid_now_and_all_that_is_due_by_runs(clocked: Runtime, sign_in: SignIn) -> None:
    plan = planned(clocked, due_at=clock.now() + timedelta(days=1))
    operator = sign_in("operator")
    answer = send(operator, f"/payout-schedules/{plan}/trigger")
    assert (answer.status_code, answer.location[:6]) == (303, "/runs/")
    again = send(operator, "/payout-schedules/process-due")
    assert again.status_code == 409
    with clocked.db.transaction() as session:
        session.get_one(Run, int(answer.location[6:])).status = "succeeded"
    assert send(operator, "/payout-schedules/process-due").status_code == 303
    with clocked.db.reading() as session:
        first, second = session.scalars(select(Run.parameters).order_by(Run.id)).all()
    assert (first["schedule"], second) == (plan, None)


def test_why_it_was_not_paid_yet_is_said(clocked: Runtime, sign_in: SignIn) -> None:
    viewer = sign_in("viewer")
    with clocked.db.transaction() as session:
        kill_switch.stop(session, "Fraud.", at=clock.now(), actor=DIVINE)
    page = shown(viewer, f"/payout-schedules/{planned(clocked, 20_000, account=False)}")
    for reason in (
        "All outgoing money is stopped by Divine: Fraud.",
        "No provider that is configured pays out NGN.",
        "has no payout destination in NGN.",
        "'s wallet holds NGN 100.00, which does not cover NGN 200.00.",
    ):
        assert reason in page
    assert "Setting one ends that." in page
    assert "Set a destination…" not in page
    admins = shown(sign_in("admin"), f"/payout-schedules/{planned(clocked, account=False)}")
    assert "Set a destination…</a>" in admins
    paid = planned(clocked)
    with clocked.db.transaction() as session:
        kill_switch.resume(session, "Clear.", at=clock.now(), actor=DIVINE)
    number = written(clocked, paid)
    assert "is pending." in shown(viewer, f"/payout-schedules/{paid}")
    settled(clocked, number, ProviderStatus.SUCCEEDED)
    assert "It was paid by payout" in shown(viewer, f"/payout-schedules/{paid}")
    assert "It was paid, as paystack tells since" in shown(viewer, f"/payouts/{number}")
    settled(clocked, number, ProviderStatus.REVERSED, "Account closed.")
    assert "It failed for good" in shown(viewer, f"/payout-schedules/{paid}")
    assert "It came back from Kofi Mensah, 058" in shown(viewer, f"/payouts/{number}")


def test_a_destination_is_set_and_its_number_never_shown_again(clocked: Runtime, sign_in: SignIn) -> None:
    party = schedule(clocked, planned(clocked, account=False)).party_id
    admin, path = sign_in("admin"), f"/parties/{party}/payout-destination"
    wrong = send(admin, path, account_number="12 34 56 78 9!", **TO)
    assert wrong.status_code == 422
    assert "A Nigerian account number (NUBAN) has ten digits." in wrong.text
    assert "9!" not in wrong.text
    assert 'value="Kofi Mensah"' in wrong.text
    assert send(admin, path, account_number="0123-456 789", **TO).status_code == 303
    page = admin.get(f"/parties/{party}").text
    assert "Kofi Mensah, 058 ···6789" in page
    assert "&lt;" not in page, "a sentence shows its markup"
    assert re.search(r"in this currency before\s+<time [^>]*>\w{3} \d", page), "an instant, not `before in 23 hours`"
    assert "0123456789" not in page
    assert send(admin, path, account_number="9999999999", **TO).status_code == 303
    with clocked.db.reading() as session:
        rows = session.scalars(select(PayoutDestination).order_by(PayoutDestination.id)).all()
    assert [(row.account_ending, row.retired_at is None) for row in rows] == [("6789", False), ("9999", True)]


DOORS = {
    "/payouts/1/retry": ("operator", "admin"),
    "/payouts/1/cancel": ("admin",),
    "/payout-schedules/add": ("admin",),
    "/payout-schedules/1/change": ("admin",),
    "/payout-schedules/1/cancel": ("admin",),
    "/payout-schedules/1/trigger": ("operator", "admin"),
    "/payout-schedules/process-due": ("operator", "admin"),
    "/parties/1/payout-destination": ("admin",),
}


@pytest.mark.parametrize("role", sorted(ROLES))
def test_doors_are_open_to_those_who_may(clocked: Runtime, sign_in: SignIn, role: str) -> None:
    failed(clocked)
    client = sign_in(role)
    for path, roles in DOORS.items():
        assert client.get(path).status_code == (200 if role in roles else 403), path
        if role not in roles:
            assert client.post(path, data={"reason": "x"}).status_code == 403, path
    if role not in DOORS["/payout-schedules/1/change"]:
        assert "Only these roles may do this: admin." in shown(client, "/payout-schedules/1")


def test_search_and_runs_lead_to_payouts(clocked: Runtime, sign_in: SignIn) -> None:
    plan, number = failed(clocked)
    client = sign_in("viewer")
    for words, place in (
        (schedule(clocked, plan).ref, f"/payout-schedules/{plan}"),
        (payout(clocked, number).ref, f"/payouts/{number}"),
    ):
        found = client.get("/search.json", query_string={"q": words}).get_json()["results"]
        assert place in [each["url"] for each in found]
    item = RunItem(id=9, run_id=1, subject_kind="payout", subject_id=number, outcome="failed")
    with client.application.test_request_context(), clocked.db.reading() as session:
        assert named(session, [item]) == {9: (payout(clocked, number).ref, f"/payouts/{number}")}


def doubtful(desk: Runtime) -> int:
    """A payout that its provider may have, for longer than its own time."""
    number = written(desk, planned(desk))
    with desk.db.transaction() as session:
        payouts.claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"])
        there = NoResponse("It exists.", is_answer=True, is_there=True)
        payout_settlement.settle_all(session, {number: there}, at=clock.now(), actor=DIVINE)
        session.execute(update(Payout).values(doubted_at=clock.now() - timedelta(hours=25)))
    return number


def test_a_payout_in_doubt_is_decided_on_its_page(clocked: Runtime, sign_in: SignIn) -> None:
    number = doubtful(clocked)
    client = sign_in("admin")
    assert f"/payouts/{number}" in shown(client, "/payouts?tab=in_doubt")
    page = shown(client, f"/payouts/{number}")
    assert "Its provider may have it, and has not shown it since" in page
    assert "then say what became of it: a second person confirms it" in page
    asked = shown(client, f"/payouts/{number}/give-back")
    assert "the party has it twice" in asked
    for action in ("mark-paid", "give-back"):
        assert shown(client, f"/payouts/{number}/{action}")
    path, said = f"/payouts/{number}/give-back", "Paystack's support wrote that it was never sent."
    preview = send(client, path, reason=said)
    assert "Check before it is done" in preview.text
    assert send(client, path, reason=said, step="do").status_code == 303
    assert payout(clocked, number).status == "sending"
    proposal = shown(client, "/approvals/1")
    assert f"/payouts/{number}" in proposal
    assert "goes back to the wallet: it was not paid and will not be" in proposal
    operator = sign_in("operator")
    assert operator.post(path, data={}).status_code == 403


@pytest.mark.parametrize(("limit", "verb"), [(0, "Propose to {} {} {}"), (1_000_000, "{} {} {}")])
@pytest.mark.parametrize(("action", "words"), [("claw-back", ("Claw", "back")), ("write-off", ("Write", "off"))])
def test_the_button_names_the_deed_and_the_amount(
    clocked: Runtime, sign_in: SignIn, limit: int, verb: str, action: str, words: tuple[str, str]
) -> None:
    _, number = failed(clocked)
    settled(clocked, number, ProviderStatus.SUCCEEDED, "success")
    with clocked.db.transaction() as session:
        limits.set_limits(session, {"NGN": limit}, at=clock.now(), actor=DIVINE)
    page = html.unescape(send(sign_in("admin"), f"/payouts/{number}/{action}", reason="Twice.").text)
    amount, (first, last) = Money(payout(clocked, number).amount, "NGN"), words
    expected = verb.format(first if limit else first.lower(), amount, last)
    buttons = [" ".join(each.split()) for each in re.findall(r"<button[^>]*>(.*?)</button>", page, re.S)]
    assert any(expected in each.replace("\xa0", " ") for each in buttons), buttons


def test_a_pause_of_all_payouts_is_said_where_people_look(clocked: Runtime, sign_in: SignIn) -> None:
    number = written(clocked, planned(clocked))
    with clocked.db.transaction() as session:
        payouts.claim_due(session, clock.now(), 10, timedelta(minutes=3), ["paystack"])
        short = NoResponse("Your balance is not enough.", is_answer=True, is_unsent=True, pauses_all=True)
        payout_settlement.settle_all(session, {number: short}, at=clock.now(), actor=DIVINE)
    client = sign_in("viewer")
    for address in ("/payouts?tab=waiting", "/providers/", f"/payouts/{number}"):
        page = shown(client, address)
        assert "Payouts through paystack are paused since" in page, address
        assert "Your balance is not enough." in page, address
    assert "what became of it is not known" not in shown(client, f"/payouts/{number}")
    assert "Try payouts now" not in shown(client, "/payouts?tab=waiting")
    assert client.post("/payouts/try-now").status_code == 403
    operator = sign_in("operator")
    assert "Try payouts now" in shown(operator, "/payouts?tab=waiting")
    assert send(operator, "/payouts/try-now").status_code == 303
    with clocked.db.transaction() as session:
        assert session.scalars(select(Run.job)).all() == ["deliver_outbox"]
        assert session.scalars(select(Audit.subject_id).where(Audit.action == "payout.try_now")).all() == [number]
        taken = payouts.claim_due(session, database_now(session), 10, timedelta(minutes=3), ["paystack"])
        assert [each.id for each in taken] == [number]


def test_nothing_is_tried_where_nothing_is_paused(clocked: Runtime, sign_in: SignIn) -> None:
    assert send(sign_in("operator"), "/payouts/try-now").status_code == 409


def test_only_who_may_retry_tries_payouts_now(desk: Runtime) -> None:
    nobody = replace(DIVINE, permissions=frozenset())
    with pytest.raises(NotAllowed), desk.db.transaction() as session:
        payout_probes.try_now(session, at=clock.now(), actor=nobody)
