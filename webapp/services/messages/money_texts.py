"""What people are told when money moved: events × persons × what happened to that person × the sentence.

What happened is read from the entries of the event's own transfer (`moved`), and so are the amounts. An event or a case
that is not here is told to nobody: while money is frozen, in review or under way, nothing happened yet.
"""

from dataclasses import dataclass

from webapp.services.messages.texts import Text

BUYER, SELLER = "buyer", "seller"
SHAPES = {
    "in_wallet": "it went into the wallet",
    "in_wallet_and_debt_met": "a debt was met first, the rest went into the wallet",
    "debt_met": "all of it met a debt",
    "sent_back": "we give it back through the provider",
    "went_back": "the bank or the provider gave it back",
    "went_back_and_sent": "the bank or the provider gave a part back, and we give the rest",
    "went_back_and_in_wallet": "the bank or the provider gave a part back, the rest went into the wallet",
    "wallet_gave": "it was taken from the wallet",
    "wallet_gave_and_owes": "the wallet did not hold it all: the rest is owed",
    "owes": "the wallet held nothing: all of it is owed",
    "done": "the provider has given it back",
}
"""Each case in words."""

_OWE = "You now owe {owes}."


@dataclass(frozen=True, slots=True)
class Line:
    """Who is told what when an event's transfer did this to them."""

    event: str
    side: str
    shape: str
    text: Text


_SINCE = " since an earlier payment of this order was taken back"


def _paid(event: str, side: str, subject: str, detail: str, since: str = _SINCE) -> list[Line]:
    """A payment to a person, who may owe something of it since a reversal."""
    met = f"{{debt}} of it met what you owed{since}."
    all_met = f"All of it met what you owed{since}."
    return [
        Line(
            event,
            side,
            "in_wallet",
            Text(
                f"{subject}: {{share}} for order {{order}}",
                f"{{share}} for order {{order}} is in your wallet.{detail}",
                f"{subject}: {{share}} for order {{order}} is in your wallet.",
            ),
        ),
        Line(
            event,
            side,
            "in_wallet_and_debt_met",
            Text(
                f"{subject}: {{share}} for order {{order}}",
                f"You got {{share}} for order {{order}}.{detail} {met} {{wallet}} is in your wallet. {_OWE}",
                f"{subject}: {{share}} for order {{order}}. {met} {{wallet}} is in your wallet. {_OWE}",
            ),
        ),
        Line(
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


def _taken(event: str, side: str, what: str) -> list[Line]:
    """What a person had got is taken again."""
    title = "{share} of order {order} was taken back"
    cases = {
        "wallet_gave": "{wallet} was taken from your wallet.",
        "wallet_gave_and_owes": "{wallet} was taken from your wallet, and the other {debt} you owe. " + _OWE,
        "owes": "Your wallet did not hold it, so you owe {debt} of it. " + _OWE,
    }
    return [Line(event, side, shape, Text(title, f"{what} {said}", f"{what} {said}")) for shape, said in cases.items()]


_FEE = "{fee_said}"
_RELEASED = " The order's amount was {whole}, our fee {fee}."
LINES: tuple[Line, ...] = (
    *_paid("escrow.released", SELLER, "Payment released", _RELEASED),
    *_paid("escrow.refunded", BUYER, "Refund", ""),
    Line(
        "escrow.refunded",
        BUYER,
        "sent_back",
        Text(
            "{outside} for order {order} is given back to you",
            "The {outside} that you paid for order {order} is given back the way you paid. We tell you when the "
            "service that you paid with has done it.",
            "{outside} for order {order} is given back the way you paid. We tell you when that is done.",
        ),
    ),
    Line(
        "escrow.refunded",
        BUYER,
        "went_back",
        Text(
            "{outside} for order {order} went back to you",
            "{outside} that you paid for order {order} went back to you through your bank or the service that you "
            "paid with, and the order's money is no longer held.",
            "{outside} for order {order} went back to you through your bank or the service that you paid with.",
        ),
    ),
    Line(
        "escrow.refunded",
        BUYER,
        "went_back_and_sent",
        Text(
            "{outside} for order {order} goes back to you",
            "{gone} that you paid for order {order} went back to you through your bank or the service that you paid "
            "with. The other {sent} is given back the way you paid; we tell you when that is done.",
            "{gone} for order {order} went back to you; the other {sent} is given back the way you paid.",
        ),
    ),
    Line(
        "escrow.refunded",
        BUYER,
        "went_back_and_in_wallet",
        Text(
            "{whole} for order {order} went back to you",
            "{outside} that you paid for order {order} went back to you through your bank or the service that you "
            "paid with. The other {wallet} is in your wallet.",
            "{outside} for order {order} went back to you; the other {wallet} is in your wallet.",
        ),
    ),
    *_paid("escrow.split", SELLER, "Your part", _FEE),
    *_paid("escrow.split", BUYER, "Your part", ""),
    Line(
        "escrow.split",
        BUYER,
        "sent_back",
        Text(
            "{outside} for order {order} is given back to you",
            "Your part of order {order}, {outside}, is given back the way you paid. We tell you when the service that "
            "you paid with has done it.",
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
        "The payment for order {order} was taken back, through the payer's bank or the service that was paid with. "
        "Your part of that is {share}.",
    ),
    *_taken(
        "payment.decided",
        BUYER,
        "Your payment for order {order} went back to you outside the marketplace, besides what you had got here. "
        "Of that, {share} is taken back.",
    ),
    *_paid("payment.decided", SELLER, "Given back to you", "", ""),
    *_paid("payment.decided", BUYER, "Given back to you", "", ""),
    Line(
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
    Line(
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
)
"""The table."""

TEXTS = {(line.event, line.side, line.shape): line.text for line in LINES}
SIDES: dict[str, tuple[str, ...]] = {
    event: tuple(side for side in (BUYER, SELLER) if any((each.event, each.side) == (event, side) for each in LINES))
    for event in dict.fromkeys(line.event for line in LINES)
}
"""Who may hear of each event."""
