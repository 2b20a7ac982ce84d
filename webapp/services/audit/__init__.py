"""The record: written, sealed, verified and searched."""
