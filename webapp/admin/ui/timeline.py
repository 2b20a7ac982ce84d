"""A timeline in words: what each moment of a case is called, and how it looks."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup

from webapp.admin.ui.claim_names import with_claim_name
from webapp.admin.ui.formatting import money
from webapp.domain.actors import named
from webapp.domain.providers.provider_messages import sentence
from webapp.services.timeline import Moment

ACTION_LABELS: dict[str, tuple[Any, str, str]] = {
    "escrow.hold": (_l("Held"), "info", "lock"),
    "escrow.release": (_l("Released to the seller"), "good", "check"),
    "escrow.refund": (_l("Refunded to the buyer"), "calm", "return"),
    "escrow.split": (_l("Split"), "calm", "split"),
    "escrow.freeze": (_l("Frozen"), "frozen", "snow"),
    "escrow.unfreeze": (_l("Freeze lifted"), "info", "lock"),
    "escrow.extend": (_l("Due later"), "info", "clock"),
    "escrow.due": (_l("Due by the completed order"), "info", "clock"),
    "hold.rename": (_l("Held for another placement"), "info", "file"),
    "escrow.void": (_l("Voided"), "calm", "cross"),
    "escrow.reverse": (_l("Reversed"), "warn", "return"),
    "escrow.create": (_l("Created"), "calm", "plus"),
    "audit.verify": (_l("Audit trail walked"), "calm", "check"),
    "books.verify": (_l("Books checked"), "calm", "scale"),
    "order.create": (_l("Order created"), "calm", "plus"),
    "report.make": (_l("Report made"), "calm", "file"),
    "report.subscribe": (_l("Subscribed to reports"), "calm", "inbox"),
    "report.unsubscribe": (_l("Unsubscribed from reports"), "calm", "cross"),
    "order.import": (_l("Order imported"), "calm", "plus"),
    "tenant.create": (_l("Tenant came in"), "calm", "plus"),
    "tenant.change": (_l("Tenant changed"), "info", "file"),
    "subscription.create": (_l("Subscription given"), "good", "plus"),
    "subscription.renew": (_l("Renewed"), "good", "refresh"),
    "subscription.extend": (_l("Extended"), "info", "clock"),
    "subscription.expire": (_l("Expired"), "warn", "clock"),
    "subscription.suspend": (_l("Suspended"), "bad", "stop"),
    "subscription.resume": (_l("Resumed"), "good", "play"),
    "subscription.revert": (_l("The new date taken back"), "warn", "return"),
    "subscription.payment": (_l("Word of a pending payment"), "info", "coins"),
    "dispute.open": (_l("Dispute opened"), "warn", "flag"),
    "dispute.take": (_l("Taken"), "info", "eye"),
    "dispute.assign": (_l("Assigned"), "info", "people"),
    "dispute.export_notes": (_l("PDF with internal notes made"), "calm", "file"),
    "dispute.message": (_l("Message or note"), "info", "chat"),
    "canned_reply.create": (_l("Canned reply added"), "calm", "chat"),
    "canned_reply.change": (_l("Canned reply changed"), "calm", "chat"),
    "canned_reply.remove": (_l("Canned reply removed"), "calm", "cross"),
    "dispute.ask": (_l("Asked a party to answer"), "warn", "hourglass"),
    "dispute.answered": (_l("A party answered"), "info", "chat"),
    "dispute.escalate": (_l("Escalated"), "bad", "up"),
    "dispute.resolve": (_l("Resolved"), "good", "scale"),
    "dispute.withdraw": (_l("Withdrawn"), "calm", "cross"),
    "dispute.expire": (_l("Nobody answered in time"), "warn", "clock"),
    "approval.propose": (_l("Proposed for approval"), "warn", "stamp"),
    "approval.executed": (_l("Approved, and done"), "good", "check"),
    "approval.rejected": (_l("Proposal rejected"), "bad", "cross"),
    "approval.expired": (_l("Proposal lapsed"), "warn", "clock"),
    "transfer.reverse": (_l("Payment reversed"), "warn", "return"),
    "transfer.reverse_and_refund": (_l("Payment reversed, and refunded"), "warn", "return"),
    "transfer.reverse_and_split": (_l("Payment reversed, and split"), "warn", "return"),
    "order.decline": (_l("Order declined"), "bad", "cross"),
    "order.import_update": (_l("Order changed by an import"), "info", "file"),
    "order.complete": (_l("Order completed"), "good", "check"),
    "order.cancel": (_l("Order cancelled"), "calm", "cross"),
    "wallet.open": (_l("Wallet opened"), "info", "wallet"),
    "evidence.attach": (_l("Evidence added"), "calm", "file"),
    "evidence.submit": (_l("Evidence submitted"), "calm", "file"),
    "payment.create": (_l("Payment begun"), "calm", "plus"),
    "payment.succeed": (_l("Paid"), "good", "check"),
    "payment.fail": (_l("Payment failed"), "bad", "cross"),
    "payment.expire": (_l("Payment expired"), "warn", "clock"),
    "payment.review": (_l("Put into review"), "warn", "eye"),
    "payment.accept": (_l("Payment accepted"), "good", "check"),
    "payment.refund": (_l("Payment to be refunded"), "calm", "return"),
    "payment.mark_paid": (_l("Marked paid by hand"), "good", "coins"),
    "payment.end_checkout": (_l("Its page takes no payment any more"), "calm", "stop"),
    "payment.collected_twice": (_l("Collected besides another payment"), "bad", "coins"),
    "payment.keep": (_l("Kept for the buyer"), "good", "coins"),
    "payment.same_money": (_l("The same money as was marked paid"), "good", "check"),
    "payment.taken_back": (_l("Taken back at the provider"), "bad", "return"),
    "payment.came_back": (_l("Came back at the provider"), "warn", "return"),
    "payment.restored": (_l("Nothing of it is left to decide"), "good", "check"),
    "payment.returned": (_l("Given back at the provider"), "calm", "return"),
    "payment.write_off": (_l("Written off: the platform bears it"), "warn", "coins"),
    "payment.claw_back": (_l("Clawed back"), "warn", "return"),
    "payment.refund_rest": (_l("The rest refunded"), "calm", "return"),
    "payment.give_again": (_l("Given again what came back"), "good", "coins"),
    "chargeback.open": (_l("Chargeback open"), "bad", "flag"),
    "chargeback.won": (_l("Chargeback won"), "good", "check"),
    "chargeback.lost": (_l("Chargeback lost"), "bad", "cross"),
    "chargeback.accepted": (_l("Chargeback accepted"), "warn", "return"),
    "escrow.resize": (_l("What is held changed"), "warn", "coins"),
    "refund.covered": (_l("Made by a chargeback"), "calm", "return"),
    "refund.uncovered": (_l("Given back by the bank"), "warn", "return"),
    "refund.create": (_l("Refund begun"), "calm", "return"),
    "refund.processed": (_l("Refunded"), "good", "check"),
    "refund.failed": (_l("Refund failed"), "bad", "cross"),
    "refund.review": (_l("Refund needs a person"), "warn", "eye"),
    "refund.decide_ours": (_l("One of the provider's refunds is ours"), "info", "check"),
    "refund.decide_none": (_l("None of the provider's refunds is ours"), "info", "question"),
    "refund.decide_wallet": (_l("The refund goes to the wallet"), "warn", "wallet"),
    "refund.settle_otherwise": (_l("Settled another way"), "good", "check"),
    "payout.create": (_l("Payout written"), "calm", "plus"),
    "payout.succeed": (_l("Paid out"), "good", "check"),
    "payout.fail": (_l("Payout failed"), "bad", "cross"),
    "payout.reverse": (_l("Payout reversed"), "bad", "return"),
    "payout.cancel": (_l("Payout cancelled"), "calm", "cross"),
    "payout.mark_paid": (_l("Marked paid by hand"), "good", "check"),
    "payout.give_back": (_l("Given back to the wallet by hand"), "warn", "return"),
    "payout.confirm": (_l("Its provider says so too"), "good", "check"),
    "payout.contradict": (_l("Paid after its money came back"), "bad", "flag"),
    "payout.other_amount": (_l("Its provider has another amount"), "bad", "flag"),
    "payout.retract": (_l("Came back once more: nobody has it twice"), "good", "return"),
    "payout.claw_back": (_l("Clawed back from the party"), "warn", "return"),
    "payout.write_off": (_l("Written off"), "bad", "cross"),
    "payout.keep_account": (_l("To go to the account it was written for"), "info", "wallet"),
    "payout.redirect": (_l("To go to the new account"), "info", "wallet"),
    "payout.ask": (_l("Its provider was asked by hand"), "calm", "question"),
    "payout.pause_all": (_l("Its provider sends no payouts: all wait"), "warn", "pause"),
    "payout.try_now": (_l("Tried at once, by a person"), "info", "refresh"),
    "payout.go_on": (_l("Its provider sends payouts again"), "good", "play"),
    "payout.retry": (_l("Payout tried again"), "info", "refresh"),
    "payout_schedule.create": (_l("Payout planned"), "calm", "plus"),
    "payout_schedule.change": (_l("Payout schedule changed"), "info", "clock"),
    "payout_schedule.cancel": (_l("Payout schedule cancelled"), "calm", "cross"),
    "payout_schedule.trigger": (_l("To be paid now"), "info", "play"),
    "payout_schedule.fail": (_l("Given up after failures"), "bad", "stop"),
    "party.create": (_l("Party created"), "calm", "plus"),
    "party.change": (_l("Party changed"), "info", "people"),
    "party.deposit": (_l("Deposited"), "good", "coins"),
    "party.owe": (_l("Debt added"), "warn", "coins"),
    "party.repay": (_l("Repaid"), "good", "coins"),
    "party.payout_destination": (_l("Payout destination set"), "warn", "wallet"),
    "party.payout_destination_approve": (_l("Payout destination approved"), "good", "stamp"),
    "party.payout_recipient_renew": (_l("Payout destination made known to the provider anew"), "info", "refresh"),
    "party.payout_destination_reject": (_l("Payout destination rejected"), "bad", "wallet"),
}
MONEY: dict[str, tuple[Any, str, str]] = {
    "hold": (_l("into escrow"), "info", "coins"),
    "release": (_l("released"), "good", "coins"),
    "refund": (_l("back to the buyer"), "calm", "coins"),
    "split": (_l("split between both"), "calm", "coins"),
    "credit": (_l("funded on credit"), "info", "coins"),
    "pending_earning": (_l("into pending earnings"), "info", "coins"),
    "earning": (_l("released from pending earnings"), "good", "coins"),
    "reversal": (_l("reversed"), "warn", "coins"),
    "deposit": (_l("deposited"), "good", "coins"),
    "repayment": (_l("repaid"), "good", "coins"),
    "payout": (_l("paid out"), "info", "coins"),
    "payout_return": (_l("back from a payout"), "warn", "coins"),
    "refund_return": (_l("back from a refund"), "warn", "coins"),
    "taken_back": (_l("taken back outside"), "bad", "coins"),
    "came_back": (_l("came back from outside"), "good", "coins"),
}
PROPOSALS = {
    "dispute.resolve": _l("decision on a dispute"),
    "escrow.release": _l("release to the seller"),
    "escrow.refund": _l("refund to the buyer"),
    "escrow.void": _l("voiding"),
    "transfer.reverse": _l("reversal"),
    "transfer.reverse_and_refund": _l("reversal and refund"),
    "transfer.reverse_and_split": _l("reversal and split"),
    "payment.accept": _l("acceptance of a payment"),
    "payment.refund": _l("refund of a payment"),
    "payment.mark_paid": _l("marking a payment paid"),
    "payment.write_off": _l("writing off what was taken back"),
    "payment.claw_back": _l("clawing back what was taken back"),
    "payment.refund_rest": _l("refund of the rest of a payment"),
    "payment.give_again": _l("giving again what came back"),
    "payment.keep": _l("keeping for the buyer what was collected twice"),
    "payment.same_money": _l("calling a payment the same money"),
    "payout.mark_paid": _l("marking a payout paid"),
    "payout.give_back": _l("giving a payout back to the wallet"),
    "payout.claw_back": _l("clawing a payout back"),
    "payout.write_off": _l("writing a payout off"),
    "party.deposit": _l("deposit for a party"),
    "party.owe": _l("debt of a party"),
    "party.repay": _l("repayment of a party"),
}
"""What a proposal is called."""
DECISIONS = {
    "release_to_seller": _l("release"),
    "refund_to_buyer": _l("refund"),
    "split": _l("split"),
    "no_fault": _l("decision of no fault"),
    "escrow.release": _l("release"),
    "escrow.refund": _l("refund"),
    "escrow.void": _l("voiding"),
    "transfer.reverse": _l("reversal"),
    "transfer.reverse_and_refund": _l("reversal and refund"),
    "transfer.reverse_and_split": _l("reversal and split"),
    "payment.accept": _l("acceptance"),
    "payment.refund": _l("refund"),
    "payment.mark_paid": _l("marking as paid"),
    "payment.write_off": _l("write-off"),
    "payment.claw_back": _l("claw-back"),
    "payment.refund_rest": _l("refund of the rest"),
    "payment.give_again": _l("giving again"),
    "payment.keep": _l("keeping for the buyer"),
    "payment.same_money": _l("calling it the same money"),
    "payout.mark_paid": _l("marking as paid"),
    "payout.give_back": _l("giving back to the wallet"),
    "payout.claw_back": _l("claw-back"),
    "payout.write_off": _l("write-off"),
    "party.deposit": _l("deposit"),
    "party.owe": _l("debt"),
    "party.repay": _l("repayment"),
}
"""What a proposal would do, in a word: its action, or the resolution of a dispute."""
FROZEN_BY = {
    "person": _l("by a person"),
    "dispute": _l("by a dispute"),
    "proposal": _l("by a proposal"),
    "warranty_claim": with_claim_name(_l("by a claim (%(name)s)")),
    "payment": _l("by a payment that was taken back"),
    "chargeback": _l("by a chargeback"),
}
"""The causes of freezes."""
_FREEZES = {"escrow.freeze": _l("Frozen %(by)s"), "escrow.unfreeze": _l("Freeze %(by)s lifted")}
MESSAGES = {
    "from_buyer": _l("The buyer wrote"),
    "from_seller": _l("The seller wrote"),
    "to_buyer": _l("Message to the buyer"),
    "to_seller": _l("Message to the seller"),
    "to_internal": _l("Internal note"),
    "from_internal": _l("Internal note"),
}


@dataclass(frozen=True, slots=True)
class Shown:
    """A moment as the timeline shows it."""

    at: datetime
    title: Any
    tone: str
    icon: str
    who: Any
    text: Any = ""


def in_words(moments: Sequence[Moment]) -> list[Shown]:
    """The moments as people read them. A reason that one act gave to several of its actions is read once."""
    ways = {"action": _action, "money": _money, "message": _message, "evidence": _evidence}
    shown = []
    for before, moment in zip([None, *moments], moments, strict=False):
        is_repeated = before is not None and (before.at, before.text) == (moment.at, moment.text)
        one = ways[moment.source](moment)
        shown.append(replace(one, text="") if is_repeated and moment.source == "action" else one)
    return shown


def action_in_words(action: str) -> Any:
    """What a recorded action is called."""
    known = ACTION_LABELS.get(action)
    return known[0] if known else action.replace(".", ": ").replace("_", " ")


_OF_PROVIDERS = ("payment.", "payout.", "refund.", "payout_schedule.")
"""Actions whose reason may be a provider's word."""


def _action(moment: Moment) -> Shown:
    _title, tone, icon = ACTION_LABELS.get(moment.action, ("", "calm", "dot"))
    text = sentence(moment.text) if moment.action.startswith(_OF_PROVIDERS) else moment.text
    title = action_in_words(moment.action)
    if moment.action in _FREEZES and moment.cause in FROZEN_BY:
        title = _FREEZES[moment.action] % {"by": FROZEN_BY[moment.cause]}
    return Shown(moment.at, title, tone, icon, _who(moment), text)


def _money(moment: Moment) -> Shown:
    words, tone, icon = MONEY.get(moment.action, (moment.action, "calm", "coins"))
    title = _("%(amount)s %(where)s", amount=money(moment.amount, moment.currency), where=words)
    return Shown(moment.at, title, tone, icon, _who(moment) or moment.text, moment.shares)


def _message(moment: Moment) -> Shown:
    internal = moment.action.endswith("internal")
    return Shown(
        moment.at,
        MESSAGES.get(moment.action, moment.action),
        "warn" if internal else "info",
        "chat",
        named(moment.who),
        moment.text,
    )


def _evidence(moment: Moment) -> Shown:
    return Shown(moment.at, _("Evidence: %(name)s", name=moment.text), "calm", "file", named(moment.who))


def _who(moment: Moment) -> Any:
    if moment.run_id is None:
        return named(moment.who)
    link = Markup('<a href="{}">{}</a>').format(f"/runs/{moment.run_id}", _("run %(number)s", number=moment.run_id))
    return Markup("{} · {}").format(named(moment.who), link) if moment.who else link
