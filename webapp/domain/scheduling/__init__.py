"""When jobs run: recurrence in a zone, cron expressions in words, and what a job declares of itself."""
