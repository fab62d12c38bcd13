#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Installs the distribution packages that are named and missing, where it may; else says the exact command to run.
# usage: prerequisites.sh softhsm [node] [npm] [nss] [tpm] [postgresql] [rsync] [sshd] [chromium]
set -eu

softhsm_is_there() {
    [ -n "${PIPELINE_GUARD_MODULE:-}" ] && [ -f "$PIPELINE_GUARD_MODULE" ] && return 0
    for module in /usr/lib/softhsm /usr/lib/*/softhsm /usr/lib64/softhsm /usr/lib64/pkcs11 /usr/local/lib/softhsm /opt/homebrew/lib/softhsm; do
        [ -f "$module/libsofthsm2.so" ] && return 0
    done
    return 1
}

library_is_there() {
    for folder in /usr/lib /usr/lib/* /usr/lib/*/nss /usr/lib/*/pkcs11; do
        [ -f "$folder/$1" ] && return 0
    done
    return 1
}

missing=""
for wanted in "$@"; do
    case "$wanted" in
        softhsm) softhsm_is_there || missing="$missing softhsm2" ;;
        rsync) command -v rsync >/dev/null 2>&1 || missing="$missing rsync" ;; # gitlab-ci-local copies with it
        node) command -v node >/dev/null 2>&1 || missing="$missing nodejs" ;;
        npm) command -v npm >/dev/null 2>&1 || missing="$missing npm" ;;
        # two further tokens for the tests of the boundary: one that fails them, one that nobody here wrote
        nss) { library_is_there libsoftokn3.so && command -v certutil >/dev/null 2>&1; } || missing="$missing libnss3 libnss3-tools" ;;
        tpm)
            { library_is_there libtpm2_pkcs11.so && command -v swtpm >/dev/null 2>&1 && command -v pkcs11-tool >/dev/null 2>&1; } ||
                missing="$missing swtpm libtpm2-pkcs11-1 libtss2-tcti-swtpm0 opensc"
            ;;
        # a real server for the tests of the store; Debian keeps its programs outside PATH
        postgresql) command -v initdb >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || missing="$missing postgresql" ;;
        # a real server for the tests of SSH certificates; started by tests alone, as themselves
        sshd) { [ -x /usr/sbin/sshd ] || command -v sshd >/dev/null 2>&1; } || missing="$missing openssh-server openssh-client" ;;
        # a browser for the tests of the HTML report; a snap (Ubuntu) cannot read a test's folder, hence Chrome too
        chromium) command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="$missing chromium" ;;
        *) echo "prerequisites: unknown component $wanted" >&2; exit 2 ;;
    esac
done
[ -n "$missing" ] || exit 0

command="apt-get install -y --no-install-recommends$missing"
if ! command -v apt-get >/dev/null 2>&1; then
    echo "pipeline-guard: error: missing:$missing" >&2
    echo "pipeline-guard: hint: install it with this system's package manager (SoftHSM 2.6 or newer)" >&2
    exit 5
fi
if [ "$(id -u)" = 0 ]; then
    as_root=""
elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
    as_root="sudo -n"
else
    echo "pipeline-guard: error: missing:$missing" >&2
    echo "pipeline-guard: hint: sudo $command" >&2
    exit 5
fi
echo "installing$missing ..." >&2
# Two checkouts may do this at the same moment: they queue for the folder of apt's state.
export DEBIAN_FRONTEND=noninteractive
# shellcheck disable=SC2086
$as_root flock -w 600 /var/lib/apt sh -c "$command -qq >/dev/null 2>&1 || { apt-get update -qq && $command -qq >/dev/null; }" || {
    echo "pipeline-guard: error: could not install:$missing" >&2
    echo "pipeline-guard: hint: sudo apt-get update && sudo $command" >&2
    exit 5
}
