"""Planned payouts: the schedule itself, on what terms it is paid, and what its page shows."""
