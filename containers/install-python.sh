#!/bin/sh
# Runs in the build stages, without a network. `common` and `lib` install the wheels of a folder by
# their hashes; `sources` puts genocohort beside them. Each is a layer of its own, which stays as it
# is when the later ones change.
set -eu
part="$1"
case "$part" in
common | lib)
  python3 -m venv /build/venv
  /build/venv/bin/pip install --quiet --disable-pip-version-check --no-index --no-deps --no-compile \
    --require-hashes --find-links "/build/$part" --target "/opt/genocohort/$part" \
    --requirement "/build/$part/hashes.txt"
  cd "/opt/genocohort/$part"
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
  python3 /build/check-modules.py .
  ;;
esac
# Compiled here, since the root of a running container is read-only; no times are recorded, so that
# the same sources give the same bytes.
python3 -m compileall -q --invalidation-mode unchecked-hash .
chmod -R u=rwX,g=rX,o=rX /opt/genocohort
