"""What real servers do to a desk, subject by subject."""
