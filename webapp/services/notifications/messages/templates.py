"""The words of messages, in English; `money_templates` has those about money that moved.

Each sentence is a message of the catalogues (`sentences`), and a letter is put together of them for its reader.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from webapp.domain.words import Sentence
from webapp.services.common.readers import LetterReader

GREETING = "Hello {name},\n\n"
CLOSING = "\n\nThis message was sent by the marketplace's escrow desk. Reference: {reference}."
_BETWEEN = re.compile(r"(\n+|(?:(?<=[.!?])|(?<=_said\})) (?=[A-Z{])|(?:(?<=[.!?])|(?<=_said\}))(?=\{\w+_said\}))")
_FIELD = re.compile(r"\{\w+\}")
_PLAIN = str.maketrans("\xa0\u202f", "  ")
"""Telephones count a message with other spaces than the plain one by half as many letters."""


@dataclass(frozen=True, slots=True)
class Text:
    """A message: its subject, the letter, and the short form for telephones and chats."""

    title: str
    body: str
    short: str

    def sentences(self) -> Iterator[str]:
        """Its sentences with words of their own, which catalogues translate."""
        for text in (self.title, self.body, self.short):
            yield from (part for part in _BETWEEN.split(text) if _has_words(part))


_BY = "By {maker}, {since}{origin}. Was it not you, or not meant? Tell an administrator at once. {link}"


def _account(title: str, what: str) -> Text:
    """A change of how somebody signs in, told to them."""
    return Text(title, f"{what} {_BY}", f"{what} {_BY}")


TEXTS: dict[str, Text] = {
    "order.declined": Text(
        "Order {order} was declined",
        "We received no payment of {amount} for order {order}, so it was declined. Should your payment "
        "still arrive, it is accepted or given back to you.",
        "Order {order} was declined: no payment of {amount} arrived.",
    ),
    "payment.succeeded": Text(
        "We received {amount} for order {order}",
        "Your payment of {amount} for order {order} has arrived. It is held for you until the order is settled."
        "{surplus_said}",
        "Your payment of {amount} for order {order} has arrived and is held.{surplus_said}",
    ),
    "chargeback.open.buyer": Text(
        "Your bank asks for {disputed} of order {order} back",
        "Your bank, or the service that you paid with, asks for {disputed} of your payment for order {order} back. "
        "What we still hold for the order, if anything, stays held until that has ended. If you did not ask for this, "
        "tell your bank and us.",
        "Your bank asks for {disputed} of your payment for order {order} back. What we still hold for the order, "
        "if anything, stays held until that has ended.",
    ),
    "chargeback.open.seller": Text(
        "The payer's bank asks for {disputed} of order {order} back",
        "The payer's bank, or the service that was paid with, asks for {disputed} of the payment for order {order} "
        "back. What we still hold for the order, if anything, stays held until that has ended. We may ask you for what "
        "shows that you delivered, and tell you how it ends.",
        "The payer's bank asks for {disputed} of the payment for order {order} back. What we still hold for the order, "
        "if anything, stays held until that has ended.",
    ),
    "chargeback.won.buyer": Text(
        "Your bank's claim about order {order} has ended",
        "The claim of your bank, or of the service that you paid with, for {disputed} of your payment for order "
        "{order} has ended: it was not granted.{given_back_said}",
        "Your bank's claim for {disputed} of your payment for order {order} has ended: it was not granted."
        "{given_back_said}",
    ),
    "chargeback.won.seller": Text(
        "The claim of the payer's bank about order {order} has ended",
        "The claim of the payer's bank, or of the service that was paid with, for {disputed} of the payment for order "
        "{order} has ended: it was not granted.{given_back_said}",
        "The claim of the payer's bank for {disputed} of the payment for order {order} has ended: it was not granted."
        "{given_back_said}",
    ),
    "chargeback.taken_again.buyer": Text(
        "Your bank's claim about order {order} was granted after all",
        "The claim of your bank, or of the service that you paid with, for {disputed} of your payment for order "
        "{order} was granted after all. What went back to you by it before stays with you.",
        "Your bank's claim for {disputed} of your payment for order {order} was granted after all. What went back to "
        "you by it before stays with you.",
    ),
    "chargeback.taken_again.seller": Text(
        "The claim of the payer's bank about order {order} was granted after all",
        "The claim of the payer's bank, or of the service that was paid with, for {disputed} of the payment for order "
        "{order} was granted after all. What we wrote to you about it before stays so: nothing more is taken from you, "
        "and nothing comes back to you.",
        "The claim of the payer's bank for {disputed} of the payment for order {order} was granted after all. Nothing "
        "more is taken from you by that, and nothing comes back to you.",
    ),
    "refund.covered.buyer": Text(
        "{covered} for order {order} went back to you",
        "{covered} for order {order} went back to you through your bank or the service that you paid with, in place of "
        "our refund. {rest_said}",
        "{covered} for order {order} went back to you through your bank, in place of our refund. {rest_said}",
    ),
    "refund.covered.seller": Text(
        "The claim of the payer's bank about order {order} has ended",
        "{covered} of the payment for order {order} went back through the payer's bank or the service that was paid "
        "with, in place of a refund of ours. Nothing is taken from you by that.",
        "{covered} of the payment for order {order} went back through the payer's bank, in place of a refund of ours.",
    ),
    "refund.uncovered.buyer": Text(
        "{again} for order {order} is with us again",
        "{again} for order {order}, which had gone back to you through your bank or the service that you paid with, is "
        "with us again. {way_said}",
        "{again} for order {order}, which had gone back to you through your bank, is with us again. {way_said}",
    ),
    "dispute.received": Text(
        "We received your claim about order {order}",
        "Your claim about order {order} has the number {dispute}. The {amount} stay held until it is decided.",
        "Your claim about order {order} has the number {dispute}. {amount} stay held.",
    ),
    "dispute.opened": Text(
        "A claim was made about order {order}",
        "The {claimant} of order {order} made a claim ({reason}): dispute {dispute}. The {amount} stay held until "
        "it is decided. You will be asked for your side.",
        "The {claimant} made a claim about order {order}: dispute {dispute}. {amount} stay held.",
    ),
    "dispute.needs_response": Text(
        "Dispute {dispute}: please answer by {due}",
        "About order {order} we need your answer by {due}.\n\n{message}",
        "Dispute {dispute} about order {order}: please answer by {due}.",
    ),
    "dispute.message": Text(
        "A message about dispute {dispute}",
        "About order {order}:\n\n{message}",
        "There is a message for you about dispute {dispute}, order {order}.",
    ),
    "dispute.resolved": Text(
        "Dispute {dispute} is decided",
        "The dispute {dispute} about order {order} is decided: {resolution}.",
        "Dispute {dispute} about order {order} is decided: {resolution}.",
    ),
    "dispute.answer_reminder": Text(
        "Reminder: please answer dispute {dispute} by {due}",
        "We still wait for your answer about order {order}. Without it by {due} we decide without your side.",
        "Reminder: please answer dispute {dispute} about order {order} by {due}.",
    ),
    "party.auto_deducted": Text(
        "{amount} were repaid from your wallet",
        "By your standing order, {amount} were taken from your wallet and repaid towards your debt. "
        "You now owe {debt}.",
        "{amount} were taken from your wallet and repaid towards your debt. You now owe {debt}.",
    ),
    "payout.succeeded": Text(
        "{amount} were paid out to you",
        "We paid {amount} to your account ending in {ending}. Banks take up to a day to show it.",
        "{amount} were paid to your account ending in {ending}.",
    ),
    "payout.failed": Text(
        "A payout of {amount} did not go through",
        "Your payout of {amount} to the account ending in {ending} did not go through. The money is in your wallet.",
        "Your payout of {amount} did not go through. The money is in your wallet.",
    ),
    "payout.reversed": Text(
        "A payout of {amount} came back",
        "Your payout of {amount} to the account ending in {ending} had been paid and came back. The money is in your "
        "wallet.",
        "Your payout of {amount} came back. The money is in your wallet.",
    ),
    "payout.reversed.platform": Text(
        "A payout of {amount} that you had twice came back",
        "A payout of {amount} to the account ending in {ending}, which you had twice, came back to the marketplace, "
        "which had borne it. Nothing is put into your wallet for it, and nothing is taken from it.",
        "Your payout of {amount}, which you had twice, came back to us. Nothing changes in your wallet.",
    ),
    "payout.reversed.debt": Text(
        "A payout of {amount} that you had twice came back",
        "A payout of {amount} to the account ending in {ending}, which you had twice, came back. {back_said}",
        "Your payout of {amount}, which you had twice, came back. {back_said}",
    ),
    "payout.clawed_back": Text(
        "A payout of {amount} went through after all",
        "Your payout of {amount} to the account ending in {ending} went through after its money had come back to your "
        "wallet, so you had it twice. {given_said}",
        "Your payout of {amount} went through after its money had come back to your wallet. {given_said}",
    ),
    "payout_schedule.failed": Text(
        "A planned payout of {amount} did not go through",
        "Your planned payout of {amount} did not go through, and is not tried again by itself. What it had taken is in "
        "your wallet.",
        "Your planned payout of {amount} did not go through. What it had taken is in your wallet.",
    ),
    "party.payout_destination_changed": Text(
        "Your payouts in {currency} will go to another account",
        "From {effective} on, or earlier if the marketplace approves it, your payouts in {currency} go to the account "
        "ending in {ending}. What was being sent already still goes where it was sent. If you did not ask for this, "
        "tell us at once.",
        "From {effective}, or earlier if we approve it, your payouts in {currency} go to the account ending in "
        "{ending}. Not you? Tell us at once.",
    ),
    "party.payout_destination_approved": Text(
        "Your payouts in {currency} go to another account now",
        "The account ending in {ending} was approved before its time: your payouts in {currency} go there from now on. "
        "If you did not ask for this, tell us at once.",
        "The account ending in {ending} was approved: your payouts in {currency} go there now. Not you? Tell us at "
        "once.",
    ),
    "party.payout_destination_rejected": Text(
        "Your payouts in {currency} do not go to the new account",
        "The marketplace did not accept the account ending in {ending}: your payouts in {currency} do not go there. "
        "{used_said}",
        "Your payouts in {currency} do not go to the account ending in {ending}. {used_said}",
    ),
    "staff.dispute.opened": Text(
        "Dispute {dispute} was opened",
        "Dispute {dispute} about {about} was opened by the {claimant}: {reason}. {link}",
        "Dispute {dispute} about {about} was opened by the {claimant}: {reason}. {link}",
    ),
    "staff.dispute.expired": Text(
        "Dispute {dispute} needs a decision",
        "Nobody answered dispute {dispute} about {amount} in time. It needs a decision. {link}",
        "Nobody answered dispute {dispute} about {amount} in time. It needs a decision. {link}",
    ),
    "staff.dispute.escalate": Text(
        "Dispute {dispute} was escalated",
        "Dispute {dispute} about {amount} was escalated. {link}",
        "Dispute {dispute} about {amount} was escalated. {link}",
    ),
    "staff.approval.proposed": Text(
        "{amount} wait for a second person",
        "{maker} proposed this: {sentence}. A second person decides. {link}",
        "{maker} proposed this: {sentence}. A second person decides. {link}",
    ),
    "staff.payout_schedule.failed": Text(
        "A planned payout of {amount} failed",
        "The planned payout {payout} of {amount} failed for good: {said}. {link}",
        "The planned payout {payout} of {amount} failed for good: {said}. {link}",
    ),
    "staff.dispute.due": Text(
        "Dispute {dispute} is due {due}",
        "Your dispute {dispute} about {amount} is due {due}. {link}",
        "Your dispute {dispute} about {amount} is due {due}. {link}",
    ),
    "staff.dispute.overdue": Text(
        "Dispute {dispute} is past due",
        "Your dispute {dispute} about {amount} was due {due}. {link}",
        "Your dispute {dispute} about {amount} was due {due}. {link}",
    ),
    "staff.approval.lapses": Text(
        "A proposal about {amount} lapses {due}",
        "{maker} proposed this: {sentence}. Nobody has decided; it lapses {due}. {link}",
        "{maker} proposed this: {sentence}. It lapses {due}. {link}",
    ),
    "staff.invitation": Text(
        "You are invited to the escrow desk",
        "{maker} invites you to the escrow desk. Choose your password there. The link works once, until {until}. "
        "Were you not meant? Then do nothing. {link}",
        "{maker} invites you to the escrow desk: {link}",
    ),
    "staff.account.password": _account("Your password was changed", "The password of your account was changed."),
    "staff.account.reset": _account(
        "Your sign-in was reset", "Your account has a new password, and every sign-in of yours has ended."
    ),
    "staff.account.app_on": _account(
        "An authenticator app was set up", "An authenticator app is a second factor of your account now."
    ),
    "staff.account.app_off": _account(
        "Your authenticator app was turned off", "The authenticator app is no second factor of yours any more."
    ),
    "staff.account.recovery_codes": _account(
        "Your recovery codes were made anew", "You have new recovery codes; those before open nothing more."
    ),
    "staff.account.passkey_added": _account(
        "A passkey was added to your account", "The passkey {passkey} signs in to your account now."
    ),
    "staff.account.passkey_removed": _account(
        "A passkey was removed from your account", "The passkey {passkey} opens nothing any more."
    ),
    "staff.account.passkey_suspended": _account(
        "A passkey of yours may have been copied",
        "The passkey {passkey} is not accepted any more: its counter went back, as it does when it was copied. Remove "
        "it on your profile, and add a new one.",
    ),
    "staff.account.identity_linked": _account(
        "Your company account signs in to the desk",
        "Who signs in at your company's identity provider as you is signed in to your account now.",
    ),
    "staff.account.identity_unlinked": _account(
        "Your company account was unlinked",
        "Your account is not linked to an identity at your company's provider any more, and every sign-in of yours "
        "has ended.",
    ),
    "staff.account.password_opened": _account(
        "Your password is taken for a while",
        "The password of your account is taken for a while, though the desk takes none otherwise.",
    ),
    "staff.report": Text(
        "{report}",
        "Hello {name},\n\nthe report is attached as PDF and CSV. Its days are whole days in UTC; it was made on {made}."
        "\n\n{figures}\n\nIt also stands on {link}. You have subscribed to it; end that on {end}.",
        "{report}: {link}",
    ),
    "alert.firing": Text(
        "{severity}: {subject}",
        "{sentence}\n\nRule {rule}, since {since}. {link}",
        "{sentence} (rule {rule}, since {since}) {link}",
    ),
    "alert.resolved": Text(
        "Resolved: {subject}",
        "It is over. It was: {sentence}\n\nRule {rule}, from {since} to {until}. {link}",
        "It is over. It was: {sentence} (rule {rule}, from {since} to {until})",
    ),
}


def write(kind: str, fields: dict[str, Any], reader: LetterReader) -> Text:
    """The message of this kind in its reader's language."""
    is_letter = not kind.startswith(("staff.", "alert."))
    return letter(TEXTS[kind], fields, reader) if is_letter else _filled(TEXTS[kind], fields, reader, "", "")


def letter(text: Text, fields: dict[str, Any], reader: LetterReader) -> Text:
    """A message to a party, with its greeting and closing."""
    return _filled(text, fields, reader, GREETING, CLOSING)


def _filled(text: Text, fields: dict[str, Any], reader: LetterReader, greeting: str, closing: str) -> Text:
    """A field that is not known is left empty: a gap in a text stops nothing."""
    known = _Fields({name: _shown(value, reader) for name, value in fields.items()})
    title, body, short = (
        _composed(each, known, reader) for each in (text.title, greeting + text.body + closing, text.short)
    )
    return Text(" ".join(title.split())[:200], body, short.translate(_PLAIN))


def _composed(text: str, known: "_Fields", reader: LetterReader) -> str:
    parts = _BETWEEN.split(text)
    return "".join((reader.gettext(part) if _has_words(part) else part).format_map(known) for part in parts)


def _shown(value: Any, reader: LetterReader) -> Any:
    return value.spoken(reader) if isinstance(value, Sentence) else reader.shown(value)


def _has_words(part: str) -> bool:
    return any(map(str.isalpha, _FIELD.sub("", part)))


class _Fields(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return ""
