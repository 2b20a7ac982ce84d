"""What carries out a run: queue, recorder, chunks, batches of provider calls, recovery."""
