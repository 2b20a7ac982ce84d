"""People hear of each change of how they sign in, once, whoever made it."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import select

from tests.support.outbox import deliveries
from tests.support.paths import ROOT
from tests.support.people import PASSWORD, SETUP, add_people
from tests.support.receivers import with_settings
from webapp import clock
from webapp.domain.actors import Actor
from webapp.models import Delivery, Passkey, User
from webapp.providers.oidc.identity import Identity
from webapp.runtime import Runtime
from webapp.services.audit import trail
from webapp.services.notifications.messages import account_messages, templates
from webapp.services.users import identities, passkeys, profile, two_factor, users

MAIL = {"smtp_url": "smtp://127.0.0.1:9"}


def spread(runtime: Runtime, later: timedelta = timedelta()) -> Sequence[Delivery]:
    for _twice in range(2):
        with runtime.db.transaction() as session:
            account_messages.write(session, clock.now() + later, runtime.settings)
    return deliveries(runtime, Delivery.channel == "email")


def agent_of(runtime: Runtime) -> int:
    with runtime.db.reading() as session:
        return session.scalars(select(User.id).where(User.email == "agent@desk.example")).one()


def test_a_passkey_that_an_administrator_removes_is_told_once_to_whose_it_was(runtime: Runtime) -> None:
    desk = with_settings(runtime, **MAIL)
    add_people(desk)
    agent = agent_of(desk)
    with desk.db.transaction() as session:
        given = {"public_key": "", "sign_count": 0, "transports": [], "created_at": clock.now()}
        session.add(Passkey(user_id=agent, name="Blue {key}", credential_id="one", **given))
        session.flush()
        [passkey] = passkeys.of_user(session, agent)
        by = Actor("user", 99, "Divine", SETUP.permissions, origin="192.0.2.7")
        passkeys.remove_for(session, agent, passkey.id, at=clock.now(), actor=by)
    [letter] = spread(desk)
    assert (letter.recipient, letter.kind) == ("agent@desk.example", "staff.account.passkey_removed")
    assert "The passkey Blue {key} opens nothing any more. By Divine, " in letter.body
    assert "from 192.0.2.7. Was it not you" in letter.body


def test_every_change_of_a_sign_in_is_told(sqlite_runtime: Runtime) -> None:
    desk = with_settings(sqlite_runtime, **MAIL)
    add_people(desk)
    agent, at = agent_of(desk), clock.now()
    codes = two_factor.Codes(desk.settings)
    with desk.db.transaction() as session:
        user = users.find(session, agent)
        me = users.actor_of(user)
        user.totp_secret = codes.new_secret()
        profile.change_password(
            session, agent, PASSWORD, "nine loud herons here", current_session_id=None, at=at, actor=me
        )
        two_factor.renew_recovery_codes(session, agent, at=at, actor=me)
        two_factor.disable(session, agent, at=at, actor=me)
        users.reset(session, agent, at=at, actor=SETUP)
        users.open_password(session, agent, at + timedelta(hours=1), at=at, actor=SETUP)
        identity = Identity("https://id.example", "7", "agent@desk.example", True, "Agent", None, None, None, "")
        identities.person_of(session, identity, desk.settings, identities.Arrival(at, "request", "192.0.2.7"))
        identities.unlink(session, agent, identities.of_user(session, agent)[0].id, at=at, actor=SETUP)
        for action in ("second_factor_on", "passkey_added", "passkey_removed", "passkey_suspended", "zone", "roles"):
            trail.record(session, me, f"user.{action}", ("user", agent), at=at, after={"name": "Phone"})
    letters = spread(desk)
    assert {letter.kind for letter in letters} == set(account_messages.KINDS.values())
    assert len(letters) == len(account_messages.KINDS)
    assert "By you, " in next(letter.body for letter in letters if letter.kind == "staff.account.password")
    assert set(account_messages.KINDS.values()) <= set(templates.TEXTS)


def test_what_is_a_day_old_and_what_is_of_the_demo_is_told_to_nobody(sqlite_runtime: Runtime) -> None:
    desk = with_settings(sqlite_runtime, **MAIL)
    add_people(desk)
    agent = agent_of(desk)
    with desk.db.transaction() as session:
        users.reset(session, agent, at=clock.now() - timedelta(days=1), actor=SETUP)
    assert spread(desk) == []
    with desk.db.transaction() as session:
        users.find(session, agent).demo = True
        users.reset(session, agent, at=clock.now(), actor=SETUP)
    assert spread(desk) == []


def test_where_no_letter_can_be_sent_nothing_is_looked_for(sqlite_runtime: Runtime) -> None:
    add_people(sqlite_runtime)
    with sqlite_runtime.db.transaction() as session:
        users.reset(session, agent_of(sqlite_runtime), at=clock.now(), actor=SETUP)
        assert account_messages.unannounced(session, clock.now(), sqlite_runtime.settings) == []


def test_the_docs_have_every_letter() -> None:
    page = (ROOT / "docs" / "messages.md").read_text()
    sentences = {action: templates.TEXTS[kind].short for action, kind in account_messages.KINDS.items()}
    shown = {action: text.partition(" By {maker}")[0] for action, text in sentences.items()}
    assert [action for action, text in shown.items() if f"| `{action}` | {text} |" not in page] == []
