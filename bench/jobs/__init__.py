"""Benchmarks of periodic jobs, each against set statements written by hand for the same rows, or what is asked."""
