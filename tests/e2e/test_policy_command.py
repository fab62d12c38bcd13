# SPDX-License-Identifier: Apache-2.0
"""policy check, explain and test as commands."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from tests.fakes.serving import COMMAND

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "schemas" / "policy-check.v1.json").read_bytes())
FILE = "o/r/.github/workflows/d.yml@refs/heads/main"
ISSUER = "https://token.actions.githubusercontent.com"
TIGHT = f"""
version: 1
policy:
  grants:
    - name: deploy
      secrets: [db]
      issuer: {ISSUER}
      claims:
        repository_id: "12"
        ref: refs/heads/main
        event_name: push
        workflow_ref: {FILE}
        job_workflow_ref: {FILE}
        runner_environment: github-hosted
  tests:
    - {{name: ours, secret: db, expect: allow, claims: {{iss: "{ISSUER}", repository_id: "12", ref: refs/heads/main, event_name: push,
       workflow_ref: {FILE}, job_workflow_ref: {FILE}, runner_environment: github-hosted}}}}
    - {{name: a stranger, secret: db, expect: deny, claims: {{iss: "{ISSUER}", repository_id: "13"}}}}
"""


@pytest.fixture
def guard(tmp_path: Path) -> Callable[..., subprocess.CompletedProcess[str]]:
    def run(config: str, *words: str, code: int) -> subprocess.CompletedProcess[str]:
        (tmp_path / "p.yml").write_text(config)
        done = subprocess.run([COMMAND, "policy", *words, "--config", "p.yml"], capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == code, done.stderr + done.stdout
        return done

    return run


def test_tight_policy_is_ok_and_a_loose_one_shows_who_gets_in(guard: Any) -> None:
    assert "ok" in guard(TIGHT, "check", code=0).stdout
    loose = TIGHT.replace("        ref: refs/heads/main\n        event_name: push\n", "").replace(f"        workflow_ref: {FILE}\n", "")
    loose = loose.replace(f"        job_workflow_ref: {FILE}\n", "")
    said = guard(loose, "check", code=1).stdout
    assert "any branch" in said
    found = json.loads(guard(loose, "check", "--format", "json", code=1).stdout)
    jsonschema.validate(found, SCHEMA)
    assert {each["grant"] for each in found["broad"]} == {"deploy"}
    accepted = loose.replace("name: deploy\n", "name: deploy\n      accept-broad: a sandbox\n")
    assert "accepted (a sandbox)" in guard(accepted, "check", code=0).stdout


def test_claim_that_never_matches_or_that_anybody_chooses_is_noted(guard: Any) -> None:
    odd = TIGHT.replace("        event_name: push\n", "        event_name: push\n        repo: x\n        workflow: y\n")
    notes = json.loads(guard(odd, "check", "--format", "json", code=0).stdout)["notes"]
    assert [note.partition(": ")[2] for note in notes] == [
        f"tokens of {ISSUER} have no claim repo: it never matches",
        "claim workflow is free text: whoever starts the job chooses it",
    ]


def test_examples_hold_or_fail(guard: Any) -> None:
    assert guard(TIGHT, "test", code=0).stdout.count(" ok ") == 2
    assert "FAILED" in guard(TIGHT.replace("expect: deny", "expect: allow"), "test", code=1).stdout
    guard("version: 1\n", "test", code=3)


def test_refusal_tells_rule_by_rule_what_would_change_it(guard: Any, tmp_path: Path) -> None:
    claims = {"iss": ISSUER, "repository_id": "12", "ref": "refs/heads/dev", "event_name": "push", "runner_environment": "github-hosted"}
    (tmp_path / "claims.json").write_text(json.dumps({**claims, "workflow_ref": FILE, "job_workflow_ref": FILE}))
    said = guard(TIGHT, "explain", "--claims", "claims.json", code=4).stdout
    assert "db: grant deploy would allow it if ref were 'refs/heads/main' (it is 'refs/heads/dev')" in said
    found = json.loads(guard(TIGHT, "explain", "--claims", "claims.json", "--format", "json", code=4).stdout)
    assert found["decisions"][0]["rules"] == [{"grant": "deploy", "differences": ["claim ref is 'refs/heads/dev', not 'refs/heads/main'"]}]
