"""The desk's screens. A screen is one class in a module of its subject, and one template."""
