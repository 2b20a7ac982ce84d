"""Secrets are rotated by the very blocks of docs/rotation.md, one process after the other: nothing is lost or stops."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from sqlalchemy import select, update
from structlog.testing import capture_logs

from real import handbook
from tests.conftest import SECRET, settings_for
from tests.support.job_runs import run_job_now
from tests.support.outbox import endpoint
from tests.support.payouts import planned
from tests.support.people import PASSWORD, SETUP, desk, send  # noqa: F401
from webapp import clock
from webapp.app import create_app
from webapp.cli import main
from webapp.encryption import decrypt, encrypt
from webapp.models import Audit, Payout, ProviderState, ProviderToken, User, UserIdentity, WebhookEndpoint
from webapp.models.base import Base
from webapp.runtime import Runtime, build_runtime
from webapp.sandbox import Options, SandboxSettings, Served, serving
from webapp.sandbox.core.settings import Keys
from webapp.sandbox.webhooks.signatures import SIGNERS
from webapp.security.cookies import COOKIE
from webapp.services.audit import verification
from webapp.services.data_protection import stored_secrets
from webapp.services.users import api_tokens
from webapp.services.users.two_factor import Codes
from webapp.services.webhooks import endpoints
from webapp.settings import SettingsProblem

NEW = "another-secret-that-is-long-enough-too-0"


def steps(heading: str, old: str = SECRET, new: str = NEW) -> list[dict[str, str]]:
    """The settings of each step under a heading, after those of before."""
    found = [text for language, text in handbook.steps("rotation.md", heading) if language == "env"]
    lines = [[line.split("=", 1) for line in text.splitlines()] for text in found]
    values = {"OLD": old, "NEW": new}
    return [{name.lower(): values[value] for name, value in step} for step in lines]


STEPS: list[dict[str, Any]] = [{"secret_key": SECRET}, *steps("SECRET_KEY")]
WRITING_ANEW, ONLY_SEALS = STEPS[2], STEPS[3]


def process(place: Runtime, step: dict[str, Any]) -> Runtime:
    """Another process of the same desk."""
    return build_runtime(settings_for(place.settings.database_url, place.settings.var_dir, **step))


def signed_in(place: Runtime) -> FlaskClient:
    client = create_app(place).test_client()
    answer = send(client, "/sign-in", email="admin@desk.example", password=PASSWORD)
    assert answer.status_code == 303
    return client


def is_signed_in(client: FlaskClient, place: Runtime) -> bool:
    """The same browser, answered by another process."""
    cookie = client.get_cookie(COOKIE)
    assert cookie is not None
    other = create_app(place).test_client()
    other.set_cookie(COOKIE, cookie.value)
    return bool(other.get("/profile").status_code == 200)


def test_while_processes_are_restarted_each_reads_what_the_others_write(desk: Runtime) -> None:
    for before, after in pairwise(STEPS[:3]):
        old, new = process(desk, before), process(desk, after)
        for writer, reader in ((old, new), (new, old)):
            assert is_signed_in(signed_in(writer), reader)
            stored = encrypt("second factor", writer.settings.encryption_keys)
            assert decrypt(stored, reader.settings.encryption_keys) == "second factor"
        with new.db.reading() as session:
            assert verification.verify(session, new.settings.audit_keys).problems == []
        old.db.close()
        new.db.close()


def test_without_its_first_step_a_process_could_not_read_what_the_next_writes(desk: Runtime) -> None:
    old, new = process(desk, STEPS[0]), process(desk, STEPS[2])
    assert not is_signed_in(signed_in(new), old)
    assert is_signed_in(signed_in(old), new)


def test_a_request_that_is_sent_again_after_a_rotation_is_known(desk: Runtime) -> None:
    before, after = process(desk, STEPS[1]), process(desk, STEPS[2])
    with before.db.transaction() as session:
        _, secret = api_tokens.create(
            session, name="shop", scopes=["parties"], expires_at=None, daily_limits={}, at=clock.now(), actor=SETUP
        )
    headers = {"Authorization": f"Bearer {secret}", "Idempotency-Key": "one"}
    body = {"ref": "shop-1", "name": "Shop", "currencies": ["NGN"]}
    answers = [
        create_app(each).test_client().post("/api/v1/parties", headers=headers, json=body) for each in (before, after)
    ]
    assert [each.status_code for each in answers] == [201, 201], answers[1].text
    assert answers[1].headers["Idempotency-Replayed"] == "true"
    other = create_app(after).test_client().post("/api/v1/parties", headers=headers, json=body | {"name": "Other"})
    assert other.status_code == 409


@pytest.fixture
def stored(desk: Runtime) -> Runtime:
    """A desk with a secret of every kind, each under its first key."""
    with desk.db.transaction() as session:
        person = session.scalars(select(User).order_by(User.id)).first()
        assert person is not None
        person.totp_secret = Codes(desk.settings).new_secret()
        session.add(
            UserIdentity(
                user_id=person.id,
                issuer="https://login.example",
                subject="1",
                email="",
                linked_at=clock.now(),
                id_token_encrypted=encrypt("of a person", desk.settings.sign_in_keys),
            )
        )
        token = encrypt("of a provider", desk.settings.encryption_keys)
        session.add(ProviderToken(provider="flutterwave", token_encrypted=token))
    planned(desk)
    endpoint(desk, "https://shop.example/hook")
    roll(desk, 1, timedelta(days=7))
    return desk


def roll(place: Runtime, endpoint_id: int, keep: timedelta) -> str:
    given: Any = {"at": clock.now(), "actor": SETUP, "settings": place.settings}
    with place.db.transaction() as session:
        return endpoints.roll_secret(session, endpoint_id, keep=keep, **given)[1]


def command(place: Runtime, step: dict[str, str], *words: str) -> Result:
    """The `desk` command of a machine whose environment has this step."""
    given = {"DATABASE_URL": place.settings.database_url, "VAR_DIR": str(place.settings.var_dir), "DESK_ENV": "test"}
    given |= {"REDIS_URL": "unix:///nowhere"} | {name.upper(): value for name, value in step.items()}
    return CliRunner().invoke(main, list(words), env=given)


def counts(result: Result) -> dict[str, tuple[int, int, int]]:
    return {row["what"]: tuple(list(row.values())[1:]) for row in json.loads(result.stdout)}


def test_every_kind_of_stored_secret_is_encrypted_anew(stored: Runtime) -> None:
    of_all = {each.name for each in stored_secrets.columns(stored.settings)}
    before = command(stored, WRITING_ANEW, "secrets", "check", "--json")
    assert (before.exit_code, counts(before)) == (1, dict.fromkeys(of_all, (0, 1, 0)))

    renewed = command(stored, WRITING_ANEW, "secrets", "renew", "--json")
    assert (renewed.exit_code, counts(renewed)) == (0, dict.fromkeys(of_all, (0, 1, 0)))
    again = command(stored, WRITING_ANEW, "secrets", "renew", "--json")
    assert (again.exit_code, counts(again)) == (0, dict.fromkeys(of_all, (1, 0, 0)))
    with stored.db.reading() as session:
        records = session.scalars(select(Audit).where(Audit.action == "secrets.renew")).all()
        assert {json.loads(each.after or "")["what"] for each in records} == of_all
        assert len(records) == len(of_all)


def test_every_column_of_secrets_is_among_them(stored: Runtime) -> None:
    """A new column of the kind has to be named there too."""
    named = {each.column.expression for each in stored_secrets.columns(stored.settings)}
    there = {
        column
        for table in Base.metadata.tables.values()
        for column in table.columns
        if column.name.endswith("_encrypted") or column.name == "totp_secret"
    }
    assert there == named


def test_chunks_go_on_to_the_end_and_leave_what_was_changed_meanwhile(
    stored: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored_secrets, "CHUNK", 2)
    for _ in range(4):
        endpoint(stored, "https://shop.example/hook")
    assert counts(command(stored, WRITING_ANEW, "secrets", "renew", "--json"))["secrets of webhook endpoints"] == (
        0,
        5,
        0,
    )
    assert command(stored, ONLY_SEALS, "secrets", "check").exit_code == 0


def test_what_is_written_meanwhile_stays(stored: Runtime) -> None:
    """A process that has the new key changes a secret between the look and the change."""
    new = process(stored, WRITING_ANEW)
    column = stored_secrets.columns(new.settings)[0]
    written = encrypt("of now", new.settings.encryption_keys)

    tally = stored_secrets.SecretTally(column.name)
    with new.db.transaction() as session:

        def changed_meanwhile(secret: str) -> str | None:
            session.execute(update(WebhookEndpoint).values(secret_encrypted=written))
            return column.renewed(secret)

        overtaken = replace(column, renewed=changed_meanwhile)
        stored_secrets.renew(session, overtaken, None, tally, at=clock.now(), actor=SETUP)
    with new.db.reading() as session:
        assert session.scalars(select(WebhookEndpoint.secret_encrypted)).all() == [written]
    new.db.close()


def test_after_the_last_step_nothing_but_seals_needs_the_former_key(stored: Runtime) -> None:
    """The blocks of the page, the settings and the commands, in their order."""
    signed = signed_in(stored)
    step: dict[str, str] = {}
    for language, text in handbook.steps("rotation.md", "SECRET_KEY"):
        if language == "env":
            step = _step(text)
            continue
        for line in text.splitlines():
            result = command(stored, step, *line.split()[1:])
            assert result.exit_code == 0, (line, result.output)
    assert step == ONLY_SEALS
    last = process(stored, {name: value.split(",") if name.endswith("s") else value for name, value in step.items()})
    assert not is_signed_in(signed, last)
    with pytest.raises(ValueError, match="none of the present keys"):
        decrypt(encrypt("a", stored.settings.encryption_keys), last.settings.encryption_keys)
    with last.db.reading() as session:
        assert verification.verify(session, last.settings.audit_keys).problems == []
        assert verification.verify(session, last.settings.audit_keys_in_use).problems != []
    last.db.close()


def _step(text: str) -> dict[str, str]:
    values = {"OLD": SECRET, "NEW": NEW}
    return {name.lower(): values[value] for name, value in (line.split("=", 1) for line in text.splitlines())}


def test_a_key_that_is_taken_out_too_early_is_noticed(stored: Runtime) -> None:
    early = command(stored, ONLY_SEALS, "secrets", "check", "--json")
    assert early.exit_code == 1
    assert set(counts(early).values()) == {(0, 0, 1)}
    assert command(stored, ONLY_SEALS, "secrets", "renew").exit_code == 1
    assert command(stored, WRITING_ANEW, "secrets", "renew").exit_code == 0


PROVIDERS = {
    "paystack": ("PAYSTACK_SECRET_KEY", "paystack_secret_key"),
    "flutterwave": ("FLUTTERWAVE_WEBHOOK_SECRET", "flutterwave_webhook_secret"),
    "flutterwave_v3": ("FLUTTERWAVE_WEBHOOK_SECRET", "flutterwave_webhook_secret"),
    "blnk": ("BLNK_WEBHOOK_SECRET", "blnk_webhook_secret"),
}


def status(place: Runtime, signer: str, secret: str) -> int:
    """What the desk answers to a webhook that is signed by this secret."""
    raw = json.dumps({"event": "something.else", "data": {"id": 1}}).encode()
    keys = replace(Keys(), **{PROVIDERS[signer][1]: secret})
    signed = SIGNERS[signer](keys, raw, int(time.time()))
    client = create_app(place).test_client()
    provider = signer.partition("_")[0]
    return client.post(f"/webhooks/{provider}", data=raw, headers=signed, content_type="application/json").status_code


@pytest.mark.parametrize("signer", PROVIDERS)
def test_webhooks_are_taken_at_each_step_under_the_secrets_of_the_steps_beside_it(desk: Runtime, signer: str) -> None:
    heading, setting = PROVIDERS[signer]
    old, new = "sk_live_the_old_one", "sk_live_the_new_one"
    taken = []
    for step in [{setting: old}, *steps(heading, old, new)]:
        one = process(desk, {name: value.split(",") if name.endswith("s") else value for name, value in step.items()})
        taken.append(tuple(status(one, signer, secret) == 200 for secret in (old, new)))
        one.db.close()
    either = [(True, True)] * (len(taken) - 2)
    assert taken == [(True, False), *either, (False, True)]
    assert len(either) == (1 if signer == "paystack" else 2)


def test_a_webhook_under_a_former_secret_is_logged(
    desk: Runtime,
) -> None:
    one = process(desk, {"paystack_secret_key": "sk_live_new", "paystack_secret_key_fallbacks": ["sk_live_old"]})
    with capture_logs() as lines:
        assert (status(one, "paystack", "sk_live_new"), status(one, "paystack", "sk_live_old")) == (200, 200)
    one.db.close()
    found = [each["setting"] for each in lines if each["event"] == "webhook.signed_by_former_secret"]
    assert found == ["PAYSTACK_SECRET_KEY_FALLBACKS"]


def test_a_test_key_is_no_former_key_of_a_desk_in_production(tmp_path: Path) -> None:
    with pytest.raises(SettingsProblem, match="PAYSTACK_SECRET_KEY_FALLBACKS: leave keys of its test mode out"):
        settings_for("postgresql://a/b", tmp_path, env="production", paystack_secret_key_fallbacks=["sk_test_1"])


@pytest.fixture
def world() -> Iterator[Served]:
    options = Options(settle_seconds=0.01, refund_seconds=0.01)
    with serving(SandboxSettings(options=options)) as made:
        yield made


def test_a_payout_waits_while_paystack_has_a_new_key_and_is_paid_once(
    world: Served,
    desk: Runtime,
) -> None:
    reached = {"paystack_url": f"{world.url}/paystack", "secret_key": SECRET}
    old, new = Keys().paystack_secret_key, "sk_sandbox_of_tomorrow"
    before = process(desk, reached | {"paystack_secret_key": old})
    planned(before)
    world.sandbox.keys = replace(world.sandbox.keys, paystack_secret_key=new)
    run_job_now(before, "process_payout_schedules")
    assert ([status for status, _ in paid(desk)], sent(world)) == (["sending"], 0)

    [first, _last] = steps("PAYSTACK_SECRET_KEY", old, new)
    after = process(desk, reached | {"paystack_secret_key": first["paystack_secret_key"]})
    for _ in range(3):
        with after.db.transaction() as session:
            session.execute(update(Payout).where(Payout.next_try_at.is_not(None)).values(next_try_at=clock.now()))
            session.execute(update(ProviderState).values(opened_at=None, failures=0))
        run_job_now(after, "process_payout_schedules")
    assert [status for status, _ in paid(desk)] == ["succeeded"]
    assert sent(world) == 1
    before.db.close()
    after.db.close()


def sent(world: Served) -> int:
    """How many transfers Paystack has made."""
    return world.sandbox.store.count("paystack.transfer")


def paid(place: Runtime) -> list[tuple[str, str | None]]:
    with place.db.reading() as session:
        return [(str(status), provider) for status, provider in session.execute(select(Payout.status, Payout.provider))]
