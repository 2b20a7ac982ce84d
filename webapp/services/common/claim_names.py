"""What kinds of disputes are called to people: a marketplace may have its own name for warranty claims."""

from webapp.domain.state_labels import in_words
from webapp.domain.states import DisputeKind
from webapp.settings import Settings


def kind_in_words(kind: str, settings: Settings) -> str:
    """A kind as it stands inside a sentence: the marketplace's own name as it is, else a phrase."""
    own = settings.warranty_claim_name.strip() if kind == DisputeKind.WARRANTY_CLAIM else ""
    return own or in_words(kind)
