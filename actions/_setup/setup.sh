#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Makes the command ready and prints the folder it lies in: the locked wheels, each checked against its hash, beside the
# code of this very checkout. Nothing is built and nothing of ours is downloaded. A second call finds what the first made.
# Reads RUNNER_TEMP (the job's own folder) and HSM (true or false: whether SoftHSM is needed).
set -euo pipefail

fail() {
    printf 'pipeline-guard: error: %s\npipeline-guard: hint: %s\n' "$1" "$2" >&2
    exit 2
}

[ -d "${RUNNER_TEMP:-}" ] || fail "RUNNER_TEMP names no folder" "set it to a folder that only this job can write"
here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
root=$(cd -- "$here/../.." && pwd -P)
python=$(command -v python3) || fail "no python3 here" "run actions/setup-python first, or use an image with Python 3.11 or newer"
"$python" -I -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    fail "Python 3.11 or newer is needed" "run actions/setup-python first, or use another image"

case "${HSM:-false}" in
    true) "$root/.ci/prerequisites.sh" softhsm >&2 ;;
    false) ;;
    *) fail "hsm is neither true nor false" "write hsm: true" ;;
esac

key=$("$python" -I - "$here/requirements.txt" "$root" <<'END'
import hashlib, pathlib, platform, sys
kind = repr((sys.argv[2], sys.executable, sys.version, platform.machine()))
print(hashlib.sha256(pathlib.Path(sys.argv[1]).read_bytes() + kind.encode()).hexdigest()[:24])
END
)
ready="$RUNNER_TEMP/pipeline-guard-env-$key"
if [ ! -d "$ready" ]; then
    new=$(mktemp -d "$RUNNER_TEMP/pipeline-guard-new-XXXXXX")
    trap 'rm -rf "$new"' EXIT
    PIP_USER=0 PIP_ROOT_USER_ACTION=ignore "$python" -I -m pip install --quiet --disable-pip-version-check --no-input --no-deps --only-binary :all: \
        --require-hashes --requirement "$here/requirements.txt" --target "$new/wheels" >&2 ||
        fail "cannot install the locked requirements" "python3 needs pip, and pip an index that has these exact files"
    mkdir "$new/bin"
    {
        printf '#!/usr/bin/env bash\n'
        printf 'exec %q -I -S %q %q "$@"\n' "$python" "$here/launch.py" "$ready/wheels"
    } >"$new/bin/pipeline-guard"
    chmod 755 "$new/bin/pipeline-guard"
    # the rename is the moment of truth; whoever comes second finds the first one's work and leaves its own behind
    "$python" -I -c 'import os, sys; os.rename(*sys.argv[1:])' "$new" "$ready" 2>/dev/null || [ -d "$ready" ]
fi
printf '%s\n' "$ready/bin"
