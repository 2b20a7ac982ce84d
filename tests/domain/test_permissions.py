"""Who may do what: the table of the product, and what nobody may be given."""

import pytest

from webapp.domain.actors import Actor, job_actor
from webapp.domain.permissions import ALL_PERMISSIONS, JOB_PERMISSIONS, ROLES, SCOPES, of_roles, of_scopes
from webapp.errors import NotAllowed

# Who does what, by the table of the roles.
MAY = {
    "escrow:read": {"viewer", "agent", "approver", "operator", "admin"},
    "dispute:work": {"agent", "approver", "admin"},
    "escrow:freeze": {"agent", "approver", "admin"},
    "money:propose": {"agent", "approver", "admin"},
    "money:approve": {"approver", "admin"},
    "job:run": {"operator", "admin"},
    "job:pause": {"operator", "admin"},
    "report:read": {"viewer", "agent", "approver", "operator", "admin"},
    "report:make": {"operator", "admin"},
    "money:stop": {"admin"},
    "money:reverse": {"admin"},
    "user:manage": {"admin"},
    "token:manage": {"admin"},
    "settings:manage": {"admin"},
    "payout:manage": {"admin"},
    "party:write": {"admin"},
    "order:write": {"admin"},
    "subscription:read": {"viewer", "agent", "approver", "operator", "admin"},
    "subscription:write": {"operator", "admin"},
    "subscription:expire": set(),
    "money:move": set(),
}


@pytest.mark.parametrize("permission", MAY)
def test_a_permission_belongs_to_its_roles(permission: str) -> None:
    assert {role for role, allowed in ROLES.items() if permission in allowed} == MAY[permission]


def test_a_viewer_only_reads() -> None:
    assert all(permission.endswith(":read") for permission in ROLES["viewer"])


def test_every_role_reads_and_an_admin_may_all_that_anybody_may() -> None:
    assert all(ROLES["viewer"] <= allowed for allowed in ROLES.values())
    assert ROLES["admin"] == ALL_PERMISSIONS


def test_no_token_approves_moves_reverses_stops_or_changes_people() -> None:
    kept = {"money:approve", "money:move", "money:reverse", "money:stop", "user:manage", "settings:manage"}
    assert kept & of_scopes(list(SCOPES)) == set()


def test_a_scope_gives_nothing_that_no_role_has() -> None:
    assert of_scopes(list(SCOPES)) <= ALL_PERMISSIONS


def test_only_jobs_move_money_without_a_decision() -> None:
    assert {"money:move", "subscription:expire"} == JOB_PERMISSIONS
    assert not JOB_PERMISSIONS & ALL_PERMISSIONS


def test_what_is_unknown_allows_nothing_and_what_is_known_adds_up() -> None:
    assert of_roles(["root", ""]) == of_scopes(["*", "Read"]) == of_roles([]) == frozenset()
    assert of_roles(["viewer", "operator"]) == ROLES["viewer"] | ROLES["operator"]
    assert of_scopes(["jobs", "audit"]) == {"job:read", "job:run", "audit:read"}


def test_an_actor_is_known_by_kind_and_number_and_asked_for_each_permission() -> None:
    amina = Actor("user", 7, "Amina", ROLES["agent"])
    assert amina.key == "user:7"
    amina.require("money:propose")
    with pytest.raises(NotAllowed, match="Amina may not do this: it needs the permission money:approve"):
        amina.require("money:approve")
    assert not Actor("user", 8, "Nobody").may("escrow:read")


def test_a_job_is_known_by_its_name_and_its_run() -> None:
    job = job_actor("auto_release", 12)
    assert (job.key, job.request_id, job.permissions) == ("job:auto_release", "run-12", JOB_PERMISSIONS)
    assert job_actor("auto_release").request_id is None
