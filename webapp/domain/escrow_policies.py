"""What each policy of an escrow means to the rest: the job that pays it, and the word for why it left."""

from webapp.domain.states import Policy

JOBS: dict[str, str] = {
    Policy.DEADLINE: "auto_release",
    Policy.COMPLETION: "release_completed_orders",
    Policy.BUFFER: "release_pending_earnings",
    Policy.PLACEMENT: "release_placement_holds",
}
"""The job that considers the escrows of each policy."""

REASONS: dict[str, str] = {
    Policy.DEADLINE: "expired",
    Policy.COMPLETION: "completed",
    Policy.BUFFER: "buffer_over",
    Policy.PLACEMENT: "date_reached",
}
"""Why an escrow left, when its job paid it."""

AFTER_COMPLETION = (Policy.COMPLETION, Policy.BUFFER)
"""Policies under which nothing is paid before the order is completed, whatever date the escrow has."""
