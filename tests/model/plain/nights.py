"""What the periodic jobs do."""

from datetime import UTC, datetime

from tests.model.plain import cases, decisions, letters, orders, parties, payments, payouts, subscriptions
from tests.model.plain.amounts import named
from tests.model.plain.books import Refused
from tests.model.plain.corrections import note_repaid
from tests.model.plain.desk import Desk, Run, Transfer
from tests.model.plain.facts import DEFAULT_CURRENCY, JOBS, MINIMUM, PERCENT, local_day, repayment, slots_until

PAYS_OUT_BY = "process_payout_schedules"


def run(desk: Desk, job: str, at: datetime) -> None:
    """The job for an instant, which is never later than now."""
    if job == "watch":
        decisions.expire(desk)
        cases.expire(desk)
        letters.remind(desk)
    elif job == "auto_deduct":
        deduct(desk)
    elif job == "create_missing_wallets":
        open_missing(desk)
    elif job == "check_pending_payments":
        payments.decline_unpaid(desk, min(at, desk.now))
    elif job == "expire_subscriptions":
        subscriptions.expire(desk, min(at, desk.now))
    elif job == PAYS_OUT_BY:
        payouts.pay_due(desk, min(at, desk.now))
    else:
        release_due(desk, JOBS[job][0], min(at, desk.now))


def job_of(policy: str) -> str:
    """The job that pays the escrows of a policy."""
    return next(job for job, (pays, *_) in JOBS.items() if pays == policy)


def break_at(desk: Desk, job: str, at: datetime, broken: int) -> None:
    """A run in which one escrow can't be paid: it does not stop the others."""
    desk.runs.append(Run(job, at, release_due(desk, JOBS[job][0], at, broken=broken)))


def pay_out(desk: Desk, at: datetime) -> None:
    """A run of the payouts that are due, of which what fails can be tried again."""
    desk.runs.append(Run(PAYS_OUT_BY, at, payouts.pay_due(desk, at)))


def retry(desk: Desk, who: str, number: int) -> None:
    """What failed in a run is tried again and nothing else, as far as it was due then and may be paid now."""
    desk.require(who, "run")
    before = desk.runs[number]
    if not before.failed:
        raise Refused("nothing failed")
    if before.job == PAYS_OUT_BY:
        desk.runs.append(Run(before.job, before.at, payouts.pay_again(desk, before.at, before.failed)))
        return
    desk.runs.append(Run(before.job, before.at))
    release_due(desk, JOBS[before.job][0], before.at, only=before.failed)


def release_due(
    desk: Desk, policy: str, at: datetime, *, only: list[int] | None = None, broken: int | None = None
) -> list[int]:
    """Pay the sellers of a policy's escrows whose time has come; no job pays what is frozen. Returns what broke."""
    failed: list[int] = []
    if desk.is_stopped:
        return failed
    for number, escrow in enumerate(desk.escrows):
        waits = policy in ("completion", "buffer") and escrow.order != "completed"
        if escrow.status != "held" or escrow.policy != policy or escrow.freezes or waits:
            continue
        if escrow.due is None or escrow.due > at or (only is not None and number not in only):
            continue
        if number == broken:
            failed.append(number)
            continue
        if (escrow.seller, escrow.currency) not in desk.books.wallets:
            escrow.waits_for_wallet = True
        else:
            orders.disburse(desk, number, escrow.amount)
    return failed


def deduct(desk: Desk) -> None:
    """One repayment by party, currency and local day of the posting instant."""
    if desk.is_stopped:
        return
    day = local_day(desk.now)
    for (party, currency), mandate in sorted(desk.mandates.items()):
        key, debt = (party, currency, day), desk.books.owed(party, currency)
        has_wallet = (party, currency) in desk.books.wallets
        if not mandate.enabled or not debt or key in desk.deducted or not has_wallet:
            continue
        percent = PERCENT if mandate.percent is None else mandate.percent
        minimum = MINIMUM.get(currency, 0) if mandate.minimum is None else mandate.minimum
        left = None if mandate.daily_max is None else mandate.daily_max - desk.repaid.get(key, 0)
        amount = repayment(debt, desk.books.wallet(party, currency), percent, minimum, left)
        if amount:
            legs = desk.books.move({("wallet", party, currency): -amount, ("receivable", party, currency): amount})
            desk.transfers.append(Transfer("repay", legs, reference=f"deducted {party} {currency} {day}"))
            note_repaid(desk, party, currency, amount)
            desk.deducted.add(key)
            desk.tell(party, "party.auto_deducted")
            desk.letters.append((party, "party.auto_deducted", named(currency, amount, debt - amount)))


def open_missing(desk: Desk) -> None:
    """Verified parties get a wallet in each currency in which they trade; those without any, in the desk's own."""
    wanted = {(party, escrow.currency) for escrow in desk.escrows for party in (escrow.buyer, escrow.seller)}
    used = {party for party, _currency in wanted | desk.books.wallets}
    wanted |= {(party, DEFAULT_CURRENCY) for party in desk.verified - used}
    for party, currency in sorted(wanted - desk.books.wallets):
        if party in desk.verified:
            desk.books.wallets.add((party, currency))
            desk.tell(party, "wallet.opened")
    parties.unblock(desk)


def tick(desk: Desk, job: str) -> datetime | None:
    """The clock: of the slots that passed, the last one runs once; the slot that ran, if one did."""
    slots = slots_until(job, desk.planned[job], desk.now)
    if not slots:
        return None
    if job in desk.paused:
        return None
    desk.planned[job] = slots[-1]
    if job == "auto_deduct" and local_day(slots[-1]) != local_day(desk.now):
        return None
    run(desk, job, slots[-1])
    return slots[-1]


def pause(desk: Desk, who: str, job: str) -> None:
    """No slot of a paused job runs."""
    desk.require(who, "pause")
    if job in desk.paused:
        raise Refused("it is paused already")
    desk.paused.add(job)


def resume(desk: Desk, who: str, job: str) -> None:
    """What passed meanwhile is missed."""
    desk.require(who, "pause")
    if job not in desk.paused:
        raise Refused("it is not paused")
    desk.paused.discard(job)
    desk.planned[job] = desk.now.astimezone(UTC)


def switch(desk: Desk, who: str, *, stop: bool) -> None:
    """Stop all outgoing money, or let it flow again."""
    desk.require(who, "stop")
    desk.is_stopped = stop
