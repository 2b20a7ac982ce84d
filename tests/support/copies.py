"""A desk that was copied: its database is not where it was written down to be."""

from sqlalchemy.orm.attributes import flag_modified

from webapp.models import StoredSetting
from webapp.runtime import Runtime
from webapp.services.common import instance


def become_a_copy(runtime: Runtime) -> None:
    """As if this database had been taken from another server."""
    with runtime.db.transaction() as session:
        instance.record_first_start(session)
        row = session.get_one(StoredSetting, "instance")
        row.value = row.value | {"location": "postgresql:7:16384"}
        flag_modified(row, "value")
