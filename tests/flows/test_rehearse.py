# SPDX-License-Identifier: Apache-2.0
"""The dry-run of whole pipelines: which steps run, in which situation, with which inputs, and what the pipeline goes by."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from pipeline_guard.adapters.oidc.local import LocalIssuer
from pipeline_guard.config import parse
from pipeline_guard.errors import Denied
from pipeline_guard.flows.rehearse import claims, decisions
from pipeline_guard.model.situation import Situation
from pipeline_guard.model.staged import JobNames
from tests.conftest import Repository
from tests.flows.rehearsing import CHECKOUT, OURS, SHA, leak, rehearsal

NOW = datetime(2026, 11, 24, tzinfo=UTC)
Rehearse = Callable[..., dict[str, Any]]


@pytest.fixture
def rehearse(repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rehearse:
    """Commit files, rehearse them in this process, return the plan; ``error`` holds what was said where there is none."""

    return rehearsal(repository, monkeypatch, capsys)


def github(steps: str, on: str = "push", job: str = "") -> dict[str, str]:
    return {
        ".github/workflows/ci.yml": f"on: {on}\npermissions: {{}}\njobs:\n  guard:\n    runs-on: ubuntu-latest\n{job}    steps:\n{CHECKOUT}{steps}"
    }


def labels(plan: dict[str, Any]) -> list[str]:
    return [step["label"] for step in plan["steps"]]


def test_our_actions_are_found_wherever_they_come_from(rehearse: Rehearse, repository: Repository) -> None:
    plan = rehearse(
        {
            **github(
                f"      - uses: {OURS}/scan@{SHA}\n      - uses: acme/pipeline-guard-mirror/actions/gate@main\n"
                "      - uses: actions/setup-python@v5\n      - uses: evil/actions/scan@v1\n      - uses: ./actions/build\n      - run: make\n"
            )
        }
    )
    assert labels(plan) == [f"{OURS}/scan@{SHA}", "acme/pipeline-guard-mirror/actions/gate@main"]
    assert [other.split(": ", 1)[1] for other in plan["others"]] == [
        "actions/checkout@v4",
        "actions/setup-python@v5",
        "evil/actions/scan@v1",
        "./actions/build",
        "make",
    ]


def test_action_in_the_repository_runs_only_where_it_is_this_version_s(rehearse: Rehearse, repository: Repository) -> None:
    own = (Path(__file__).parents[2] / "actions" / "scan" / "action.yml").read_text()
    mark = repository.path.parent / "mark"
    files = github("      - uses: ./actions/scan\n")
    assert rehearse({**files, "actions/scan/action.yml": own})["exit_code"] == 0
    plan = rehearse({**files, "actions/scan/action.yml": own.replace("run: bash", f"run: touch {mark}; bash")})
    assert (plan["exit_code"], plan["steps"], mark.exists()) == (6, [], False)
    assert "not the action of this version" in plan["unclear"][0]


def test_action_that_this_version_does_not_have_is_incomplete(rehearse: Rehearse) -> None:
    assert rehearse(github(f"      - uses: {OURS}/future@{SHA}\n"))["exit_code"] == 6


def test_inputs_conditions_and_outputs_are_evaluated(rehearse: Rehearse) -> None:
    plan = rehearse(
        {
            **github(
                f"      - uses: {OURS}/scan@{SHA}\n        id: first\n        with:\n          paths: ${{{{ env.WHERE }}}}\n          history: ${{{{ 1 > 2 }}}}\n"
                f"      - uses: {OURS}/scan@{SHA}\n        with: {{paths: src}}\n        if: steps.first.outputs.exit-code == '0' && github.event_name == 'push'\n"
                f"      - uses: {OURS}/scan@{SHA}\n        if: startsWith(github.ref, 'refs/tags/')\n",
                job="    env: {WHERE: src}\n",
            ),
            "src/a.py": "x = 1\n",
            "b.py": leak(),
        }
    )
    first, second = plan["steps"]
    assert (first["settings"]["PIPELINE_GUARD_PATHS"], first["settings"]["PIPELINE_GUARD_HISTORY"], first["exit_code"]) == (
        "src",
        "false",
        0,
    )
    assert (second["line"], second["exit_code"]) == (14, 0)
    assert "startsWith(github.ref, 'refs/tags/')" in plan["skipped"][0]


def test_what_has_no_value_here_is_said(rehearse: Rehearse) -> None:
    text = f"      - uses: {OURS}/scan@{SHA}\n        with: {{config: '${{{{ vars.CONFIG }}}}', baseline: '${{{{ secrets.B }}}}'}}\n"
    (step,) = rehearse(github(text))["steps"]
    assert any("vars.config }} has no value here" in note for note in step["notes"])
    assert any("on the forge the job gets it if" in note for note in step["notes"])
    (step,) = rehearse(github(text, on="pull_request"), "--event", "fork")["steps"]
    assert any("a fork's pull request gets no secrets" in note for note in step["notes"])


def test_input_that_is_none_is_a_warning(rehearse: Rehearse) -> None:
    (step,) = rehearse(github(f"      - uses: {OURS}/scan@{SHA}\n        with: {{pathes: x}}\n"))["steps"]
    assert step["notes"][0].startswith("pathes is no input of this action")


@pytest.mark.parametrize(
    ("on", "event", "runs"),
    [
        ("push", "push", True),
        ("push", "pull-request", False),
        ("[push, pull_request]", "fork", True),
        ("{push: {branches: [main]}}", "push", True),
        ("{push: {branches: ['release/**']}}", "push", False),
        ("{push: {branches: [main]}}", "tag", False),
        ("{push: {tags: ['v*']}}", "tag", True),
        ("{pull_request: {branches: [main]}}", "pull-request", True),
        ("{pull_request: {branches: [stable]}}", "merge-request", False),
        ("{pull_request: {types: [closed]}}", "pull-request", False),
        ("merge_group", "merge-group", True),
        ("{schedule: [{cron: '0 0 * * *'}]}", "schedule", True),
    ],
)
def test_event_chooses_the_workflows(rehearse: Rehearse, on: str, event: str, runs: bool) -> None:
    plan = rehearse(github(f"      - uses: {OURS}/scan@{SHA}\n", on=on), "--event", event)
    assert plan["exit_code"] == (0 if runs else 3)


def test_paths_filter_looks_at_the_change(rehearse: Rehearse, repository: Repository) -> None:
    files = github(f"      - uses: {OURS}/scan@{SHA}\n", on="{push: {paths: ['src/**']}}")
    repository.commit("base", files)
    repository.git("checkout", "-q", "-b", "change")
    assert rehearse({"doc.md": "x"}, "--event", "push", "--base", "main")["exit_code"] == 3
    assert rehearse({"src/a.py": "x"}, "--event", "push", "--base", "main")["exit_code"] == 0


def test_matrix_and_needs_and_job_conditions(rehearse: Rehearse) -> None:
    text = f"""on: push
permissions: {{}}
jobs:
  first:
    strategy: {{matrix: {{folder: [a, b], exclude: [{{folder: b}}], include: [{{folder: c}}]}}}}
    runs-on: x
    steps:
{CHECKOUT}      - uses: {OURS}/scan@{SHA}
        with: {{paths: "${{{{ matrix.folder }}}}"}}
  after:
    needs: first
    runs-on: x
    steps: [{{uses: actions/checkout@v4}}, {{uses: {OURS}/gate@{SHA}}}]
  anyway:
    needs: [first]
    if: always() && needs.first.result == 'failure'
    runs-on: x
    steps: [{{uses: actions/checkout@v4}}, {{uses: {OURS}/scan@{SHA}, with: {{paths: c}}}}]
"""
    plan = rehearse({".github/workflows/ci.yml": text, "a/x.py": leak(), "c/x.py": "x = 1\n"})
    assert [(step["job"], step["exit_code"]) for step in plan["steps"]] == [("first", 1), ("first", 0), ("anyway", 0)]
    assert "the job after: a job that it needs failed" in plan["skipped"][0]


def test_reusable_workflow_of_the_repository_is_followed(rehearse: Rehearse) -> None:
    called = f"""on: {{workflow_call: {{inputs: {{where: {{type: string, default: src}}}}}}}}
jobs:
  inner: {{runs-on: x, steps: [{{uses: actions/checkout@v4}}, {{uses: {OURS}/scan@{SHA}, with: {{paths: "${{{{ inputs.where }}}}"}}}}]}}
"""
    caller = "on: push\njobs:\n  a: {uses: ./.github/workflows/called.yml, with: {where: lib}}\n  b: {uses: else/where/.github/workflows/x.yml@v1}\n"
    plan = rehearse({".github/workflows/called.yml": called, ".github/workflows/ci.yml": caller, "lib/a.py": "x = 1\n"})
    (step,) = plan["steps"]
    assert (step["settings"]["PIPELINE_GUARD_PATHS"], step["path"], step["job"]) == ("lib", ".github/workflows/called.yml", "inner")
    assert "else/where" in plan["unseen"][0]


def test_what_the_pipeline_does_not_go_by_does_not_count(rehearse: Rehearse) -> None:
    plan = rehearse(
        {
            **github(
                f"      - uses: {OURS}/scan@{SHA}\n        continue-on-error: true\n      - run: pipeline-guard scan || true\n      - run: |\n"
                "          set +e\n          pipeline-guard scan\n          echo done\n"
            ),
            "a.py": leak(),
        }
    )
    assert [(step["exit_code"], step["counts"]) for step in plan["steps"]] == [(1, False)] * 3
    assert plan["exit_code"] == 0


def test_step_after_a_failure_is_rehearsed_but_not_reached(rehearse: Rehearse) -> None:
    plan = rehearse(
        {**github(f"      - uses: {OURS}/scan@{SHA}\n      - uses: {OURS}/gate@{SHA}\n        with: {{base: nowhere}}\n"), "a.py": leak()}
    )
    assert [(step["exit_code"], step["reached"]) for step in plan["steps"]] == [(1, True), (2, False)]
    assert plan["exit_code"] == 1


def test_script_s_calls_run_with_their_folder_and_variables(rehearse: Rehearse) -> None:
    plan = rehearse(
        {
            **github(
                "      - run: |\n          echo hello\n          pipeline-guard scan --threshold $LEVEL \\\n            x.py\n"
                "        working-directory: sub\n        env: {LEVEL: high, PIPELINE_GUARD_QUIET: 'true'}\n"
                "      - run: xargs pipeline-guard scan < files\n      - run: pipeline-guard seal x\n"
            ),
            "sub/x.py": leak(),
            "x": "data",
        }
    )
    first, second = plan["steps"]
    assert (first["label"], first["exit_code"]) == ("scan --threshold high x.py", 0)
    assert first["settings"] == {"PIPELINE_GUARD_QUIET": "true"}
    assert (second["verb"], second["exit_code"]) == ("seal", 6)
    assert "xargs" in plan["unclear"][0]


def test_range_auto_reads_the_rehearsed_event(rehearse: Rehearse, repository: Repository) -> None:
    files = github(f"      - uses: {OURS}/scan@{SHA}\n        with: {{range: auto}}\n", on="pull_request")
    base = repository.commit("base", {**files, "old.py": leak()})
    repository.git("checkout", "-q", "-b", "change")
    plan = rehearse({"new.py": "x = 1\n"}, "--event", "pull-request", "--base", "main")
    (step,) = plan["steps"]
    assert step["exit_code"] == 0
    assert f"looking at 1 commit: {base[:12]}" in step["output"]


def test_against_store_is_not_asked_and_so_never_clean(rehearse: Rehearse) -> None:
    plan = rehearse({**github("      - run: pipeline-guard scan --against-store\n"), "a.py": "x = 1\n"})
    (step,) = plan["steps"]
    assert (step["exit_code"], plan["exit_code"], plan["writes"]) == (6, 6, 0)
    assert "not checked: the values of the secrets store" in step["notes"][0]
    assert any(line.startswith("the values of the secrets store") for line in plan["fidelity"]["not_checked"])


def test_image_is_signed_unseen_and_whether_its_signature_holds_is_not_checked(rehearse: Rehearse) -> None:
    image = f"oci://ghcr.io/acme/app@sha256:{'ab' * 32}"
    sign = f"      - uses: {OURS}/sign@{SHA}\n        with: {{subjects: '{image}', key: release}}\n"
    plan = rehearse(github(sign))
    assert [step["exit_code"] for step in plan["steps"]] == [0]
    plan = rehearse(github(f"{sign}      - run: pipeline-guard verify {image} --key release\n"))
    assert ([step["exit_code"] for step in plan["steps"]], plan["exit_code"]) == ([0, 6], 6)
    assert any("the image app is not looked at" in line for line in plan["fidelity"]["not_checked"])


def test_inject_runs_main_and_post_and_its_values_are_masked(rehearse: Rehearse) -> None:
    configuration = (
        "version: 1\nsecrets: {DB: {from: db, as: env}}\npolicy:\n  grants:\n    - secrets: [db]\n"
        "      issuer: https://token.actions.githubusercontent.com\n      claims: {repository_id: '5', event_name: push}\n"
    )
    steps = f"      - uses: {OURS}/inject@{SHA}\n        with: {{target: env}}\n      - uses: {OURS}/scan@{SHA}\n"
    files = {**github(steps, job="    permissions: {id-token: write}\n"), ".pipeline-guard.yml": configuration}
    plan = rehearse(files)
    assert [step["verb"] for step in plan["steps"]] == ["inject", "scan", "revoke"]
    inject, _, post = plan["steps"]
    assert inject["masks"] >= 1  # the value, and what it may look like in a log
    assert "db: granted" in inject["notes"][0]
    assert "canary-" not in json.dumps(plan)
    assert "revoked 1 lease" in post["output"]
    denied = rehearse(github(steps, on="pull_request"), "--event", "fork")
    assert denied["steps"][0]["exit_code"] == 4
    assert "fork pull request: no job identity; skipped by design" in denied["steps"][0]["notes"][0]


GITLAB = f"""
stages: [check, ship]
include:
  - project: pipeline-guard/pipeline-guard
    ref: {SHA}
    file: [/gitlab-templates/scan.yml, /gitlab-templates/inject.yml]
    inputs: {{commit: {SHA}}}
  - component: gitlab.com/pipeline-guard/pipeline-guard/gate@{SHA}
    inputs: {{job-stage: check}}
  - local: ci/more.yml
  - remote: https://example.org/x.yml
"""


def test_gitlab_pipeline_is_put_together_and_played(rehearse: Rehearse) -> None:
    text = (
        GITLAB.replace("  - project", "  - local: ci/none.yml\n    rules: [{if: $NEVER}]\n  - project")
        .replace("file: [/gitlab-templates/scan.yml, /gitlab-templates/inject.yml]", "file: /gitlab-templates/scan.yml")
        .replace(f"inputs: {{commit: {SHA}}}", f"inputs: {{commit: {SHA}, job-stage: check, history: true, range: ''}}")
    )
    more = "deploy:\n  stage: ship\n  variables: {PIPELINE_GUARD_QUIET: 'true'}\n  script:\n    - pipeline-guard run -- ./deploy.sh --now\n"
    plan = rehearse({".gitlab-ci.yml": text, "ci/more.yml": more})
    assert [(step["job"], step["verb"]) for step in plan["steps"]] == [
        ("pipeline-guard-scan", "scan"),
        ("pipeline-guard-gate", "gate"),
        ("deploy", "run"),
    ]
    assert plan["steps"][0]["settings"]["PIPELINE_GUARD_HISTORY"] == "true"
    assert plan["steps"][2]["path"] == "ci/more.yml"
    assert [step["exit_code"] for step in plan["steps"]] == [0, 1, 0]  # the gate refuses the remote include
    assert any("https://example.org/x.yml: not here" in other for other in plan["unseen"])
    assert "pipeline-guard-scan.json" in plan["would_write"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("inputs: {commit: " + SHA + "}", "inputs: {}"), "the input commit is missing"),
        (("inputs: {commit: " + SHA + "}", f"inputs: {{commit: {SHA}, colour: red}}"), "unknown input colour"),
        (("inputs: {job-stage: check}", "inputs: {job-stage: nowhere}"), "a stage that is not there"),
        (("ci/more.yml", "ci/absent.yml"), "includes ci/absent.yml, which is not there"),
    ],
)
def test_gitlab_pipeline_that_the_forge_would_refuse_is_refused(rehearse: Rehearse, change: tuple[str, str], said: str) -> None:
    plan = rehearse(
        {".gitlab-ci.yml": GITLAB.replace("[check, ship]", "[check, test, ship]").replace(*change), "ci/more.yml": "x: {script: [a]}\n"}
    )
    assert plan["exit_code"] == 2
    assert said in plan["error"]


@pytest.mark.parametrize(
    ("more", "event", "code"),
    [
        ("", "push", 1),
        ("allow_failure: true", "push", 0),
        ("allow_failure: {exit_codes: [1, 7]}", "push", 0),
        ("allow_failure: {exit_codes: 7}", "push", 1),
        ("rules: [{if: '$CI_COMMIT_BRANCH == \"main\"', allow_failure: true}]", "push", 0),
        ("rules: [{if: '$CI_COMMIT_BRANCH == \"main\"'}]", "merge-request", 3),
        ("rules: [{if: '$CI_PIPELINE_SOURCE =~ /^merge/'}]", "fork", 1),
        ("rules: [{exists: ['*.lock']}]", "push", 3),
        ("when: manual", "push", 3),
        ("only: [tags]", "push", 3),
        ("only: [tags]", "tag", 1),
        ("", "merge-request", 3),
        ("except: [main]", "push", 3),
        ("extends: .soft", "push", 0),
    ],
)
def test_gitlab_job_takes_part_as_its_rules_say(rehearse: Rehearse, more: str, event: str, code: int) -> None:
    text = f".soft: {{allow_failure: true}}\nguard:\n  script: [pipeline-guard scan]\n  {more}\n"
    assert rehearse({".gitlab-ci.yml": text, "a.py": leak()}, "--event", event)["exit_code"] == code


def test_workflow_rules_may_start_nothing(rehearse: Rehearse) -> None:
    text = "workflow: {rules: [{if: '$CI_COMMIT_TAG'}]}\nguard: {script: [pipeline-guard scan]}\n"
    plan = rehearse({".gitlab-ci.yml": text}, "--event", "push")
    assert plan["exit_code"] == 3
    assert "workflow: rules" in plan["error"]


def test_gitlab_inject_is_injected_and_revoked_and_the_script_is_not_run(rehearse: Rehearse, repository: Repository) -> None:
    text = (
        GITLAB.split("  - component", maxsplit=1)[0]
        + "deploy:\n  stage: ship\n  extends: .pipeline-guard-inject\n  script: [touch mark, pipeline-guard scan]\n"
    )
    text = text.replace("[check, ship]", "[test, ship]")
    plan = rehearse({".gitlab-ci.yml": text, ".pipeline-guard.yml": "version: 1\nsecrets: {DB: {from: db}}\n"})
    assert [step["verb"] for step in plan["steps"]] == ["scan", "inject", "scan", "revoke"]
    assert [step["exit_code"] for step in plan["steps"]] == [0] * 4
    assert "revoked 1 lease" in plan["steps"][3]["output"]
    assert not (repository.path / "mark").exists()
    assert any("deploy: touch mark" in other for other in plan["others"])


POLICY = """
version: 1
policy:
  grants:
    - {name: main, secrets: [db], issuer: "https://token.actions.githubusercontent.com", claims: {repository_id: "77", ref: refs/heads/main}}
    - {name: lab, secrets: [db], issuer: "https://gitlab.com", claims: {project_id: "5", ref_path: refs/heads/main}}
"""


@pytest.mark.parametrize("forge", ["github", "gitlab"])
@pytest.mark.parametrize(
    ("ref", "event", "allowed"),
    [
        ("refs/heads/main", "push", True),
        ("refs/heads/dev", "push", False),
        ("refs/heads/main", "fork", False),
        ("refs/heads/main", "pull-request", False),
    ],
)
def test_policy_decides_on_a_locally_signed_identity(forge: str, ref: str, event: str, allowed: bool) -> None:
    policy = parse(POLICY.encode()).policy
    issued = claims(JobNames(forge, "ci.yml", "deploy", event), Situation(event, "c" * 40, ref, "", "acme/app"), policy, NOW)
    issuer = LocalIssuer(issued)
    try:
        (decision,) = decisions(["db"], policy, tokens=issuer, keys=issuer, issuer=issued["iss"], now=NOW)
    except Denied:
        assert not allowed
        return
    assert decision.allowed is allowed
    assert decision.why
