"""In which language and zone a party is written to."""

from babel import Locale
from flask_babel import LazyString, get_locale
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField

from webapp import clock
from webapp.admin.ui.actions.form_action import ActionPage, Done, action
from webapp.admin.ui.actions.forms import ZONE_CHOICES, DeskForm
from webapp.admin.ui.screen import Screen
from webapp.domain.languages import ENGLISH, LANGUAGES, known_languages
from webapp.models import Party
from webapp.security import current_actor
from webapp.security.context import runtime
from webapp.services.common import readers
from webapp.services.parties import parties
from webapp.settings import Settings


def _name_of(code: str) -> str:
    """A language's name in the reader's."""
    return str(Locale.parse(str(get_locale() or ENGLISH)).languages.get(code, code))


class CorrespondenceForm(DeskForm):
    """The language and the zone of letters."""

    language = SelectField(
        _l("Language"),
        choices=[
            ("", _l("Not known")),
            *LANGUAGES.items(),
            *((code, LazyString(_name_of, code)) for code in known_languages() if code not in LANGUAGES),
        ],
    )
    zone = SelectField(_l("Time zone"), choices=[("", _l("That of its country")), *ZONE_CHOICES])


class CorrespondenceActions(Screen):
    """How a party is written to."""

    @action("/<int:party_id>/correspondence", permission="party:write", form=CorrespondenceForm)
    def correspondence(self, party_id: int, form: CorrespondenceForm) -> Done:
        """Set the language and the zone of letters."""
        given = {"language": form.language.data or None, "zone": form.zone.data or None}
        with self.transaction() as session:
            party = parties.change(session, party_id, given, at=clock.now(), actor=current_actor())
            return _("Letters to %(name)s: %(letters)s.", name=party.name, letters=in_words(party, runtime().settings))

    @correspondence.confirmation
    def _confirm_correspondence(self, party_id: int) -> ActionPage:
        with self.reading() as session:
            party = parties.get(session, party_id)
        return ActionPage(
            _("Language of letters to %(name)s", name=party.name),
            self.at("one", party_id=party_id),
            _("Emails and SMS to %(name)s are written in it from now on, with times in its zone.", name=party.name),
            _("Save"),
            values={"language": party.language or "", "zone": party.zone or ""},
        )


def in_words(party: Party, settings: Settings) -> str:
    """The language and the zone in which letters to it are written, and why when the language is not its own."""
    reader = readers.of_party(party, settings)
    language, zone = _name_of(reader.language), reader.zone.replace("_", " ")
    if party.language in (None, reader.language):
        return _("in %(language)s, times of %(zone)s", language=language, zone=zone)
    return _(
        "in %(language)s, times of %(zone)s: the desk does not know %(own)s",
        language=language,
        zone=zone,
        own=_name_of(party.language or ""),
    )
