# SPDX-License-Identifier: Apache-2.0
"""Takes the operations that we use, and the schemas they refer to, out of GitHub's published OpenAPI document.

    python tests/openapi/extract.py FOLDER/node_modules/@octokit/openapi          writes tests/openapi/github.json
    python tests/openapi/extract.py FOLDER/node_modules/@octokit/openapi --check  tells whether it is as it would be written

``make forge-api`` fetches the package by the lock beside this file and calls it. The document is GitHub's, MIT licence
(https://github.com/github/rest-api-description); texts and examples are left out, ``nullable`` is written as JSON Schema says it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

PLACE = Path(__file__).with_name("github.json")
REPOSITORY = "/repos/{owner}/{repo}"
OPERATIONS = {
    "/user": ("get",),
    REPOSITORY: ("get",),
    f"{REPOSITORY}/pulls/{{pull_number}}": ("get",),
    f"{REPOSITORY}/pulls/{{pull_number}}/merge": ("put",),
    f"{REPOSITORY}/commits/{{ref}}": ("get",),
    f"{REPOSITORY}/commits/{{ref}}/status": ("get",),
    f"{REPOSITORY}/commits/{{ref}}/check-runs": ("get",),
    f"{REPOSITORY}/statuses/{{sha}}": ("post",),
    f"{REPOSITORY}/check-runs": ("post",),
    f"{REPOSITORY}/check-runs/{{check_run_id}}": ("patch",),
    f"{REPOSITORY}/issues/{{issue_number}}/comments": ("get", "post"),
    f"{REPOSITORY}/issues/comments/{{comment_id}}": ("patch",),
    f"{REPOSITORY}/code-scanning/sarifs": ("post",),
    f"{REPOSITORY}/rules/branches/{{branch}}": ("get",),
    f"{REPOSITORY}/rulesets": ("get",),
    f"{REPOSITORY}/rulesets/{{ruleset_id}}": ("get",),
    f"{REPOSITORY}/branches/{{branch}}/protection": ("get",),
    f"{REPOSITORY}/actions/permissions": ("get",),
    f"{REPOSITORY}/actions/permissions/workflow": ("get",),
    f"{REPOSITORY}/actions/permissions/fork-pr-contributor-approval": ("get",),
    f"{REPOSITORY}/environments": ("get",),
    f"{REPOSITORY}/actions/jobs/{{job_id}}": ("get",),
    f"{REPOSITORY}/actions/runs/{{run_id}}/attempts/{{attempt_number}}": ("get",),
    f"{REPOSITORY}/installation": ("get",),
    "/app/installations/{installation_id}/access_tokens": ("post",),
}
_LEFT_OUT = ("description", "summary", "example", "examples", "externalDocs", "tags", "x-github", "x-multi-segment", "operationId")


def reduced(value: Any, *, is_map: bool = False) -> Any:
    """Leave out texts; ``is_map``: the keys are names of properties, none is left out."""
    if isinstance(value, list):
        return [reduced(each) for each in value]
    if not isinstance(value, dict):
        return value
    found = {
        key: reduced(each, is_map=key in ("properties", "schemas", "parameters", "responses", "headers") and isinstance(each, dict))
        for key, each in value.items()
        if is_map or key not in _LEFT_OUT
    }
    if not is_map and found.pop("nullable", False) is True:
        return {"anyOf": [found, {"type": "null"}]}
    return found


def refs(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*(refs(each) for each in value))
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(refs(each) for each in value.values()))
    return set()


def extract(document: dict[str, Any], version: str) -> dict[str, Any]:
    paths = {
        path: {
            method: reduced(
                {
                    key: document["paths"][path][method][key]
                    for key in ("parameters", "requestBody", "responses")
                    if key in document["paths"][path][method]
                }
            )
            for method in methods
        }
        for path, methods in OPERATIONS.items()
    }
    components: dict[str, dict[str, Any]] = {}
    waiting = refs(paths)
    while waiting:
        ref = waiting.pop()
        _, _, kind, name = ref.split("/")
        if name in components.setdefault(kind, {}):
            continue
        components[kind][name] = reduced(document["components"][kind][name])
        waiting |= refs(components[kind][name])
    return {
        "openapi": document["openapi"],
        "info": {"title": document["info"]["title"], "license": document["info"]["license"], "x-from": f"npm @octokit/openapi {version}"},
        "paths": paths,
        "components": {kind: dict(sorted(names.items())) for kind, names in sorted(components.items())},
    }


def main() -> int:
    package = Path(sys.argv[1])
    document = json.loads((package / "generated" / "api.github.com.json").read_bytes())
    version = json.loads((package / "package.json").read_bytes())["version"]
    text = (
        json.dumps(extract(document, version), separators=(",", ":"), ensure_ascii=True).replace('{"', '{\n"').replace("},", "},\n") + "\n"
    )
    if "--check" in sys.argv:
        return 0 if PLACE.read_text() == text else 1
    PLACE.write_text(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
