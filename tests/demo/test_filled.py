"""The full desk that all test processes copy is made by one of them."""

from pathlib import Path

from tests.support.filled import Filled, filled_once


def test_what_one_process_has_made_the_next_one_uses(tmp_path: Path) -> None:
    made: list[Path] = []

    def make(folder: Path) -> Filled:
        made.append(folder)
        (folder / "desk").write_text("full")
        return Filled("sqlite:///desk", folder, {"party": 2})

    place = tmp_path / "filled"
    place.mkdir()
    (place / "half").write_text("left by a process that was killed")
    first, second = filled_once(place, make), filled_once(place, make)

    assert first == second == Filled("sqlite:///desk", place, {"party": 2})
    assert (made, [file.name for file in place.iterdir()]) == ([place], ["desk"])
