"""Evidence in a bucket that two hosts share, by the block of the handbook, and the store away for a while."""

import base64
from pathlib import Path

import boto3
import requests
from moto.server import ThreadedMotoServer

from real import handbook, servers
from real.desk import Desk
from real.report import Report
from real.rows.of_answers import words
from real.world import World

ROW = "7 evidence"
_HEADING = "Evidence on several hosts"
_KEY = "of-the-store-and-long-enough"
_TEXT = b"hello world"


def try_all(world: World, report: Report) -> None:
    """Every case of the row."""
    with report.case(ROW, "two hosts on one bucket, by its block; then the store is away") as case:
        store, port = world.new_folder("store"), servers.free_port()
        server = ThreadedMotoServer(ip_address=servers.HOST, port=port, verbose=False)
        server.start()
        given = _settings(store, port)
        with (
            servers.redis(world.new_folder("redis")) as redis,
            world.desk(f"redis://{servers.HOST}:{redis}/0", **given) as one,
        ):
            one.start()
            number = one.dispute()
            content = base64.b64encode(_TEXT).decode()
            kept = one.write(f"disputes/{number}/evidence", side="buyer", name="a.txt", content=content)
            path = f"/disputes/{number}/evidence/{kept['id']}"
            with world.neighbour(one) as other:
                other.start("web")
                case.heard("the file, by another host", other.page(path).text, _TEXT.decode())
            case.heard("files in VAR_DIR/evidence", f"{_files(one)} files", "0 files")
            case.heard("desk doctor", one.doctor()["evidence"].sentence, "1 file of evidence", "All are there")
            server.stop()
            answer = one.page(path)
            case.heard("the file, while the store is away", f"{answer.status_code} {words(answer)}", "503")
            again = requests.get(f"{one.url}/readyz", timeout=20)
            case.heard("/readyz, while the store is away", again.status_code, "200")
            case.heard("desk doctor, while the store is away", one.doctor()["evidence"].verdict, "wrong")


def _settings(folder: Path, port: int) -> dict[str, str]:
    """Those of the block, with the store here; the bucket of its name is there."""
    for name in ("s3_access_key", "s3_secret_key"):
        (folder / name).write_text(_KEY)
    block = handbook.blocks(_HEADING, "env")[0]
    places = {"https://s3.example.com": f"http://{servers.HOST}:{port}", "/run/secrets": str(folder)}
    given = dict(line.split("=", 1) for line in handbook.replaced(block, places).splitlines())
    client = boto3.client(
        "s3",
        endpoint_url=given["S3_ENDPOINT"],
        region_name=given["S3_REGION"],
        aws_access_key_id=_KEY,
        aws_secret_access_key=_KEY,
    )
    client.create_bucket(
        Bucket=given["EVIDENCE_BUCKET"], CreateBucketConfiguration={"LocationConstraint": given["S3_REGION"]}
    )
    return given


def _files(desk: Desk) -> int:
    return sum(each.is_file() for each in (Path(desk.variables["VAR_DIR"]) / "evidence").rglob("*"))
