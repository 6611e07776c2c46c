#!/usr/bin/env bash
# Makes build/sysroot-arm64: a Debian 12 arm64 root with the libraries the product links with. Does nothing when it is there.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
sysroot=$root/build/sysroot-arm64
[[ -e $sysroot/.complete ]] && exit 0
rm -rf "$sysroot"
mkdir -p "$root/build"
libraries=libstdc++-12-dev,libc6-dev,libboost1.81-dev,nlohmann-json3-dev,libcli11-dev,libspdlog-dev,libcurl4-openssl-dev
libraries+=,libssl-dev,libpcre2-dev,libgtest-dev,libgmock-dev,libbenchmark-dev,zlib1g-dev,libzstd-dev
echo "Making the arm64 sysroot ..."
mmdebstrap --quiet --architectures=arm64 --variant=extract --include="$libraries" bookworm "$sysroot"
# Absolute links inside the root would point at the host.
find "$sysroot/usr/lib" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
  ln -snf "$sysroot$(readlink "$link")" "$link"
done
# Emulated programs look here first: they are to find the machine's own devices, as a new terminal is made by one of them.
rm -rf "$sysroot/dev"
touch "$sysroot/.complete"
