"""From events to deliveries: who asked gets it, once, in order."""

import json
from datetime import timedelta

from sqlalchemy import select

from tests.races.together import at_once
from tests.support.market import DIVINE
from tests.support.outbox import deliveries, endpoint, happen, spread, states
from webapp import clock
from webapp.models import Delivery, Event
from webapp.runtime import Runtime
from webapp.services.notifications import fan_out
from webapp.services.webhooks import endpoints as webhook_endpoints

URL = "http://93.184.215.14/hook"


def test_each_endpoint_gets_the_events_it_asked_for(place: Runtime) -> None:
    everything, _ = endpoint(place, URL)
    escrows, _ = endpoint(place, URL, "escrow.*", "dispute.opened")
    happen(place, "escrow.released", "dispute.opened", "dispute.resolved")
    spread(place)

    assert [kind for kind, _, _ in states(place, Delivery.endpoint_id == everything.id)] == [
        "escrow.released",
        "dispute.opened",
        "dispute.resolved",
    ]
    assert [kind for kind, _, _ in states(place, Delivery.endpoint_id == escrows.id)] == [
        "escrow.released",
        "dispute.opened",
    ]
    with place.db.reading() as session:
        assert session.scalars(select(Event.id).where(Event.sent_at.is_(None))).all() == []


def test_a_body_says_what_happened_and_when(place: Runtime) -> None:
    endpoint(place, URL)
    at = clock.now().replace(microsecond=123_000)
    happen(place, "escrow.released", at=at)
    spread(place)

    (delivery,) = deliveries(place)
    said = json.loads(delivery.body)
    assert said == {
        "id": f"evt_{delivery.event_id}",
        "type": "escrow.released",
        "at": at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "data": {"number": 1, "name": "Zoë"},
    }


def test_what_happened_before_an_endpoint_was_made_is_not_told_to_it(place: Runtime) -> None:
    endpoint(place, URL)
    happen(place, "escrow.released", at=clock.now() - timedelta(days=1))
    spread(place)
    assert deliveries(place) == []


def test_an_endpoint_paused_for_long_is_not_written_for_any_more(place: Runtime) -> None:
    made, _ = endpoint(place, URL)
    with place.db.transaction() as session:
        week_ago = clock.now() - timedelta(days=8)
        webhook_endpoints.pause(session, made.id, "Moving.", at=week_ago, actor=DIVINE)
    happen(place, "escrow.released")
    spread(place)
    assert deliveries(place) == []


def test_spreading_again_makes_nothing_twice(place: Runtime) -> None:
    endpoint(place, URL)
    happen(place, "escrow.released", "escrow.refunded")
    spread(place)
    with place.db.transaction() as session:
        for event in session.scalars(select(Event)):
            event.sent_at = None
    spread(place)
    assert len(deliveries(place)) == 2


def test_two_that_spread_at_once_make_each_delivery_once(pg_runtime: Runtime) -> None:
    endpoint(pg_runtime, URL)
    happen(pg_runtime, *["escrow.released"] * 40)
    done = at_once(pg_runtime, [lambda session: len(fan_out.fan_out(session, clock.now(), pg_runtime.settings))] * 4)

    assert sum(done) == 40
    assert len(deliveries(pg_runtime)) == 40
