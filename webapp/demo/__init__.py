"""Invented data to look around in: five markets' orders, disputes and runs, the same every time but for the clock."""

from webapp.demo.clear.clear import clear
from webapp.demo.seed.seed import is_seeded, seed
from webapp.demo.seed.staff import SIGN_INS

__all__ = ["SIGN_INS", "clear", "is_seeded", "seed"]
