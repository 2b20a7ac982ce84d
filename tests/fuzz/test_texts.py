"""Cron expressions, zones, instants, amounts and keys in any spelling: taken as what they are, or refused in words."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

from hypothesis import example, given
from hypothesis import strategies as st

from tests.fuzz.bounded import BLOWN_UP, IN_TIME, TEXTS, fuzzed, raises_only, repeated
from webapp import clock
from webapp.domain.instants import parse_day, parse_instant, parse_local, parse_time_or_day
from webapp.domain.money.amounts import parse_amount, parse_any_currency
from webapp.domain.money.money import LARGEST, known_currencies
from webapp.domain.numbers import BIGGEST, parse_whole
from webapp.domain.outbox.addresses import problem_of
from webapp.domain.scheduling.cron_descriptions import in_words
from webapp.domain.scheduling.recurrence import check
from webapp.errors import Invalid
from webapp.security.caller_address import plain_address

AT = datetime(2026, 3, 31, tzinfo=UTC)
_PARTS = "* */5 0 59 60 1-5 5-1 1,2,3 */0 */99999999999 L 5L MON sun#2 ? jan-dec 1-7/2 W 0-0 ,, - / \u0665"
PARTS = st.sampled_from(_PARTS.split(" "))
CRONS = TEXTS | st.lists(PARTS | TEXTS, min_size=4, max_size=6).map(" ".join)
ZONES = TEXTS | st.sampled_from(
    [*sorted(available_timezones())[:50], "../etc/passwd", "/etc/localtime", "UTC\x00", "utc"]
)
SPANS = st.timedeltas(timedelta(days=-20_000), timedelta(days=60_000))


@fuzzed(100)
@given(cron=CRONS, zone=ZONES | st.just("UTC"))
@example(cron="0 0 30 2 *", zone="UTC")
@example(cron="*/0 1 1 1 1", zone="UTC")
@example(cron=f"*/{'9' * 5_000} * * * *", zone="UTC")
@example(cron="0 0 29 2 1#5", zone="UTC")
@example(cron="* * * * * *", zone="Africa/Nairobi")
@example(cron="0-59/1,0-59/1 0 1 1 *", zone="UTC")
def test_any_cron_expression_has_a_next_instant_or_is_refused(cron: str, zone: str) -> None:
    assert in_words(cron) or not cron
    recurrence = raises_only(Invalid, check, cron, zone, AT)
    if recurrence is not None:
        first, second = recurrence.upcoming(AT, 2)
        assert AT < first < second
        assert zone in available_timezones()


@IN_TIME
@fuzzed(3)
@given(text=repeated(TEXTS.filter(bool).map(lambda text: text[:3]), 20_000))
@example(text="*," * 10_000)
@example(text="1-5/2," * 3_000)
def test_a_long_text_is_no_long_work(text: str) -> None:
    raises_only(Invalid, check, f"{text} * * * *", "UTC", AT)
    for read in (parse_instant, parse_any_currency, lambda typed: parse_amount(typed, "NGN")):
        raises_only(ValueError, read, text)
    assert parse_whole(text * (BLOWN_UP // len(text))) is None
    assert problem_of(f"https://{text}", https_only=True)


@fuzzed(150)
@given(
    text=TEXTS
    | SPANS.map(lambda span: (AT + span).isoformat())
    | st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T?[0-9:.,+Z-]{0,16}")
)
def test_any_text_is_an_instant_that_every_database_holds_or_refused(text: str) -> None:
    zone = ZoneInfo("Pacific/Apia")
    for read in (
        parse_instant,
        lambda typed: parse_local(typed, zone),
        lambda typed: parse_time_or_day(typed, zone),
        lambda typed: parse_day(typed, zone),
    ):
        found = raises_only(ValueError, read, text)
        if found is not None:
            assert 1969 <= found.year <= 2200
            assert clock.from_iso(clock.iso(found)) == found


@fuzzed(150)
@given(
    text=TEXTS | st.text("0123456789.,' \u00a0\u0663-", max_size=24) | st.integers().map(str),
    currency=st.sampled_from(known_currencies()),
)
def test_any_text_is_an_amount_within_the_bounds_or_refused(text: str, currency: str) -> None:
    found = raises_only(ValueError, parse_amount, text, currency)
    assert found is None or 0 <= found <= LARGEST
    raises_only(ValueError, parse_any_currency, text)
    whole = parse_whole(text)
    assert whole is None or (0 <= whole <= BIGGEST and int(text) == whole)


@fuzzed(150)
@given(text=TEXTS | st.ip_addresses().map(str) | st.text("0123456789abcdef:.[]%", max_size=50))
@example(text="[::1]:65535")
@example(text="1.2.3.4:5")
@example(text="fe80::1%" + "x" * 300)
def test_any_text_is_an_address_or_none(text: str) -> None:
    found = plain_address(text)
    assert len(found) <= 45
    assert plain_address(found) == found


@fuzzed(150)
@given(text=TEXTS | TEXTS.map(lambda text: f"https://{text}") | st.text("https:/@[]#?%.0123456789abcdef", max_size=40))
@example(text="https://[")
@example(text="https://h:99999999")
@example(text="https://a\u2100b.example")
def test_any_address_of_an_endpoint_is_judged_in_words(text: str) -> None:
    found = problem_of(text, https_only=True)
    assert found is None or found.endswith(".")
    if found is None:
        assert text.lower().startswith("https://")
        assert text.isprintable()
