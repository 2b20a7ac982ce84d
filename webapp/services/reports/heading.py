"""What stands above a report's figures."""

from dataclasses import dataclass
from datetime import date, datetime

from webapp.domain.reports.periods import ReportKind
from webapp.services.reports.document import TITLES


@dataclass(frozen=True, slots=True)
class Heading:
    """Of what it is, and when and by whom it was made."""

    kind: ReportKind
    first_day: date
    last_day: date
    made_at: datetime
    made_by: str

    @property
    def title(self) -> str:
        """Its title with its days."""
        return f"{TITLES[self.kind]}, {self.first_day:%d %b %Y} to {self.last_day:%d %b %Y}"

    @property
    def file_name(self) -> str:
        """The name of its files, without what they are."""
        return f"escrow-desk-{self.kind}-report-{self.first_day.isoformat()}-to-{self.last_day.isoformat()}"
