"""Which schedules can't be, and what is said at which field; and how late a run may be."""

from datetime import UTC, datetime, timedelta

import pytest

from webapp.domain.scheduling.cron_descriptions import in_words, step_problem
from webapp.domain.scheduling.job_spec import JobSpec
from webapp.domain.scheduling.recurrence import Recurrence, check, default_grace
from webapp.errors import Invalid

AT = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)
NO_ZONE = "'Mars/Base' is not a time zone of the IANA list, such as Africa/Nairobi."


@pytest.mark.parametrize(
    ("cron", "zone", "said"),
    [
        ("0 2 * * *", "Mars/Base", {"zone": NO_ZONE}),
        (
            "0 2 * *",
            "UTC",
            {"cron": "A cron expression has five parts (minute, hour, day, month, weekday); '0 2 * *' has 4."},
        ),
        ("60 2 * * *", "UTC", {"cron": "The minute of the cron expression can't be '60'."}),
        ("0 24 * * *", "UTC", {"cron": "The hour of the cron expression can't be '24'."}),
        ("0 2 32 * *", "UTC", {"cron": "The day of the month of the cron expression can't be '32'."}),
        ("0 2 * 13 *", "UTC", {"cron": "The month of the cron expression can't be '13'."}),
        ("0 2 * * 8", "UTC", {"cron": "The day of the week of the cron expression can't be '8'."}),
        (
            "*/70 * * * *",
            "UTC",
            {
                "cron": "The minute of the cron expression can't be '*/70'. The step of '*/70' is longer than what it "
                "steps over; write '0' instead."
            },
        ),
        ("0 2 31 2 *", "UTC", {"cron": "No day ever fits the cron expression '0 2 31 2 *'."}),
        ("x", "Mars/Base", {
            "zone": NO_ZONE,
            "cron": "A cron expression has five parts (minute, hour, day, month, weekday); 'x' has 1.",
        }),
    ],
)  # fmt: skip
def test_what_can_not_be_is_said_at_its_field(cron: str, zone: str, said: dict[str, str]) -> None:
    with pytest.raises(Invalid) as refused:
        check(cron, zone, AT)
    assert refused.value.fields == said
    assert str(refused.value) == " ".join(said.values())


def test_what_can_be_is_planned_with_single_blanks() -> None:
    assert check(" 0  2 29 2 * ", "Africa/Nairobi", AT) == Recurrence("0 2 29 2 *", "Africa/Nairobi")


@pytest.mark.parametrize(
    ("part", "place", "instead"),
    [
        ("*/31", 0, ""),
        ("0/30", 0, ""),
        ("*/60", 0, "'0'"),
        ("5/2", 0, ""),
        ("58/2", 0, "'58'"),
        ("57/2", 0, ""),
        ("59/1", 0, ""),
        ("1,58/5", 0, "'58'"),
        ("7", 0, ""),
        ("10-12/3", 2, "'10'"),
        ("10-13/3", 2, ""),
        ("1/2/3", 0, ""),
    ],
)
def test_a_step_has_to_come_to_a_second_value(part: str, place: int, instead: str) -> None:
    term = part.rpartition(",")[2]
    said = f"The step of {term!r} is longer than what it steps over; write {instead} instead."
    assert step_problem(part, place) == (said if instead else None)


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        *[("0 0 21 * *", "21st"), ("0 0 22 * *", "22nd"), ("0 0 23 * *", "23rd"), ("0 0 31 * *", "31st")],
        *[("0 0 11 * *", "11th"), ("0 0 12 * *", "12th"), ("0 0 13 * *", "13th")],
    ],
)
def test_days_are_counted_as_people_do(cron: str, words: str) -> None:
    in_words.cache_clear()
    assert f"{words} day" in in_words(cron)


@pytest.mark.parametrize(
    ("minutes", "grace"),
    [(1_440, 60), (72, 3), (48, 2), (0, 2)],
)
def test_a_run_may_be_late_by_a_24th_of_its_interval(minutes: int, grace: int) -> None:
    assert default_grace(timedelta(minutes=minutes)) == timedelta(minutes=grace)


def test_a_jobs_own_grace_comes_first() -> None:
    assert JobSpec("a", "A.", "0 2 * * *", "Africa/Nairobi").grace_at(AT) == timedelta(hours=1)
    assert JobSpec("a", "A.", "0 2 * * *", grace=timedelta(minutes=7)).grace_at(AT) == timedelta(minutes=7)


def test_the_usual_interval_is_the_middle_of_seven() -> None:
    """Gaps of 10 to 40 minutes within an hour: the third of seven in their order would be another than the fourth."""
    assert Recurrence("0,10,20,40 * * * *", "UTC").interval(AT.replace(minute=0)) == timedelta(minutes=20)
    assert Recurrence("0 0 1 * *", "UTC").interval(AT) == timedelta(days=31)


@pytest.mark.parametrize("nothing", [StopIteration, RuntimeError])
def test_what_is_never_planned_is_refused_at_its_field(
    nothing: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the library takes, and finds no day for, however long it looks."""

    def looked(*_: object) -> datetime:
        raise nothing

    monkeypatch.setattr(Recurrence, "next", looked)
    with pytest.raises(Invalid) as refused:
        check("0 0 29 2 *", "UTC", AT)
    sentence = "No day ever fits the cron expression '0 0 29 2 *'."
    assert (refused.value.detail, refused.value.fields) == (sentence, {"cron": sentence})
