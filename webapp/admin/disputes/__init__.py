"""Disputes: the queue, the case, its evidence and its resolution."""
