"""Small files for the demo's disputes: a picture, a waybill, a receipt, made here."""

import struct
import zlib
from dataclasses import replace
from datetime import datetime
from typing import Any

from webapp.demo.seed.context import DEMO, SeedContext
from webapp.services.disputes import evidence

_SIDE = 48


def attach(context: SeedContext, dispute_id: int, ref: str, number: int, side: str, by: str, at: datetime) -> None:
    """Submit one or two things as evidence of a dispute; files lie where evidence lies."""
    actor = replace(DEMO, name=by)
    common: dict[str, Any] = {"side": side, "at": at, "actor": actor}
    made = [("photo.png", picture(number)), ("waybill.pdf", document(f"Waybill for {ref}"))][: 1 + number % 2]
    rows = [
        evidence.attach_file(
            context.session,
            dispute_id,
            name=name,
            data=data,
            folder=context.runtime.evidence,
            settings=context.runtime.settings,
            **common,
        )
        for name, data in made
    ]
    if number % 3 == 0:
        body = f"Call with the carrier about {ref}: it was handed over on the second attempt, at 16:40."
        rows.append(evidence.attach_text(context.session, dispute_id, body=body, **common))
    for row in rows:
        evidence.submit(context.session, row.id, at=at, actor=actor)


def picture(number: int) -> bytes:
    """A PNG of a parcel: a box of some colour with a tape across."""
    cardboard, tape, ground = (150 + number * 37 % 90, 110, 70), (225, 215, 190), (236, 238, 240)
    rows = bytearray()
    for y in range(_SIDE):
        rows.append(0)
        for x in range(_SIDE):
            inside = 6 <= x < _SIDE - 6 and 10 <= y < _SIDE - 4
            rows += bytes(tape if inside and abs(x - _SIDE // 2) < 4 else cardboard if inside else ground)
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
