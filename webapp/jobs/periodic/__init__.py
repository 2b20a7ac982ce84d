"""The periodic jobs, one decorated function each."""
