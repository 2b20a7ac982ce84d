"""Doctor is asked in every broken set-up."""

from real.place import ask_doctor
from real.report import Report
from real.setups import ALL
from real.world import World

ROW = "doctor"


def try_all(world: World, report: Report) -> None:
    """Every set-up of the table."""
    with world.place() as place:
        for setup in ALL:
            if setup.needs is not None and setup.needs.path is None:
                report.not_tried(ROW, setup.name, setup.needs.install)
                continue
            with report.case(ROW, setup.name) as case, setup.begin(place) as differs:
                database = differs.get("DATABASE_URL") or place.database()
                found = ask_doctor(place.environment(**{**differs, "DATABASE_URL": database}))[setup.check]
                case.heard(
                    f"desk doctor, {setup.check}", f"{found.verdict}: {found.sentence}", setup.verdict, *setup.names
                )
