"""No work on what may be a copy: looked at by workers before they take runs."""

from sqlalchemy.exc import DBAPIError

from webapp.logs import get_logger
from webapp.runtime import Runtime
from webapp.services.common import instance


def is_the_original(runtime: Runtime) -> bool:
    """Whether this host and the database belong together; if not, the log says what does not fit.

    With the database away nobody can tell, and nothing can run.
    """
    try:
        with runtime.db.reading() as session:
            sentence = instance.mismatch(session)
    except DBAPIError:
        return True
    if sentence:
        get_logger().error("instance.unknown", problem=sentence)
    return not sentence
