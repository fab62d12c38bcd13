# SPDX-License-Identifier: Apache-2.0
from __future__ import annotations

from datetime import UTC, datetime

import pytest

from pipeline_guard.adapters.oidc.local import LocalIssuer
from pipeline_guard.config import parse
from pipeline_guard.errors import UsageError
from pipeline_guard.flows.rehearse import PlannedStep, Situation, claims, decisions, plan

SITUATION = Situation("", "c" * 40, "refs/heads/main", "origin/main", "acme/app")
NOW = datetime(2026, 11, 24, tzinfo=UTC)
SHA = "1" * 40


def steps_of(workflow: str, situation: Situation = SITUATION, job: str = "") -> list[PlannedStep]:
    return plan({".github/workflows/ci.yml": workflow.encode()}, None, situation, job).steps


def workflow(steps: str, on: str = "push", extra: str = "") -> str:
    return f"on: {on}\njobs:\n  guard:\n    runs-on: ubuntu-latest\n{extra}    steps:\n{steps}"


@pytest.mark.parametrize(
    ("uses", "verb"),
    [
        (f"pipeline-guard/pipeline-guard/actions/scan@{SHA}", "scan"),
        ("./actions/gate", "gate"),
        ("$/actions/verify", "verify"),
        ("acme/pipeline-guard-mirror/actions/inject@main", "inject"),
    ],
)
def test_our_actions_are_found_wherever_they_come_from(uses: str, verb: str) -> None:
    (step,) = steps_of(workflow(f"      - uses: {uses}\n"))
    assert (step.words, step.line, step.job, step.forge) == ((verb,), 6, "guard", "github")


@pytest.mark.parametrize("uses", ["actions/checkout@v4", "evil/actions/scan@v1", "pipeline-guard/pipeline-guard@v1", "./actions/build"])
def test_actions_of_others_are_counted_and_not_run(uses: str) -> None:
    found = plan({"ci.yml": workflow(f"      - uses: {uses}\n").encode()}, None, SITUATION, "")
    assert (found.steps, found.others) == ([], 1)


def test_inputs_become_variables_and_expressions_get_their_value() -> None:
    (step,) = steps_of(
        workflow(
            "      - uses: ./actions/gate\n        if: github.ref == 'x'\n        with:\n"
            "          base: ${{ github.event.pull_request.base.sha || github.event.before }}\n"
            "          output: x-${{ github.sha }}\n          config: ${{ vars.CONFIG }}\n          history: true\n"
        )
    )
    assert step.environment == {
        "PIPELINE_GUARD_BASE": "origin/main",
        "PIPELINE_GUARD_OUTPUT": f"x-{'c' * 40}",
        "PIPELINE_GUARD_CONFIG": "",
        "PIPELINE_GUARD_HISTORY": "true",
    }
    assert any("condition" in note for note in step.notes)
    assert any("${{ vars.CONFIG }} has no value here" in note for note in step.notes)


def test_command_lines_in_scripts_are_found_with_their_environment() -> None:
    (first, second) = steps_of(
        workflow(
            "      - run: |\n          echo hello\n          pipeline-guard scan --threshold high \\\n            src || true\n"
            "          python -m pipeline_guard verify 'a b' > log.txt\n        env:\n          PIPELINE_GUARD_KEY: k.pem\n          OTHER: x\n"
        )
    )
    assert first.words == ("scan", "--threshold", "high", "src")
    assert second.words == ("verify", "a b")
    assert second.environment == {"PIPELINE_GUARD_KEY": "k.pem"}


def test_step_that_may_fail_does_not_count() -> None:
    (first, second) = steps_of(workflow("      - uses: ./actions/scan\n        continue-on-error: true\n      - uses: ./actions/scan\n"))
    assert (first.counts, second.counts) == (False, True)


def test_empty_literal_at_the_end_is_meant() -> None:
    text = "      - uses: ./actions/gate\n        with:\n          base: ${{ github.event.x || '' }}\n"
    (step,) = steps_of(workflow(text))
    assert (step.environment, step.notes) == ({"PIPELINE_GUARD_BASE": ""}, ())


def test_event_and_job_choose_the_steps() -> None:
    text = workflow("      - uses: ./actions/scan\n", on="pull_request")
    assert len(steps_of(text, Situation("pull-request", "c", "r", "", "a/b"))) == 1
    assert steps_of(text, Situation("push", "c", "r", "", "a/b")) == []
    assert steps_of(text, job="other") == []
    assert len(steps_of(text, job="guard")) == 1


def test_gitlab_includes_and_scripts_are_found() -> None:
    text = f"""
include:
  - project: pipeline-guard/pipeline-guard
    ref: {SHA}
    file: /gitlab-templates/scan.yml
    inputs: {{history: true, range: $CI_MERGE_REQUEST_DIFF_BASE_SHA..$CI_COMMIT_SHA}}
  - component: gitlab.com/pipeline-guard/pipeline-guard/gate@1.0.0
  - local: /ci/other.yml
deploy:
  variables: {{PIPELINE_GUARD_QUIET: "true"}}
  script:
    - pipeline-guard run -- ./deploy.sh --now
"""
    found = plan({}, text.encode(), SITUATION, "")
    assert [step.words for step in found.steps] == [("scan",), ("gate",), ("run", "--", "./deploy.sh", "--now")]
    assert found.steps[0].environment == {"PIPELINE_GUARD_HISTORY": "true", "PIPELINE_GUARD_RANGE": f"origin/main..{'c' * 40}"}
    assert found.steps[2].environment == {"PIPELINE_GUARD_QUIET": "true"}
    assert found.others == 1


def test_file_that_the_forge_would_refuse_is_refused_with_its_line() -> None:
    with pytest.raises(UsageError, match=r"ci\.yml:3"):
        plan({"ci.yml": b"on: push\njobs: [\n"}, None, SITUATION, "")


POLICY = """
version: 1
policy:
  grants:
    - {name: main, secrets: [db], issuer: "https://token.actions.githubusercontent.com", claims: {repository_id: "77", ref: refs/heads/main}}
    - {name: lab, secrets: [db], issuer: "https://gitlab.com", claims: {project_id: "5", ref_path: refs/heads/main}}
"""


@pytest.mark.parametrize("forge", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("ref", "event", "allowed"), [("refs/heads/main", "", True), ("refs/heads/dev", "", False), ("refs/heads/main", "fork", False)]
)
def test_policy_decides_on_a_locally_signed_identity(forge: str, ref: str, event: str, allowed: bool) -> None:
    policy = parse(POLICY.encode()).policy
    situation = Situation(event, "c" * 40, ref, "", "acme/app")
    step = PlannedStep(forge, "ci.yml", 1, "deploy", ("inject",), {})
    issued = claims(step, situation, policy, NOW)
    issuer = LocalIssuer(issued)
    (decision,) = decisions(["db"], policy, tokens=issuer, keys=issuer, issuer=issued["iss"], now=NOW)
    assert decision.allowed is allowed
    assert decision.why


@pytest.mark.parametrize(
    ("script", "commands"),
    [
        ("pipeline-guard rules list && pipeline-guard gate", [("rules", "list"), ("gate",)]),
        ("true; pipeline-guard gate", [("gate",)]),
        ("if pipeline-guard gate; then echo ok; fi", [("gate",)]),
        ("PIPELINE_X=1 ./venv/bin/pipeline-guard gate 2>&1 | tee log", [("gate",)]),
        ("uvx pipeline-guard scan > out.txt", [("scan",)]),
        ("pip install pipeline-guard", []),
    ],
)
def test_calls_are_found_wherever_they_stand_in_a_line(script: str, commands: list[tuple[str, ...]]) -> None:
    assert [step.words for step in steps_of(workflow(f"      - run: {script!r}\n"))] == commands


def test_call_that_is_not_understood_is_said() -> None:
    found = plan({"ci.yml": workflow("      - run: xargs pipeline-guard scan < files\n").encode()}, None, SITUATION, "")
    assert (found.steps, len(found.unclear)) == ([], 1)
