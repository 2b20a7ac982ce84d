"""Disputes: opened, worked on, decided, ended."""
