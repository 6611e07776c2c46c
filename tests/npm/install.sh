#!/usr/bin/env bash
# Installs the packages of a folder's package-lock.json: install.sh SOURCE FOLDER puts node_modules into FOLDER, in the
# versions of SOURCE's lock file, when they are not there yet.
set -euo pipefail
source=$(cd "$1" && pwd)
mkdir -p "$2"
cd "$2"
cmp -s "$source/package-lock.json" installed.json && exit 0
rm -f installed.json
cp "$source/package.json" "$source/package-lock.json" .
npm ci --silent --no-audit --no-fund
cp "$source/package-lock.json" installed.json
