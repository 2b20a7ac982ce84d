"""The desk's screens. A screen is one class in a module of its noun, and one template."""
