"""What every call passes: the provider's key, its latency, and the fault it has."""

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, g, request

from webapp.errors import Refusal
from webapp.sandbox.core import fault_modes, fault_responses
from webapp.sandbox.core.active_faults import ActiveFault
from webapp.sandbox.core.sandbox import current


@dataclass(frozen=True)
class ProviderStyle:
    """How one provider says no."""

    provider: str
    admits: Callable[[], Response | None]
    """None for a caller with the right key, else the answer it gets."""
    refuses: Callable[[], Response]
    fails: Callable[[], Response]
    limits: Callable[[], Response]


def guard(blueprint: Blueprint, style: ProviderStyle) -> None:
    """Let every call of the blueprint pass the gate."""

    @blueprint.before_request
    def before() -> Response | None:
        return _before(style)

    @blueprint.after_request
    def after(answer: Response) -> Response:
        fault: ActiveFault | None = g.pop("fault", None)
        if fault is None:
            return answer
        if fault.fault_mode in fault_modes.WITH_EFFECT:
            return fault_responses.changed(fault, answer)
        return _without_effect(style, fault)


def call_name() -> str:
    """The name of the endpoint that is called, as faults know it."""
    return (request.endpoint or "").rpartition(".")[2]


def _before(style: ProviderStyle) -> Response | None:
    sandbox = current()
    # A body that nobody read would be waited for, and keep a connection open that is to be dropped.
    request.get_data()
    if wait := sandbox.latency.get(style.provider) or sandbox.latency.get(fault_modes.ANY):
        sandbox.delayed_tasks.wait(wait)
    if refused := style.admits():
        return refused
    fault = sandbox.active_faults.take(style.provider, call_name())
    if fault and not fault.has_effect:
        return _without_effect(style, fault)
    g.fault = fault
    return None


def _without_effect(style: ProviderStyle, fault: ActiveFault) -> Response:
    if fault.fault_mode == fault_modes.REFUSE:
        return style.refuses()
    if fault.fault_mode == fault_modes.ERROR_500:
        return style.fails()
    if fault.fault_mode == fault_modes.HTML_502:
        return fault_responses.page(502, "502 Bad Gateway")
    if fault.fault_mode == fault_modes.REDIRECT:
        return fault_responses.redirected()
    if fault.fault_mode == fault_modes.RATE_LIMITED:
        answer = style.limits()
        answer.headers["Retry-After"] = str(int(1 if fault.seconds is None else fault.seconds))
        return answer
    return fault_responses.silence(current(), fault.seconds)


class Wrong(Refusal):
    """What was asked can't be done; the provider's blueprint says so in its own shape."""

    def __init__(self, status: int, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.status, self.code = status, code
