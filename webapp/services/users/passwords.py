"""Passwords: argon2id hashes, and what makes a password acceptable."""

import secrets
from datetime import timedelta
from functools import lru_cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from webapp.domain.words import phrase
from webapp.errors import Invalid

SHORTEST, LONGEST = 12, 200
FIRST_LIFETIME = timedelta(days=7)
"""How long a password that somebody else chose lets its person in."""
_COMMON = ("password", "123456", "qwerty", "letmein", "escrow", "welcome", "iloveyou", "abc123", "admin")
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"

_hasher = PasswordHasher()


def hashed(password: str) -> str:
    """The argon2id hash to store."""
    return _hasher.hash(password)


def matches(stored: str | None, password: str) -> bool:
    """Whether this is the password; takes the same time when there is none to compare with."""
    try:
        return _hasher.verify(stored or _nobodys(), password) and stored is not None
    except (VerificationError, InvalidHashError):
        return False


def is_outdated(stored: str) -> bool:
    """Whether the hash was made with weaker parameters than today's."""
    return _hasher.check_needs_rehash(stored)


def check(password: str, *, field: str = "password", about: tuple[str, ...] = ()) -> None:
    """Raise Invalid unless the password is long and hard to guess; `about` is what it may not be made of."""
    if problem := _problem(password, about):
        raise Invalid(problem, fields={field: problem})


def generated() -> str:
    """A random password that can be read out: about 79 bits."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def _problem(password: str, about: tuple[str, ...]) -> str | None:
    if len(password) < SHORTEST:
        return phrase("A password needs at least %(shortest)s characters; a few words are fine.", shortest=SHORTEST)
    if len(password) > LONGEST:
        return phrase("A password may have at most %(longest)s characters.", longest=LONGEST)
    plain = password.lower()
    for word in (*_COMMON, *(part.lower() for part in about if len(part) > 3)):
        plain = plain.replace(word, "")
    if len(plain) < SHORTEST // 2 or len(set(password)) < 5:
        return phrase("This password is too easy to guess: it is mostly common words, your name or one character.")
    return None


@lru_cache(maxsize=1)
def _nobodys() -> str:
    return _hasher.hash(secrets.token_urlsafe())
