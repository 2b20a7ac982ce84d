"""Whoever is written to reads it in their own language, with times on their own clocks; else in the desk's."""

import re
from datetime import datetime
from typing import Any

import pytest

from tests.support.market import AMINA, DIVINE, Market
from tests.support.money_scenes import SCENES, Scene
from tests.support.outbox import deliveries, spread
from tests.support.people import add_people
from tests.support.receivers import with_settings
from webapp import clock
from webapp.domain.languages import ENGLISH, LANGUAGES
from webapp.domain.money.money import Money
from webapp.models import Delivery, Escrow, Party, Tenant, User
from webapp.runtime import Runtime
from webapp.services.common import readers
from webapp.services.common.readers import KeptSentence, LetterReader
from webapp.services.disputes import handling as dispute_handling
from webapp.services.notifications.messages import money_templates, reminders, subscription_templates, templates
from webapp.services.notifications.messages.templates import Text

MAIL = {"smtp_url": "smtp://127.0.0.1:9"}
AT = datetime.fromisoformat("2026-11-24T18:46:00+00:00")
OTHERS = [language for language in LANGUAGES if language != ENGLISH]
TEXTS: dict[str, Text] = {
    **templates.TEXTS,
    **subscription_templates.TEXTS,
    **{"-".join(key): text for key, text in money_templates.TEXTS.items()},
}
INSTANTS = {"due", "effective", "since", "until", "grace_end", "made"}
SUFFIXES = ("_said", "_of")


class Fields(dict[str, Any]):
    """A value for any field: an instant, money, or a word in capitals, which is no English."""

    def items(self) -> Any:
        return [(name, self[name]) for name in NAMES]

    def __missing__(self, name: str) -> Any:
        if name in INSTANTS:
            return AT
        return "" if name.endswith(SUFFIXES) else name.upper()


NAMES = {name for text in TEXTS.values() for part in text.sentences() for name in re.findall(r"\{(\w+)\}", part)}


def own_words(sentence: str) -> list[str]:
    """What a sentence says between its fields, where that is enough to be known again."""
    return [part for part in re.split(r"\{\w+\}", sentence) if len(re.findall(r"[A-Za-z]{2,}", part)) > 1]


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("kind", sorted(TEXTS))
def test_each_letter_is_in_its_readers_language(kind: str, language: str) -> None:
    english = TEXTS[kind]
    written = templates.letter(english, Fields(), LetterReader(language, "Africa/Kigali"))
    sentences = [*english.sentences(), *Text("", templates.GREETING, templates.CLOSING).sentences()]
    left = [
        words
        for sentence in sentences
        for words in own_words(sentence)
        for part in (written.title, written.body, written.short)
        if words in part
    ]
    assert left == []
    for part in (written.title, written.body, written.short):
        assert not re.search(r"\{\w+\}|%\(", part), "every field is filled in"
        assert not re.search(r"\b\d{4}-\d\d-\d\d\b| November ", part), "times are told in its language"


@pytest.mark.parametrize("key", sorted(SCENES), ids="-".join)
def test_a_party_that_speaks_french_hears_in_french_of_its_money(sqlite_runtime: Runtime, key: tuple[str, ...]) -> None:
    event, side, _shape = key
    place = with_settings(sqlite_runtime, **MAIL)
    with place.db.transaction() as session:
        scene = Scene(session, place)
        scene.buyer.language = scene.seller.language = "fr"
        SCENES[key](scene)  # type: ignore[index]
        email = getattr(scene, side).email
    spread(place)

    letter = deliveries(place, Delivery.kind == event, Delivery.recipient == email)[-1]
    assert letter.body.startswith("Bonjour ")
    assert "NGN\xa0" in letter.body, "amounts are written as French does"
    for sentence in money_templates.TEXTS[key].sentences():  # type: ignore[index]
        for words in own_words(sentence):
            assert words not in f"{letter.title}\n{letter.body}"
    assert not re.search(r"\b(the|was|that|your|you|our)\b", f"{letter.title}\n{letter.body}".replace("the-order", ""))


def decided(runtime: Runtime, language: str | None, **party: Any) -> str:
    """The letter that asks a seller with this language for an answer, due at a time."""
    with runtime.db.transaction() as session:
        dispute = Market(session, runtime, at=AT).dispute()
        seller = session.get_one(Party, session.get_one(Escrow, dispute.escrow_id).seller_id)
        seller.email, seller.language = "seller@shop.example", language
        for name, value in party.items():
            setattr(seller, name, value)
        dispute_handling.ask(
            session, dispute.id, "seller", "It was late.", at=AT, actor=AMINA, settings=runtime.settings
        )
    with runtime.db.transaction() as session:
        reminders.write(session, AT.replace(day=27, hour=16), runtime.settings)
    return deliveries(runtime, Delivery.recipient == "seller@shop.example")[-1].body


@pytest.mark.parametrize(
    ("language", "party", "said"),
    [
        ("fr", {"country": "RW"}, "27 nov. 2026, 20:46 (Kigali)"),
        ("fr", {"country": "RW", "zone": "Asia/Manila"}, "28 nov. 2026, 02:46 (Manila)"),
        ("pt", {"country": "MZ"}, "27 de novembro de 2026, 20:46 (Maputo)"),
        ("sw", {"country": "CD"}, "27 Nov 2026, 21:46 (Nairobi)"),  # a country with two zones: the desk's
        (None, {}, "27 nov. 2026, 21:46 (Nairobi)"),
        ("rw", {"country": "RW"}, "27 nov. 2026, 20:46 (Kigali)"),  # a language that the desk does not know
        ("en", {}, "27 November 2026, 21:46 (Nairobi)"),
    ],
)
def test_times_are_of_the_partys_zone_and_an_unknown_language_is_the_desks(
    sqlite_runtime: Runtime, language: str | None, party: dict[str, str], said: str
) -> None:
    place = with_settings(sqlite_runtime, **MAIL, default_language="fr", default_zone="Africa/Nairobi")
    assert said in decided(place, language, **party)


def test_what_a_person_wrote_is_never_translated() -> None:
    # "Nothing is taken from you." is a message of the catalogues; here somebody wrote it.
    fields = {"message": "Nothing is taken from you.", "name": "It is over."}
    letter = templates.write("dispute.message", fields, LetterReader("fr"))
    assert "Nothing is taken from you." in letter.body
    assert letter.body.startswith("Bonjour It is over.,")


def test_a_sentence_of_the_desk_that_a_row_keeps_is_said_in_the_readers_language() -> None:
    kept = KeptSentence("release of NGN 1,000.00 to the seller")
    said = templates.write("staff.approval.proposed", {"sentence": kept, "maker": "Ngozi"}, LetterReader("fr")).body
    assert "Ngozi a proposé ceci" in said
    assert "release of" not in said
    assert "NGN\xa01\u202f000,00" in said


def test_telephones_get_plain_spaces_only() -> None:
    short = templates.write("payout.succeeded", {"amount": Money(1_234_567, "NGN")}, LetterReader("fr")).short
    assert "NGN 12 345,67" in short


def test_who_works_at_the_desk_is_written_to_by_their_profile(sqlite_runtime: Runtime) -> None:
    place = with_settings(sqlite_runtime, **MAIL)
    add_people(place)
    with place.db.transaction() as session:
        dispute = Market(session, place, at=clock.now()).dispute()
        agent = session.query(User).filter_by(email="agent@desk.example").one()
        agent.language, agent.zone = "pt", "Africa/Maputo"
        dispute_handling.assign(session, dispute.id, agent.id, at=clock.now(), actor=DIVINE)
        due_at = dispute.due_at
    with place.db.transaction() as session:
        reminders.write(session, due_at, place.settings)
    (letter,) = deliveries(place, Delivery.kind == "staff.dispute.overdue")
    assert (letter.title or "").startswith("O prazo da disputa")
    assert "(Maputo)" in letter.body


def test_a_tenant_has_its_own_language(sqlite_runtime: Runtime) -> None:
    tenant = Tenant(language="sw", zone="Africa/Kampala")
    assert readers.of_tenant(tenant, sqlite_runtime.settings) == LetterReader("sw", "Africa/Kampala")
    assert readers.of_tenant(Tenant(), sqlite_runtime.settings) == LetterReader("en", "UTC")
