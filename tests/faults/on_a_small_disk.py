"""`python -m tests.faults.on_a_small_disk FOLDER`: PostgreSQL on a small file system of its own, told by lines.

`fill` takes all room, so that its next write needs a file that can't be made; `room` gives the room back. What it says
is one line for each, and one at the beginning; a server that ends is started again. It ends with its input.
"""

import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import psycopg

from soak.servers import PostgreSQL
from soak.small_disk import own_mounts


def _wait(server: PostgreSQL, database: str) -> None:
    """Until one can connect to it."""
    ends = time.monotonic() + 30
    while time.monotonic() < ends:
        with suppress(psycopg.Error):
            server.answers(database)
            return
        time.sleep(0.02)


def main() -> None:
    """Serve until nobody has anything to say."""
    if not own_mounts():
        print("not allowed", flush=True)
        return
    server, over = PostgreSQL(Path(sys.argv[1]), on_a_small_disk=True), threading.Event()
    assert server.disk is not None
    running = [subprocess.Popen(server.command, user=server.user, stderr=subprocess.DEVNULL)]

    def keep_running() -> None:
        while not over.wait(0.1):
            if running[-1].poll() is not None:
                running.append(subprocess.Popen(server.command, user=server.user, stderr=subprocess.DEVNULL))

    watching = threading.Thread(target=keep_running)
    watching.start()
    _wait(server, "postgres")
    server.create_database()
    print("up", flush=True)
    for line in sys.stdin:
        if line.strip() == "fill":
            with suppress(psycopg.Error):
                server.begin_a_new_log_file()
            print(server.disk.fill(), flush=True)
        else:
            server.disk.make_room()
            _wait(server, "desk")
            print(len(running), flush=True)
    over.set()
    watching.join()
    running[-1].terminate()
    running[-1].wait(20)


if __name__ == "__main__":
    main()
