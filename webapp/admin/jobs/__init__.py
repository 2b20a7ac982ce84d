"""Jobs, schedules, runs and queues, and what the next run will pay."""
