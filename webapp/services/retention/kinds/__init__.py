"""What is not kept for good, a module per subject: each kind says what it is, where, and for how long it is kept."""
