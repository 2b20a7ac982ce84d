"""Sign-ins that are over, and first passwords that nobody used."""

from webapp.domain.words import phrase
from webapp.models import User, UserSession
from webapp.services.retention.registry import RetentionKind, declare

declare(
    RetentionKind(
        "sign_ins",
        phrase("Sign-ins that are over"),
        UserSession,
        "SIGN_IN_RETENTION_DAYS",
        lambda before: UserSession.ends_at < before,
        archived=False,
    )
)
declare(
    RetentionKind(
        "first_passwords",
        phrase("Passwords that an administrator gave to somebody and that are out of date"),
        User,
        "SIGN_IN_RETENTION_DAYS",
        lambda before: (User.password_expires_at < before) & User.must_change_password & User.password.is_not(None),
        archived=False,
        blanks={"password": None},
    )
)
