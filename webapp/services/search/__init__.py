"""Search everywhere: what is found by what people type."""
