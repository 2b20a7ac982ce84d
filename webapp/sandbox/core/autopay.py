"""Checkouts that are paid by themselves; of every third, the desk hears nothing."""

from webapp.sandbox.core.sandbox import Sandbox

TASK = "autopay"


def plan_autopay(sandbox: Sandbox, provider: str, reference: str) -> None:
    """Let this checkout be paid soon, if the options say so."""
    if sandbox.options.autopay_seconds:
        task = {"provider": provider, "reference": reference, "webhook": next(sandbox.checkouts) % 3 != 0}
        sandbox.delayed_tasks.plan(TASK, task, after=sandbox.options.autopay_seconds)
