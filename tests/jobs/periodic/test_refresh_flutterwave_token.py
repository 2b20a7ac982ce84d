"""The token of Flutterwave v4: fresh ahead of time, asked for by one at a time, seen by nobody."""

import threading
from datetime import timedelta

from sqlalchemy import select

from tests.providers.conftest import V3, V4, Outfit, outfit, sandbox, served  # noqa: F401
from tests.sandbox.conftest import Caller
from tests.support.job_runs import run_job_now
from webapp import clock
from webapp.encryption import decrypt
from webapp.models import Alert, ProviderState, ProviderToken, RunLine
from webapp.providers.flutterwave.oauth_token import TOKEN_NAME
from webapp.runtime import Runtime

JOB = "refresh_flutterwave_token"


def kept(runtime: Runtime) -> ProviderToken:
    with runtime.db.reading() as session:
        return session.get_one(ProviderToken, "flutterwave")


def tokens_given(sandbox: Caller) -> int:
    return int(sandbox.control("store", method="GET")["counts"].get("flutterwave.token", 0))


def expire(runtime: Runtime, left: timedelta) -> None:
    with runtime.db.transaction() as session:
        session.get_one(ProviderToken, "flutterwave").expires_at = clock.now() + left


def test_a_token_is_replaced_two_minutes_before_it_expires_and_not_sooner(
    outfit: Outfit,
    sandbox: Caller,
) -> None:
    runtime = outfit(**V4)
    assert [run_job_now(runtime, JOB).status for _ in range(2)] == ["succeeded", "succeeded"]
    assert tokens_given(sandbox) == 1
    expire(runtime, timedelta(minutes=1, seconds=50))

    run_job_now(runtime, JOB)

    assert tokens_given(sandbox) == 2
    ends = kept(runtime).expires_at
    assert ends is not None
    assert ends > clock.now() + timedelta(minutes=9)


def test_a_token_is_kept_encrypted_and_never_logged(outfit: Outfit, sandbox: Caller) -> None:
    runtime = outfit(**V4)
    run_job_now(runtime, JOB)
    token = decrypt(kept(runtime).token_encrypted or "", runtime.settings.encryption_keys)

    with runtime.db.reading() as session:
        said = str([(line.event, line.fields) for line in session.scalars(select(RunLine))])
    assert token not in said
    assert token not in (kept(runtime).token_encrypted or "")
    shown = repr(runtime.providers.clients["flutterwave"].tokens.__dict__)
    assert token not in shown
    assert V4["flutterwave_client_secret"] not in shown


def test_two_who_need_a_token_at_once_make_one_request(outfit: Outfit, sandbox: Caller) -> None:
    desks = [outfit(**V4) for _ in range(4)]
    sandbox.control("latency", {"provider": "flutterwave", "milliseconds": 300})
    got: list[str] = []
    together = threading.Barrier(4)

    def ask(runtime: Runtime) -> None:
        tokens = runtime.providers.clients["flutterwave"].tokens
        together.wait()
        got.append(tokens.current())

    threads = [threading.Thread(target=ask, args=(desk,)) for desk in desks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert (len(got), len(set(got)), tokens_given(sandbox)) == (4, 1, 1)


def test_three_failures_in_a_row_alert_and_a_success_resolves(outfit: Outfit, sandbox: Caller) -> None:
    runtime = outfit(**V4)
    sandbox.set_fault("flutterwave", "token", "error_500", times=3)

    assert [run_job_now(runtime, JOB).status for _ in range(2)] == ["succeeded", "succeeded"]
    assert alerts(runtime) == []
    assert run_job_now(runtime, JOB).status == "failed"
    assert ("token_not_refreshed", "firing") in alerts(runtime)

    run_job_now(runtime, JOB)
    assert ("token_not_refreshed", "resolved") in alerts(runtime)
    assert kept(runtime).failures == 0


def test_who_dies_while_asking_blocks_nobody_for_long(outfit: Outfit, sandbox: Caller) -> None:
    runtime = outfit(**V4)
    with runtime.db.transaction() as session:
        session.add(ProviderToken(provider="flutterwave", refreshed_at=clock.now() + timedelta(seconds=0.5)))

    assert runtime.providers.clients["flutterwave"].tokens.current()
    assert tokens_given(sandbox) == 1


def test_the_identity_provider_has_a_circuit_of_its_own(outfit: Outfit) -> None:
    runtime = outfit(**V4)
    run_job_now(runtime, JOB)
    with runtime.db.reading() as session:
        assert session.scalars(select(ProviderState.provider)).all() == [TOKEN_NAME]


def test_a_desk_without_v4_skips_the_job(outfit: Outfit) -> None:
    run = run_job_now(outfit(**V3), JOB)
    assert (run.status, "not configured" in (run.error or "")) == ("skipped", True)


def alerts(runtime: Runtime) -> list[tuple[str, str]]:
    with runtime.db.reading() as session:
        return [(alert.rule, alert.status) for alert in session.scalars(select(Alert)) if alert.rule != "run_failed"]
