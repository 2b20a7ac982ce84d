"""Each kind of fault: a generator that does it, rests while it lasts, and undoes what has to be undone."""

import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from soak.faults import of_postgresql, of_redis
from soak.faults.registry import EXCLUSIVE, KINDS, WEIGHTS, Fault, kind, picked, require, standing_still
from soak.faults.script import Planned
from soak.links import MODES, PASS, Link
from soak.receiver import FINE
from soak.receiver import MOODS as RECEIVER_MOODS
from soak.world import World, until

__all__ = ["EXCLUSIVE", "KINDS", "WEIGHTS", "of_postgresql", "of_redis"]
_CALLS = {
    "paystack": ("initialize", "verify", "transfer", "transfer_verify", "transferrecipient", "refund", "*"),
    "flutterwave": ("token", "*"),
    "blnk": ("*",),
}
_CALL_MODES = (
    "timeout_before",
    "error_500",
    "html_502",
    "rate_limited",
    "redirect",
    "timeout_after",
    "garbage",
    "truncated",
    "html_200",
    "slow",
    "empty",
    "huge",
    "refuse",
)
_AMOUNT_MODES = ("wrong_amount", "wrong_currency")
"""What only an answer about a payment can be wrong in."""
_WEBHOOK_MODES = ("late", "twice", "success_twice", "out_of_order", "unsigned", "wrongly_signed")


def _processes(world: World, *kinds: str) -> Any:
    return world.supervisor.of(*kinds)


def _kill(kinds: str, number: signal.Signals) -> Fault:
    def fault(world: World, planned: Planned) -> Iterator[None]:
        require(picked(planned, _processes(world, kinds)).send(number))
        yield

    return fault


def _stop(kinds: str) -> Fault:
    def fault(world: World, planned: Planned) -> Iterator[None]:
        process = picked(planned, _processes(world, kinds))
        with standing_still(process):
            yield

    return fault


for _name, _weight in (("web", 1.0), ("worker", 2.5), ("scheduler", 1.0)):
    for _what, _fault, _share in (
        ("killed", _kill(_name, signal.SIGKILL), 1.0),
        ("asked_to_end", _kill(_name, signal.SIGTERM), 0.5),
        ("frozen", _stop(_name), 1.5),
    ):
        KINDS[f"{_name}_{_what}"], WEIGHTS[f"{_name}_{_what}"] = _fault, _weight * _share


@kind(1.0)
def web_child_killed(world: World, planned: Planned) -> Iterator[None]:
    """The process that serves dies; the one that looks after it lives."""
    require(picked(planned, _processes(world, "web")).send(signal.SIGKILL, a_child=True))
    yield


@kind(1.0, alone="skewed")
def clock_skewed(world: World, planned: Planned) -> Iterator[None]:
    """A worker on a machine whose clock is off by an hour or a minute, either way."""
    worker = picked(planned, _processes(world, "worker"))
    before = worker.command
    offset = picked(planned, ("-3600", "-60", "60", "3600"), 2)
    worker.command = [sys.executable, "-m", "soak.skewed", offset, "worker"]
    worker.send(signal.SIGKILL)
    try:
        yield
        yield
    finally:
        worker.command = before
        worker.send(signal.SIGKILL)


def _links(world: World, suffix: str) -> list[Link]:
    return [link for name, link in world.links.by_name.items() if name.endswith(suffix)]


@contextmanager
def _broken(world: World, links: Sequence[Link], mode: str) -> Iterator[None]:
    for link in links:
        world.links.set(link, mode)
    try:
        yield
    finally:
        for link in links:
            world.links.set(link, PASS)


def _link_fault(suffix: str, mode: str) -> Fault:
    def fault(world: World, planned: Planned) -> Iterator[None]:
        links = _links(world, suffix)
        chosen = links if planned.pick < 0.15 else [picked(planned, links)]
        with _broken(world, chosen, mode):
            yield

    return fault


for _suffix in ("postgresql", "redis", "provider", "front"):
    for _mode in MODES:
        _name = f"link_{_suffix}_{_mode}"
        KINDS[_name], WEIGHTS[_name] = _link_fault(_suffix, _mode), 0.6 if _suffix == "provider" else 1.5
        EXCLUSIVE[_name] = f"link {_suffix}"


@kind(4.0)
def provider_mood(world: World, planned: Planned) -> Iterator[None]:
    """The provider answers the next calls badly."""
    provider = picked(planned, ("paystack", "paystack", "paystack", "flutterwave", "blnk"))
    fault = {"provider": provider, "call": picked(planned, _CALLS[provider], 2), "times": picked(planned, (1, 1, 2), 3)}
    mode = picked(planned, _CALL_MODES if fault["call"] != "verify" else (*_CALL_MODES, *_AMOUNT_MODES), 4)
    fault |= {"fault_mode": mode, "seconds": 1 if mode == "rate_limited" else 6}
    until(lambda: world.control("faults", fault), 20)
    yield


@kind(3.0)
def provider_webhook_mood(world: World, planned: Planned) -> Iterator[None]:
    """The provider's webhooks come late, twice, out of order or with a wrong signature."""
    mode = picked(planned, _WEBHOOK_MODES, 2)
    fault = {"provider": "paystack", "call": "webhook", "fault_mode": mode, "times": 2, "seconds": 3}
    until(lambda: world.control("faults", fault), 20)
    yield


@kind(0.4, alone="sandbox")
def provider_killed(world: World, planned: Planned) -> Iterator[None]:
    """The provider is gone, and comes back with its books."""
    require(_processes(world, "sandbox")[0].send(signal.SIGKILL))
    yield
    until(lambda: world.control("options", method="GET"), 60)


@kind(1.0, alone="sandbox")
def provider_frozen(world: World, planned: Planned) -> Iterator[None]:
    """The provider answers nobody for a while."""
    with standing_still(_processes(world, "sandbox")[0]):
        yield


@kind(2.0, alone="receiver")
def receiver_unwell(world: World, planned: Planned) -> Iterator[None]:
    """Who is told by our webhooks fails, is silent, or hangs up."""
    world.receiver.mood = picked(planned, RECEIVER_MOODS)
    try:
        yield
    finally:
        world.receiver.mood = FINE
