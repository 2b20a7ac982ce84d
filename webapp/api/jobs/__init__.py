"""Jobs, their runs, and the addresses that outside systems already call."""
