"""One small package is fetched before all the others: whether they can be reached is known in seconds.

Run by `make up` with the new environment's Python, whose pip has the settings that matter: index, proxy, certificates.
"""

import re
import subprocess
import sys
import tempfile

SAMPLE = "cronsim"
CAUSES = [
    (
        r"SOCKS support",
        "A SOCKS proxy is set, and pip speaks to HTTP proxies only before more is installed: set HTTPS_PROXY to an HTTP"
        " proxy, such as http://HOST:PORT, and unset ALL_PROXY.",
    ),
    (
        r"407|ProxyError|Cannot connect to proxy|tunnel connection failed",
        "A proxy is in the way and does not let packages through: set HTTPS_PROXY to yours, such as"
        " http://USER:PASSWORD@HOST:PORT.",
    ),
    (
        r"CERTIFICATE_VERIFY_FAILED|SSLError|certificate verify failed|SSL:",
        "Something between here and the packages shows a certificate that is not known here, as companies' proxies do:"
        " set PIP_CERT to the file with its certificate.",
    ),
    (
        r"DO NOT MATCH THE HASHES",
        "A package is not the one that was locked: something between here and the packages changes them, or an index of"
        " its own has another. Set PIP_INDEX_URL to an index that has the published files.",
    ),
    (
        r"NewConnectionError|NameResolution|Name or service not known|timed out|Timeout|Network is unreachable|refused",
        "The packages can't be reached from here. Is there a network? Behind a proxy, set HTTPS_PROXY=http://HOST:PORT;"
        " with an index of your own, PIP_INDEX_URL.",
    ),
    (r"No space left on device|Errno 28", "The disk is full: make room."),
]


def locked(name, text):
    """The requirement of this name with its hashes, as the lock has it."""
    found = re.search(rf"^{name}==.*\n(?:    --hash=.*\n)+", text, re.MULTILINE)
    assert found, f"{name} is not in the lock"
    return found.group()


def reason(said):
    """What to do, by what pip said."""
    for pattern, what_to_do in CAUSES:
        if re.search(pattern, said):
            return what_to_do
    return "The packages could not be fetched."


def telling(said):
    """The line with the cause, else the last one."""
    lines = said.strip().splitlines()
    return next((line for line in lines if any(re.search(pattern, line) for pattern, _ in CAUSES)), lines[-1])


def fetch(requirement):
    """What pip says when it can't fetch it; an empty text when it can."""
    with tempfile.TemporaryDirectory() as folder:
        with open(folder + "/one.txt", "w") as file:
            file.write(requirement)
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check", "--no-deps"]
        command += ["--timeout", "8", "--retries", "1", "--require-hashes", "-r", file.name, "-d", folder]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr


def main():
    """Exit 1 with what to do when the packages can't be fetched."""
    with open("requirements.lock") as lock:
        said = fetch(locked(SAMPLE, lock.read()))
    if said:
        print(reason(said), f"pip said: {telling(said)}", sep="\n", file=sys.stderr)
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
