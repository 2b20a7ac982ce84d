"""What an actor may do for one action, and how people read who it was."""

import pytest

from webapp.domain.actors import Actor, job_actor, named


def test_who_is_entrusted_with_something_may_that_besides_and_nobody_else_may() -> None:
    actor = Actor("user", 1, "Amina", frozenset({"escrow:read"}))
    trusted = actor.entrusted_with("escrow:release")
    assert trusted.permissions == {"escrow:read", "escrow:release"}
    assert (trusted.key, trusted.name) == (actor.key, actor.name)
    assert not actor.may("escrow:release")


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("auto_release", "the desk"),
        ("check_pending_payments", "the desk"),
        ("Amina", "Amina"),
        ("amina", "amina"),
        ("auto_release of Amina", "auto_release of Amina"),
        ("", ""),
        (None, ""),
    ],
)
def test_what_a_job_does_the_desk_does(name: str | None, said: str) -> None:
    assert named(name) == said


def test_a_run_is_the_request_of_its_job() -> None:
    assert (job_actor("watch", 7).request_id, job_actor("watch").request_id) == ("run-7", None)
    assert job_actor("watch").key == "job:watch"
