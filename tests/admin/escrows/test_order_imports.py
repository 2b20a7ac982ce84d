"""Orders by import in the browser: sent, checked, confirmed, loaded; and rubbish of every kind."""

import csv
import io
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from tests.support.people import send
from webapp import clock
from webapp.jobs.processes.bootstrap import register_jobs
from webapp.jobs.run_job import run_here
from webapp.models import Audit, Escrow, Order, OrderImport, OrderImportPart, Run
from webapp.runtime import Runtime
from webapp.services.orders import order_imports
from webapp.services.users import users

SignIn = Callable[..., FlaskClient]
HEADER = "order_ref,buyer_ref,seller_ref,amount,currency,paid_at\n"
GOOD = "o-1,b-1,s-1,1250.50,KES,2026-01-15T09:30:00Z\n"


@pytest.fixture
def admin(desk: Runtime, sign_in: SignIn) -> FlaskClient:
    register_jobs(desk)
    return sign_in("admin")


def sent(client: FlaskClient, content: bytes | str, name: str = "orders.csv") -> TestResponse:
    data = content.encode() if isinstance(content, str) else content
    answer: TestResponse = send(client, "/imports/add", file=(io.BytesIO(data), name))
    return answer


def carried_out(desk: Runtime) -> OrderImport:
    """The newest file, once the run that was asked for is over."""
    with desk.db.reading() as session:
        found = session.scalars(select(OrderImport).order_by(OrderImport.id.desc()).limit(1)).one()
    run_here(desk, found.run_id or 0)
    with desk.db.reading() as session:
        return order_imports.get(session, found.id)


def count(desk: Runtime, model: Any) -> int:
    with desk.db.reading() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


def test_a_file_is_checked_then_confirmed_then_loaded(desk: Runtime, admin: FlaskClient) -> None:
    answer = sent(admin, HEADER + GOOD + "o-2,b-1,s-2,99,KES,\n")
    assert answer.status_code == 303
    page = answer.headers["Location"]
    assert "Nothing is imported before you confirm it." in admin.get(page).text
    seen = carried_out(desk)
    assert seen.status == "checked"
    assert seen.figures["held"] == {"KES": 125_050}
    assert (count(desk, Order), count(desk, Escrow)) == (0, 0)
    assert "Import 2 orders" in admin.get(page).text
    assert send(admin, f"{page}/confirm", page=page).status_code == 303
    loaded = carried_out(desk)
    assert (loaded.status, loaded.figures["imported"]) == ("loaded", 2)
    assert count(desk, Order) == 2
    assert count(desk, OrderImportPart) == 0
    with desk.db.reading() as session:
        held = session.scalars(select(Escrow.amount).where(Escrow.status == "held")).all()
        actions = session.scalars(select(Audit.action).where(Audit.action.like("import.%")).order_by(Audit.id))
        assert list(held) == [125_050]
        assert [action for action in actions if action in ("import.check", "import.load")] == [
            "import.check",
            "import.load",
        ]
    assert send(admin, f"{page}/confirm", page="/imports/add").status_code == 409


def test_the_same_file_is_recognised(desk: Runtime, admin: FlaskClient) -> None:
    first = sent(admin, HEADER + GOOD).headers["Location"]
    again = sent(admin, HEADER + GOOD, "another-name.csv")
    assert again.headers["Location"] == first
    assert "sent this very file before" in admin.get(first).text
    assert count(desk, OrderImport) == 1


def test_every_bad_line_is_named_and_nothing_is_written_until_it_is_left_out(desk: Runtime, admin: FlaskClient) -> None:
    bad = "o-2,b-1,b-1,12.345,KES,\n<script>alert(1)</script>,<script>x</script>,s,=1+1,XXX,<script>y</script>\n"
    page = sent(admin, HEADER + GOOD + bad).headers["Location"]
    seen = carried_out(desk)
    assert [line for line, _reason in seen.problems] == [3, 4]
    shown = admin.get(page).text
    assert "buyer_ref, seller_ref, amount" in shown
    assert "<script>alert" not in shown
    assert "<script>y" not in shown
    refused = send(admin, f"{page}/confirm", page=page)
    assert refused.status_code == 422
    assert count(desk, Order) == 0
    rejects = list(csv.reader(io.StringIO(admin.get(f"{page}/rejects.csv").text)))
    assert [row[0] for row in rejects] == ["line", "3", "4"]
    assert send(admin, f"{page}/confirm", page=page, skip_bad="y").status_code == 303
    loaded = carried_out(desk)
    assert (loaded.figures["imported"], loaded.figures["left_out"]) == (1, 2)
    assert count(desk, Order) == 1


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "The file is empty"),
        (b"\x00\x01\x02\xff" * 500, "Line 1, the header: the text is not UTF-8"),
        ("order_ref".encode("utf-16"), "UTF-16"),
        (b"PK\x03\x04" + b"x" * 900, "a spreadsheet, not a text"),
        (HEADER.replace(",", ";") + GOOD.replace(",", ";"), "not separated by commas"),
        (GOOD, "column &#39;order_ref&#39; is missing"),
        ("\xe9t\xe9,buyer\n".encode("latin-1"), "The text is not UTF-8"),
    ],
)
def test_rubbish_gets_a_sentence_at_the_field(
    desk: Runtime, admin: FlaskClient, content: bytes | str, sentence: str
) -> None:
    answer = sent(admin, content)
    assert answer.status_code == 422
    assert sentence.lower() in answer.text.lower()
    assert count(desk, OrderImport) == 0


def test_the_sample_file_can_be_imported_as_it_stands(desk: Runtime, admin: FlaskClient) -> None:
    page = sent(admin, admin.get("/imports/sample.csv").data).headers["Location"]
    assert carried_out(desk).figures["rejected"] == 0
    send(admin, f"{page}/confirm", page=page)
    assert carried_out(desk).figures["imported"] == 2


def test_a_file_is_discarded_and_may_come_again(desk: Runtime, admin: FlaskClient) -> None:
    page = sent(admin, HEADER + GOOD).headers["Location"]
    assert send(admin, f"{page}/discard").status_code == 409
    carried_out(desk)
    assert send(admin, f"{page}/discard").status_code == 303
    assert count(desk, OrderImportPart) == 0
    assert sent(admin, HEADER + GOOD).headers["Location"] != page


def test_what_its_run_left_undone_is_checked_once_more(desk: Runtime, admin: FlaskClient) -> None:
    page = sent(admin, HEADER + GOOD).headers["Location"]
    with desk.db.transaction() as session:
        run = session.scalars(select(Run).order_by(Run.id.desc()).limit(1)).one()
        run.status = "lost"
    assert "has ended without a result" in admin.get(page).text
    assert send(admin, f"{page}/again").status_code == 303
    assert carried_out(desk).status == "checked"


@pytest.mark.parametrize("role", ["viewer", "agent", "approver", "operator"])
def test_only_who_may_create_orders_sees_it(desk: Runtime, sign_in: SignIn, role: str) -> None:
    client = sign_in(role)
    for path in ("/imports/", "/imports/add", "/imports/sample.csv"):
        assert client.get(path).status_code == 403
    assert client.post("/imports/add", data={}).status_code == 403


def test_a_large_file_is_never_in_memory(desk: Runtime, admin: FlaskClient) -> None:
    """20 MB in pieces: what receiving it takes at most is a few pieces."""
    line = "order-{0:07d},buyer-{0:07d},seller-{0:07d},1250.50,KES,2026-01-15T09:30:00Z,{1}\n"
    source = io.BytesIO()
    source.write((HEADER.strip() + ",tenant_ref\n").encode())
    for number in range(200_000):
        source.write(line.format(number, "tenant-with-a-long-name-01234").encode())
    assert source.tell() > 20 * 1024 * 1024
    with desk.db.transaction() as session:
        actor = users.actor_of(users.by_email(session, "admin@desk.example"))  # type: ignore[arg-type]
        tracemalloc.start()
        found, _known = order_imports.receive(session, "large.csv", source, at=clock.now(), actor=actor)
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert most < 8 * 1024 * 1024
    with desk.db.reading() as session:
        kept = sum(len(piece) for piece in order_imports.pieces(session, found.id, order_imports.FILE))
    assert kept == source.tell()


def test_a_file_that_is_too_large_is_told_so(
    desk: Runtime, admin: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(order_imports, "MOST_BYTES", 1024**2)
    answer = sent(admin, HEADER + GOOD * 30_000)
    assert answer.status_code == 422
    assert "more than 1 MB" in answer.text


def test_more_than_elsewhere_is_taken_here_alone(desk: Runtime, admin: FlaskClient) -> None:
    elsewhere = admin.application.config["MAX_CONTENT_LENGTH"]
    large = HEADER + GOOD.replace("o-1", "o-1" + "x" * 3000) * (elsewhere // 3000)
    assert len(large) > elsewhere
    assert sent(admin, large).status_code == 303
    assert admin.post("/profile/zone", data={"zone": large}).status_code == 413


def test_nothing_of_a_file_is_kept_for_longer_than_a_month(desk: Runtime, admin: FlaskClient) -> None:
    sent(admin, HEADER + GOOD)
    carried_out(desk)
    for days, status, left in ((29, "checked", 1), (31, "discarded", 0)):
        with desk.db.transaction() as session:
            order_imports.purge(session, clock.now() + timedelta(days=days))
        assert count(desk, OrderImportPart) == left
        with desk.db.reading() as session:
            assert session.scalars(select(OrderImport.status)).one() == status
