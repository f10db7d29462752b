#!/bin/sh
# Runs in the build stage, without a network: first the packages, whose layer then stays as it is
# when only the sources change, then the sources.
set -eu
case "$1" in
packages)
  python3 -m venv /build/venv
  /build/venv/bin/pip install --quiet --disable-pip-version-check --no-index --find-links /build/wheels \
    --require-hashes --no-deps --no-compile --target /opt/genocohort/lib -r /build/wheels.txt
  cd /opt/genocohort/lib
  # What no step reads: the packages' own tests and sources, and Arrow's network service.
  find . -type d -name tests -prune -exec rm -rf {} +
  find . -type f \( -name '*.pyi' -o -name '*.pyx' -o -name '*.pxd' -o -name '*.h' -o -name '*.hpp' \
    -o -name '*.a' -o -name 'libarrow_flight*' -o -name '_flight*.so' \) -delete
  rm -rf bin
  ;;
sources)
  mkdir -p /opt/genocohort/bin
  install -m 755 /build/genocohort.sh /opt/genocohort/bin/genocohort
  cd /opt/genocohort/workflow
  ;;
esac
# Compiled here, since the root of a running container is read-only; no times are recorded, so that
# the same sources give the same bytes.
python3 -m compileall -q --invalidation-mode unchecked-hash .
chmod -R u=rwX,g=rX,o=rX /opt/genocohort
