"""`make soak`: a whole desk under load, in a world that breaks on purpose, and an oracle that asks what is left."""
