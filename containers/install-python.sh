#!/bin/sh
# Runs in the build stage: installs the locked wheels into /opt/genocohort/lib, without a network.
set -eu
python3 -m venv /build/venv
/build/venv/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /build/wheels \
  --require-hashes --no-deps --no-compile --target /opt/genocohort/lib -r /build/wheels.txt
cd /opt/genocohort/lib
# What no step reads: the packages' own tests and sources, and Arrow's network service.
find . -type d -name tests -prune -exec rm -rf {} +
find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.hpp' \
  -o -name '*.a' -o -name 'libarrow_flight*' -o -name '_flight*.so' \) -delete
rm -rf bin
mkdir -p /opt/genocohort/bin
install -m 755 /build/genocohort.sh /opt/genocohort/bin/genocohort
# Compiled here, since the root of a running container is read-only; checked by no times, so that
# the same sources give the same bytes.
python3 -m compileall -q --invalidation-mode unchecked-hash /opt/genocohort/lib /opt/genocohort/workflow
chmod -R u=rwX,g=rX,o=rX /opt/genocohort
