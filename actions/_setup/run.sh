#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs one verb as a step of GitHub Actions and ends with its exit code.
# usage: RESULTS="json sarif markdown" run.sh VERB [FLAG...]
# Outputs: exit-code, and the path of each file named in RESULTS. Markdown is shown as the job summary.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
folder=$(bash "$here/setup.sh")
results=$(mktemp -d "$RUNNER_TEMP/pipeline-guard-results-XXXXXX")
words=("$@")
for form in ${RESULTS:-}; do words+=(--output "$form=$results/$1.$form"); done

code=0
"$folder/pipeline-guard" "${words[@]}" || code=$?

printf 'exit-code=%s\n' "$code" >>"${GITHUB_OUTPUT:-/dev/null}"
for form in ${RESULTS:-}; do
    [ ! -f "$results/$1.$form" ] || printf '%s=%s\n' "$form" "$results/$1.$form" >>"${GITHUB_OUTPUT:-/dev/null}"
done
[ ! -f "$results/$1.markdown" ] || cat "$results/$1.markdown" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
exit "$code"
