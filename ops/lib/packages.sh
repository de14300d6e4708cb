# shellcheck shell=bash
# Debian packages and the Swift toolchain; sourced, not run.

# Ends the script with one sentence and the code for "a service it needs is missing".
need() {
    echo "$(basename "$0"): $1" >&2
    exit 69
}

# Swift builds everything and no Debian package of it is new enough.
need_swift() {
    command -v swift >/dev/null 2>&1 ||
        need "Swift 6.2 or later is not on the PATH; install it from swift.org/install and run this again."
    # Asked from where no project can interfere, and kept in a variable: a pipe would hide its end.
    local version
    version=$(cd / && swift --version 2>/dev/null) || need "'swift --version' fails; reinstall Swift."
    version=$(sed -n 's/.*Swift version \([0-9]*\.[0-9]*\).*/\1/p' <<<"$version" | head -n 1)
    [ "$(printf '%s\n' 6.2 "$version" | sort -V | head -n 1)" = 6.2 ] ||
        need "Swift $version is too old; install 6.2 or later from swift.org/install."
}

# Installs those of the named Debian packages that are missing; the package lists are fetched only
# if a package is not known without them.
need_packages() {
    local missing=() package as_root=()
    for package in "$@"; do
        dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
            missing+=("$package")
    done
    [ ${#missing[@]} -gt 0 ] || return 0
    command -v apt-get >/dev/null 2>&1 ||
        need "This is no Debian; install what these packages hold, then run this again: ${missing[*]}."
    if [ "$(id -u)" != 0 ]; then
        command -v sudo >/dev/null 2>&1 ||
            need "As root run 'apt-get install ${missing[*]}', then this again."
        as_root=(sudo)
    fi
    echo "Installing ${missing[*]}"
    local install=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq
        --no-install-recommends "${missing[@]}")
    "${install[@]}" >/dev/null 2>&1 || {
        "${as_root[@]}" apt-get update -qq || need "apt-get update fails; is there a network?"
        "${install[@]}" >/dev/null || need "apt-get cannot install ${missing[*]}; see above."
    }
}

# The program links these; PostgreSQL is started privately, under a directory of ours.
# shellcheck disable=SC2034  # read by the scripts that source this one
readonly BUILD_PACKAGES=(libpq-dev libcurl4-openssl-dev libssl-dev pkg-config postgresql-15 ca-certificates tzdata xlsx2csv)
# shellcheck disable=SC2034
readonly TEST_PACKAGES=(python3 shellcheck)

# Real browsers for Tests/Browser; Playwright's own are never downloaded.
# shellcheck disable=SC2034
readonly BROWSER_PACKAGES=(
    chromium webkit2gtk-driver xvfb python3-venv fonts-dejavu-core fonts-noto-color-emoji)

# Prints the name of a Python that drives browsers, in a virtual environment made once and filled
# anew when the requirements change.
python_with_browsers() {
    local place=.venv
    [ -x "$place/bin/python" ] || python3 -m venv "$place" >&2 ||
        need "Python cannot make a virtual environment; see above."
    cmp -s Tests/Browser/requirements.txt "$place/requirements.txt" || {
        "$place/bin/pip" install -q -r Tests/Browser/requirements.txt >&2 ||
            need "pip cannot install Tests/Browser/requirements.txt; is there a network?"
        cp Tests/Browser/requirements.txt "$place/requirements.txt"
    }
    echo "$PWD/$place/bin/python"
}

# Prints the name of a Python that knows pytest; Debian's own is taken if no other does.
python_with_pytest() {
    local python
    for python in python3 /usr/bin/python3; do
        if "$python" -c 'import pytest' >/dev/null 2>&1; then
            echo "$python"
            return 0
        fi
    done
    need_packages python3-pytest >&2
    echo /usr/bin/python3
}

# `swift build` and `swift test` without the one warning that is not ours.
without_known_warning() {
    grep -v -e "'swift-distributed-tracing': found 1 file(s) which are unhandled" \
        -e '/swift-distributed-tracing/Sources/.*/CMakeLists.txt$' || true
}
