# shellcheck shell=bash
# Everything the other scripts need on a fresh Debian 12 or 13: system packages and a virtual environment.
# To be sourced; the caller has `set -euo pipefail`. Sets PROJECT_ROOT, PROJECT_CACHE and, by setup_everything, VENV.
# Silent and quick when everything is there already.

PROJECT_ROOT="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
PROJECT_CACHE="${XDG_CACHE_HOME:-${HOME:?HOME is not set}/.cache}/kernel-bypass-sriov"
LOCK_FILE="$PROJECT_ROOT/tests/requirements.txt"
APT_PACKAGES=(
    qemu-system-x86 qemu-utils      # the lab's virtual machines and their disks
    mmdebstrap fakeroot uidmap      # builds the guest's image, without root
    e2fsprogs                       # mke2fs -d: a file system from a directory
    gcc libc6-dev                   # compiles the shim that gives QEMU the emulated 82599
    openssh-client python3-venv git
)
# The first QEMU with -device igb.
QEMU_MINIMUM=8

say() { printf '==> %s\n' "$*" >&2; }
die() {
    printf 'error: %s\n' "$*" >&2
    exit 1
}

# --- System packages ---------------------------------------------------------------------------------------------

debian_codename() {
    (
        # shellcheck source=/dev/null
        . /etc/os-release 2>/dev/null || true
        case "${ID:-}:${VERSION_ID:-}" in
            debian:12 | debian:13) echo "$VERSION_CODENAME" ;;
            *) die "this works on Debian 12 and 13 only; this is ${PRETTY_NAME:-an unknown system}" ;;
        esac
    )
}

as_root() {
    if [[ $EUID -eq 0 ]]; then "$@"; else sudo "$@"; fi
}

require_root() {
    if [[ $EUID -eq 0 ]]; then return; fi
    command -v sudo >/dev/null || die "packages must be installed: run this as root, or install sudo"
    # Asks for the password here, where it is seen.
    sudo --validate || die "packages must be installed, and sudo does not let $(id -un) do it: run this as root"
}

installed() {
    dpkg-query --show --showformat='${Package} ${db:Status-Status}\n' "$@" 2>/dev/null | sed -n 's/ installed$//p'
}

missing_packages() {
    comm -23 <(printf '%s\n' "$@" | sort) <(installed "$@" | sort)
}

qemu_major() {
    { qemu-system-x86_64 --version 2>/dev/null || true; } | sed -n '1s/.*version \([0-9]*\).*/\1/p'
}

qemu_is_new_enough() {
    local major
    major="$(qemu_major)"
    [[ -n $major && $major -ge $QEMU_MINIMUM ]]
}

# One line each: where a configured repository is, its suite, component, and the file that names it.
apt_repositories() {
    apt-get indextargets --format "\$(REPO_URI) \$(RELEASE) \$(COMPONENT) \$(SOURCESENTRY)" 'Created-By: Packages' | sort -u
}

# The key of a source file, in either of apt's two formats; Debian's own when it names no file.
apt_keyring() {
    local keyring
    keyring="$(sed -n 's/^[^#]*signed-by *[:=] *\(\/[^],[:space:]]*\).*/\1/Ip' "$1" | head -n 1)"
    echo "${keyring:-/usr/share/keyrings/debian-archive-keyring.gpg}"
}

# Debian 12 has QEMU 7.2; its backports lie beside it on the same mirror, signed with the same key.
add_backports() {
    local codename=$1 repositories uri components entry target=/etc/apt/sources.list.d/kernel-bypass-sriov-backports.sources
    repositories="$(apt_repositories)"
    if grep -q " $codename-backports main " <<<"$repositories"; then return; fi
    entry="$(awk -v suite="$codename" '$2 == suite && $3 == "main" { print $1, $4; exit }' <<<"$repositories")"
    [[ -n $entry ]] || die "no apt source for Debian $codename found: cannot tell where $codename-backports is"
    uri="${entry%% *}"
    components="$(awk -v uri="$uri" -v suite="$codename" '$1 == uri && $2 == suite { print $3 }' <<<"$repositories" | xargs)"
    say "adding $codename-backports to apt, for QEMU >= $QEMU_MINIMUM: $target"
    as_root tee "$target" >/dev/null <<EOF
# Written by scripts/setup of kernel_bypass.sriov: QEMU >= $QEMU_MINIMUM for its test machines. May be removed.
Types: deb
URIs: $uri
Suites: $codename-backports
Components: $components
Signed-By: $(apt_keyring "$(sed 's/^[^ ]* //; s/:[0-9]*$//' <<<"$entry")")
EOF
    apt_get update
}

# apt's own words go to a file: on success nobody needs them, on failure its errors are shown.
apt_get() {
    local log="$PROJECT_CACHE/apt.log" summary
    if as_root env DEBIAN_FRONTEND=noninteractive apt-get --yes --quiet -o DPkg::Lock::Timeout=300 "$@" >"$log" 2>&1; then
        # A repository that cannot be reached is only a warning to `apt-get update`.
        if [[ $1 != update ]] || ! grep -qE '^(Err:|W: Failed to fetch)' "$log"; then return; fi
        say "apt-get update: not every repository answered, going on with the others"
    else
        summary="$(sed -n 's/^E: //p' "$log" | head -n 3 | paste -sd ';' | cut -c 1-400)"
        die "apt-get $1 failed: ${summary:-see $log} (all of it: $log)"
    fi
}

install_packages() {
    local codename=$1
    shift
    local -a missing
    mapfile -t missing < <(missing_packages "$@")
    # dpkg-query's answer alone would let a QEMU that is too old pass.
    if [[ ${#missing[@]} -eq 0 ]] && qemu_is_new_enough; then return; fi

    require_root
    say "refreshing apt's package lists"
    apt_get update
    [[ -n $(apt_repositories) ]] || die "no apt repository answered: is there a network? ($PROJECT_CACHE/apt.log)"
    if ! qemu_is_new_enough && [[ $codename == bookworm ]]; then
        add_backports "$codename"
        say "installing QEMU from $codename-backports"
        apt_get install --no-install-recommends --target-release "$codename-backports" qemu-system-x86 qemu-utils
        mapfile -t missing < <(missing_packages "$@")
    fi
    if [[ ${#missing[@]} -gt 0 ]]; then
        say "installing ${missing[*]}"
        apt_get install --no-install-recommends "${missing[@]}"
    fi
    qemu_is_new_enough || die "QEMU >= $QEMU_MINIMUM is needed; this machine has $(qemu-system-x86_64 --version 2>&1 | head -n 1)"
}

# --- Virtual environment -----------------------------------------------------------------------------------------

# Asked by running it: a name on the PATH may be a version manager's stand-in for a Python that is not there.
# The upper limit is ansible-core 2.19's.
is_fit_python() {
    "$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' 2>/dev/null
}

newest_python() {
    local name
    for name in python3.13 python3.12 python3.11 python3; do
        if is_fit_python "$name"; then
            command -v "$name"
            return
        fi
    done
    die "no Python 3.11, 3.12 or 3.13 with venv found (tried python3.13 python3.12 python3.11 python3)"
}

# A new lock or another Python is another directory: nothing is ever updated in place.
venv_path() {
    local hash
    hash="$({
        cat "$LOCK_FILE"
        "$1" -c 'import sys; print(sys.base_prefix, sys.version)'
    } | sha256sum | cut -c 1-16)"
    echo "$PROJECT_CACHE/venv-$hash"
}

# Programs in a virtual environment name its path, so one cannot be built aside and renamed. What gets its name in one
# step is a symbolic link to the finished directory: an interrupted build is never used.
build_venv() {
    local python=$1 venv=$2 log="$PROJECT_CACHE/pip.log" build started=$SECONDS
    # Left behind by an interrupted build; the caller holds the lock, so nobody is at work there.
    rm -rf "$venv".*
    build="$(mktemp -d "$venv.XXXXXX")"
    say "creating a virtual environment: $("$python" --version), $(grep -c '^[a-z].*==' "$LOCK_FILE") locked packages"
    "$python" -m venv "$build" >"$log" 2>&1 || die "python -m venv failed: $(tail -n 1 "$log")"
    "$build/bin/pip" --disable-pip-version-check --no-input install --require-hashes --progress-bar off \
        --requirement "$LOCK_FILE" >"$log" 2>&1 ||
        die "pip failed: $(grep -m 1 '^ERROR' "$log" || tail -n 1 "$log") (all of it: $log)"
    ln -sfn "${build##*/}" "$venv"
    say "virtual environment ready after $((SECONDS - started)) s: $venv"
}

setup_venv() {
    local python
    python="$(newest_python)"
    VENV="$(venv_path "$python")"
    if [[ -x $VENV/bin/python ]]; then return; fi
    (
        flock 9
        # Another run may have built it while this one waited.
        if [[ ! -x $VENV/bin/python ]]; then build_venv "$python" "$VENV"; fi
    ) 9>"$PROJECT_CACHE/venv.lock"
}

# setup_everything [PACKAGE]...: also installs these packages.
setup_everything() {
    local codename
    codename="$(debian_codename)"
    mkdir -p "$PROJECT_CACHE" || die "cannot create $PROJECT_CACHE"
    install_packages "$codename" "${APT_PACKAGES[@]}" "$@"
    setup_venv
    export PATH="$VENV/bin:$PATH"
}
