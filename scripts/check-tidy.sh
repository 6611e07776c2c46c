#!/usr/bin/env bash
# Runs clang-tidy over the product's sources (not the tests) with the compile commands of the dev build. Warnings of the
# compiler are GCC's business: clang's own are off.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
build=build/dev
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! git ls-files -z --cached --others --exclude-standard -- 'src/*.cc' 'softcard/*.cc' ':!*_test.cc' ':!*/testing/*' |
  xargs -0 -r -n 4 -P "$(nproc)" clang-tidy-19 --quiet -p "$build" --extra-arg=-w >"$log" 2>/dev/null; then
  cat "$log" >&2
  exit 1
fi
echo "clang-tidy: ok"
