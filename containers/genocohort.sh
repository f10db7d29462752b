#!/bin/sh
exec python3 -m genocohort.cli "$@"
