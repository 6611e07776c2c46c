#!/usr/bin/env bash
# Fails when a tracked or new C++ file is not formatted as .clang-format says.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
git ls-files -z --cached --others --exclude-standard -- '*.h' '*.cc' |
  xargs -0 -r -n 40 clang-format-19 --dry-run --Werror
echo "clang-format: ok"
