"""Invented data to look around in: five markets' orders, disputes and runs, the same every time but for the clock."""

from webapp.demo.clearing import clear
from webapp.demo.people import SIGN_INS
from webapp.demo.seeding import is_seeded, seed

__all__ = ["SIGN_INS", "clear", "is_seeded", "seed"]
