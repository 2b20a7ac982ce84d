"""What each change makes of a subscription: exact at the boundary instants, and the same as a model in any order."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webapp.domain import subscriptions as rules
from webapp.domain.states import SubscriptionStatus
from webapp.domain.subscriptions import State, grace_of, status_at
from webapp.errors import Conflict, Invalid, Overtaken, Refusal

NOW = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
A_DAY, WEEK, AN_INSTANT = timedelta(days=1), timedelta(days=7), timedelta(microseconds=1)
ACTIVE, EXPIRED, SUSPENDED = SubscriptionStatus
RUNNING = State(ACTIVE, NOW + 30 * A_DAY)
BY_HAND = State(SUSPENDED, NOW + 30 * A_DAY, suspended_by_hand=True)
BY_DESK = State(SUSPENDED, NOW - 8 * A_DAY, payment_pending_since=NOW - A_DAY)


@pytest.mark.parametrize(
    ("at", "status"),
    [
        (NOW - AN_INSTANT, ACTIVE),
        (NOW, EXPIRED),
        (NOW + WEEK - AN_INSTANT, EXPIRED),
        (NOW + WEEK, SUSPENDED),
        (NOW + 1000 * WEEK, SUSPENDED),
    ],
)
def test_it_expires_at_its_very_date_and_is_suspended_at_the_very_end_of_its_grace(
    at: datetime, status: SubscriptionStatus
) -> None:
    assert status_at(NOW, WEEK, at) == status


def test_without_grace_it_is_suspended_at_its_date() -> None:
    assert status_at(NOW, timedelta(0), NOW) == SUSPENDED


def test_a_tenants_own_grace_counts_also_when_it_is_none() -> None:
    assert [grace_of(own, 7).days for own in (None, 0, 30)] == [7, 0, 30]


def test_a_renewal_is_active_and_waits_for_no_payment() -> None:
    paid = rules.renewed(BY_DESK, NOW + A_DAY, at=NOW)
    pending = BY_DESK.payment_pending_since
    assert pending is not None
    assert paid == State(ACTIVE, NOW + A_DAY, date_before=BY_DESK.expire_date, pending_before=pending)


def test_a_renewal_goes_on_from_the_present_date_into_the_future() -> None:
    later, future = (
        "Choose a date after the present one, 01 April 2026 at 09:30 UTC.",
        "A renewal ends in the future.",
    )
    for state, until, sentence in (
        (RUNNING, RUNNING.expire_date, later),
        (BY_DESK, NOW, future),
        (BY_DESK, NOW - A_DAY, future),
    ):
        with pytest.raises(Invalid) as refused:
            rules.renewed(state, until, at=NOW)
        assert (refused.value.detail, refused.value.fields) == (sentence, {"expire_date": sentence})


def test_an_extension_gives_what_the_calendar_says_then() -> None:
    given_until = [rules.extended(BY_DESK, NOW + days, WEEK, at=NOW) for days in (A_DAY, timedelta(0), -WEEK)]
    assert [state.status for state in given_until] == [ACTIVE, EXPIRED, SUSPENDED]
    assert given_until[0].payment_pending_since == BY_DESK.payment_pending_since
    with pytest.raises(Invalid):
        rules.extended(RUNNING, RUNNING.expire_date, WEEK, at=NOW)


def test_who_is_suspended_by_hand_stays_so_until_resumed() -> None:
    later = BY_HAND.expire_date + A_DAY
    for moved in (rules.renewed(BY_HAND, later, at=NOW), rules.extended(BY_HAND, later, WEEK, at=NOW)):
        assert (moved.status, moved.suspended_by_hand, moved.expire_date) == (SUSPENDED, True, later)
    assert rules.resumed(BY_HAND, WEEK, at=NOW) == replace(BY_HAND, status=ACTIVE, suspended_by_hand=False)


def test_the_second_of_two_people_is_told_so() -> None:
    with pytest.raises(Overtaken, match=r"^It is suspended by hand already\. Nothing was changed\.$"):
        rules.suspended(rules.suspended(RUNNING))
    with pytest.raises(Overtaken, match=r"^It is active, not suspended\. Nothing was changed\.$"):
        rules.resumed(RUNNING, WEEK, at=NOW)


def test_who_is_past_the_grace_is_resumed_with_a_later_date_only() -> None:
    with pytest.raises(Conflict) as refused:
        rules.resumed(BY_DESK, WEEK, at=NOW)
    sentence = "Its grace was over on 01 March 2026 at 09:30 UTC. Renew it, or give a later date with this."
    assert (refused.value.detail, refused.value.fields) == (sentence, {"expire_date": sentence})
    with pytest.raises(Conflict):
        rules.resumed(BY_DESK, WEEK, at=NOW, until=NOW - WEEK)
    assert rules.resumed(BY_DESK, WEEK, at=NOW, until=NOW - WEEK + AN_INSTANT).status == EXPIRED
    assert rules.resumed(BY_DESK, WEEK, at=NOW, until=NOW + A_DAY).status == ACTIVE


def test_a_renewal_and_an_extension_are_taken_back_once() -> None:
    for moved in (
        rules.renewed(BY_DESK, NOW + A_DAY, at=NOW),
        rules.extended(BY_DESK, NOW + A_DAY, WEEK, at=NOW),
        rules.resumed(BY_DESK, WEEK, at=NOW, until=NOW + A_DAY),
    ):
        back = rules.reverted(moved, WEEK, at=NOW)
        assert (back.status, back.expire_date, back.date_before) == (SUSPENDED, BY_DESK.expire_date, None)
        with pytest.raises(Conflict, match=r"^There is no renewal and no extension to take back\.$"):
            rules.reverted(back, WEEK, at=NOW)
    by_hand = rules.reverted(rules.renewed(BY_HAND, NOW + 40 * A_DAY, at=NOW), WEEK, at=NOW)
    assert by_hand == BY_HAND


def test_with_a_renewal_its_end_of_waiting_for_a_payment_is_taken_back() -> None:
    paid = rules.renewed(BY_DESK, NOW + A_DAY, at=NOW)
    assert rules.reverted(paid, WEEK, at=NOW) == BY_DESK
    waits_again = replace(paid, payment_pending_since=NOW)
    assert rules.reverted(waits_again, WEEK, at=NOW).payment_pending_since == NOW, "what was said since is newer"
    extended = rules.extended(paid, NOW + 2 * A_DAY, WEEK, at=NOW)
    assert rules.reverted(extended, WEEK, at=NOW).payment_pending_since is None, "the renewal before it stays"


DAYS = st.integers(-40, 40)
ACTIONS = st.one_of(
    st.tuples(st.sampled_from(["renew", "extend", "resume until"]), DAYS),
    st.tuples(st.sampled_from(["suspend", "resume", "revert", "run"]), st.just(0)),
)


class Model:
    """The same rules once more, by days and by hand: what a subscription is, told from what was done to it."""

    def __init__(self, grace: int) -> None:
        self.grace, self.end, self.hand, self.status = grace, 5, False, "active"
        self.before: int | None = None

    def calendar(self, today: int) -> str:
        if today < self.end:
            return "active"
        return "expired" if today < self.end + self.grace else "suspended"

    def do(self, action: str, day: int, today: int) -> bool:
        """Whether it may be done; it is done then."""
        if action == "run":
            due = self.calendar(today)
            if not self.hand and self.status != "suspended" and due != "active":
                self.status = due
            return True
        return bool(getattr(self, f"_{action.replace(' ', '_')}")(day, today))

    def _move(self, day: int, today: int) -> bool:
        if day <= self.end:
            return False
        self.end, self.before = day, self.end
        self.status = "suspended" if self.hand else self.calendar(today)
        return True

    def _renew(self, day: int, today: int) -> bool:
        return day > today and self._move(day, today)

    def _extend(self, day: int, today: int) -> bool:
        return self._move(day, today)

    def _suspend(self, _day: int, _today: int) -> bool:
        if self.hand:
            return False
        self.hand, self.status = True, "suspended"
        return True

    def _resume(self, _day: int, today: int) -> bool:
        if self.status != "suspended" or self.calendar(today) == "suspended":
            return False
        self.hand, self.status = False, self.calendar(today)
        return True

    def _resume_until(self, day: int, today: int) -> bool:
        if self.status != "suspended" or day <= self.end or today >= day + self.grace:
            return False
        self.end, self.before, self.hand = day, self.end, False
        self.status = self.calendar(today)
        return True

    def _revert(self, _day: int, today: int) -> bool:
        if self.before is None:
            return False
        self.end, self.before = self.before, None
        self.status = "suspended" if self.hand else self.calendar(today)
        return True


def by_the_rules(state: State, action: str, day: datetime, grace: timedelta, at: datetime) -> State:
    changes: dict[str, Callable[[], State]] = {
        "renew": lambda: rules.renewed(state, day, at=at),
        "extend": lambda: rules.extended(state, day, grace, at=at),
        "suspend": lambda: rules.suspended(state),
        "resume": lambda: rules.resumed(state, grace, at=at),
        "resume until": lambda: rules.resumed(state, grace, at=at, until=day),
        "revert": lambda: rules.reverted(state, grace, at=at),
        "run": lambda: run(state, grace, at),
    }
    return changes[action]()


def run(state: State, grace: timedelta, at: datetime) -> State:
    """What the job makes of it: it never brings one back."""
    if state.status == SUSPENDED or state.suspended_by_hand:
        return state
    due = status_at(state.expire_date, grace, at)
    return state if due == ACTIVE else replace(state, status=due)


@given(grace=st.integers(0, 10), steps=st.lists(st.tuples(ACTIONS, st.integers(0, 6)), max_size=25))
def test_any_order_of_changes_leads_where_the_model_says(grace: int, steps: list[tuple[tuple[str, int], int]]) -> None:
    model, state, today = Model(grace), State(ACTIVE, NOW + 5 * A_DAY), 0
    for (action, ahead), passed in steps:
        today += passed
        try:
            after = by_the_rules(state, action, NOW + (today + ahead) * A_DAY, grace * A_DAY, NOW + today * A_DAY)
        except Refusal:
            assert not model.do(action, today + ahead, today), (action, state)
            continue
        assert model.do(action, today + ahead, today), (action, state)
        state = after
        told = (state.status, (state.expire_date - NOW).days, state.suspended_by_hand, state.date_before is not None)
        assert told == (model.status, model.end, model.hand, model.before is not None), action
