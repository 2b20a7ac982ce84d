"""Small files for the demo's disputes: a picture, a waybill, a receipt, made here."""

import hashlib
import struct
import zlib
from datetime import datetime

from sqlalchemy import insert

from webapp.demo.world import World
from webapp.models import Evidence

_SIDE = 48


def attach(world: World, dispute_id: int, ref: str, number: int, side: str, by: str, at: datetime) -> None:
    """Submit one or two things as evidence of a dispute; files lie where evidence lies."""
    made = [
        ("photo.png", "image/png", picture(number)),
        ("waybill.pdf", "application/pdf", document(f"Waybill for {ref}")),
    ]
    rows = [_file(world, ref, name, media_type, content) for name, media_type, content in made[: 1 + number % 2]]
    if number % 3 == 0:
        rows.append(_text(f"Call with the carrier about {ref}: it was handed over on the second attempt, at 16:40."))
    common = {
        "dispute_id": dispute_id,
        "status": "submitted",
        "side": side,
        "by": "cli:demo data",
        "by_name": by,
        "at": at,
    }
    world.session.execute(insert(Evidence), [common | row for row in rows])


def _file(world: World, ref: str, name: str, media_type: str, content: bytes) -> dict[str, object]:
    stored_as = hashlib.sha256(f"demo|{ref}|{name}".encode()).hexdigest()[:32]
    folder = world.runtime.evidence_folder
    folder.mkdir(parents=True, exist_ok=True)
    (folder / stored_as).write_bytes(content)
    return {
        "name": name, "media_type": media_type, "size": len(content), "sha256": hashlib.sha256(content).hexdigest(),
        "stored_as": stored_as, "body": None,
    }


def _text(body: str) -> dict[str, object]:
    content = body.encode()
    return {
        "name": "call notes",
        "media_type": "text/plain",
        "size": len(content),
        "sha256": hashlib.sha256(content).hexdigest(),
        "stored_as": None,
        "body": body,
    }


def picture(number: int) -> bytes:
    """A PNG of a parcel: a box of some colour with a tape across."""
    box, tape, ground = (150 + number * 37 % 90, 110, 70), (225, 215, 190), (236, 238, 240)
    rows = bytearray()
    for y in range(_SIDE):
        rows.append(0)
        for x in range(_SIDE):
            inside = 6 <= x < _SIDE - 6 and 10 <= y < _SIDE - 4
            rows += bytes(tape if inside and abs(x - _SIDE // 2) < 4 else box if inside else ground)
    header = struct.pack(">IIBBBBB", _SIDE, _SIDE, 8, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(rows), 9)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in parts)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def document(title: str) -> bytes:
    """A PDF of one page that says one line."""
    line = f"BT /F1 18 Tf 60 760 Td ({title}) Tj ET".encode()
    objects = (
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(line), line),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    )
    made, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, len(made))
    return bytes(made) + b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + table + end
