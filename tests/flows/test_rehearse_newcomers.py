# SPDX-License-Identifier: Apache-2.0
"""Repositories as people have them, on both forges: the dry-run's plan is what the forge's documentation says happens.

Worst of all would be a dry-run that is green where the pipeline is red; what cannot be told here must make the answer incomplete.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.conftest import Repository
from tests.flows.rehearsing import CHECKOUT, OURS, SHA, leak, rehearsal

Rehearse = Callable[..., dict[str, Any]]
SCAN, GATE = f"{OURS}/scan@{SHA}", f"{OURS}/gate@{SHA}"
TEMPLATE = (
    f"  - project: pipeline-guard/pipeline-guard\n    ref: {SHA}\n    file: /gitlab-templates/scan.yml\n    inputs: {{commit: {SHA}}}\n"
)


@dataclass(frozen=True)
class Case:
    """A repository; ``runs`` are (job, verb, exit code) of the steps in order, ``code`` the pipeline's, ``says`` words of the plan."""

    files: dict[str, str]
    runs: list[tuple[str, str, int]]
    code: int
    says: list[str] = field(default_factory=list)
    words: tuple[str, ...] = ()


def workflow(text: str, name: str = "ci") -> dict[str, str]:
    return {f".github/workflows/{name}.yml": text}


def gitlab(text: str) -> dict[str, str]:
    return {".gitlab-ci.yml": text}


def job(*steps: str, more: str = "", name: str = "guard", on: str = "ubuntu-latest") -> str:
    listed = "".join(f"      {line}\n" for step in steps for line in ("- " + step.replace("\n", "\n  ")).split("\n"))
    keys = "".join(f"    {line}\n" for line in more.split("\n") if line)
    return f"  {name}:\n    runs-on: {on}\n{keys}    steps:\n{CHECKOUT}{listed}"


PUSH = "on: push\npermissions: {}\njobs:\n"
LEAK = {"app.py": leak()}
GITHUB_CASES = {
    "python-application": Case(
        workflow(
            "name: CI\non:\n  push: {branches: [main]}\n  pull_request:\npermissions: {contents: read}\njobs:\n"
            + job(
                "uses: actions/setup-python@v5\nwith: {python-version: '3.13'}",
                "run: pip install -r requirements.txt",
                "run: pytest",
                name="test",
            )
            + job(
                f"uses: {SCAN}\nid: guard",
                "uses: github/codeql-action/upload-sarif@v3\nif: always()\nwith: {sarif_file: x}",
                more="needs: test",
            )
        )
        | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "paths-filter-of-somebody-else": Case(
        workflow(
            PUSH
            + job("uses: dorny/paths-filter@v3\nid: filter", name="changes", more="outputs: {app: '${{ steps.filter.outputs.app }}'}")
            + job(f"uses: {SCAN}", more="needs: changes\nif: needs.changes.outputs.app == 'true'")
        )
        | LEAK,
        [("guard", "scan", 1)],
        6,
        ["whether it runs depends on needs.changes.outputs.app"],
    ),
    "paths-filter-that-is-told": Case(
        workflow(
            PUSH
            + job("uses: dorny/paths-filter@v3\nid: filter", name="changes", more="outputs: {app: '${{ steps.filter.outputs.app }}'}")
            + job(f"uses: {SCAN}", more="needs: changes\nif: needs.changes.outputs.app == 'true'")
        )
        | LEAK,
        [("guard", "scan", 1)],
        1,
        words=("--assume", "needs.changes.outputs.app=true"),
    ),
    "reusable-workflow-with-outputs": Case(
        workflow(
            "on: push\njobs:\n  security:\n    uses: ./.github/workflows/security.yml\n    with: {level: critical}\n    secrets: inherit\n"
            + job(f"uses: {GATE}", name="deploy", more="needs: security\nif: needs.security.outputs.code == '0'")
        )
        | workflow(
            "on:\n  workflow_call:\n    inputs: {level: {type: string, default: low}}\n    outputs: {code: {value: '${{ jobs.scan.outputs.code }}'}}\n"
            "permissions: {contents: read}\njobs:\n"
            + job(
                f"uses: {SCAN}\nid: scan\nwith: {{threshold: '${{{{ inputs.level }}}}'}}",
                name="scan",
                more="outputs: {code: '${{ steps.scan.outputs.exit-code }}'}",
            ),
            "security",
        )
        | LEAK,
        [("scan", "scan", 0), ("deploy", "gate", 1)],  # the checkout of our sample is not pinned
        1,
    ),
    "reusable-workflow-of-the-organisation": Case(
        workflow("on: push\njobs:\n  security: {uses: acme/.github/.github/workflows/security.yml@v2}\n" + job("run: pipeline-guard scan"))
        | {"a.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
        ["the workflow acme/.github/.github/workflows/security.yml@v2; a step of ours in it was not seen"],
    ),
    "composite-action-of-the-repository": Case(
        workflow(PUSH + job("uses: ./.github/actions/security\nwith: {where: app.py}", "run: make deploy\nif: success()"))
        | {
            ".github/actions/security/action.yml": "name: security\ninputs: {where: {default: .}}\nruns:\n  using: composite\n  steps:\n"
            f"    - uses: {SCAN}\n      with: {{paths: '${{{{ inputs.where }}}}'}}\n    - run: pipeline-guard gate\n      shell: bash\n"
        }
        | LEAK,
        [("guard", "scan", 1), ("guard", "gate", 1)],
        1,
    ),
    "monorepo-matrix-with-defaults": Case(
        workflow(
            PUSH
            + job(
                "run: pipeline-guard scan .",
                more="strategy: {matrix: {package: [web, api]}}\ndefaults: {run: {working-directory: 'packages/${{ matrix.package }}'}}",
            )
        )
        | {"packages/web/a.py": "x = 1\n", "packages/api/b.py": leak()},
        [("guard", "scan", 0), ("guard", "scan", 1)],
        1,
    ),
    "environment-at-three-levels": Case(
        workflow(
            "on: push\nenv: {PIPELINE_GUARD_THRESHOLD: critical}\njobs:\n"
            + job(
                "run: pipeline-guard scan",
                "run: pipeline-guard scan\nenv: {PIPELINE_GUARD_THRESHOLD: critical}",
                more="env: {PIPELINE_GUARD_THRESHOLD: low}\ntimeout-minutes: 5",
            )
        )
        | LEAK,
        [("guard", "scan", 1), ("guard", "scan", 0)],
        1,
    ),
    "experimental-matrix": Case(
        workflow(
            PUSH
            + job(
                f"uses: {SCAN}\nwith: {{paths: '${{{{ matrix.where }}}}'}}",
                more="continue-on-error: ${{ matrix.experimental }}\nstrategy:\n  fail-fast: false\n  matrix:\n    include:\n"
                "      - {where: app.py, experimental: true}\n      - {where: b.py, experimental: false}",
            )
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 1), ("guard", "scan", 0)],
        0,
    ),
    "failure-and-always": Case(
        workflow(
            PUSH
            + job(
                f"uses: {SCAN}\nid: scan",
                "run: pipeline-guard audit verify\nif: failure()",
                "run: pipeline-guard rules check\nif: always()",
            )
            + job(f"uses: {GATE}", name="after", more="needs: guard\nif: failure()")
            + job(f"uses: {GATE}", name="last", more="needs: after")
        )
        | {"a.py": "x = 1\n"},
        [("guard", "scan", 0), ("guard", "rules", 0)],
        0,
        ["the job after: failure()", "the job last: a job that it needs failed or did not run"],
    ),
    "chain-behind-a-failure": Case(
        workflow(
            PUSH
            + job(f"uses: {SCAN}", name="one")
            + job("run: make", name="two", more="needs: one")
            + job("run: pipeline-guard scan app.py", name="three", more="needs: two\nif: failure()")
            + job("run: pipeline-guard scan app.py", name="four", more="needs: two\nif: ${{ !cancelled() }}")
        )
        | LEAK,
        [("one", "scan", 1), ("three", "scan", 1), ("four", "scan", 1)],
        1,
    ),
    "script-file-and-make": Case(
        workflow(PUSH + job("run: ./scripts/ci.sh", "run: make -C tools security", "run: npm run guard", "run: pre-commit run --all-files"))
        | {
            "scripts/ci.sh": "#!/bin/sh\nset -e\npipeline-guard scan\n",
            "tools/Makefile": "security: lint\n\tpipeline-guard scan ..\nlint:\n\ttrue\n",
            "package.json": '{"scripts": {"guard": "pipeline-guard scan"}}',
            ".pre-commit-config.yaml": "repos:\n- repo: https://example.org/x\n  hooks: [{id: pipeline-guard-scan}]\n",
        }
        | LEAK,
        [],
        6,
        ["./scripts/ci.sh calls pipeline-guard", "make security calls", "npm run guard calls", "pre-commit run calls"],
    ),
    "shell-idioms": Case(
        workflow(
            PUSH
            + job("run: |\n  if ! pipeline-guard scan; then\n    echo '::error::leak'\n    exit 1\n  fi", name="one")
            + job("run: uvx --from 'pipeline-guard[hsm]==1.2' pipeline-guard scan", name="two")
            + job("run: pipx run pipeline-guard scan || { echo bad; exit 1; }", name="three")
            + job("run: |\n  cd sub\n  pipeline-guard scan .", name="four")
            + job("run: |\n  cat > notes <<EOF\n  pipeline-guard scan app.py\n  EOF\n  (cd sub && pipeline-guard scan .)", name="five")
            + job("run: |\n  DIR=sub\n  pipeline-guard scan $DIR", name="six")
        )
        | LEAK
        | {"sub/b.py": "x = 1\n"},
        [(name, "scan", code) for name, code in (("one", 1), ("two", 1), ("three", 1), ("four", 0), ("five", 0), ("six", 1))],
        1,
        ["depends on $DIR"],
    ),
    "fork-without-secrets": Case(
        workflow(
            "on: pull_request\npermissions: {}\njobs:\n"
            + job(
                f"uses: {OURS}/inject@{SHA}", name="deploy", more="if: github.event.pull_request.head.repo.full_name == github.repository"
            )
            + job(f"uses: {SCAN}")
        )
        | {"a.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
        ["the job deploy"],
        ("--event", "fork"),
    ),
    "release-of-a-tag": Case(
        workflow(
            "on: {push: {tags: ['v*']}}\npermissions: {id-token: write}\njobs:\n"
            + job(
                "run: python -m build",
                f"uses: {OURS}/sign@{SHA}\nwith: {{subjects: dist/*.whl, key: release}}",
                f"uses: {SCAN}\nif: startsWith(github.ref, 'refs/tags/v') && !contains(github.ref_name, 'rc')",
            )
        )
        | LEAK,
        [("guard", "sign", 0), ("guard", "scan", 1)],
        1,
        ["an earlier step of the pipeline may make it"],
        ("--event", "tag"),
    ),
    "dispatch-with-inputs": Case(
        workflow(
            "on:\n  workflow_dispatch:\n    inputs: {level: {default: critical}, deep: {type: boolean, default: true}}\njobs:\n"
            + job(f"uses: {SCAN}\nif: inputs.deep\nwith: {{threshold: '${{{{ inputs.level }}}}'}}")
        )
        | LEAK,
        [("guard", "scan", 0)],
        0,
    ),
    "label-of-a-pull-request": Case(
        workflow(
            "on: pull_request\njobs:\n" + job(f"uses: {SCAN}", more="if: contains(github.event.pull_request.labels.*.name, 'security')")
        )
        | LEAK,
        [("guard", "scan", 1)],
        6,
        ["github.event.pull_request.labels"],
    ),
    "only-in-the-main-repository": Case(
        workflow(PUSH + job(f"uses: {SCAN}", more="if: github.repository == 'acme/real'")) | LEAK,
        [("guard", "scan", 1)],
        6,
        ["depends on github.repository"],
    ),
    "windows-runner": Case(
        workflow(PUSH + job(f"uses: {SCAN}", on="${{ matrix.os }}", more="strategy: {matrix: {os: [ubuntu-24.04, windows-2025]}}"))
        | {"a.py": "x = 1\n"},
        [("guard", "scan", 0), ("guard", "scan", 2)],
        2,
        ["does not run on Windows"],
    ),
    "no-checkout": Case(
        workflow(f"on: push\njobs:\n  guard: {{runs-on: ubuntu-latest, steps: [{{uses: {SCAN}}}]}}\n") | {"a.py": "x = 1\n"},
        [("guard", "scan", 3)],
        3,
        ["nothing was checked out"],
    ),
    "matrix-of-another-job": Case(
        workflow(
            PUSH
            + job(
                'run: echo "packages=[]" >> $GITHUB_OUTPUT\nid: list',
                name="list",
                more="outputs: {packages: '${{ steps.list.outputs.packages }}'}",
            )
            + job(
                f"uses: {SCAN}\nwith: {{paths: '${{{{ matrix.package }}}}'}}",
                more="needs: list\nstrategy: {matrix: {package: '${{ fromJSON(needs.list.outputs.packages) }}'}}",
            )
        )
        | {"a.py": "x = 1\n"},
        [("guard", "scan", 0)],
        6,
        ["its matrix depends on needs.list.outputs.packages"],
    ),
    "hash-of-a-file-that-is-not-there": Case(
        workflow(PUSH + job(f"uses: {SCAN}\nif: hashFiles('**/package-lock.json') == ''")) | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "steps-side-by-side": Case(
        workflow(PUSH + job(f"parallel:\n  - uses: {SCAN}\n  - run: pipeline-guard scan b.py", "wait-all: true"))
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 1), ("guard", "scan", 0)],
        1,
    ),
    "identity-of-a-called-workflow": Case(
        workflow("on: push\npermissions: {contents: read}\njobs:\n  a: {uses: ./.github/workflows/called.yml}\n")
        | workflow(
            "on: workflow_call\npermissions: {id-token: write}\njobs:\n" + job(f"uses: {OURS}/inject@{SHA}\nwith: {{target: env}}"),
            "called",
        )
        | {
            ".pipeline-guard.yml": "version: 1\nsecrets: {DB: {from: db}}\npolicy:\n  grants:\n    - secrets: [db]\n"
            "      issuer: https://token.actions.githubusercontent.com\n      claims: {repository_id: '5', event_name: push}\n"
        },
        [("guard", "inject", 4), ("guard", "revoke", 0)],
        4,
        ["the job that calls this workflow has no `permissions: id-token: write`"],
    ),
    "other-shells": Case(
        workflow(PUSH + job("run: pipeline-guard scan\nshell: pwsh", "run: |\n  pipeline-guard scan\n  echo done\nshell: bash {0}")) | LEAK,
        [("guard", "scan", 1)],
        6,
        ["a script of pwsh calls pipeline-guard"],
    ),
}

GITLAB_CASES = {
    "include-and-override": Case(
        gitlab(
            f"stages: [test, check]\ninclude:\n{TEMPLATE}default:\n  before_script: [echo hi]\n"
            "pipeline-guard-scan:\n  stage: check\n  allow_failure: true\n  variables: {PIPELINE_GUARD_THRESHOLD: low}\nunit: {script: [make test]}\n"
        )
        | LEAK,
        [("pipeline-guard-scan", "scan", 1)],
        0,
        ["allow_failure"],
    ),
    "raw-address-of-our-template": Case(
        gitlab(
            f"include:\n  - remote: https://gitlab.com/acme/pipeline-guard/-/raw/{SHA}/gitlab-templates/scan.yml\n    inputs: {{commit: {SHA}}}\n"
        )
        | LEAK,
        [("pipeline-guard-scan", "scan", 1)],
        1,
    ),
    "extends-and-references": Case(
        gitlab(
            ".setup: {before_script: [pip install pipeline-guard]}\n.base: {extends: .soft, stage: test}\n.soft: {variables: {WHERE: app.py}}\n"
            "guard:\n  extends: .base\n  before_script: [!reference [.setup, before_script], 'pipeline-guard --version']\n"
            "  script: [pipeline-guard scan $WHERE]\n"
        )
        | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "lines-share-one-shell": Case(
        gitlab("guard:\n  script:\n    - cd backend\n    - pipeline-guard scan .\n    - pipeline-guard scan $CI_PROJECT_DIR/app.py\n")
        | LEAK
        | {"backend/b.py": "x = 1\n"},
        [("guard", "scan", 0), ("guard", "scan", 1)],
        1,
    ),
    "includes-by-pattern": Case(
        gitlab("include: [{local: 'ci/*.yml'}, {local: ci/never.yaml, rules: [{if: '$CI_COMMIT_TAG'}]}]\n")
        | {"ci/a.yml": "guard: {script: [pipeline-guard scan]}\n", "ci/never.yaml": "x: {script: [pipeline-guard gate]}\n"}
        | LEAK,
        [("guard", "scan", 1)],
        1,
        ["the include ci/never.yaml: its rules leave it out here"],
    ),
    "parallel-matrix": Case(
        gitlab("guard:\n  parallel:\n    matrix:\n      - {PACKAGE: [web, api]}\n  script: [pipeline-guard scan packages/$PACKAGE]\n")
        | {"packages/web/a.py": "x = 1\n", "packages/api/b.py": leak()},
        [("guard: [web]", "scan", 0), ("guard: [api]", "scan", 1)],
        1,
    ),
    "child-pipeline": Case(
        gitlab(
            "checks:\n  trigger: {include: ci/checks.yml, strategy: depend}\nloose:\n  trigger: {include: [{local: ci/checks.yml}]}\n"
            "made:\n  trigger: {include: [{artifact: x.yml, job: y}]}\n"
        )
        | {"ci/checks.yml": "guard:\n  rules: [{if: '$CI_PIPELINE_SOURCE == \"parent_pipeline\"'}]\n  script: [pipeline-guard scan]\n"}
        | LEAK,
        [("guard", "scan", 1), ("guard", "scan", 1)],
        1,
        ["made: a file that a job makes; a step of ours in it was not seen"],
    ),
    "variable-of-the-project": Case(
        gitlab("guard:\n  rules: [{if: '$RUN_GUARD == \"true\"'}]\n  script: [pipeline-guard scan]\n") | LEAK,
        [("guard", "scan", 1)],
        6,
        ["whether it runs depends on $RUN_GUARD"],
    ),
    "variable-of-the-project-that-is-told": Case(
        gitlab("guard:\n  rules: [{if: '$RUN_GUARD == \"true\"'}]\n  script: [pipeline-guard scan]\n") | LEAK,
        [("guard", "scan", 1)],
        1,
        words=("--assume", "RUN_GUARD=true"),
    ),
    "switched-off-by-a-variable": Case(
        gitlab("guard:\n  rules: [{if: $GUARD_DISABLED, when: never}, {when: always}]\n  script: [pipeline-guard scan]\n") | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "precedence-of-variables": Case(
        gitlab(
            "variables: {WHERE: app.py, PIPELINE_GUARD_QUIET: 'true'}\n.b: {variables: {WHERE: b.py}}\n"
            "one: {extends: .b, script: [pipeline-guard scan $WHERE]}\n"
            "two:\n  extends: .b\n  rules: [{if: $CI_COMMIT_BRANCH, variables: {WHERE: app.py}}]\n  script: [pipeline-guard scan $WHERE]\n"
            "three: {inherit: {variables: false}, script: ['pipeline-guard scan b.py $WHERE']}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("one", "scan", 0), ("two", "scan", 1), ("three", "scan", 0)],
        1,
        ["depends on $WHERE"],
    ),
    "merge-request-of-a-fork": Case(
        gitlab(
            f"include:\n{TEMPLATE}workflow: {{rules: [{{if: '$CI_PIPELINE_SOURCE == \"merge_request_event\"'}}]}}\n"
            "inside:\n  rules: [{if: $CI_MERGE_REQUEST_SOURCE_PROJECT_PATH == $CI_PROJECT_PATH}]\n  script: [pipeline-guard gate]\n"
        )
        | LEAK,
        [("pipeline-guard-scan", "scan", 1)],
        1,
        words=("--event", "fork"),
    ),
    "needs-and-stages-behind-a-failure": Case(
        gitlab(
            "stages: [check, ship]\nguard: {stage: check, script: [pipeline-guard scan]}\n"
            "late: {stage: ship, script: [pipeline-guard scan b.py]}\nat-once: {stage: ship, needs: [], script: [pipeline-guard scan b.py]}\n"
            "mend: {stage: ship, when: on_failure, script: [pipeline-guard scan b.py]}\nhand: {stage: ship, when: manual, script: [pipeline-guard scan]}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 1), ("late", "scan", 0), ("at-once", "scan", 0), ("mend", "scan", 0)],
        1,
        ["the job hand: it waits for a person"],
    ),
    "template-of-the-company": Case(
        gitlab("include: [{project: acme/ci, file: security.yml}]\nguard: {script: [pipeline-guard scan]}\n") | {"a.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
        ["include of project acme/ci security.yml: not here; a step of ours in it was not seen"],
    ),
}


def said_by(plan: dict[str, Any]) -> str:
    """Return whatever a plan says to people, a line each."""
    return "\n".join(
        [
            *(line for key in ("skipped", "unclear", "unseen") for line in plan[key]),
            *(line for key in ("real", "simulated", "not_checked") for line in plan["fidelity"][key]),
            *(note for step in plan["steps"] for note in (*step["notes"], step["output"])),
        ]
    )


@pytest.fixture
def rehearse(repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Rehearse:
    return rehearsal(repository, monkeypatch, capsys)


@pytest.mark.parametrize("name", [*GITHUB_CASES, *GITLAB_CASES])
def test_plan_is_what_the_forge_would_do(rehearse: Rehearse, name: str) -> None:
    case = (GITHUB_CASES | GITLAB_CASES)[name]
    plan = rehearse(case.files, *case.words)
    assert "steps" in plan, plan
    assert [(step["job"], step["verb"], step["exit_code"]) for step in plan["steps"]] == case.runs, plan
    assert plan["exit_code"] == case.code, plan
    said = said_by(plan)
    for words in case.says:
        assert words in said, said


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (workflow(PUSH + job(f"use: {SCAN}")), "a step has neither run nor uses"),
        (workflow(PUSH + job(f"uses: {SCAN}\nruns: make")), "a step has no key runs"),
        (workflow(PUSH + job(f"uses: {SCAN}\nid: a", "run: make\nid: A")), "two steps have the id A"),
        (workflow(PUSH + job(f"uses: {SCAN}", more="need: x")), "the job guard has no key need"),
        (workflow(f"on: push\njobs: {{guard: {{steps: [{{uses: {SCAN}}}]}}}}\n"), "the job guard has no runs-on"),
        (
            workflow(PUSH + job("uses: ./a")) | {"a/action.yml": "runs: {using: composite, steps: [{run: pipeline-guard scan}]}\n"},
            "a run step of an action has no shell",
        ),
        (
            workflow("on: push\njobs: {a: {uses: ./.github/workflows/b.yml, with: {levl: high}}}\n")
            | workflow("on: {workflow_call: {inputs: {level: {type: string}}}}\njobs:\n" + job(f"uses: {SCAN}"), "b"),
            "has no input levl",
        ),
        (
            workflow("on: push\njobs: {a: {uses: ./.github/workflows/b.yml}}\n")
            | workflow("on: {workflow_call: {inputs: {level: {type: string, required: true}}}}\njobs:\n" + job(f"uses: {SCAN}"), "b"),
            "leaves out the input level",
        ),
        (
            workflow("on: push\njobs: {a: {uses: ./.github/workflows/b.yml}}\n") | workflow(PUSH + job(f"uses: {SCAN}"), "b"),
            "which nobody can call",
        ),
        (gitlab("guard: {scripts: [pipeline-guard scan]}\n"), "the job guard has no key scripts"),
        (gitlab(".base: {stage: test}\nguard: {extends: .base}\nscan: {script: [pipeline-guard scan]}\n"), "the job guard has no script"),
        (gitlab("guard: {needs: [biuld], script: [pipeline-guard scan]}\n"), "needs biuld, which is not there"),
        (
            gitlab(
                "build: {stage: build, rules: [{if: $CI_COMMIT_TAG}], script: [make]}\nguard: {needs: [build], script: [pipeline-guard scan]}\n"
            ),
            "needs build, which its rules leave out here",
        ),
    ],
)
def test_what_the_forge_refuses_is_refused(rehearse: Rehearse, files: dict[str, str], said: str) -> None:
    plan = rehearse(files)
    assert plan["exit_code"] == 2, plan
    assert said in plan["error"], plan["error"]
