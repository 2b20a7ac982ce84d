"""What people are told when money moved: events × persons × what happened to that person × the sentence.

What happened is read from the entries of the event's own transfer (`moved`), and so are the amounts. An event or a case
that is not here is told to nobody: while money is frozen, in review or under way, nothing happened yet.
"""

from dataclasses import dataclass

from webapp.services.notifications.messages.templates import Text

BUYER, SELLER = "buyer", "seller"
SHAPES = {
    "in_wallet": "it went into the wallet",
    "kept": "it was collected twice, and the second one went into the wallet",
    "in_wallet_and_debt_met": "a debt was met first, the rest went into the wallet",
    "debt_met": "all of it met a debt",
    "sent_back": "we give it back through the provider",
    "went_back": "the bank or the provider gave it back",
    "went_back_and_sent": "the bank or the provider gave a part back, and we give the rest",
    "went_back_and_in_wallet": "the bank or the provider gave a part back, the rest went into the wallet",
    "went_back_and_rest": "the bank or the provider gave a part back, and the buyer gets the rest",
    "less_is_held": "the bank or the provider took a part of what is held",
    "more_is_held": "what the bank or the provider had taken of it is held again",
    "came_back": "what the bank or the provider had given back came back, and is not the buyer's",
    "waits": "the provider kept it, and it had never been held here",
    "not_yours": "the bank or the provider took it, and the platform or the other side bears it",
    "wallet_gave": "it was taken from the wallet",
    "wallet_gave_and_owes": "the wallet did not hold it all: the rest is owed",
    "owes": "the wallet held nothing: all of it is owed",
    "done": "the provider has given it back",
    "second_done": "the second of two payments was given back",
}
"""Each case in words."""

_OWE = "You now owe {owes}."


@dataclass(frozen=True, slots=True)
class MoneyTemplate:
    """Who is told what when an event's transfer did this to them."""

    event: str
    side: str
    shape: str
    text: Text


_SINCE = " since an earlier payment of this order was taken back"


def _paid(event: str, side: str, subject: str, detail: str, since: str = _SINCE) -> list[MoneyTemplate]:
    """A payment to a person, who may owe something of it since a reversal."""
    met = f"{{debt}} of it met what you owed{since}."
    all_met = f"All of it met what you owed{since}."
    return [
        MoneyTemplate(
            event,
            side,
            "in_wallet",
            Text(
                f"{subject}: {{share}} for order {{order}}",
                f"{{share}} for order {{order}} is in your wallet.{detail}",
                f"{subject}: {{share}} for order {{order}} is in your wallet.",
            ),
        ),
        MoneyTemplate(
            event,
            side,
            "in_wallet_and_debt_met",
            Text(
                f"{subject}: {{share}} for order {{order}}",
                f"You got {{share}} for order {{order}}.{detail} {met} {{wallet}} is in your wallet. {_OWE}",
                f"{subject}: {{share}} for order {{order}}. {met} {{wallet}} is in your wallet. {_OWE}",
            ),
        ),
        MoneyTemplate(
            event,
            side,
            "debt_met",
            Text(
                f"{subject}: {{share}} for order {{order}}",
                f"You got {{share}} for order {{order}}.{detail} {all_met} {_OWE}",
                f"{subject}: {{share}} for order {{order}}. {all_met} {_OWE}",
            ),
        ),
    ]


def _taken(event: str, side: str, what: str) -> list[MoneyTemplate]:
    """What a person had got is taken again."""
    title = "{share} of order {order} was taken back"
    cases = {
        "wallet_gave": "{wallet} was taken from your wallet.",
        "wallet_gave_and_owes": "{wallet} was taken from your wallet, and the other {debt} you owe. " + _OWE,
        "owes": "Your wallet did not hold it, so you owe {debt} of it. " + _OWE,
    }
    return [
        MoneyTemplate(event, side, shape, Text(title, f"{what} {text}", f"{what} {text}"))
        for shape, text in cases.items()
    ]


_BY_YOURS = "through your bank or the service that you paid with"
_BY_THEIRS = "through the payer's bank or the service that was paid with"
_RELEASED = " The order's amount was {price}{held_of}, our fee {fee}."
_CAME = " It had been taken back of the payment for the order, and has come back.{fee_said}"
_HELD = "{held_said}"
LINES: tuple[MoneyTemplate, ...] = (
    *_paid("escrow.released", SELLER, "Payment released", _RELEASED),
    *_paid("escrow.refunded", BUYER, "Refund", _HELD),
    MoneyTemplate(
        "escrow.refunded",
        BUYER,
        "sent_back",
        Text(
            "{outside} for order {order} is given back to you",
            "{outside} for order {order} is given back the way you paid.{held_said} We tell you when the service that "
            "you paid with has done it.",
            "{outside} for order {order} is given back the way you paid. We tell you when that is done.",
        ),
    ),
    MoneyTemplate(
        "escrow.refunded",
        BUYER,
        "went_back",
        Text(
            "{outside} for order {order} went back to you",
            f"{{outside}} for order {{order}} went back to you {_BY_YOURS}.{{held_said}} Nothing is held for it any "
            "more.",
            f"{{outside}} for order {{order}} went back to you {_BY_YOURS}.",
        ),
    ),
    MoneyTemplate(
        "escrow.refunded",
        BUYER,
        "went_back_and_sent",
        Text(
            "{outside} for order {order} goes back to you",
            f"{{gone}} for order {{order}} went back to you {_BY_YOURS}.{{held_said}} The other {{sent}} is given back "
            "the way you paid; we tell you when that is done.",
            "{gone} for order {order} went back to you; the other {sent} is given back the way you paid.",
        ),
    ),
    MoneyTemplate(
        "escrow.refunded",
        BUYER,
        "went_back_and_in_wallet",
        Text(
            "{whole} for order {order} went back to you",
            f"{{outside}} for order {{order}} went back to you {_BY_YOURS}.{{held_said}} The other {{wallet}} is in "
            "your wallet.",
            "{outside} for order {order} went back to you; the other {wallet} is in your wallet.",
        ),
    ),
    MoneyTemplate(
        "escrow.refunded",
        SELLER,
        "went_back",
        Text(
            "Order {order}: the payer has the money back",
            f"{{whole}} that was held for order {{order}} went back {_BY_THEIRS}. Nothing is held for the order "
            "any more, and you get nothing of it.",
            f"{{whole}} that was held for order {{order}} went back {_BY_THEIRS}. You get nothing of it.",
        ),
    ),
    MoneyTemplate(
        "escrow.refunded",
        SELLER,
        "went_back_and_rest",
        Text(
            "Order {order}: the payer has the money back",
            f"{{whole}} was held for order {{order}}. {{gone}} of it went back {_BY_THEIRS}, and the buyer gets "
            "the other {rest} back. Nothing is held for the order any more, and you get nothing of it.",
            "{whole} that was held for order {order} went back to the buyer. You get nothing of it.",
        ),
    ),
    *_paid("escrow.split", SELLER, "Your part", _HELD + "{fee_said}"),
    *_paid("escrow.split", BUYER, "Your part", _HELD),
    MoneyTemplate(
        "escrow.split",
        BUYER,
        "sent_back",
        Text(
            "{outside} for order {order} is given back to you",
            "Your part of order {order}, {outside}, is given back the way you paid.{held_said} We tell you when the "
            "service that you paid with has done it.",
            "{outside} for order {order} is given back the way you paid. We tell you when that is done.",
        ),
    ),
    *_taken(
        "transfer.reversed", SELLER, "The {share} that you had got for order {order} was taken back by the marketplace."
    ),
    *_taken(
        "transfer.reversed", BUYER, "The {share} that you had got for order {order} was taken back by the marketplace."
    ),
    *_taken(
        "payment.decided",
        SELLER,
        f"{{gone}} of the payment for order {{order}} was taken back {_BY_THEIRS}. Your part of that is {{share}}.",
    ),
    *_taken(
        "payment.decided",
        BUYER,
        f"{{gone}} for order {{order}} went back to you {_BY_YOURS}, besides what you had got here. Of that, {{share}} "
        "is taken back.",
    ),
    MoneyTemplate(
        "payment.decided",
        BUYER,
        "less_is_held",
        Text(
            "{gone} for order {order} went back to you",
            f"{{gone}} for order {{order}} went back to you {_BY_YOURS}. Of the order's amount of {{price}}, {{left}} "
            "is still held.",
            f"{{gone}} for order {{order}} went back to you {_BY_YOURS}. {{left}} is still held.",
        ),
    ),
    MoneyTemplate(
        "payment.decided",
        SELLER,
        "less_is_held",
        Text(
            "Less is held for order {order}: {left}",
            f"{{change}} of what was held for order {{order}} went back {_BY_THEIRS}. Of the order's amount of "
            "{price}, {left} is still held.",
            f"{{change}} of what was held for order {{order}} went back {_BY_THEIRS}. {{left}} is still held.",
        ),
    ),
    *(
        MoneyTemplate(
            "payment.decided",
            side,
            "more_is_held",
            Text(
                "More is held for order {order}: {left}",
                "{change} that had been taken back of the payment for order {order} has come back, and is held for it "
                "again. Of the order's amount of {price}, {left} is held now.",
                "{change} that had been taken back for order {order} has come back. {left} is held now.",
            ),
        )
        for side in (BUYER, SELLER)
    ),
    MoneyTemplate(
        "payment.decided",
        BUYER,
        "went_back",
        Text(
            "{gone} for order {order} went back to you",
            f"{{gone}} for order {{order}} went back to you {_BY_YOURS}.",
            f"{{gone}} for order {{order}} went back to you {_BY_YOURS}.",
        ),
    ),
    MoneyTemplate(
        "payment.decided",
        BUYER,
        "came_back",
        Text(
            "{gone} for order {order} came back to us",
            f"{{gone}} for order {{order}}, which had gone back to you {_BY_YOURS}, has come back to us. You get "
            "nothing of it here.",
            "{gone} for order {order}, which had gone back to you, has come back to us. You get nothing of it here.",
        ),
    ),
    MoneyTemplate(
        "payment.decided",
        SELLER,
        "not_yours",
        Text(
            "Order {order}: what was taken back costs you nothing",
            f"{{gone}} of the payment for order {{order}} was taken back {_BY_THEIRS}. Nothing is taken from you.",
            "{gone} of the payment for order {order} was taken back. Nothing is taken from you.",
        ),
    ),
    *_paid("payment.decided", SELLER, "It came back", _CAME, ""),
    *_paid("payment.decided", BUYER, "It came back", _CAME, ""),
    MoneyTemplate(
        "payment.decided",
        BUYER,
        "kept",
        Text(
            "You paid twice: {share} for order {order} is in your wallet",
            "A second payment for order {order} arrived. {share} of it is in your wallet.",
            "A second payment for order {order} arrived. {share} of it is in your wallet.",
        ),
    ),
    MoneyTemplate(
        "refund.processed",
        BUYER,
        "done",
        Text(
            "{amount} for order {order} was given back",
            "{amount} for order {order} was given back to the card or account that you paid with. Banks take up to a "
            "few days to show it.",
            "{amount} for order {order} was given back to the card or account that you paid with.",
        ),
    ),
    MoneyTemplate(
        "refund.processed",
        BUYER,
        "second_done",
        Text(
            "Your second payment for order {order} was given back",
            "A second payment for order {order} arrived, and {amount} of it was given back to the card or account that "
            "it came from. Your first payment stays as it is. Banks take up to a few days to show it.",
            "A second payment for order {order} arrived, and {amount} of it was given back. The first one stays.",
        ),
    ),
    MoneyTemplate(
        "refund.failed",
        BUYER,
        "in_wallet",
        Text(
            "{wallet} for order {order} is in your wallet",
            "Your refund of {wallet} for order {order} could not go back to the card or account that you paid with; "
            "it is in your wallet.",
            "Your refund of {wallet} for order {order} could not go back to the card; it is in your wallet.",
        ),
    ),
    MoneyTemplate(
        "refund.failed",
        BUYER,
        "waits",
        Text(
            "Your refund for order {order} did not go through",
            "Your refund of {amount} for order {order} could not go back to the card or account that you paid with, "
            "and is not in your wallet either. Tell us how you want to have it.",
            "Your refund of {amount} for order {order} could not go back to the card. Tell us how you want it.",
        ),
    ),
)
"""The table."""

TEXTS = {(line.event, line.side, line.shape): line.text for line in LINES}
SIDES: dict[str, tuple[str, ...]] = {
    event: tuple(side for side in (BUYER, SELLER) if any((each.event, each.side) == (event, side) for each in LINES))
    for event in dict.fromkeys(line.event for line in LINES)
}
"""Who may hear of each event."""
