"""The file of a backup: what is cut, changed anywhere, or under another key is known before anything of it is used."""

import hashlib
import io
import random
import re
import tarfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from webapp.errors import Conflict
from webapp.jobs.steps.backups import backup_file
from webapp.jobs.steps.backups.backup_file import Damaged
from webapp.services.backups.contents import Manifest

KEYS = [backup_file.new_key() for _ in range(3)]
DATA = random.Random(7).randbytes(300_000) + b"many times the same" * 10_000
EVIDENCE = {"a1.png": b"picture" * 1_000, "b2.pdf": b""}
MANIFEST = Manifest(1, "0.1.0", "0053", "sqlite", "abc", "2026-03-02T09:30:00Z", "key", {"run": 3}, {})
LINE = backup_file._LENGTH


def go_on() -> None:
    """Nothing stops it."""


def packed(folder: Path, key: str = "", check: Callable[[], None] = go_on) -> Path:
    """A backup of known contents."""
    for name, data in EVIDENCE.items():
        (folder / name).write_bytes(data)
    dump, file = folder / "dump", folder / "some.backup"
    dump.write_bytes(DATA)
    files = ((name, folder / name) for name in (*EVIDENCE, "c3-gone.txt"))
    with file.open("w+b") as stream:
        backup_file.write(stream, dump, iter(files), MANIFEST, key, check)
    return file


def unpacked(file: Path, *keys: str, check: Callable[[], None] = go_on) -> tuple[Manifest, dict[str, bytes]]:
    """What is in a backup."""
    folder = file.parent / "unpacked"
    folder.mkdir()
    try:
        manifest = backup_file.unpack(file, folder, keys, check)
        return manifest, {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}
    finally:
        for each in sorted(folder.rglob("*"), reverse=True):
            each.unlink() if each.is_file() else each.rmdir()
        folder.rmdir()


def summed_again(file: Path, payload: bytes) -> Path:
    """The file with another payload, and a first line that fits it: what somebody makes who knows how."""
    how = "age" if file.read_bytes()[21:24] == b"age" else "gzip"
    made = file.with_name("made.backup")
    sha256 = hashlib.sha256(payload).hexdigest()
    made.write_bytes(backup_file._LINE.format(how=how, size=len(payload), sha256=sha256).encode() + payload)
    return made


@pytest.mark.parametrize("key", ["", KEYS[0]], ids=["plain", "encrypted"])
def test_what_was_saved_comes_out_again(tmp_path: Path, key: str) -> None:
    file = packed(tmp_path, key)
    manifest, files = unpacked(file, *([KEYS[1], key] if key else []))
    assert files == {"database": DATA, **EVIDENCE}
    assert (manifest.evidence.files, manifest.evidence.missing) == (2, ["c3-gone.txt"])
    assert manifest.tables == {"run": 3}
    assert (b"many times the same" in file.read_bytes()) is False
    assert file.stat().st_size < len(DATA)


@pytest.mark.parametrize("key", ["", KEYS[0]], ids=["plain", "encrypted"])
def test_a_byte_that_was_changed_anywhere_is_noticed(tmp_path: Path, key: str) -> None:
    file = packed(tmp_path, key)
    whole = file.read_bytes()
    of_line, of_head = range(0, LINE, 7), range(LINE, LINE + 240, 13)
    for place in (*of_line, LINE - 1, *of_head, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        file.write_bytes(whole[:place] + bytes([whole[place] ^ 0x20]) + whole[place + 1 :])
        with pytest.raises(Damaged, match=r"changed|no backup|cut|newer version|more at its end"):
            unpacked(file, key)
    file.write_bytes(whole)
    unpacked(file, key)


@pytest.mark.parametrize("key", ["", KEYS[0]], ids=["plain", "encrypted"])
def test_a_file_that_was_cut_or_made_longer_is_noticed(tmp_path: Path, key: str) -> None:
    file = packed(tmp_path, key)
    whole = file.read_bytes()
    for length in (0, 10, LINE - 1, LINE, LINE + 1, len(whole) // 2, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(Damaged, match=r"was cut|no backup"):
            unpacked(file, key)
    file.write_bytes(whole + b"\0")
    with pytest.raises(Damaged, match="more at its end"):
        unpacked(file, key)


def test_only_the_right_key_opens_it_and_a_former_one_does_too(tmp_path: Path) -> None:
    file = packed(tmp_path, KEYS[0])
    with pytest.raises(Damaged, match="set BACKUP_KEY to the one it was made with"):
        unpacked(file)
    with pytest.raises(Damaged, match="No key that is set opens the backup"):
        unpacked(file, KEYS[1])
    assert unpacked(file, KEYS[1], KEYS[0])[1]["database"] == DATA


def test_an_encrypted_one_is_known_to_be_changed_whatever_its_first_line_says(tmp_path: Path) -> None:
    file = packed(tmp_path, KEYS[0])
    payload = file.read_bytes()[LINE:]
    middle = len(payload) // 2
    for changed in (payload[:middle] + b"\0" + payload[middle + 1 :], payload[:-20], payload[: middle - 100]):
        with pytest.raises(Damaged, match="can't be decrypted to its end"):
            unpacked(summed_again(file, changed), KEYS[0])


def archive(*members: tuple[str, bytes], kind: bytes = tarfile.REGTYPE) -> bytes:
    """A compressed tar of these."""
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w:gz") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size, info.type = len(data), kind
            tar.addfile(info, io.BytesIO(data))
    return stream.getvalue()


def test_what_does_not_belong_into_a_backup_is_not_written_anywhere(tmp_path: Path) -> None:
    file = packed(tmp_path)
    manifest = ("manifest.json", MANIFEST.text().encode())
    for members in (
        [("evidence/../../outside", b"x"), manifest],
        [("/etc/outside", b"x"), manifest],
        [("evidence/.hidden", b"x"), manifest],
        [("something", b"x"), manifest],
    ):
        with pytest.raises(Damaged, match="does not belong there"):
            unpacked(summed_again(file, archive(*members)))
    with pytest.raises(Damaged, match="does not belong there"):
        unpacked(summed_again(file, archive(("evidence/folder", b""), kind=tarfile.DIRTYPE)))
    assert not list(tmp_path.rglob("outside"))


def test_one_without_its_manifest_or_that_differs_from_it_is_not_taken(tmp_path: Path) -> None:
    file = packed(tmp_path)
    manifest = ("manifest.json", MANIFEST.text().encode())
    for members in ([("database", DATA)], [("database", DATA), ("manifest.json", b"{}")]):
        with pytest.raises(Conflict, match="manifest can't be read"):
            unpacked(summed_again(file, archive(*members)))
    with pytest.raises(Damaged, match="not what its manifest says"):
        unpacked(summed_again(file, archive(("database", DATA), manifest)))
    newer = MANIFEST.text().replace('"format": 1', '"format": 2').encode()
    with pytest.raises(Conflict, match="A newer version of the desk"):
        unpacked(summed_again(file, archive(("database", DATA), ("manifest.json", newer))))
    with pytest.raises(Damaged, match="taken apart"):
        unpacked(summed_again(file, file.read_bytes()[LINE:-400]))
    with pytest.raises(Damaged, match="taken apart"):
        unpacked(summed_again(file, zlib.compress(DATA)))


class Stop(Exception):
    """The work is to stop."""


@pytest.mark.parametrize("key", ["", KEYS[0]], ids=["plain", "encrypted"])
def test_packing_and_taking_apart_stop_where_they_are_told_to(tmp_path: Path, key: str) -> None:
    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        packed(tmp_path, key, stop)
    file = packed(tmp_path, key)
    looks = iter(range(5))

    def stop_later() -> None:
        if next(looks, None) is None:
            raise Stop

    with pytest.raises(Stop):
        unpacked(file, key, check=stop_later)


def test_a_full_disk_is_said_as_itself(tmp_path: Path) -> None:
    class Full(io.BytesIO):
        def write(self, data: object) -> int:
            if self.tell() > LINE:
                raise OSError(28, "No space left on device")
            return super().write(data)  # type: ignore[arg-type]

    (tmp_path / "dump").write_bytes(DATA)
    for key in ("", KEYS[0]):
        with pytest.raises(OSError, match="No space left") as found:
            backup_file.write(Full(), tmp_path / "dump", iter(()), MANIFEST, key, go_on)
        assert found.value.errno == 28


def test_a_new_key_is_one_that_settings_take() -> None:
    assert all(re.fullmatch(r"AGE-SECRET-KEY-1[0-9A-Z]{58}", key) for key in KEYS)
    assert len(set(KEYS)) == 3
