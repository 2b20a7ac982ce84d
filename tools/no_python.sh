#!/bin/sh
# There is no Python at all: how to get one on this machine.
for one in "apt-get:sudo apt install python3 python3-venv" "dnf:sudo dnf install python3" \
    "zypper:sudo zypper install python313" "pacman:sudo pacman -S python" "brew:brew install python@3.13"; do
    if command -v "${one%%:*}" >/dev/null 2>&1; then
        how=${one#*:}
        break
    fi
done
echo "There is no Python here. Escrow Desk needs 3.11, 3.12, 3.13 or 3.14. Install one: ${how:-see the package manager of this system}" >&2
exit 1
