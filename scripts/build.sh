#!/usr/bin/env bash
# Configures and builds one preset: scripts/build.sh PRESET [target...]
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
preset=$1
shift
cd "$root"
# Objects are the same wherever the build folder lies and whatever language the compiler's messages are in.
export CCACHE_NOHASHDIR=1 CCACHE_BASEDIR="$root" CCACHE_SLOPPINESS=locale
echo "Building ($preset) ..."
cmake --preset "$preset" --log-level=WARNING >/dev/null
targets=()
for target in "$@"; do targets+=(--target "$target"); done
cmake --build --preset "$preset" "${targets[@]}"
