"""Evidence that was attached and never submitted: no part of a dispute."""

from webapp.domain.words import phrase
from webapp.models import Evidence
from webapp.services.retention.registry import RetentionKind, declare

declare(
    RetentionKind(
        "staged_evidence",
        phrase("Evidence that was staged and never submitted, with its files"),
        Evidence,
        "STAGED_EVIDENCE_DAYS",
        lambda before: (Evidence.status == "staged") & (Evidence.at < before),
        archived=False,
        file_column="stored_as",
    )
)
