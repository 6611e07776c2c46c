#!/usr/bin/env bash
# Lets an independent validator judge what constraints allow: run.sh FOLDER SAMPLE_SCHEMAS... (the program and its
# arguments). The validator's packages are installed into FOLDER, in the versions of package-lock.json, when they are not
# there yet.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
mkdir -p "$1"
cd "$1"
shift
if ! cmp -s "$here/package-lock.json" installed.json; then
  rm -f installed.json
  cp "$here/package.json" "$here/package-lock.json" .
  npm ci --silent --no-audit --no-fund
  cp "$here/package-lock.json" installed.json
fi
"$@" >samples.jsonl
exec node "$here/validate.mjs" samples.jsonl
