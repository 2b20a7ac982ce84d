"""What jobs do, a step each: verify, send, release, compare, deliver."""
