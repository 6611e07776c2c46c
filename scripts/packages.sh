# Sourced by ./run and ./test: which Debian packages each needs, and how to install what is missing.
# Reasons stand in docs/dependencies.md.

build_packages=(
  ca-certificates g++ make cmake ninja-build ccache pkg-config
  libboost1.81-dev nlohmann-json3-dev libcli11-dev libspdlog-dev
  libcurl4-openssl-dev libssl-dev libpcre2-dev zlib1g-dev libzstd-dev
)
cross_packages=(mmdebstrap g++-aarch64-linux-gnu qemu-user-static)
test_packages=(
  curl docker-registry libgtest-dev libgmock-dev libbenchmark-dev clang-format-19 clang-tidy-19 python3-numpy
)
# Newer packages of Node.js than Debian's own bring npm with them.
command -v npm >/dev/null || test_packages+=(nodejs npm)

# Installs those of the named packages that are missing; says so first; does nothing when all are there.
install_packages() {
  local missing=() package
  for package in "$@"; do
    dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done
  ((${#missing[@]} == 0)) && return 0

  local as_root=()
  if ((EUID != 0)); then
    command -v sudo >/dev/null || {
      echo "These Debian packages are needed: ${missing[*]}. Install them as root, or install sudo." >&2
      return 1
    }
    as_root=(sudo)
  fi
  # Of the registry only the program is wanted: a masked service is not started by its installation.
  if [[ " ${missing[*]} " == *" docker-registry "* ]]; then
    "${as_root[@]}" mkdir -p /etc/systemd/system
    "${as_root[@]}" ln -sf /dev/null /etc/systemd/system/docker-registry.service
  fi
  echo "Installing with apt: ${missing[*]}"
  "${as_root[@]}" apt-get update -qq
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
