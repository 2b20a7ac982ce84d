#!/bin/sh
# No Python was found that can look at this machine: what to do. With an argument, that one was chosen.
if [ -n "$1" ]; then
    "$1" -c '' 2>/dev/null && wrong="$1 is too old." || wrong="There is no $1 here that starts."
    echo "$wrong Without PYTHON=…, make takes the newest of 3.11, 3.12, 3.13 and 3.14 on the PATH." >&2
    exit 1
fi
for loader in /lib/ld-musl-*; do
    if [ -e "$loader" ]; then
        echo "This Linux has musl, not glibc, as Alpine does, and some packages are not made for it. Take a Debian." >&2
        exit 1
    fi
done

root=
if [ "$(id -u)" != 0 ]; then
    command -v sudo >/dev/null 2>&1 && root="sudo " || root="as root: "
fi
first=
command -v apt-cache >/dev/null 2>&1 && ! apt-cache show python3 >/dev/null 2>&1 && first="apt update && $root"
for one in "apt-get:$root${first}apt install python3 python3-venv" "dnf:${root}dnf install python3.12" \
    "zypper:${root}zypper install python313" "pacman:${root}pacman -S python" "brew:brew install python@3.13"; do
    if command -v "${one%%:*}" >/dev/null 2>&1; then
        how=${one#*:}
        break
    fi
done
[ -z "$how" ] && [ "$(uname -s)" = Darwin ] && how="install Homebrew (https://brew.sh), then: brew install python@3.13"
how=${how:-see the package manager of this system}
echo "There is no Python here, or a very old one. Escrow Desk needs 3.11, 3.12, 3.13 or 3.14. Install one: $how" >&2
exit 1
