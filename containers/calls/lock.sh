#!/usr/bin/env bash
# Writes packages.lock: the Debian packages that hold the image's programs and the libraries those
# load. On Debian 12, amd64, with bcftools installed and `apt-get update` done:
#   bash containers/calls/lock.sh > containers/calls/packages.lock
# A point release of Debian replaces packages in its mirrors: then lock again, or name
# https://snapshot.debian.org/archive/debian/DATE as the mirror when building.
set -euo pipefail

read -ra programs < <(sed -n 's/^ENV PROGRAMS="\(.*\)"$/\1/p' "$(dirname "$0")/Containerfile")

for program in "${programs[@]}"; do
  path=$(command -v "$program")
  echo "$path"
  ldd "$path" | grep -o '/[^ ]*'
done | sort -u | while read -r file; do
  # dpkg knows a file by the folder it was packed in, on either side of the merge of / and /usr.
  found=$(dpkg -S "$file" "/usr$file" "${file#/usr}" 2>/dev/null || true)
  [[ $found ]] || { echo "no package holds $file" >&2; exit 1; }
  echo "${found%%:*}"
done | sort -u | while read -r package; do
  apt-cache show "$package" | awk -v RS= -v package="$package" '
    {
      split("", field)
      n = split($0, lines, "\n")
      for (i = 1; i <= n; i++)
        if (match(lines[i], /^[A-Za-z0-9-]+: /))
          field[substr(lines[i], 1, RLENGTH - 2)] = substr(lines[i], RLENGTH + 1)
      # The main archive alone: security updates come into it with each point release.
      if (!found && field["Filename"] ~ /^pool\/main\//) {
        print field["Filename"], field["Size"], field["SHA256"]
        found = 1
      }
    }
    END { if (!found) { print package " is not in the main archive" > "/dev/stderr"; exit 1 } }'
done | {
  echo "# Written by lock.sh: path in a Debian mirror, size, sha256."
  LC_ALL=C sort
}
