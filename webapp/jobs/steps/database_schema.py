"""No work with a database of another version: looked at by workers before they take runs."""

from sqlalchemy.exc import DBAPIError

from webapp import schema
from webapp.logs import get_logger
from webapp.runtime import Runtime
from webapp.schema import SchemaUnusable


def schema_is_usable(runtime: Runtime) -> bool:
    """Whether this version can work with the database; if not, the log says why.

    With the database away nobody can tell, and nothing can run.
    """
    try:
        schema.require(runtime.db)
    except SchemaUnusable as unusable:
        get_logger().error("schema.unusable", problem=unusable.detail)
        return False
    except DBAPIError:
        return True
    return True
