"""Checkouts that are paid by themselves; of every third, the desk hears nothing."""

from webapp.sandbox.core.sandbox import Sandbox

TASK = "autopay"


def plan_autopay(box: Sandbox, provider: str, reference: str) -> None:
    """Let this checkout be paid soon, if the options say so."""
    if box.options.autopay_seconds:
        task = {"provider": provider, "reference": reference, "webhook": next(box.checkouts) % 3 != 0}
        box.agenda.plan(TASK, task, after=box.options.autopay_seconds)
