# shellcheck shell=bash
# The system packages of the tests and their installation on Debian, to be sourced after common.sh.

# Prints the folder of PostgreSQL's programs, of the newest version if there are several. On Debian they are not on the PATH.
postgres_bin() {
  local found
  found=$(find /usr/lib/postgresql -path '*/bin/postgres' 2>/dev/null | sort -V | tail -n 1)
  [ -n "$found" ] || found=$(command -v postgres) || return 1
  dirname "$found"
}

# The library that fakes a process's clock. Debian has a folder for each architecture.
has_faketime() { compgen -G '/usr/lib/*/faketime/libfaketimeMT.so.1' >/dev/null; }

# The pages' styles name this font. With the widths of another font, tests of narrow windows would fail.
has_noto() { [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name 'NotoSansBengali-Regular.*' -print -quit 2>/dev/null)" ]; }

# On Debian only root has nginx on the PATH.
has_nginx() { have nginx || [ -x /usr/sbin/nginx ]; }

can_make_venvs() { have python3 && python3 -c 'import ensurepip, venv' 2>/dev/null; }

# Prints the missing Debian packages, one a line.
missing_packages() {
  have cc || printf 'gcc\nlibc6-dev\n'
  have redis-server || echo redis-server
  postgres_bin >/dev/null || echo postgresql
  have chromium || echo chromium
  have chromedriver || echo chromium-driver
  have firefox-esr || echo firefox-esr
  have WebKitWebDriver || echo webkit2gtk-driver
  have Xvfb || echo xvfb
  has_noto || echo fonts-noto-core
  have node || echo nodejs
  have npm || echo npm
  have python3 || echo python3
  can_make_venvs || echo python3-venv
  have setpriv || echo util-linux
  has_faketime || echo libfaketime
  has_nginx || echo nginx-light
  have openssl || echo openssl
}

check_versions() {
  have cargo || die 'no Rust toolchain here: install one as https://rustup.rs says'
  local major
  major=$(node -p 'process.versions.node.split(".")[0]')
  [ "$major" -ge 18 ] || die "node $major is too old: 18 or newer is needed"
}

# Installs missing packages as root, and otherwise lists them.
ensure_packages() {
  local missing
  mapfile -t missing < <(missing_packages)
  if [ "${#missing[@]}" -gt 0 ]; then
    if ! is_root || ! have apt-get; then
      die "install these first: ${missing[*]} (on Debian: sudo apt-get install ${missing[*]})"
    fi
    say "installing ${missing[*]}"
    apt-get update -qq
    # RUNLEVEL=1 prevents system services from starting, since the tests start their own servers.
    RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}"
    mapfile -t missing < <(missing_packages)
    [ "${#missing[@]}" -eq 0 ] || die "still missing after the installation: ${missing[*]}"
  fi
  check_versions
}

# install_npm FROM TO: installs the packages of FROM/package.json, as pinned by its lock file, into TO/node_modules.
install_npm() {
  mkdir -p "$2"
  cp "$1/package.json" "$1/package-lock.json" "$2"
  npm ci --prefix "$2" --ignore-scripts --no-audit --no-fund --loglevel error ||
    die "the packages of $1 could not be installed: npm has to reach its registry once"
}

# Firefox's driver, for which Debian has no package: built once and kept beside cargo's output.
geckodriver_version=0.37.1
ensure_geckodriver() {
  if [ -z "${ORDERBELL_TEST_GECKODRIVER:-}" ]; then
    # Without optimization, it builds in a third of the time and is fast enough.
    CARGO_TARGET_DIR=$1/engines/build cargo install --quiet --locked --debug --version "$geckodriver_version" --root "$1/engines" geckodriver ||
      die 'geckodriver could not be built: cargo has to reach crates.io once'
    rm -rf "$1/engines/build"
    export ORDERBELL_TEST_GECKODRIVER=$1/engines/bin/geckodriver
  fi
}
