"""Importing a backlog: the whole file first, then everything that is new, once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from tests.importers.conftest import IMPORTER
from webapp.domain.actors import Actor
from webapp.errors import Invalid, NotAllowed
from webapp.importers.orders import Imported, import_orders
from webapp.models import Account, Audit, AuditSeal, Entry, Escrow, Order, Party, Transfer
from webapp.runtime import Runtime

PAID = "o-1,ama,kofi,100.00,NGN,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z"
UNPAID = "o-2,ama,wanjiku,50,KES,2026-02-02T00:00:00Z,"


def imported(runtime: Runtime, file: Path, **options: Any) -> tuple[Imported, list[tuple[int, str]]]:
    problems: list[tuple[int, str]] = []
    found = import_orders(
        runtime, file, actor=IMPORTER, problem=lambda line, why: problems.append((line, why)), **options
    )
    return found, problems


def counts(runtime: Runtime) -> tuple[int, ...]:
    with runtime.db.reading() as session:
        return tuple(
            session.scalar(select(func.count()).select_from(m)) or 0
            for m in (Order, Escrow, Party, Account, Transfer, Entry, Audit)
        )


def test_a_paid_order_becomes_a_held_escrow_by_a_balanced_transfer(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    found, problems = imported(runtime, file_of(PAID, UNPAID))

    assert (found.lines, found.imported, found.unchanged, found.rejected, problems) == (2, 2, 0, 0, [])
    with runtime.db.reading() as session:
        held, waiting = session.scalars(select(Escrow).order_by(Escrow.id))
        assert (held.status, held.amount, held.currency, held.policy) == ("held", 10_000, "NGN", "deadline")
        assert f"{held.release_at:%Y-%m-%d}" == "2026-02-08"
        assert (waiting.status, waiting.held_account_id) == ("pending_payment", None)
        assert session.scalars(select(Order.status).order_by(Order.id)).all() == ["in_progress", "awaiting_payment"]
        balances = {
            (a.kind, a.owner, a.currency): a.balance
            for a in session.scalars(select(Account).where(Account.party_id.is_(None)))
        }
        assert balances["clearing", "import", "NGN"] == -10_000
        assert balances["escrow", "", "NGN"] == 10_000
        assert session.scalars(select(Entry.amount).order_by(Entry.amount)).all() == [-10_000, 10_000]
        assert (
            session.scalar(select(func.sum(AuditSeal.rows)))
            == session.scalar(select(func.count()).select_from(Audit))
            == 5
        )


def test_new_parties_are_verified_and_have_a_wallet_in_each_of_their_currencies(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    imported(runtime, file_of(PAID, UNPAID))

    with runtime.db.reading() as session:
        rows = session.execute(
            select(Party.ref, Account.currency).join(Account).order_by(Party.ref, Account.currency)
        ).all()
        assert [tuple(row) for row in rows] == [("ama", "KES"), ("ama", "NGN"), ("kofi", "NGN"), ("wanjiku", "KES")]
        assert session.scalar(select(func.count()).where(Party.verified_at.is_(None))) == 0


def test_a_paid_buffer_order_is_held_in_its_sellers_pending_account(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    line = "o-1,ama,kofi,70.00,NGN,buffer,2026-02-01T00:00:00Z,2026-02-03T00:00:00Z"
    header = "order_ref,buyer_ref,seller_ref,amount,currency,policy,paid_at,completed_at"
    imported(
        runtime,
        file_of(
            line,
            line.replace("o-1", "o-2"),
            line.replace("o-1", "o-3").replace(",2026-02-01T00:00:00Z,2026-02-03T00:00:00Z", ",,"),
            header=header,
        ),
    )

    with runtime.db.reading() as session:
        pending = session.scalars(select(Account).where(Account.kind == "pending")).one()
        assert pending.balance == 14_000
        assert session.scalars(select(Escrow.held_account_id).order_by(Escrow.ref)).all() == [
            pending.id,
            pending.id,
            None,
        ]


def test_no_wallets_leaves_new_parties_without(runtime: Runtime, file_of: Callable[..., Path]) -> None:
    imported(runtime, file_of(PAID), wallets=False)

    with runtime.db.reading() as session:
        assert session.scalars(select(Account.id).where(Account.party_id.is_not(None))).all() == []


def test_a_second_import_changes_nothing(runtime: Runtime, file_of: Callable[..., Path]) -> None:
    imported(runtime, file_of(PAID, UNPAID))
    before = counts(runtime)

    found, problems = imported(runtime, file_of(PAID, UNPAID))

    assert (found.imported, found.unchanged, found.rejected, problems) == (0, 2, 0, [])
    assert counts(runtime) == before


def test_what_happened_to_an_order_since_does_not_make_it_different(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    imported(runtime, file_of(PAID))
    with runtime.db.transaction() as session:
        escrow = session.scalars(select(Escrow)).one()
        escrow.status, escrow.version = "released", 2

    assert imported(runtime, file_of(PAID))[0].unchanged == 1


def test_a_known_reference_with_other_content_is_named(runtime: Runtime, file_of: Callable[..., Path]) -> None:
    imported(runtime, file_of(PAID))

    found, problems = imported(runtime, file_of("o-1,ama,yaw,100.01,NGN,2026-02-01T00:00:00Z,2026-02-01T01:00:00Z"))

    [(number, why)] = problems
    assert number == 2
    assert "order_ref 'o-1' is there already" in why
    assert "seller_ref is kofi on the desk and yaw in the file" in why
    assert "amount is NGN 100.00 on the desk and NGN 100.01 in the file" in why
    assert "it is held since 01 February 2026, 01:00 UTC" in why
    assert (found.imported, found.rejected) == (0, 1)


def test_one_bad_line_keeps_the_whole_file_out_and_every_bad_line_is_named(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    before = counts(runtime)

    found, problems = imported(
        runtime, file_of(PAID, "o-3,ama,kofi,-1,NGN,,", "o-4,ama,kofi,5.123,NGN,,", "o-5,ama,kofi,5,XXX,,")
    )

    assert [line for line, _ in problems] == [3, 4, 5]
    assert (found.lines, found.imported, found.rejected) == (4, 0, 3)
    assert counts(runtime) == before


def test_a_reference_twice_in_the_file_is_named_even_when_the_first_is_bad(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    _, problems = imported(runtime, file_of(PAID, "o-9,ama,kofi,-1,NGN,,", "o-9,ama,kofi,1,NGN,,", PAID))

    unusable = "order_ref 'o-9' is on 2 lines, from line 3 to line 4, of which some can't be used"
    assert problems == [
        (3, f"amount '-1' is negative; {unusable}"),
        (4, unusable),
        (5, "order_ref 'o-1' is on line 2 already"),
    ]


def test_of_lines_that_disagree_about_one_order_none_is_loaded(runtime: Runtime, file_of: Callable[..., Path]) -> None:
    parts = ["o-9,ama,kofi,10.00,NGN,,", "o-2,ama,kofi,10.00,NGN,,", "o-9,ama,kofi,5.00,NGN,,"]

    found, problems = imported(runtime, file_of(*parts), skip_bad=True)

    disagree = "order_ref 'o-9' is on 2 lines, from line 2 to line 4, which disagree about amount"
    assert problems == [(2, disagree), (4, disagree)]
    assert (found.imported, found.rejected) == (1, 2)
    with runtime.db.reading() as session:
        assert session.scalars(select(Order.ref)).all() == ["o-2"]


def test_a_record_of_several_lines_is_rejected_whole_and_nothing_out_of_its_middle_is_loaded(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    record = '"C09-1\nC09-EVIL,b1,s-evil,999.00,NGN\nre""st",b1,s1,1.00,NGN'
    file = file_of(record, "C09-2,b1,s1,5.00,NGN", header="order_ref,buyer_ref,seller_ref,amount,currency")

    assert imported(runtime, file)[0].imported == 0
    found, problems = imported(runtime, file, skip_bad=True)

    assert problems == [(2, "a quoted cell goes on to line 4; each record is one line")]
    assert (found.lines, found.imported, found.rejected) == (2, 1, 1)
    assert found.rejects is not None
    assert record in found.rejects.read_text()
    with runtime.db.reading() as session:
        assert session.scalars(select(Order.ref)).all() == ["C09-2"]
        assert set(session.scalars(select(Party.ref))) == {"b1", "s1"}


def test_a_quote_that_is_never_closed_takes_the_rest_of_the_file_with_it(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    file = file_of(
        PAID, 'o-3,"ama,kofi,5,NGN,,', *[f"o-{number},ama,kofi,{'5' * 99},NGN,," for number in range(4, 999)]
    )

    found, problems = imported(runtime, file, skip_bad=True)

    assert [(line, why.partition(":")[0]) for line, why in problems] == [(3, "a quote is opened and never closed")]
    assert (found.lines, found.imported) == (2, 1)


def test_a_quote_within_a_cell_opens_nothing(runtime: Runtime, file_of: Callable[..., Path]) -> None:
    found, problems = imported(runtime, file_of('o-1,ama,kofi 5",5,NGN,,', 'o-2, "ama","ko""fi","5.00",NGN,,'))

    assert (found.imported, problems) == (2, [])
    with runtime.db.reading() as session:
        assert set(session.scalars(select(Party.ref))) == {"ama", 'kofi 5"', 'ko"fi'}


def test_rows_of_empty_cells_are_blank_lines(runtime: Runtime, file_of: Callable[..., Path]) -> None:
    found, problems = imported(runtime, file_of(PAID, ",,,,,,", '"","",,,,,', " , ,\t,,,,", ",,"))

    assert (found.lines, found.imported, problems) == (1, 1, [])


def test_one_name_composed_and_decomposed_is_one_party(runtime: Runtime, file_of: Callable[..., Path]) -> None:
    file = file_of("o-1,b1,Jos\u00e9,10.00,NGN,,", "o-2,b1,Jose\u0301,10.00,NGN,,", "o-3,Jose\u0301,b1,1.00,NGN,,")

    assert imported(runtime, file)[0].imported == 3
    with runtime.db.reading() as session:
        assert set(session.scalars(select(Party.ref))) == {"b1", "Jos\u00e9"}


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("order_ref,buyer_ref\n".encode("utf-16"), "The file is UTF-16. Save it as CSV UTF-8"),
        ("order_ref,buyer_ref\n".encode("utf-16-be"), "The file is UTF-16. Save it as CSV UTF-8"),
        (b"PK\x03\x04" + b"x" * 100, "The file is a spreadsheet, not a text. Save it as CSV UTF-8"),
        (b"sep=;\norder_ref;buyer_ref\n", "Remove this line, and separate the columns with commas"),
        (b"\xef\xbb\xbfSEP=,\r\norder_ref,buyer_ref\r\n", "Remove this line"),
        (b"order_ref,buyer_ref\ro-1,ama\r", "The lines of the file end with CR alone"),
        (b"order_ref\tbuyer_ref\n", "its columns are not separated by commas; save the file as CSV UTF-8"),
    ],
)
def test_a_file_that_is_written_otherwise_is_refused_with_what_to_do(
    runtime: Runtime, tmp_path: Path, raw: bytes, reason: str
) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(raw)
    with pytest.raises(Invalid, match=reason):
        imported(runtime, file)


def test_a_bare_cr_spoils_its_line_only(runtime: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    file.write_bytes(
        b"order_ref,buyer_ref,seller_ref,amount,currency\no-1,ama,kofi,5,NGN\ro-2,a,b,1,NGN\no-3,a,b,1,NGN\n"
    )

    found, problems = imported(runtime, file, skip_bad=True)

    assert problems == [(2, "a CR stands in the middle of the line; end each line with LF or CRLF")]
    assert found.imported == 1


def test_skip_bad_loads_the_good_and_writes_the_others_to_a_file(
    runtime: Runtime, file_of: Callable[..., Path]
) -> None:
    found, _ = imported(runtime, file_of(PAID, "o-3,ama,kofi,-1,NGN,,"), skip_bad=True)

    assert (found.imported, found.rejected) == (1, 1)
    assert found.rejects is not None
    header, line = found.rejects.read_text().splitlines()
    assert header.startswith("line,reason,order_ref,")
    assert line == "3,amount '-1' is negative,o-3,ama,kofi,-1,NGN,,"


def test_lines_that_are_no_text_are_named_by_number(runtime: Runtime, tmp_path: Path) -> None:
    file = tmp_path / "orders.csv"
    head = b"\xef\xbb\xbforder_ref,buyer_ref,seller_ref,amount,currency\r\n"
    file.write_bytes(
        head
        + b"o-1,ama,kof\xff,5,NGN\r\n\r\no-2,a\0ma,kofi,5,NGN\r\no-3,"
        + b"x" * 20_000
        + b",kofi,5,NGN\r\no-4,ama,kofi,5,NGN"
    )

    found, problems = imported(runtime, file)

    assert [line for line, _ in problems] == [2, 4, 5]
    assert [why.split(":")[0] for _, why in problems] == [
        "the text is not UTF-8",
        "the line has a NUL byte",
        "the line is longer than 10,000 bytes",
    ]
    assert found.lines == 4


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "orders.csv is empty"),
        ("\n\n", "orders.csv is empty"),
        ("order_ref,buyer_ref,seller_ref,amount,currency,colour\n", "unknown column 'colour'"),
        ("order_ref,buyer_ref,amount,currency\n", "column 'seller_ref' is missing"),
        ("order_ref,buyer_ref,seller_ref,amount,amount,currency\n", "column 'amount' is there twice"),
        ("order_ref;buyer_ref;seller_ref;amount;currency\n", "not separated by commas"),
    ],
)
def test_a_file_that_is_no_file_of_orders_is_refused(
    runtime: Runtime, tmp_path: Path, content: str, reason: str
) -> None:
    file = tmp_path / "orders.csv"
    file.write_text(content)
    with pytest.raises(Invalid, match=reason):
        imported(runtime, file)


def test_only_those_who_may_write_orders_import_them(runtime: Runtime, file_of: Callable[..., Path]) -> None:
    with pytest.raises(NotAllowed):
        import_orders(runtime, file_of(PAID), actor=Actor("token", 1, "reader", frozenset({"order:read"})))
