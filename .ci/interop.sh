#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gets foreign verifiers into a folder, without root and without touching the system: programs from the distribution's newest
# suite (over its own mirror, verified with its own keyring), JavaScript from npm and a token with ML-DSA from Rust's registry, both by
# locks beside the tests.
# usage: interop.sh FOLDER
set -euo pipefail

folder="$(mkdir -p "$1" && cd "$1" && pwd)"
here="$(cd "$(dirname "$0")/.." && pwd)"

fail() {
    echo "pipeline-guard: error: $1" >&2
    echo "pipeline-guard: hint: $2" >&2
    exit 5
}

for program in apt-get dpkg npm node openssl cargo cc perl make; do
    command -v "$program" >/dev/null 2>&1 || fail "$program is missing" \
        "make interop needs Debian or Ubuntu, Node.js 20 or newer, OpenSSL, a C compiler, perl, and cargo of Rust 1.85 or newer"
done

# the first stanza of the distribution's own sources: mirror and keyring
. /etc/os-release
case "$ID" in
    debian) suite=sid; components=main ;;
    ubuntu) suite=devel; components="main universe" ;;
    *) fail "make interop knows Debian and Ubuntu, not $ID" "run it in a container of one of them" ;;
esac
sources="/etc/apt/sources.list.d/$ID.sources"
[ -f "$sources" ] || fail "no $sources" "the sources must be in the deb822 form"
mirror="${INTEROP_MIRROR:-$(sed -n 's/^URIs: *\([^ ]*\).*/\1/p' "$sources" | head -n 1)}"
keyring="$(sed -n 's/^Signed-By: *//p' "$sources" | head -n 1)"

apt="$folder/apt"
mkdir -p "$apt/lists/partial" "$apt/cache/archives/partial" "$apt/state" "$apt/packages"
touch "$apt/state/status"
echo "deb [signed-by=$keyring] $mirror $suite $components" > "$apt/sources.list"
options=(-qq -o "Dir::State=$apt/state" -o "Dir::State::lists=$apt/lists" -o "Dir::State::status=$apt/state/status" -o "Dir::Cache=$apt/cache"
    -o "Dir::Etc::sourcelist=$apt/sources.list" -o "Dir::Etc::sourceparts=/nonexistent" -o "Acquire::Languages=none" -o "APT::Sandbox::User=$(id -un)")

if [ ! -x "$folder/usr/bin/cosign" ] || [ ! -x "$folder/usr/bin/sigstore-go-verification" ]; then
    echo "getting cosign and sigstore-go of $ID $suite ..." >&2
    apt-get "${options[@]}" update
    # the last one holds bundles and trusted roots of the public instance, as test data
    (cd "$apt/packages" && apt-get "${options[@]}" download cosign sigstore-go golang-github-sigstore-sigstore-go-dev)
    for package in "$apt"/packages/*.deb; do dpkg -x "$package" "$folder"; done
fi

if [ ! -d "$folder/npm/node_modules/@sigstore/verify" ]; then
    echo "getting @sigstore/verify ..." >&2
    mkdir -p "$folder/npm"
    cp "$here/tests/interop/package.json" "$here/tests/interop/package-lock.json" "$folder/npm/"
    # --force: it runs under Node.js 20, although it says 22; no script of a package is run
    npm ci --prefix "$folder/npm" --force --ignore-scripts --no-audit --no-fund --loglevel=error
fi

# No package of a distribution has a token with ML-DSA yet that keeps its keys in; this one brings its own OpenSSL: some minutes, once.
if [ ! -f "$folder/token/libkryoptic_module.so" ]; then
    echo "building Kryoptic ..." >&2
    "${PYTHON:-python3}" -m pip install -q --no-deps --require-hashes --target "$folder/token/clang" -r "$here/tests/interop/token/requirements.txt"
    LIBCLANG_PATH="$folder/token/clang/clang/native" BINDGEN_EXTRA_CLANG_ARGS="-I$(cc -print-file-name=include)" \
        cargo build -q --release --locked --manifest-path "$here/tests/interop/token/Cargo.toml" --target-dir "$folder/token/target"
    cp "$folder/token/target/release/libkryoptic_module.so" "$folder/token/"
    rm -rf "$folder/token/target" "$folder/token/clang"
fi
