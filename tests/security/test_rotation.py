"""SECRET_KEY is rotated as the handbook says, one process after the other: nobody is signed out, nothing is lost."""

from itertools import pairwise
from typing import Any

from flask.testing import FlaskClient

from tests.conftest import SECRET, settings_for
from tests.support.people import PASSWORD, SETUP, desk, send  # noqa: F401
from webapp import clock
from webapp.app import create_app
from webapp.encryption import decrypt, encrypt
from webapp.runtime import Runtime, build_runtime
from webapp.security.cookies import COOKIE
from webapp.services.audit import verification
from webapp.services.users import api_tokens

NEW = "another-secret-that-is-long-enough-too-0"
STEPS: list[dict[str, Any]] = [
    {"secret_key": SECRET},
    {"secret_key": SECRET, "secret_key_fallbacks": [NEW]},
    {"secret_key": NEW, "secret_key_fallbacks": [SECRET]},
]


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
    for before, after in pairwise(STEPS):
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
