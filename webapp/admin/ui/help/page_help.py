"""What each page is for, in two sentences, with its odd words and its page of the handbook."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from flask_babel import lazy_gettext as _l

from webapp.admin.ui.help.glossary import TERMS, Term


class PageHelp(NamedTuple):
    """Two sentences, the page of the handbook that has more, and the words to know."""

    text: Any
    more: str
    words: tuple[str, ...] = ()

    @property
    def terms(self) -> list[tuple[str, Term]]:
        """The words with what they mean."""
        return [(word, TERMS[word]) for word in self.words]


HELP: Mapping[str, PageHelp] = {
    "overview": PageHelp(
        _l("Is anything wrong, what is held, and what waits for you. The top line turns red when a job is late."),
        "handbook",
        ("escrow", "frozen", "blocked"),
    ),
    "disputes": PageHelp(
        _l("Claims that need a person, the most urgent first. Open one, read both sides, and decide about the money."),
        "handbook",
        ("dispute", "frozen", "proposal", "staged"),
    ),
    "approvals": PageHelp(
        _l("Decisions above somebody's limit. A second person looks at what would be posted, and agrees or refuses."),
        "handbook",
        ("proposal", "limit", "reversal"),
    ),
    "tonight": PageHelp(
        _l("What the next runs will move, and what they leave out. Nothing on this page changes anything."),
        "jobs",
        ("dry-run", "frozen", "buffer"),
    ),
    "escrows": PageHelp(
        _l("All money that is or was held. Open one to see why it has not been paid, and what can be done."),
        "handbook",
        ("escrow", "policy", "frozen", "freeze", "blocked"),
    ),
    "placements": PageHelp(
        _l("Pay that is held back until a date. When the work ends early, a hold can be cancelled."),
        "jobs",
        ("placement", "hold", "escrow"),
    ),
    "parties": PageHelp(
        _l("Everybody who pays or is paid, with balances. Open one for its statement, its debts and its accounts."),
        "handbook",
        ("wallet", "pending-earnings", "debt", "deduction", "auto-deduct", "standing-order", "reserve"),
    ),
    "payments": PageHelp(
        _l("What buyers paid through providers. Those in review need a person, because two answers did not agree."),
        "handbook",
        ("chargeback", "clearing"),
    ),
    "payouts": PageHelp(
        _l("Money on its way to banks and telephones. One in doubt is never sent again before its provider was asked."),
        "handbook",
        ("wallet", "clearing"),
    ),
    "payout-schedules": PageHelp(
        _l("Payouts that are due on a date. They can be changed or cancelled until they are sent."), "jobs", ("wallet",)
    ),
    "subscriptions": PageHelp(
        _l("Who has paid for the right to sell. After its last day a tenant has days of grace, then it is suspended."),
        "jobs",
        ("grace",),
    ),
    "tenants": PageHelp(
        _l("The shops of the marketplace. Open one for its orders, its customers and its figures."), "jobs", ()
    ),
    "jobs": PageHelp(
        _l("Everything that runs by itself, with its last runs. A dry run says what would happen before you run it."),
        "jobs",
        ("slot", "missed", "run", "grace", "dry-run"),
    ),
    "runs": PageHelp(
        _l("One run: what it did, what failed, and why. Failed items can be tried again from here."),
        "jobs",
        ("run", "slot", "partial", "lost"),
    ),
    "queues": PageHelp(
        _l("What waits for a worker, and which workers are alive. A queue that grows needs more of them."),
        "handbook",
        ("run", "dead-letter"),
    ),
    "alerts": PageHelp(
        _l("What the desk found wrong. Acknowledge one to say that you see to it; it ends when its cause is gone."),
        "alerts",
    ),
    "providers": PageHelp(
        _l("The companies that move the money, and how they answer. Trouble here explains late payments."),
        "handbook",
        ("clearing",),
    ),
    "reconciliation": PageHelp(
        _l("Whether our books and those of the providers agree. Each difference stays until a person accepts it."),
        "handbook",
        ("reconciliation", "clearing"),
    ),
    "notifications": PageHelp(
        _l("Messages and events that were sent, or wait. A dead one can be sent again once its cause is gone."),
        "messages",
        ("dead-letter", "webhook"),
    ),
    "inbound-webhooks": PageHelp(
        _l("What providers told us. One that could not be handled can be handled again."), "webhooks", ("webhook",)
    ),
    "webhooks": PageHelp(
        _l("Addresses that are told what happens here. Each message is signed, and tried again while it fails."),
        "webhooks",
        ("webhook", "dead-letter"),
    ),
    "reports": PageHelp(
        _l("Figures of whole days, as PDF and CSV. They can come by email each week or month."), "handbook"
    ),
    "audit": PageHelp(
        _l("Who did what, when and why. Records are sealed in a chain, and the chain can be checked."),
        "handbook",
        ("audit-chain",),
    ),
    "analytics": PageHelp(
        _l("Orders, revenue and money held, day by day. A day is counted once it has ended."), "handbook", ("escrow",)
    ),
    "backups": PageHelp(
        _l("Copies of the database, each proven by restoring it. The newest should be less than a day old."), "handbook"
    ),
    "users": PageHelp(
        _l("Who may sign in, and as what. Give each person the smallest role that is enough."), "handbook", ("limit",)
    ),
    "getting-started": PageHelp(
        _l("What an empty desk needs before its first day. Each step is ticked by what is true on the desk."),
        "handbook",
    ),
    "imports": PageHelp(
        _l("Orders from a file of the marketplace. Look at what would become of each line, then confirm the import."),
        "handbook",
        ("escrow",),
    ),
    "invitations": PageHelp(
        _l("Colleagues who were invited by a link that works once. Withdraw an invitation that went to somebody else."),
        "handbook",
    ),
    "tokens": PageHelp(
        _l("Keys for other systems to use the API. Each has only the rights that are ticked, and is shown once."),
        "handbook",
    ),
    "settings": PageHelp(
        _l("Limits, the switch for outgoing money, and what was set outside. Changing a limit asks who you are."),
        "settings",
        ("limit",),
    ),
    "retention": PageHelp(
        _l("How long rows are kept, and what was removed. Money and audit records are never removed."), "handbook"
    ),
    "products": PageHelp(
        _l("What each shop sells, as the marketplace tells it. Figures by product come from here."), "jobs"
    ),
    "customers": PageHelp(
        _l("Who buys at each shop, as the marketplace tells it. Each counts as new on the day of its first record."),
        "jobs",
    ),
    "order-lines": PageHelp(
        _l("What was bought in each order. Lines that don't add up to their order are shown, and change no money."),
        "jobs",
    ),
    "carts": PageHelp(
        _l("What customers put aside and have not bought. What nobody comes back to is removed after a while."), "jobs"
    ),
    "replies": PageHelp(
        _l("Texts for messages that are written often. Choose one in a dispute, and change it before you send it."),
        "handbook",
        ("dispute",),
    ),
    "views": PageHelp(
        _l("A list as you narrowed it, kept under a name. It stands above its list, for you alone or for everybody."),
        "handbook",
    ),
    "failed-runs": PageHelp(
        _l("Runs that failed, or whose process died. Mend the cause of the error and retry: nothing is paid twice."),
        "jobs",
        ("run", "lost"),
    ),
    "profile": PageHelp(
        _l("Your language, time zone, shortcuts and sign-ins. An administrator sees the sign-ins and may end them."),
        "handbook",
    ),
    "passkeys": PageHelp(
        _l("Keys that your telephone or computer keeps, in place of a code. Add two, in case one is lost."), "handbook"
    ),
    "second-factor": PageHelp(
        _l("A code from your telephone, asked beside your password. Keep the recovery codes where you find them."),
        "handbook",
    ),
    "search": PageHelp(
        _l("Finds whatever you may see by its reference, name, amount or telephone. It finds pages and actions too."),
        "handbook",
    ),
    "handbook": PageHelp(
        _l("How the desk is used and looked after, for people at work and for who runs it. Begin with the first one."),
        "handbook",
    ),
    "glossary": PageHelp(
        _l("What the words of the desk mean. A word with dots below it leads here from where it stands."), "handbook"
    ),
}
"""By the slug of the screen."""
EVERYWHERE = PageHelp(
    _l("The handbook says how the desk is used and looked after. The glossary has its words."), "handbook"
)
"""For pages that belong to no screen."""


def help_of(screen: Any) -> PageHelp:
    """The help of a screen's pages."""
    return HELP.get(screen.slug, EVERYWHERE) if screen else EVERYWHERE
