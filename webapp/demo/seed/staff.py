"""Who signs in to the demo, one for each role."""

from datetime import datetime

from sqlalchemy.orm import Session

from webapp.demo.seed.context import DEMO
from webapp.models import User
from webapp.services.users import users

SIGN_INS = [
    ("viewer", "viewer@demo.example", "quiet-lake-morning-18"),
    ("agent", "agent@demo.example", "amber-kite-harbour-27"),
    ("approver", "approver@demo.example", "cedar-drum-lantern-35"),
    ("operator", "operator@demo.example", "silver-maize-compass-42"),
    ("admin", "admin@demo.example", "violet-acacia-summit-59"),
]
"""Role, address and password of each demo sign-in."""

_NAMES = {
    "viewer": ("Chantal Uwase", "Africa/Kigali"),
    "agent": ("Ngozi Afolabi", "Africa/Lagos"),
    "approver": ("Kwame Boateng", "Africa/Accra"),
    "operator": ("Brian Otieno", "Africa/Nairobi"),
    "admin": ("Maricel Santos", "Asia/Manila"),
}


def add_staff(session: Session, at: datetime) -> dict[str, User]:
    """Add the users; returns them by role."""
    return {
        role: users.create(
            session,
            email=email,
            name=_NAMES[role][0],
            roles=[role],
            password=password,
            at=at,
            actor=DEMO,
            zone=_NAMES[role][1],
            demo=True,
        )
        for role, email, password in SIGN_INS
    }
