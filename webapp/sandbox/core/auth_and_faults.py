"""What every call passes: the provider's key, its latency, and the mood it is in."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, g, request

from webapp.errors import Refusal
from webapp.sandbox.core import fault_modes as moods
from webapp.sandbox.core import fault_responses as answers
from webapp.sandbox.core.active_faults import Temper
from webapp.sandbox.core.sandbox import here


@dataclass(frozen=True)
class Manner:
    """How one provider says no."""

    provider: str
    admits: Callable[[], Response | None]
    """None for a caller with the right key, else the answer it gets."""
    refuses: Callable[[], Response]
    fails: Callable[[], Response]
    limits: Callable[[], Response]


def guard(blueprint: Blueprint, manner: Manner) -> None:
    """Let every call of the blueprint pass the gate."""

    @blueprint.before_request
    def before() -> Response | None:
        return _before(manner)

    @blueprint.after_request
    def after(answer: Response) -> Response:
        temper: Temper | None = g.pop("temper", None)
        if temper is None:
            return answer
        if temper.mood in moods.WITH_EFFECT:
            return answers.changed(temper, answer)
        return _without_effect(manner, temper)


def call_name() -> str:
    """The name of the endpoint that is called, as moods know it."""
    return (request.endpoint or "").rpartition(".")[2]


def _before(manner: Manner) -> Response | None:
    box = here()
    # A body that nobody read would be waited for, and keep a connection open that is to be dropped.
    request.get_data()
    if wait := box.latency.get(manner.provider) or box.latency.get(moods.ANY):
        box.agenda.wait(wait)
    if refused := manner.admits():
        return refused
    temper = box.tempers.take(manner.provider, call_name())
    if temper and not temper.has_effect:
        return _without_effect(manner, temper)
    g.temper = temper
    return None


def _without_effect(manner: Manner, temper: Temper) -> Response:
    if temper.mood == moods.REFUSE:
        return manner.refuses()
    if temper.mood == moods.ERROR_500:
        return manner.fails()
    if temper.mood == moods.HTML_502:
        return answers.page(502, "502 Bad Gateway")
    if temper.mood == moods.REDIRECT:
        return answers.redirected()
    if temper.mood == moods.RATE_LIMITED:
        answer = manner.limits()
        answer.headers["Retry-After"] = str(int(1 if temper.seconds is None else temper.seconds))
        return answer
    return answers.silence(here(), temper.seconds)


class Wrong(Refusal):
    """What was asked can't be done; the provider's blueprint says so in its own shape."""

    def __init__(self, status: int, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.status, self.code = status, code
