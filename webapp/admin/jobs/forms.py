"""Forms about jobs: pause one, change its schedule."""

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, IntegerField, SelectField, StringField, TextAreaField
from wtforms.validators import DataRequired, InputRequired, Optional

from webapp.admin.ui.actions.forms import DeskForm, InstantField
from webapp.domain.states import CatchUp
from webapp.services.scheduling.schedules import ScheduleChanges

_WHOLE = InputRequired(_l("Write a whole number."))

CATCH_UP: dict[str, Any] = {
    CatchUp.ONCE: _l("run once for all of them"),
    CatchUp.ONCE_SAME_DAY: _l("run once, if the last of them was today"),
    CatchUp.EACH: _l("run once for each of them"),
    CatchUp.SKIP: _l("skip them"),
}


class PauseForm(DeskForm):
    """Why, and until when."""

    why = TextAreaField(_l("Reason"), [DataRequired(_l("Say why the job is paused."))])
    until = InstantField(_l("Until"), [Optional()], description=_l("Empty: until somebody resumes it."))


class ScheduleForm(DeskForm):
    """The whole plan of a job; its fields are named as the schedule's."""

    cron = StringField(
        _l("Cron expression"),
        [DataRequired(_l("Write a cron expression, such as 0 2 * * *."))],
        description=_l("Minute, hour, day of the month, month, day of the week."),
    )
    zone = StringField(_l("Time zone"), [DataRequired(_l("Write a zone, such as Africa/Nairobi."))])
    grace_seconds = IntegerField(
        _l("Grace, in seconds"), [_WHOLE], description=_l("A run that is later than this is late, and warned of.")
    )
    max_duration_seconds = IntegerField(
        _l("Longest run, in seconds"), [_WHOLE], description=_l("Then it stops; the next run goes on where it was.")
    )
    long_run_seconds = IntegerField(_l("Alert when a run takes longer, in seconds"), [_WHOLE])
    failed_items_percent = IntegerField(_l("Alert when more than this percent of its items fail"), [_WHOLE])
    catch_up = SelectField(_l("Slots that passed while nothing ran"), choices=list(CATCH_UP.items()))
    version = HiddenField()

    def changes(self) -> ScheduleChanges:
        """What the form says."""
        return ScheduleChanges(**{name: self[name].data for name in ScheduleChanges.__annotations__})
