"""Files of orders, and a desk on each database to import them into."""

from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.domain.actors import Actor
from webapp.domain.permissions import ALL_PERMISSIONS

IMPORTER = Actor("cli", None, "amina", ALL_PERMISSIONS)
HEADER = "order_ref,buyer_ref,seller_ref,amount,currency,created_at,paid_at"


@pytest.fixture
def file_of(tmp_path: Path) -> Callable[..., Path]:
    """`file_of(line, …)`: a CSV file with the usual header, or another as `header=`."""

    def write(*lines: str, header: str = HEADER) -> Path:
        file = tmp_path / "orders.csv"
        file.write_text("\n".join([header, *lines, ""]), encoding="utf-8")
        return file

    return write
