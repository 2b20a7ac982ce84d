"""A file that comes again and knows more: what may change changes, what may not is named, and look-alikes are told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select, update

from tests.importers.conftest import IMPORTER
from tests.support.market import all_books_agree
from webapp import clock
from webapp.domain.actors import job_actor
from webapp.importers import orders as importers_orders
from webapp.importers.orders import Imported, import_orders
from webapp.models import Audit, Entry, Escrow, Order, Party, Payment
from webapp.runtime import Runtime
from webapp.services.escrows import release as escrow_release
from webapp.services.storefront import late_rows

HEADER = "order_ref,buyer_ref,seller_ref,amount,currency,policy,created_at,paid_at,completed_at,release_at"
UNPAID = "o-1,ama,kofi,100.00,NGN,buffer,2026-02-01T00:00:00Z,,,"
PAID = "o-1,ama,kofi,100.00,NGN,buffer,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z,,"
COMPLETED = "o-1,ama,kofi,100.00,NGN,buffer,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z,2026-02-03T00:00:00Z,"
LATE = "o-1,ama,kofi,100.00,NGN,deadline,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z,,2026-02-20T00:00:00Z"
LATER = LATE.replace("02-20", "03-20")
Files = Callable[..., Path]


def imported(runtime: Runtime, file: Path, **more: Any) -> tuple[Imported, list[str], list[str]]:
    problems: list[str] = []
    warnings: list[str] = []
    found = import_orders(
        runtime,
        file,
        actor=IMPORTER,
        problem=lambda line, why: problems.append(f"{line}: {why}"),
        warning=lambda line, why: warnings.append(f"{line}: {why}"),
        **more,
    )
    return found, problems, warnings


def state(runtime: Runtime) -> tuple[Any, ...]:
    with runtime.db.reading() as session:
        order, escrow = session.execute(select(Order, Escrow).join(Escrow, Escrow.order_id == Order.id)).one()
        due = f"{escrow.release_at:%m-%d}" if escrow.release_at else None
        return order.status, escrow.status, due


def brought(runtime: Runtime, file_of: Files, *files: str) -> tuple[Imported, list[str], list[str]]:
    """One file after the other; what the last came to."""
    for line in files:
        found = imported(runtime, file_of(line, header=HEADER))
    return found


@pytest.mark.parametrize(
    ("files", "became"),
    [
        ((UNPAID, PAID), ("in_progress", "held", None)),
        ((PAID, COMPLETED), ("completed", "held", "02-10")),
        ((UNPAID, COMPLETED), ("completed", "held", "02-10")),
        ((LATE, LATER), ("in_progress", "held", "03-20")),
    ],
    ids=["paid", "completed", "paid-and-completed", "put-off"],
)
def test_what_a_file_knows_more_is_updated_once_and_an_older_file_takes_nothing_back(
    runtime: Runtime, file_of: Files, files: tuple[str, str], became: tuple[Any, ...]
) -> None:
    brought(runtime, file_of, files[0])
    found, problems, _ = brought(runtime, file_of, files[1])
    assert (found.updated, found.imported, problems, state(runtime)) == (1, 0, [], became)
    for again in files:
        repeated, problems, _ = brought(runtime, file_of, again)
        assert (repeated.unchanged, problems, state(runtime)) == (1, [], became)
    with runtime.db.reading() as session:
        assert len(session.scalars(select(Audit).where(Audit.action == "order.import_update")).all()) == 1
        assert sorted(session.scalars(select(Entry.amount))) == [-10_000, 10_000]
    all_books_agree(runtime)


def test_what_was_released_meanwhile_is_refused_naming_both_values_and_when(runtime: Runtime, file_of: Files) -> None:
    brought(runtime, file_of, LATE)
    with runtime.db.transaction() as session:
        ids = session.scalars(select(Escrow.id)).all()
        at = datetime(2026, 3, 1, 10, tzinfo=UTC)
        escrow_release.release_all(session, ids, at=at, actor=job_actor("auto_release"), reason="expired")
    for line, named in (
        (LATER, "release_at is 20 February 2026, 00:00 UTC on the desk and 20 March 2026, 00:00 UTC in the file"),
        (LATE.replace("100.00", "120.00"), "amount is NGN 100.00 on the desk and NGN 120.00 in the file"),
    ):
        found, [problem], _ = brought(runtime, file_of, line)
        assert (found.rejected, found.updated, found.imported) == (1, 0, 0)
        assert named in problem
        assert "it was released on 01 March 2026, 10:00 UTC" in problem
    assert state(runtime) == ("in_progress", "released", "02-20")


def test_an_order_that_is_being_paid_on_the_desk_is_not_paid_by_a_file_as_well(
    runtime: Runtime, file_of: Files
) -> None:
    brought(runtime, file_of, UNPAID)
    with runtime.db.transaction() as session:
        order = session.scalars(select(Order)).one()
        told = {"provider": "paystack", "reference": "r", "amount": 10_000, "currency": "NGN"}
        session.add(Payment(order_id=order.id, status="pending", created_at=clock.now(), **told))
    _, [problem], _ = brought(runtime, file_of, PAID)
    assert "paid_at is not there on the desk and 01 February 2026, 01:00 UTC in the file" in problem
    assert "the desk has a payment of it" in problem
    assert state(runtime) == ("awaiting_payment", "pending_payment", None)


def test_a_file_of_whole_minutes_completes_what_was_paid_at_a_second(runtime: Runtime, file_of: Files) -> None:
    found, problems, _ = brought(runtime, file_of, PAID.replace("01:00:00Z,,", "01:00:27Z,,"), COMPLETED)
    assert (found.updated, problems) == (1, [])


def test_the_days_of_a_backlog_of_tenants_are_counted_again(runtime: Runtime, file_of: Files) -> None:
    for line in (UNPAID, PAID):
        late = line.replace("2026-02-01T01", "2026-02-02T01")
        imported(runtime, file_of(f"{late},kiosk", header=f"{HEADER},tenant_ref"))
        with runtime.db.reading() as session:
            days = [f"{day:%d}" for day in sorted(late_rows.days(session))]
        assert days == (["01"] if line == UNPAID else ["01", "02"])


def test_what_changes_between_the_look_and_the_lock_is_left_and_named(
    runtime: Runtime, file_of: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    brought(runtime, file_of, PAID)
    looked = importers_orders._warn

    def meanwhile(*given: Any) -> int:
        with runtime.db.transaction() as session:
            session.execute(update(Escrow).values(status="refunded", closed_at=clock.now() - timedelta(days=1)))
        return looked(*given)

    monkeypatch.setattr(importers_orders, "_warn", meanwhile)
    found, [problem], _ = brought(runtime, file_of, COMPLETED)
    assert (found.updated, found.rejected) == (0, 1)
    assert "changed on the desk meanwhile" in problem
    assert state(runtime) == ("in_progress", "refunded", None)


@pytest.mark.parametrize(
    ("ref", "why"),
    [
        ("O-1", "upper and lower case only"),
        ("\N{CYRILLIC SMALL LETTER O}-1", "CYRILLIC SMALL LETTER O"),
        ("0-l", "signs that look alike"),
        ("o-\N{ZERO WIDTH SPACE}1", ""),
        ("\N{FULLWIDTH LATIN SMALL LETTER O}-1", "FULLWIDTH LATIN SMALL LETTER O"),
    ],
)
def test_a_reference_that_looks_like_another_is_told_and_taken(
    runtime: Runtime, file_of: Files, ref: str, why: str
) -> None:
    brought(runtime, file_of, PAID)
    if not ref.isprintable():
        assert "can't be shown" in brought(runtime, file_of, PAID.replace("o-1", ref))[1][0]
        return
    found, problems, [warning] = brought(runtime, file_of, PAID.replace("o-1", ref))
    assert (found.imported, found.warnings, problems) == (1, 1, [])
    assert warning.startswith(f"2: order_ref {ref!r} looks like 'o-1' on the desk: ")
    assert why in warning
    assert brought(runtime, file_of, PAID.replace("o-1", ref))[2] == [], "what is there itself is no news"


def test_look_alikes_within_a_file_are_told_with_their_line_and_parties_too(runtime: Runtime, file_of: Files) -> None:
    lines = [PAID, PAID.replace("o-1", "o-2").replace("kofi", "Kofi"), PAID.replace("o-1", "O-2")]
    found, problems, warnings = imported(runtime, file_of(*lines, header=HEADER))
    assert (found.imported, problems, found.warnings) == (3, [], 2)
    assert warnings[0].startswith("3: seller_ref 'Kofi' looks like 'kofi' on line 2")
    assert warnings[1].startswith("4: order_ref 'O-2' looks like 'o-2' on line 3")
    with runtime.db.reading() as session:
        assert sorted(session.scalars(select(Party.ref))) == ["Kofi", "ama", "kofi"]


def test_a_fee_that_shrank_with_what_a_bank_took_is_no_difference(runtime: Runtime, file_of: Files) -> None:
    header = f"{HEADER},fee"
    imported(runtime, file_of(f"{PAID},5.00", header=header))
    other = imported(runtime, file_of(f"{PAID},4.00", header=header))[1]
    assert "fee is NGN 5.00 on the desk and NGN 4.00 in the file" in other[0]
    with runtime.db.transaction() as session:
        session.execute(update(Escrow).values(amount=6_000, fee=300))
    assert imported(runtime, file_of(f"{PAID},5.00", header=header))[1] == []
