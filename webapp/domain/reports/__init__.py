"""Reports: their periods."""
