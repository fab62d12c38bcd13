#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Builds sdist and wheel twice, from two copies of what is committed, and takes them only where both are the same to the byte;
# beside them a bill of materials of what the actions install.
# usage: dist.sh FOLDER PYTHON   PYTHON has flit_core and pipeline-guard
set -euo pipefail

here="$(cd "$(dirname "$0")/.." && pwd)"
folder="$(mkdir -p "$1" && cd "$1" && pwd)"
python="$(cd "$(dirname "$2")" && pwd)/$(basename "$2")"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT

SOURCE_DATE_EPOCH="$(git -C "$here" log -1 --format=%ct)"
export SOURCE_DATE_EPOCH
for copy in one two; do
    mkdir "$work/$copy"
    git -C "$here" archive --format=tar HEAD | tar -x -C "$work/$copy"
    (cd "$work/$copy" && "$python" -c 'from flit_core.buildapi import build_sdist, build_wheel; build_sdist("dist"); build_wheel("dist")')
done
diff -r "$work/one/dist" "$work/two/dist" || {
    echo "pipeline-guard: error: two builds of one commit differ" >&2
    exit 1
}
rm -f "$folder"/*.whl "$folder"/*.tar.gz "$folder"/*.cdx.json
cp "$work/one/dist/"* "$folder/"

mkdir "$work/locks"
cp "$here/actions/_setup/requirements-hsm.txt" "$work/locks/requirements.txt"
name="$(basename "$folder"/*.whl | cut -d- -f1,2)"
(cd "$work/locks" && "$python" -m pipeline_guard gate --sbom "cyclonedx=$folder/$name.cdx.json" >/dev/null)
(cd "$folder" && sha256sum -- *.whl *.tar.gz *.cdx.json)
