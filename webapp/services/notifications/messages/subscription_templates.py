"""The words of what tenants are told about their subscription."""

from webapp.domain.words import phrase
from webapp.services.notifications.messages.templates import Text

TEXTS: dict[str, Text] = {
    "subscription.created": Text(
        "Your subscription runs until {until}",
        "You can sell with your subscription until {until}, and in the days of grace after that until {grace_end}.",
        "Your subscription runs until {until}.",
    ),
    "subscription.renewed": Text(
        "Your subscription was renewed until {until}",
        "Your subscription was renewed: it runs until {until}.{suspended_said}",
        "Your subscription was renewed until {until}.{suspended_said}",
    ),
    "subscription.extended": Text(
        "Your subscription was extended until {until}",
        "Your subscription was extended: it runs until {until}.{suspended_said}",
        "Your subscription was extended until {until}.{suspended_said}",
    ),
    "subscription.expired": Text(
        "Your subscription has expired",
        "Your subscription expired on {until}. You can sell on until {grace_end}; from then on new orders are refused. "
        "Renew it before that.",
        "Your subscription expired on {until}. You can sell on until {grace_end}: renew it before that.",
    ),
    "subscription.suspended": Text(
        "Your subscription is suspended",
        "Your subscription expired on {until}, and its grace was over on {grace_end}: new orders are refused. What is "
        "held for you goes on as before. Renew it to sell again.",
        "Your subscription expired on {until} and is suspended: new orders are refused. Renew it to sell again.",
    ),
    "subscription.suspended_by_hand": Text(
        "Your subscription is suspended",
        "The marketplace suspended your subscription: new orders are refused. What is held for you goes on as before. "
        "Ask the marketplace why.",
        "The marketplace suspended your subscription: new orders are refused. Ask it why.",
    ),
    "subscription.resumed": Text(
        "You can sell again",
        "Your subscription is suspended no more: you can sell again. Its date is {until}, and its grace is over on "
        "{grace_end}.",
        "You can sell again. The date of your subscription is {until}.",
    ),
    "subscription.reverted": Text(
        "The date of your subscription was put right",
        "The last renewal or extension of your subscription was taken back: its date is {until} again.{suspended_said}",
        "The date of your subscription is {until} again.{suspended_said}",
    ),
    "subscription.renewal_due": Text(
        "Your subscription expires on {until}",
        "Your subscription expires on {until}. Renew it by then, so that nothing changes for your shop.",
        "Your subscription expires on {until}: renew it by then.",
    ),
    "subscription.payment_due": Text(
        "Your subscription is overdue",
        "Your subscription expired on {until}, and no payment for it has come. New orders are refused from {grace_end} "
        "on until it is renewed.",
        "Your subscription expired on {until}: pay for it. New orders are refused from {grace_end} on.",
    ),
}
STILL_SUSPENDED = phrase("New orders are refused all the same: it is suspended.")
"""What is added when the date moved and the tenant may not sell."""
