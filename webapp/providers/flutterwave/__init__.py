"""Flutterwave, version 3 and 4."""
