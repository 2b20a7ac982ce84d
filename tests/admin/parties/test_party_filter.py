"""Lists by party: typed as a name or a reference, and suggested while it is typed."""

import re
from collections.abc import Callable
from html import unescape

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from tests.support.desks_to_read import SignIn
from tests.support.market import Market
from tests.support.payouts import planned, written
from webapp import clock
from webapp.models import Party, Payment
from webapp.runtime import Runtime

_FOUND = re.compile(r'<p class="found muted">[^<]* of ([\d,]+)</p>')
_PARTY = re.compile(r'href="/parties/(\d+)">([^<]+)</a>')
LISTS = ("/escrows/", "/payments/", "/payouts/", "/payout-schedules/")


def found(page: str) -> str:
    match = _FOUND.search(page)
    return match[1] if match else "0"


@pytest.mark.parametrize("address", LISTS)
def test_a_list_is_narrowed_to_a_party_by_its_name_as_by_its_reference(
    desk: Runtime, sign_in: Callable[..., FlaskClient], address: str
) -> None:
    for _ in range(2):
        written(desk, planned(desk))
        with desk.db.transaction() as session:
            escrow = Market(session, desk, at=clock.now()).escrow()
            paid = {"provider": "paystack", "currency": "NGN", "amount": escrow.amount, "status": "succeeded"}
            session.add(Payment(order_id=escrow.order_id, created_at=clock.now(), **paid))
    everything = every(sign_in, address)
    with desk.db.transaction() as session:
        party = session.get_one(Party, max(int(number) for number, _name in _PARTY.findall(everything)))
        party.name, ref = "Adaeze Obi", party.ref
    assert found(everything) == "2"
    assert found(every(sign_in, address, party="Adaeze Obi")) == found(every(sign_in, address, party=ref)) == "1"
    assert found(every(sign_in, address, party="nobody")) == "0"


@pytest.mark.parametrize("address", [*LISTS, "/disputes/"])
def test_a_party_is_found_by_any_part_and_several_mean_all_of_them(
    desk: Runtime, sign_in: Callable[..., FlaskClient], address: str
) -> None:
    for name, ref in (("Fernhill Media", "int-fernhill"), ("Fernando Ruiz", "int-fern"), ("Obi Stores", "obi-1")):
        written(desk, planned(desk))
        with desk.db.transaction() as session:
            market = Market(session, desk, at=clock.now())
            party = session.scalars(select(Party).order_by(Party.id.desc())).first()
            assert party is not None
            escrow = market.escrow(seller=party)
            market.dispute(escrow)
            paid = {"provider": "paystack", "currency": "NGN", "amount": escrow.amount, "status": "succeeded"}
            session.add(Payment(order_id=escrow.order_id, created_at=clock.now(), **paid))
            party.name, party.ref = name, ref
    one = {"fernhill media", "media", "int-fernhill", "FERNHILL M", "int-fern", "Obi Stores"}
    assert {words: found(every(sign_in, address, party=words)) for words in one} == dict.fromkeys(one, "1")
    assert found(every(sign_in, address, party="fern")) == "2"
    assert found(every(sign_in, address, party="nd")) == "0", "too short a part to be looked for in the middle"
    if address == "/disputes/":
        assert found(every(sign_in, address, q="media")) == "1"


def every(sign_in: Callable[..., FlaskClient], address: str, **filters: str) -> str:
    return sign_in("viewer").get(address, query_string={"tab": "all", **filters}).text


def test_disputes_are_narrowed_to_a_party_and_say_what_is_claimed(into_demo: SignIn) -> None:
    page = into_demo("viewer").get("/disputes/?tab=all&claim=not_delivered").text
    assert set(re.findall(r'<td class="reason" data-label="Claim">\s*([^<]+?)\s*</td>', page)) == {"not delivered"}
    name = re.search(r'<span class="pair-of">([^<]+)</span>', page)
    assert name is not None
    narrowed = into_demo("viewer").get(f"/disputes/?tab=all&party={unescape(name[1])}").text
    assert 0 < int(found(narrowed)) < int(found(into_demo("viewer").get("/disputes/?tab=all").text))


def test_parties_are_suggested_by_the_beginning_of_a_name_or_reference(demo_desk: Runtime, into_demo: SignIn) -> None:
    with demo_desk.db.reading() as session:
        ref, name = session.execute(select(Party.ref, Party.name).order_by(Party.id).limit(1)).one()
    client = into_demo("viewer")
    for words in (name[:4].lower(), ref[:-1]):
        results = suggested(client, words)
        assert 0 < len(results) <= 8
        assert all(each["label"].lower().startswith(words) or each["value"].startswith(words) for each in results)
    assert {"value": ref, "label": name, "note": ref} in suggested(client, ref)
    assert suggested(client, "") == []
    assert 'data-suggest="/parties/suggestions.json"' in client.get("/escrows/").text


def suggested(client: FlaskClient, words: str) -> list[dict[str, str]]:
    answer = client.get("/parties/suggestions.json", query_string={"q": words}).json
    assert answer is not None
    found: list[dict[str, str]] = answer["results"]
    return found
