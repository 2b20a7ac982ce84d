"""The file of a backup: one line with the length and SHA-256 of what follows, then a compressed tar, encrypted (age)
when there is a key. Without the desk: `tail -n +2 FILE | age -d -i KEYFILE | tar xz`.

The line covers every byte, so that a file that was cut or changed anywhere is known before anything of it is used.
"""

import gzip
import hashlib
import re
import tarfile
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, Protocol, cast

import pyrage

from webapp.domain.numbers import counted
from webapp.domain.words import phrase
from webapp.errors import Conflict
from webapp.services.backups import contents
from webapp.services.backups.contents import EvidenceContents, Manifest
from webapp.settings_parts.evidence_store import StoredFile

Check = Callable[[], None]
"""Raises when the work is to stop."""

DUMP, EVIDENCE, MANIFEST = "database", "evidence/", "manifest.json"
_AGE, _PLAIN = "age", "gzip"
_LINE = "escrow-desk-backup 1 {how:<4} {size:020d} {sha256}\n"
_LENGTH = len(_LINE.format(how=_AGE, size=0, sha256="0" * 64))
_READ = re.compile(rb"escrow-desk-backup (\d+) (age |gzip) (\d{20}) ([0-9a-f]{64})\n")
_BLOCK, _LEVEL = 2**18, 6
_SAFE_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}")
_MISSING_NAMED = 20


class Damaged(Conflict):
    """The file is no whole backup, or no present key opens it; nothing of it was used."""


class ReadableStream(Protocol):
    """Something that is read in pieces."""

    def read(self, size: int = -1, /) -> bytes:
        """The next bytes; none at the end."""


def write(
    stream: BinaryIO, dump: Path, evidence: Iterator[tuple[str, StoredFile]], manifest: Manifest, key: str, check: Check
) -> tuple[Manifest, int, str]:
    """Write a backup into an empty file, compressed, and encrypted when there is a key.

    Returns its manifest with the checksums, its length, and the SHA-256 of the whole file.
    """
    line = _LINE.format(how=_AGE if key else _PLAIN, size=0, sha256="0" * 64).encode()
    stream.write(line)
    packed = _Packed(dump, evidence, manifest, check)
    sink = _Sink(stream)
    if key:
        _encrypt(packed, sink, key)
    else:
        while data := packed.read(_BLOCK):
            sink.write(data)
    line = _LINE.format(how=_AGE if key else _PLAIN, size=sink.size, sha256=sink.sha256.hexdigest()).encode()
    stream.seek(0)
    stream.write(line)
    stream.flush()
    return packed.manifest, _LENGTH + sink.size, _hash(stream, check)


def unpack(file: Path, folder: Path, keys: Sequence[str], check: Check) -> Manifest:
    """Take a backup apart into an empty folder: `database`, and the files of evidence in `evidence/`.

    Raises Damaged for a file that is cut, changed, under another key, or no backup.
    """
    how = verify(file, check)
    archive = folder / "archive.tar.gz"
    with file.open("rb") as stream:
        stream.seek(_LENGTH)
        if how == _PLAIN:
            return _extract(_Checked(stream, check), folder)
        with archive.open("wb") as plain:
            _decrypt(_Checked(stream, check), plain, keys)
    try:
        with archive.open("rb") as plain:
            return _extract(_Checked(plain, check), folder)
    finally:
        archive.unlink()


def verify(file: Path, check: Check) -> str:
    """How the backup is packed, after every byte was looked at. Raises Damaged."""
    try:
        stream = file.open("rb")
    except OSError as problem:
        raise Damaged(f"{file} can't be read: {problem.strerror}.") from None
    with stream:
        found = _READ.fullmatch(stream.read(_LENGTH))
        if found is None:
            raise Damaged(f"{file.name} is no backup of the desk, or its beginning was changed.")
        number, how, size, sha256 = (part.decode() for part in found.groups())
        if int(number) > contents.FORMAT:
            raise Damaged("A newer version of the desk made this backup. Install that version, then restore it.")
        there = file.stat().st_size - _LENGTH
        if there != int(size):
            kind = "was cut" if there < int(size) else "has more at its end than was written"
            raise Damaged(f"{file.name} {kind}: of {counted(int(size), 'byte')} {there:,} are there.")
        if _hash(stream, check, beginning=_LENGTH) != sha256:
            raise Damaged(f"{file.name} was changed: its checksum is not the one that was written.")
    return how.strip()


def sha256_of(file: StoredFile, check: Check) -> str:
    """The SHA-256 of a file."""
    with file.open("rb") as stream:
        return _hash(stream, check)


def new_key() -> str:
    """A key to encrypt backups with."""
    return str(pyrage.x25519.Identity.generate())


def _hash(stream: BinaryIO, check: Check, beginning: int = 0) -> str:
    stream.seek(beginning)
    digest = hashlib.sha256()
    while data := stream.read(_BLOCK):
        check()
        digest.update(data)
    return digest.hexdigest()


def _encrypt(packed: "_Packed", sink: "_Sink", key: str) -> None:
    try:
        pyrage.encrypt_io(packed, sink, [pyrage.x25519.Identity.from_str(key).to_public()])
    except (OSError, pyrage.EncryptError):
        # It hands on the text of what was raised in here, and not the exception.
        raised = packed.raised or sink.raised
        if raised is not None:
            raise raised from None
        raise


def _decrypt(source: "_Checked", plain: BinaryIO, keys: Sequence[str]) -> None:
    if not keys:
        raise Damaged("The backup is encrypted, and no key is set: set BACKUP_KEY to the one it was made with.")
    sink = _Sink(plain)
    try:
        pyrage.decrypt_io(source, sink, [pyrage.x25519.Identity.from_str(key) for key in keys])
    except (OSError, pyrage.DecryptError) as problem:
        raised = source.raised or sink.raised
        if raised is not None:
            raise raised from None
        if isinstance(problem, pyrage.DecryptError):
            raise Damaged(
                "No key that is set opens the backup: set BACKUP_KEY to the one it was made with, or add that to "
                "BACKUP_KEY_FALLBACKS."
            ) from None
        raise Damaged("The backup was changed: it can't be decrypted to its end.") from None


class _Sink:
    """Where bytes go, counted and summed; what writing raises is kept."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size, self.sha256 = 0, hashlib.sha256()
        self.raised: BaseException | None = None

    def write(self, data: bytes) -> int:
        try:
            self._stream.write(data)
        except BaseException as problem:
            self.raised = problem
            raise
        self.size += len(data)
        self.sha256.update(data)
        return len(data)

    def flush(self) -> None:
        """Nothing is held back here."""


class _Checked:
    """A source that looks before each piece whether to go on; what that raises is kept."""

    def __init__(self, stream: ReadableStream, check: Check) -> None:
        self._stream, self._check = stream, check
        self.raised: BaseException | None = None

    def read(self, size: int = -1, /) -> bytes:
        try:
            self._check()
            return self._stream.read(size)
        except BaseException as problem:
            self.raised = problem
            raise


class _Packed:
    """The compressed tar of a backup, made while it is read. Its manifest comes last, when all checksums are known."""

    def __init__(
        self, dump: Path, evidence: Iterator[tuple[str, StoredFile]], manifest: Manifest, check: Check
    ) -> None:
        self._dump, self._evidence, self._check = dump, evidence, check
        self.manifest = manifest
        self.raised: BaseException | None = None
        self._compressor = zlib.compressobj(_LEVEL, zlib.DEFLATED, zlib.MAX_WBITS | 16)
        self._pieces = self._compressed()
        self._buffer = bytearray()

    def read(self, size: int = -1, /) -> bytes:
        try:
            while len(self._buffer) < size and (piece := next(self._pieces, None)) is not None:
                self._buffer += piece
        except BaseException as problem:
            self.raised = problem
            raise
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        return data

    def _compressed(self) -> Iterator[bytes]:
        for data in self._tar():
            self._check()
            yield self._compressor.compress(data)
        yield self._compressor.flush()

    def _tar(self) -> Iterator[bytes]:
        digest = hashlib.sha256()
        size = self._dump.stat().st_size
        yield from _member(DUMP, self._dump, size, digest)
        self.manifest = replace(self.manifest, dump_sha256=digest.hexdigest(), dump_bytes=size)
        yield from self._evidence_files()
        text = self.manifest.text().encode()
        yield _head(MANIFEST, len(text)) + text + _padding(len(text)) + bytes(2 * tarfile.BLOCKSIZE)

    def _evidence_files(self) -> Iterator[bytes]:
        found, missing = _Evidence(), []
        for name, file in self._evidence:
            try:
                size = file.stat().st_size
            except FileNotFoundError:
                missing.append(name)
                continue
            digest = hashlib.sha256()
            yield from _member(EVIDENCE + name, file, size, digest)
            found.add(name, size, digest.hexdigest())
        self.manifest = replace(self.manifest, evidence=found.contents(missing[:_MISSING_NAMED]))


class _Evidence:
    """The files of evidence, counted and summed in their order."""

    def __init__(self) -> None:
        self.files = self.bytes = 0
        self._digest = hashlib.sha256()

    def add(self, name: str, size: int, sha256: str) -> None:
        """One more."""
        self.files += 1
        self.bytes += size
        self._digest.update(f"{name} {sha256}\n".encode())

    def contents(self, missing: list[str]) -> EvidenceContents:
        """As the manifest has it."""
        return EvidenceContents(self.files, self.bytes, self._digest.hexdigest(), missing)


def _member(name: str, file: StoredFile, size: int, digest: "hashlib._Hash") -> Iterator[bytes]:
    yield _head(name, size)
    left = size
    with file.open("rb") as stream:
        while left and (data := stream.read(min(_BLOCK, left))):
            left -= len(data)
            digest.update(data)
            yield data
    if left:
        raise Conflict(phrase("%(name)s became shorter while it was saved.", name=file.name))
    yield _padding(size)


def _head(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o600
    return info.tobuf(tarfile.GNU_FORMAT)


def _padding(size: int) -> bytes:
    return bytes(-size % tarfile.BLOCKSIZE)


def _extract(source: "_Checked", folder: Path) -> Manifest:
    try:
        return _extracted(source, folder)
    except (OSError, EOFError, zlib.error, tarfile.TarError) as problem:
        if source.raised is not None:
            raise source.raised from None
        if isinstance(problem, OSError) and problem.errno is not None:
            raise
        raise Damaged("The backup can't be taken apart to its end.") from None


def _extracted(source: "_Checked", folder: Path) -> Manifest:
    evidence, text, dump = _Evidence(), None, ""
    (folder / EVIDENCE).mkdir()
    packed = cast(BinaryIO, source)
    with gzip.GzipFile(fileobj=packed, mode="rb") as plain, tarfile.open(fileobj=plain, mode="r|") as tar:
        for member in tar:
            stream = tar.extractfile(member)
            if stream is None:
                raise Damaged(f"The backup has something in it that does not belong there: {member.name}.")
            if member.name == DUMP:
                dump = _copy(stream, folder / DUMP)
            elif member.name == MANIFEST:
                text = stream.read()
            elif member.name.startswith(EVIDENCE) and _SAFE_NAME.fullmatch(name := member.name[len(EVIDENCE) :]):
                evidence.add(name, member.size, _copy(stream, folder / EVIDENCE / name))
            else:
                raise Damaged(f"The backup has something in it that does not belong there: {member.name}.")
    manifest = contents.parse(text or b"")
    there = evidence.contents(manifest.evidence.missing)
    if dump != manifest.dump_sha256 or there != manifest.evidence:
        raise Damaged("What is in the backup is not what its manifest says.")
    return manifest


def _copy(stream: ReadableStream, file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("wb") as copy:
        while data := stream.read(_BLOCK):
            digest.update(data)
            copy.write(data)
    return digest.hexdigest()
