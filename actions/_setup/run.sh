#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Runs one verb as a step of GitHub Actions and ends with its exit code. Its inputs are the verb's PIPELINE_GUARD_ variables.
# usage: run.sh scan|gate|sign|verify|inject|revoke
# Outputs: exit-code, and the paths of what scan and gate write. Markdown is shown as the job summary.
set -euo pipefail

here=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd -P)
verb="${1:-}" forms="" quoted=true
case "$verb" in
    scan | gate) forms="json sarif markdown github" ;;
    sign | verify) ;;
    inject | revoke) quoted=false ;; # masks are workflow commands
    *)
        printf '::error title=pipeline-guard::verb must be scan, gate, sign, verify or inject\n'
        exit 2
        ;;
esac

# A runner takes every line of a log that begins with :: for a command. Between these two lines it does not, and the
# end is a secret of this step: no name of a file, no message of a stranger can write it.
begin() {
    printf '::group::pipeline-guard %s\n' "$1"
    [ "$quoted" = false ] || printf '::stop-commands::%s\n' "$word"
}
finish() {
    [ "$quoted" = false ] || printf '::%s::\n' "$word"
    printf '::endgroup::\n'
}
word=$(od -An -v -N16 -tx1 /dev/urandom | tr -d ' \n')
open=""
trap '[ -z "$open" ] || finish' EXIT # cancelled: what follows may speak again

open=yes code=0
begin "$verb"
folder=$(bash "$here/setup.sh" "$verb") || code=$?
if [ "$code" = 0 ]; then
    results=$(mktemp -d "$RUNNER_TEMP/pipeline-guard-results-XXXXXX")
    words=("$verb")
    for form in $forms; do words+=(--output "$form=$results/$verb.$form"); done
    [ -z "$forms" ] || words+=(--format text)
    "$folder/pipeline-guard" "${words[@]}" || code=$?
fi
finish
open=""

printf 'exit-code=%s\n' "$code" >>"${GITHUB_OUTPUT:-/dev/null}"
for form in $forms; do
    file="${results:-}/$verb.$form"
    [ -f "$file" ] || continue
    case "$form" in
        github) cat "$file" ;; # annotations, escaped by the command that wrote them
        markdown) cat "$file" >>"${GITHUB_STEP_SUMMARY:-/dev/null}" ;;
    esac
    [ "$form" = github ] || printf '%s=%s\n' "$form" "$file" >>"${GITHUB_OUTPUT:-/dev/null}"
done

title="::error title=pipeline-guard $verb"
case "$verb:$code" in
    *:0 | scan:1 | gate:1) ;; # nothing to explain, or annotated already
    *:1) printf '%s::it does not verify; the log of this step says more\n' "$title" ;;
    *:2) printf '%s::an input, the configuration or the runner is not as it must be; the log of this step says what\n' "$title" ;;
    *:3) printf '%s::there was nothing to look at, which is never green by accident; the log of this step says where\n' "$title" ;;
    *:4) printf '%s::denied by policy; the log of this step says by which\n' "$title" ;;
    *:5) printf '%s::something that is needed could not be reached; the log of this step says what; it may be tried again\n' "$title" ;;
    *:6) printf '%s::incomplete: something could not be examined; the job summary says what and why\n' "$title" ;;
    *) printf '%s::ended with %s; please report it, with the log of this step\n' "$title" "$code" ;;
esac
exit "$code"
