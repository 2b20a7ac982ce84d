"""The words to tenants: each change and each reminder has its own, documented, and names known fields only."""

import string

from tests.support.paths import ROOT
from webapp.domain.subscriptions import ChangeKind, ReminderKind
from webapp.services.notifications.messages.subscription_templates import TEXTS


def test_each_change_and_each_reminder_has_its_words() -> None:
    kinds = {f"subscription.{what}" for what in [*ChangeKind, *ReminderKind]}
    assert set(TEXTS) == kinds | {"subscription.suspended_by_hand"}


def test_texts_name_known_fields_only() -> None:
    for text in TEXTS.values():
        parts = (text.title, text.body, text.short)
        used = {name for part in parts for _, name, _, _ in string.Formatter().parse(part)}
        assert used - {None} <= {"until", "grace_end", "suspended_said"}


def test_the_docs_have_every_message_to_a_tenant() -> None:
    page = (ROOT / "docs" / "messages.md").read_text()
    assert [kind for kind, text in TEXTS.items() if f"| `{kind}` | {text.short} |" not in page] == []
