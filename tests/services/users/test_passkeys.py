"""Passkeys: what a device signed counts once, for what it was asked, by whom it belongs to."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from tests.support.authenticator import HOST, ORIGIN, Authenticator
from tests.support.people import PASSWORD, SETUP
from webapp.errors import Conflict, Invalid, NotAllowed, NotFound, Refusal
from webapp.models import Audit, Passkey, PasskeyChallenge, User, UserSession
from webapp.runtime import Runtime
from webapp.services.common import retention
from webapp.services.users import passkey_challenges, passkeys, sessions, two_factor, users
from webapp.services.users.passkey_challenges import LIFETIME, Ceremony, PasskeyUse
from webapp.services.users.passkeys import PasskeyProof, PasskeyResult
from webapp.services.users.relying_party import RelyingParty

NOW = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
PARTY = RelyingParty(HOST, ORIGIN)
BROWSER, OTHER_BROWSER = "session:1", "session:2"


@pytest.fixture
def quick(sqlite_runtime: Runtime) -> Iterator[Session]:
    """A transaction on SQLite, where the database is beside the point."""
    with sqlite_runtime.db.transaction() as session:
        yield session


def person(session: Session, name: str = "amina") -> User:
    return users.create(
        session, email=f"{name}@desk.example", name=name, roles=["approver"], password=PASSWORD, at=NOW, actor=SETUP
    )


def added(session: Session, user: User, device: Authenticator, name: str = "Phone") -> list[str]:
    """The device has a passkey of this person now; the recovery codes that came with it."""
    ceremony = Ceremony(PasskeyUse.ADD, user.id, BROWSER)
    options = passkeys.begin_adding(session, ceremony, name, party=PARTY, at=NOW)
    made, challenge = device.create(options), passkey_challenges.take(session, ceremony, NOW)
    about: dict[str, Any] = {"party": PARTY, "current_session_id": None, "at": NOW, "actor": SETUP}
    return passkeys.add(session, user.id, name, made, challenge, **about)


def signing_in(user: User, browser: str = BROWSER) -> Ceremony:
    return Ceremony(PasskeyUse.SIGN_IN, user.id, browser)


def approving(user: User, number: int = 17) -> Ceremony:
    return Ceremony(PasskeyUse.APPROVE, user.id, BROWSER, ("approval", number))


def asked(session: Session, ceremony: Ceremony) -> str:
    return passkeys.begin_use(session, ceremony, party=PARTY, at=NOW)


def used(session: Session, ceremony: Ceremony, assertion: str, *, at: datetime = NOW) -> PasskeyResult:
    challenge = passkey_challenges.take(session, ceremony, at)
    return passkeys.use(session, ceremony, assertion, challenge, party=PARTY, at=at, actor=SETUP)


def records(session: Session, action: str) -> list[Audit]:
    return list(session.scalars(select(Audit).where(Audit.action == action).order_by(Audit.id)))


def test_a_passkey_signs_once_and_that_is_on_the_record(session: Session) -> None:
    user, device = person(session), Authenticator()
    added(session, user, device)
    assertion = device.get(asked(session, signing_in(user)))
    result = used(session, signing_in(user), assertion)
    assert result.passkey is not None
    assert (result.passkey.sign_count, result.passkey.last_used_at, result.refused) == (1, NOW, None)
    [record] = records(session, "user.passkey_used")
    assert '"for":"sign_in"' in (record.after or "")
    again = used(session, signing_in(user), assertion)
    assert (again.passkey, "sent already" in (again.refused or "")) == (None, True)


def test_a_challenge_is_too_old_after_five_minutes(quick: Session) -> None:
    user, device = person(quick), Authenticator()
    added(quick, user, device)
    assertion = device.get(asked(quick, signing_in(user)))
    assert used(quick, signing_in(user), assertion, at=NOW + LIFETIME).passkey is None


@pytest.mark.parametrize("other", ["browser", "person", "purpose", "proposal"])
def test_an_answer_counts_for_nothing_else_than_was_asked(session: Session, other: str) -> None:
    user, device = person(session), Authenticator()
    added(session, user, device)
    asked_for, answered = {
        "browser": (signing_in(user), signing_in(user, OTHER_BROWSER)),
        "person": (signing_in(user), signing_in(person(session, "kofi"))),
        "purpose": (signing_in(user), Ceremony(PasskeyUse.ADD, user.id, BROWSER)),
        "proposal": (approving(user, 17), approving(user, 18)),
    }[other]
    assertion = device.get(asked(session, asked_for))
    assert used(session, answered, assertion).passkey is None
    assert used(session, asked_for, assertion).passkey is not None


def test_an_answer_to_another_proposals_challenge_is_refused(quick: Session) -> None:
    """The browser asks for two proposals in a row, and the answer to the first comes for the second."""
    user, device = person(quick), Authenticator()
    added(quick, user, device)
    first = device.get(asked(quick, approving(user, 17)))
    asked(quick, approving(user, 18))
    with pytest.raises(Invalid, match="does not fit what was asked"):
        used(quick, approving(user, 18), first)


Wrong = Callable[[Authenticator], None]


def at_another_origin(device: Authenticator) -> None:
    device.origin = "https://localhost.evil.example"


def for_another_host(device: Authenticator) -> None:
    device.host = "evil.example"


def by_another_key(device: Authenticator) -> None:
    device.key = Authenticator().key


@pytest.mark.parametrize("wrong", [at_another_origin, for_another_host, by_another_key])
def test_what_was_signed_elsewhere_or_otherwise_is_refused(quick: Session, wrong: Wrong) -> None:
    user, device = person(quick), Authenticator()
    added(quick, user, device)
    options = asked(quick, signing_in(user))
    wrong(device)
    with pytest.raises(Invalid, match="does not fit what was asked"):
        used(quick, signing_in(user), device.get(options))
    assert quick.scalars(select(Passkey.sign_count)).one() == 0


@pytest.mark.parametrize("wrong", [at_another_origin, for_another_host])
def test_what_was_made_elsewhere_is_not_kept(quick: Session, wrong: Wrong) -> None:
    user, device = person(quick), Authenticator()
    wrong(device)
    with pytest.raises(Invalid, match="does not fit what was asked"):
        added(quick, user, device)
    assert quick.scalars(select(Passkey)).all() == []


def test_anothers_passkey_is_refused(quick: Session) -> None:
    user, other, device, theirs = person(quick), person(quick, "kofi"), Authenticator(), Authenticator()
    added(quick, user, device)
    added(quick, other, theirs)
    result = used(quick, signing_in(user), theirs.get(asked(quick, signing_in(user))))
    assert "not one of yours" in (result.refused or "")


@pytest.mark.parametrize("step", [0, -1])
def test_a_counter_that_does_not_rise_suspends_the_passkey_and_is_on_the_record(quick: Session, step: int) -> None:
    user, device = person(quick), Authenticator()
    added(quick, user, device)
    device.count = 7
    assert used(quick, signing_in(user), device.get(asked(quick, signing_in(user)))).passkey is not None
    device.count += step - 1
    copied = used(quick, signing_in(user), device.get(asked(quick, signing_in(user))))
    assert "was copied" in (copied.refused or "")
    [record] = records(quick, "user.passkey_suspended")
    assert f'"sign_count":{8 + step}' in (record.after or "")
    device.count = 100
    with pytest.raises(Conflict, match="no passkey that could be used"):
        asked(quick, signing_in(user))
    assert user.has_second_factor, "the password alone signs nobody in now"


def test_a_suspended_passkey_opens_nothing_while_another_is_asked_for(quick: Session) -> None:
    user, device, other = person(quick), Authenticator(), Authenticator()
    added(quick, user, device)
    added(quick, user, other, "Key")
    quick.scalars(select(Passkey).where(Passkey.name == "Phone")).one().suspended_at = NOW
    result = used(quick, signing_in(user), device.get(asked(quick, signing_in(user))))
    assert "not accepted any more" in (result.refused or "")


def test_a_device_that_does_not_count_is_used_again_and_again(quick: Session) -> None:
    user, device = person(quick), Authenticator(counts=False)
    added(quick, user, device)
    for _turn in range(2):
        assert used(quick, signing_in(user), device.get(asked(quick, signing_in(user)))).passkey is not None


def test_approving_takes_a_device_that_knows_its_person_and_signing_in_after_the_password_does_not(
    quick: Session,
) -> None:
    user, device = person(quick), Authenticator(verifies=False)
    added(quick, user, device)
    options = asked(quick, approving(user))
    assert json.loads(options)["userVerification"] == "required"
    with pytest.raises(Invalid, match="does not fit"):
        used(quick, approving(user), device.get(options))
    assert used(quick, signing_in(user), device.get(asked(quick, signing_in(user)))).passkey is not None


@pytest.mark.parametrize(
    "sent",
    ["", "no json", "[]", "{}", "[" * 10_000, '{"id":"a","rawId":"a","type":"public-key","response":{}}', "null"],
)
def test_what_is_no_credential_is_refused_in_a_sentence(quick: Session, sent: str) -> None:
    user, device = person(quick), Authenticator()
    added(quick, user, device)
    asked(quick, signing_in(user))
    with pytest.raises(Invalid, match="does not fit what was asked"):
        used(quick, signing_in(user), sent)
    with pytest.raises(Invalid, match="does not fit what was asked"):
        PARTY.registered(sent, b"c" * 32)


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature"])
def test_a_part_that_is_something_else_is_refused(quick: Session, field: str) -> None:
    user, device = person(quick), Authenticator()
    added(quick, user, device)
    options = asked(quick, signing_in(user))
    for value in ("", "AAAA", "W10", "%%", 7, None, "A" * 50):
        with pytest.raises(Invalid):
            PARTY.sign_count(
                device.get(options, **{field: value}),
                passkey_challenges.issue(quick, signing_in(user), NOW),
                quick.scalars(select(Passkey)).one(),
                user_verification=False,
            )


def test_recovery_codes_come_with_the_first_and_other_sign_ins_end(quick: Session) -> None:
    user = person(quick)
    sessions.start(quick, user.id, at=NOW, origin="::1", agent="")
    quick.flush()
    assert len(added(quick, user, Authenticator())) == 10
    assert quick.scalars(select(UserSession.ended_at)).one() == NOW
    sessions.start(quick, user.id, at=NOW, origin="::1", agent="")
    quick.flush()
    assert added(quick, user, Authenticator(), "Key") == []
    assert quick.scalars(select(UserSession.id).where(UserSession.ended_at.is_(None))).all() != []


def test_recovery_codes_stay_until_the_last_second_factor_is_gone(sqlite_runtime: Runtime) -> None:
    codes = two_factor.Codes(sqlite_runtime.settings)
    with sqlite_runtime.db.transaction() as session:
        user = person(session)
        user.totp_secret = codes.new_secret()
        [code, spare, *_] = added(session, user, Authenticator())
        two_factor.disable(session, user.id, at=NOW, actor=SETUP)
        assert two_factor.accepts(session, user.id, code, codes=codes)
        passkeys.remove(session, user.id, session.scalars(select(Passkey.id)).one(), at=NOW, actor=SETUP)
        assert (user.has_second_factor, user.recovery_codes) == (False, None)
        assert not two_factor.accepts(session, user.id, spare, codes=codes)


def test_names_tell_passkeys_apart(session: Session) -> None:
    user = person(session)
    added(session, user, Authenticator())
    for name in ("", "  ", "a" * 81, " Phone "):
        with pytest.raises(Invalid) as refused:
            added(session, user, Authenticator(), name)
        assert list(refused.value.fields) == ["name"]
    added(session, user, Authenticator(), "Key")
    phone, key = passkeys.of_user(session, user.id)
    with pytest.raises(Invalid):
        passkeys.rename(session, user.id, key.id, "Phone", at=NOW, actor=SETUP)
    passkeys.rename(session, user.id, phone.id, "Phone", at=NOW, actor=SETUP)
    passkeys.rename(session, user.id, phone.id, "Old phone", at=NOW, actor=SETUP)
    assert [passkey.name for passkey in passkeys.of_user(session, user.id)] == ["Old phone", "Key"]
    assert len(records(session, "user.passkey_renamed")) == 2


def test_one_credential_is_one_passkey(session: Session) -> None:
    user, device = person(session), Authenticator()
    added(session, user, device)
    with pytest.raises(Conflict, match="there already"):
        added(session, user, device, "Again")
    with pytest.raises(Conflict, match="there already"):
        added(session, person(session, "kofi"), device)


def test_there_is_an_end_of_passkeys(quick: Session, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passkeys, "MOST", 1)
    user = person(quick)
    added(quick, user, Authenticator())
    with pytest.raises(Conflict, match="Remove one first"):
        added(quick, user, Authenticator(), "Key")


def test_nobody_changes_anothers_passkey(quick: Session) -> None:
    user, other = person(quick), person(quick, "kofi")
    added(quick, user, Authenticator())
    [mine] = passkeys.of_user(quick, user.id)
    with pytest.raises(NotFound):
        passkeys.remove(quick, other.id, mine.id, at=NOW, actor=SETUP)
    with pytest.raises(NotFound):
        passkeys.rename(quick, other.id, mine.id, "Mine", at=NOW, actor=SETUP)
    with pytest.raises(NotAllowed):
        passkeys.remove_for(quick, user.id, mine.id, at=NOW, actor=users.actor_of(other))


def test_a_browser_has_one_open_challenge_for_each_purpose(session: Session) -> None:
    user, device = person(session), Authenticator()
    added(session, user, device)
    for number in (17, 18):
        asked(session, approving(user, number))
    asked(session, signing_in(user))
    kept = session.execute(select(PasskeyChallenge.purpose, PasskeyChallenge.subject_id)).all()
    assert sorted(tuple(row) for row in kept) == [("approve", 18), ("sign_in", None)]


def test_a_second_factor_that_is_lost_takes_the_passkeys_with_it(session: Session) -> None:
    user = person(session)
    added(session, user, Authenticator())
    users.reset(session, user.id, at=NOW, actor=SETUP)
    assert user.has_second_factor
    users.reset(session, user.id, at=NOW, actor=SETUP, second_factor_too=True)
    assert (user.has_second_factor, passkeys.of_user(session, user.id)) == (False, [])


@pytest.mark.parametrize(
    ("wanted", "proof", "refused"),
    [
        (False, None, False),
        (True, None, True),
        (True, ("approval", 17), False),
        (False, ("approval", 18), True),
        (True, ("payout_destination", 17), True),
    ],
)
def test_a_proof_is_of_one_person_for_one_thing(
    sqlite_runtime: Runtime, wanted: bool, proof: tuple[str, int] | None, refused: bool
) -> None:
    sqlite_runtime.settings.approvals_need_passkey = wanted
    with sqlite_runtime.db.transaction() as session:
        actor = users.actor_of(person(session))
    given = None if proof is None else PasskeyProof(1, "Phone", actor.id or 0, proof)

    def outcome(by: PasskeyProof | None) -> bool:
        try:
            passkeys.require_proof(by, ("approval", 17), actor=actor, settings=sqlite_runtime.settings)
        except Refusal:
            return True
        return False

    assert outcome(given) is refused
    if given is not None:
        assert outcome(PasskeyProof(1, "Phone", 0, given.subject)) is True


@pytest.mark.parametrize(
    ("given", "origin"),
    [
        ({}, "http://localhost:8000"),
        ({"public_url": "https://Desk.Example:443/"}, "https://desk.example"),
        ({"public_url": "https://desk.example:8443/below"}, "https://desk.example:8443"),
    ],
)
def test_the_origin_is_that_of_the_public_address(sqlite_runtime: Runtime, given: dict[str, Any], origin: str) -> None:
    settings = sqlite_runtime.settings.model_copy(update={"port": 8000, **given})
    assert RelyingParty.of(settings).origin == origin


def test_in_production_the_first_trusted_host_stands_in_for_a_public_address(sqlite_runtime: Runtime) -> None:
    settings = sqlite_runtime.settings.model_copy(
        update={"env": "production", "trusted_hosts": ["desk.example", "b.test"]}
    )
    assert RelyingParty.of(settings) == RelyingParty("desk.example", "https://desk.example")


def test_a_challenge_that_was_never_answered_is_purged(session: Session) -> None:
    user = person(session)
    passkey_challenges.issue(session, signing_in(user), NOW)
    retention.purge_expired(session, NOW + timedelta(minutes=1))
    assert len(session.scalars(select(PasskeyChallenge)).all()) == 1
    retention.purge_expired(session, NOW + LIFETIME + timedelta(minutes=1))
    assert session.scalars(select(PasskeyChallenge)).all() == []
