"""How a person or a test plays: control, filling, checkout page."""
