"""What leaves the outbox: deliveries lane by lane, the channels that carry them, and the stream of events."""
