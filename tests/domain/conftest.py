"""The rules know no zone but those that they are told: their tests are on a machine whose clocks are not in UTC."""

import os
import time
from collections.abc import Iterator
from unittest import mock

import pytest


@pytest.fixture(scope="package", autouse=True)
def machine_in_tokyo() -> Iterator[None]:
    """For these tests alone: those that follow in the same process have the machine's own zone again."""
    with mock.patch.dict(os.environ, TZ="Asia/Tokyo"):
        time.tzset()
        yield
    time.tzset()
