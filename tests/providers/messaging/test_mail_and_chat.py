"""Letters and chats leave as they were written, and how each ended is told honestly."""

import email
from email.policy import default

import pytest

from tests.support.receivers import Letters, Receiver
from webapp.domain.outbox.notify_urls import dialled, name_of
from webapp.providers.http.errors import NotSent, ProviderRefused
from webapp.providers.messaging.apprise import Chat
from webapp.providers.messaging.smtp import Email, Mail

FROM = "Escrow Desk <desk@market.example>"
pytestmark = pytest.mark.usefixtures("leased")


def test_letters_go_over_one_connection(letters: Letters) -> None:
    mail = Mail(letters.url, FROM, 3)
    ended = mail.send([Email(f"delivery-{n}", f"zoe{n}@shop.example", "Paid: ₦100", "Hello Zoë.\n") for n in (1, 2)])

    assert ended == [None, None]
    assert [to for to, _ in letters.got] == [["zoe1@shop.example"], ["zoe2@shop.example"]]
    said = email.message_from_string(letters.got[0][1], policy=default)
    assert (said["Subject"], said["From"]) == ("Paid: ₦100", FROM)
    assert said["Message-ID"] == "<delivery-1@market.example>"
    assert said.get_content().strip() == "Hello Zoë."


@pytest.mark.parametrize(
    "body",
    [
        "Hello Zoë,\n\nFrom 3 March on, your payouts go elsewhere.\n",
        "Hello Zoe,\n\nFrom 3 March on, your payouts go elsewhere.\n",
        "From here\nFrom there\n>From before\n.\n..two\n" + "From far " * 40 + "\n",
        "From 3 March on, ₦100.\n",
    ],
)
def test_a_letter_arrives_as_it_was_written(letters: Letters, body: str) -> None:
    assert Mail(letters.url, FROM, 3).send([Email("a", "zoe@shop.example", "Hi", body)]) == [None]
    [(_, raw)] = letters.got
    assert email.message_from_string(raw, policy=default).get_content().replace("\r\n", "\n") == body
    assert max(map(len, raw.splitlines())) <= 998


def test_a_title_with_line_breaks_adds_no_header(letters: Letters) -> None:
    Mail(letters.url, FROM, 3).send([Email("a", "zoe@shop.example", "Hi\r\nBcc: all@shop.example\n\nx", "Hello")])
    said = email.message_from_string(letters.got[0][1], policy=default)
    assert said["Bcc"] is None
    assert letters.got[0][0] == ["zoe@shop.example"]


@pytest.mark.parametrize("to", ["", "nobody", "a@b.example\r\nBcc: c@d.example", "a@b.example, c@d.example", "@"])
def test_what_is_no_address_is_refused_and_the_others_go(letters: Letters, to: str) -> None:
    ended = Mail(letters.url, FROM, 3).send([Email("a", to, "Hi", "x"), Email("b", "zoe@shop.example", "Hi", "x")])
    assert isinstance(ended[0], ProviderRefused)
    assert ended[1] is None
    assert [to for to, _ in letters.got] == [["zoe@shop.example"]]


@pytest.mark.parametrize(("said", "kind"), [("550 no such user", ProviderRefused), ("451 later", NotSent)])
def test_the_servers_no_is_for_good_or_for_now(letters: Letters, said: str, kind: type[Exception]) -> None:
    letters.refuse = said
    (ended,) = Mail(letters.url, FROM, 3).send([Email("a", "zoe@shop.example", "Hi", "x")])
    assert type(ended) is kind


def test_our_password_is_not_sent_in_the_clear_to_another_machine(
    letters: Letters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webapp.providers.messaging.smtp._HERE", ())
    url = letters.url.replace("smtp://", "smtp://desk:our-password@")
    [ended] = Mail(url, FROM, 3).send([Email("a", "zoe@shop.example", "Hi", "Hello")])
    assert str(ended) == "The mail server offers no TLS, so our password was not sent to it."
    assert letters.got == []


def test_a_server_that_is_away_says_so_for_each_letter() -> None:
    ended = Mail("smtp://user:secret@127.0.0.1:9", FROM, 1).send([Email("a", "zoe@shop.example", "Hi", "x")] * 2)
    assert [type(each) for each in ended] == [NotSent, NotSent]
    assert "secret" not in str(ended)


def test_chats_and_telephones_are_reached_by_their_names(receiver: Receiver) -> None:
    chat_url = receiver.url.replace("http://", "json://")
    chat = Chat([chat_url, chat_url + "/{phone}"], [])
    chat.say("chat", name_of(chat_url), "Title", "Body")
    chat.say("sms", "+2348012345678", "", "Short")
    assert '"message": "Body"' in receiver.got[0][1]
    assert '"message": "Short"' in receiver.got[1][1]


def test_a_chat_that_does_not_take_it_is_named_without_its_secrets(receiver: Receiver) -> None:
    url = receiver.url.replace("http://", "json://user:secret@")
    receiver.answer = lambda number: 500
    with pytest.raises(NotSent) as failure:
        Chat([], [url]).say("chat", name_of(url), "Title", "Body")
    assert "secret" not in str(failure.value)
    assert "secret" not in name_of(url)
    with pytest.raises(ProviderRefused):
        Chat([], []).say("chat", name_of(url), "Title", "Body")


@pytest.mark.parametrize(
    ("phone", "number"),
    [("+234 (801) 234-5678", "+2348012345678"), ("0801 234 5678", "08012345678"), ("call me", None), ("1/?to=2", None)],
)
def test_telephone_numbers_are_digits(phone: str, number: str | None) -> None:
    assert dialled(phone) == number
