"""Worker and scheduler: how they start, beat, notice an outage, and stop."""
