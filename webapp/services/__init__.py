"""What the desk does: every rule about money, cases, jobs and people, one module for each action or question."""
