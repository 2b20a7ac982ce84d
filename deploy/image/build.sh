#!/bin/sh
# Installs the desk into /opt/escrow-desk from the sources in this folder: the step of the Containerfile that builds,
# and of tools/clean_root.py. Every release comes with the hash that the lock names.
set -eu
python3 -m venv /tmp/build /opt/escrow-desk
pip="python -m pip --quiet --disable-pip-version-check --no-cache-dir"
grep -A200 '^setuptools==' requirements.lock | sed '1b;/^[a-z]/,$d' > /tmp/build/setuptools.lock
/tmp/build/bin/$pip install --require-hashes -r /tmp/build/setuptools.lock
/tmp/build/bin/$pip wheel --no-deps --no-build-isolation --wheel-dir /tmp/build/wheels .
/opt/escrow-desk/bin/$pip install --require-hashes -r deploy/image/requirements.lock
/opt/escrow-desk/bin/$pip install --no-deps /tmp/build/wheels/*.whl
# What runs needs no installer: nothing is added to it later.
/opt/escrow-desk/bin/$pip uninstall --yes pip
/opt/escrow-desk/bin/python -m compileall -q /opt/escrow-desk/lib
install -m 755 deploy/image/desk-probe /opt/escrow-desk/bin/desk-probe
