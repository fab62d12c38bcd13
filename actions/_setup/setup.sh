#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the command ready and prints the folder it lies in: the locked wheels, each checked against its hash, beside the
# code of this very checkout. Nothing is built and nothing of ours is downloaded. A second call finds what the first made.
# usage: setup.sh [VERB]   what VERB needs and no more; without one, what the verbs need that need no token
# Reads RUNNER_TEMP (the job's own folder), RUNNER_TOOL_CACHE (wheels are kept there, where it is set)
# and HSM (true or false: SoftHSM and the requirements of a token are needed in any case).
set -euo pipefail

fail() {
    printf 'pipeline-guard: error: %s\npipeline-guard: hint: %s\n' "$1" "$2" >&2
    exit 2
}

case "${RUNNER_OS:-}:${OSTYPE:-}" in
    Windows:* | *:msys* | *:cygwin* | *:win32*) fail "pipeline-guard does not run on Windows runners" "use ubuntu-24.04, ubuntu-24.04-arm or macos-15" ;;
esac
[ -d "${RUNNER_TEMP:-}" ] || fail "RUNNER_TEMP names no folder" "set it to a folder that only this job can write"
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)

found=""
for python in python3 python3.14 python3.13 python3.12 python3.11; do
    python=$(command -v "$python") || continue
    found="$python"
    "$python" -I -S -c 'import sys; sys.exit(sys.version_info < (3, 11))' && break
    python=""
done
[ -n "$found" ] || fail "no python3 here" "run actions/setup-python first, or use an image with Python 3.11 or newer"
[ -n "$python" ] || fail "Python 3.11 or newer is needed" "run actions/setup-python first, or use another image"

hsm="${HSM:-false}" lock=requirements-gate.txt
case "${1:-}" in
    scan) lock=requirements.txt ;;
    gate) [ -z "${PIPELINE_GUARD_SIGN_VERDICT:-}" ] || hsm=true ;; # its key lies in a token
    sign | inject | revoke) hsm=true ;;
esac
case "$hsm" in
    true)
        lock=requirements-hsm.txt
        "$here/../../.ci/prerequisites.sh" softhsm >&2
        ;;
    false) ;;
    *) fail "hsm is neither true nor false" "write hsm: true" ;;
esac
exec "$python" -I -S "$here/install.py" "$here/$lock" "$RUNNER_TEMP" "${RUNNER_TOOL_CACHE:-$RUNNER_TEMP}/pipeline-guard-wheels"
