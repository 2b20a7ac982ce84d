"""What the tests reach is added up by layer, and held to its floors."""

import coverage_floors


def _file(lines: int, of_lines: int, branches: int, of_branches: int) -> dict[str, dict[str, int]]:
    counts = {"covered_lines": lines, "num_statements": of_lines}
    return {"summary": counts | {"covered_branches": branches, "num_branches": of_branches}}


def test_lines_and_branches_are_added_up_by_layer() -> None:
    files = {
        "webapp/app.py": _file(1, 2, 0, 0),
        "webapp/domain/money.py": _file(8, 8, 1, 2),
        "webapp/domain/payouts/fees.py": _file(0, 8, 0, 2),
        "webapp/domain/empty.py": _file(0, 0, 0, 0),
    }
    assert coverage_floors.shares(files) == {"webapp": 1000 / 22, "webapp/domain": 45.0}


def test_each_floor_that_is_not_reached_is_named() -> None:
    found = dict.fromkeys(coverage_floors.FLOORS, 100.0) | {"webapp/services": 94.9}
    assert list(coverage_floors.too_low(found)) == [
        "webapp/services: 94.9 % of lines and branches are reached by tests, the floor is 96 %."
    ]
    assert len(list(coverage_floors.too_low({}))) == len(coverage_floors.FLOORS)
