"""Messages to people end in the mailbox, whatever way they come."""

import smtplib
from email.message import EmailMessage
from typing import Any

import pytest

from tests.sandbox.conftest import Caller
from webapp.sandbox import Served


@pytest.fixture
def caller(served: Served) -> Caller:
    return Caller(served)


def mailbox(caller: Caller, query: str = "") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = caller("GET", f"/mailbox{query}").json()
    return found


def letter() -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = "Payment released", "desk@example.com", "ama@example.com"
    made.set_content("NGN 2,500.00 is yours — enjoy.\n")
    return made


def test_a_letter_comes_by_smtp_with_or_without_a_password(served: Served, caller: Caller) -> None:
    with smtplib.SMTP("127.0.0.1", served.smtp_port, timeout=5) as mail:
        mail.login("desk", "secret")
        mail.send_message(letter(), to_addrs=["ama@example.com", "kofi@example.com"])
    first, second = mailbox(caller, "?channel=email")
    assert (first["to"], second["to"]) == ("ama@example.com", "kofi@example.com")
    assert (first["subject"], first["text"]) == ("Payment released", "NGN 2,500.00 is yours — enjoy.\n")
    assert first["from"] == "desk@example.com"


def test_the_mail_server_has_faults(served: Served, caller: Caller) -> None:
    caller.set_fault("email", "send", "refuse")
    with smtplib.SMTP("127.0.0.1", served.smtp_port, timeout=5) as mail:
        with pytest.raises(smtplib.SMTPDataError):
            mail.send_message(letter())
        mail.send_message(letter())
    assert len(mailbox(caller)) == 1


def test_apprise_sends_a_text_and_a_line(caller: Caller) -> None:
    sent = {"version": "1.0", "title": "Hello", "message": "You were paid.", "attachments": [], "type": "info"}
    assert caller("POST", "/sms?to=%2B250788000001", sent).status_code == 200
    assert caller("POST", "/chat/alerts", sent).status_code == 200
    text, line = mailbox(caller)
    assert (text["channel"], text["to"], text["subject"], text["text"]) == (
        "sms",
        "+250788000001",
        "Hello",
        "You were paid.",
    )
    assert (line["channel"], line["to"]) == ("chat", "alerts")
    assert mailbox(caller, "?channel=sms&to=%2B250788000001") == [text]


def test_gateways_are_answered_in_their_own_shapes(caller: Caller) -> None:
    told = caller("POST", "/version1/messaging", data={"username": "desk", "to": "+2547,+2548", "message": "Hi"})
    assert [each["status"] for each in told.json()["SMSMessageData"]["Recipients"]] == ["Success", "Success"]
    one = caller("POST", "/2010-04-01/Accounts/AC1/Messages.json", data={"To": "+2549", "From": "+1", "Body": "Ho"})
    assert (one.status_code, one.json()["status"]) == (201, "queued")
    assert [(each["to"], each["text"]) for each in mailbox(caller)] == [
        ("+2547", "Hi"),
        ("+2548", "Hi"),
        ("+2549", "Ho"),
    ]


def test_people_read_the_mailbox_and_nothing_in_it_runs(caller: Caller) -> None:
    caller("POST", "/chat", {"text": "<script>alert(1)</script>"})
    page = caller("GET", "/mailbox.html").text
    assert "&lt;script&gt;" in page
    assert "<script>" not in page


def test_a_text_may_be_refused(caller: Caller) -> None:
    caller.set_fault("sms", "*", "rate_limited", seconds=3)
    refused = caller("POST", "/sms", {"message": "x"})
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "3")
    assert mailbox(caller) == []
