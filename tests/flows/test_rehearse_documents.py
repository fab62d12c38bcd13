# SPDX-License-Identifier: Apache-2.0
"""What the forges' documents say of their syntax, one repository for each: the dry-run must end as the pipeline would, or say 6."""

from __future__ import annotations

import pytest

from tests.conftest import Repository
from tests.flows.rehearsing import OURS, SHA, leak, rehearsal
from tests.flows.test_rehearse_newcomers import GATE, LEAK, PUSH, SCAN, TEMPLATE, Case, gitlab, job, said_by, workflow

CLEAN = {"app.py": "x = 1\n"}
GITHUB_CASES = {
    # --- matrix
    "matrix-exclude-leaves-the-bad-one-out": Case(
        workflow(
            PUSH
            + job(
                f"uses: {SCAN}\nwith: {{paths: '${{{{ matrix.where }}}}'}}",
                more="strategy:\n  matrix:\n    where: [app.py, b.py]\n    os: [ubuntu-latest]\n    exclude: [{where: app.py}]",
            )
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
    ),
    "matrix-include-extends-one-combination": Case(
        workflow(
            PUSH
            + job(
                "run: pipeline-guard scan ${{ matrix.where }}\nif: matrix.deep",
                more="strategy:\n  matrix:\n    where: [app.py, b.py]\n    include: [{where: app.py, deep: true}, {where: c.py, deep: true}]",
            )
        )
        | LEAK
        | {"b.py": "x = 1\n", "c.py": "x = 1\n"},
        [("guard", "scan", 1), ("guard", "scan", 0)],
        1,
    ),
    # --- needs and outputs
    "output-of-a-step-of-ours-decides-the-next-job": Case(
        workflow(
            PUSH
            + job(f"uses: {SCAN}\nid: s\ncontinue-on-error: true", name="one", more="outputs: {code: '${{ steps.s.outputs.exit-code }}'}")
            + job(f"uses: {GATE}", name="two", more="needs: one\nif: needs.one.outputs.code == '1'")
        )
        | LEAK,
        [("one", "scan", 1), ("two", "gate", 1)],
        1,
    ),
    "conclusion-and-outcome-differ": Case(
        workflow(
            PUSH
            + job(
                f"uses: {SCAN}\nid: s\ncontinue-on-error: true",
                "run: pipeline-guard scan b.py\nif: steps.s.outcome == 'failure' && steps.s.conclusion == 'success'",
                "run: pipeline-guard rules check\nif: steps.s.conclusion == 'failure'",
            )
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 1), ("guard", "scan", 0)],
        0,
    ),
    "result-of-a-job-that-failed": Case(
        workflow(
            PUSH
            + job(f"uses: {SCAN}", name="one")
            + job("run: pipeline-guard scan b.py", name="two", more="needs: one\nif: always() && needs.one.result == 'failure'")
            + job("run: pipeline-guard rules check", name="three", more="needs: [one, two]\nif: always() && needs.one.result == 'success'")
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("one", "scan", 1), ("two", "scan", 0)],
        1,
    ),
    "continue-on-error-of-a-job-lets-the-next-run": Case(
        workflow(
            PUSH
            + job(f"uses: {SCAN}", name="one", more="continue-on-error: true")
            + job(f"uses: {SCAN}\nwith: {{paths: b.py}}", name="two", more="needs: one")
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("one", "scan", 1), ("two", "scan", 0)],
        0,
    ),
    # --- conditions
    "cancelled-is-false-here": Case(
        workflow(PUSH + job("run: pipeline-guard scan\nif: cancelled()", "run: pipeline-guard scan b.py\nif: ${{ !cancelled() }}"))
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
    ),
    "always-behind-a-failure-of-ours": Case(
        workflow(PUSH + job(f"uses: {SCAN}", "run: pipeline-guard scan app.py\nif: always()", f"uses: {SCAN}\nwith: {{paths: b.py}}"))
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 1), ("guard", "scan", 1), ("guard", "scan", 0)],
        1,
    ),
    "condition-without-braces-and-with-text-around": Case(
        # braces with text outside: a text that is not empty is true
        workflow(PUSH + job(f"uses: {SCAN}\nif: ${{{{ false }}}} == true")) | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "negation-needs-quotes": Case(
        workflow(PUSH + job(f"uses: {SCAN}\nif: '! startsWith(github.ref, ''refs/tags/'')'")) | LEAK, [("guard", "scan", 1)], 1
    ),
    "from-json-and-contains-on-a-list": Case(
        workflow(PUSH + job(f"uses: {SCAN}", more='if: contains(fromJSON(\'["push", "schedule"]\'), github.event_name)')) | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    # --- env and defaults
    "value-of-an-earlier-step-s-env-file": Case(
        workflow(PUSH + job('run: echo "WHERE=b.py" >> "$GITHUB_ENV"', "run: pipeline-guard scan $WHERE")) | LEAK | {"b.py": "x = 1\n"},
        [("guard", "scan", 1)],
        6,
        ["depends on $WHERE"],
    ),
    "env-of-the-step-wins": Case(
        workflow(
            "on: push\nenv: {WHERE: app.py}\njobs:\n"
            + job("run: pipeline-guard scan $WHERE\nenv: {WHERE: b.py}", 'run: pipeline-guard scan "${WHERE}"', more="env: {WHERE: c.py}")
        )
        | LEAK
        | {"b.py": "x = 1\n", "c.py": "x = 1\n"},
        [("guard", "scan", 0), ("guard", "scan", 0)],
        0,
    ),
    "env-context-in-an-input": Case(
        workflow("on: push\nenv: {LEVEL: critical}\njobs:\n" + job(f"uses: {SCAN}\nwith: {{threshold: '${{{{ env.LEVEL }}}}'}}")) | LEAK,
        [("guard", "scan", 0)],
        0,
    ),
    "defaults-of-the-job-win-over-those-of-the-workflow": Case(
        workflow(
            "on: push\ndefaults: {run: {working-directory: bad}}\njobs:\n"
            + job(
                "run: pipeline-guard scan .",
                "run: pipeline-guard scan .\nworking-directory: bad",
                more="defaults: {run: {working-directory: good}}",
            )
        )
        | {"bad/app.py": leak(), "good/a.py": "x = 1\n"},
        [("guard", "scan", 0), ("guard", "scan", 1)],
        1,
    ),
    "shell-of-the-defaults-is-not-errexit-pipefail": Case(
        # sh is started as `sh -e {0}`: no pipefail, so the pipe hides the answer; bash named has pipefail
        workflow(
            PUSH
            + job(
                "run: pipeline-guard scan | cat\nshell: sh", "run: pipeline-guard scan | cat\nshell: bash", "run: pipeline-guard scan | cat"
            )
        )
        | LEAK,
        [("guard", "scan", 1), ("guard", "scan", 1), ("guard", "scan", 1)],
        1,
    ),
    # --- scripts
    "many-lines-with-continuations-and-comments": Case(
        workflow(
            PUSH
            + job(
                "run: |\n  # pipeline-guard gate\n  echo start\n  pipeline-guard \\\n    scan \\\n    b.py\n  echo pipeline-guard scan app.py"
            )
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
    ),
    "exit-code-kept-in-a-variable": Case(
        workflow(PUSH + job("run: |\n  code=0\n  pipeline-guard scan || code=$?\n  echo done\n  exit $code")) | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "set-plus-e-forgets": Case(
        workflow(PUSH + job("run: |\n  set +e\n  pipeline-guard scan\n  echo fine")) | LEAK, [("guard", "scan", 1)], 0
    ),
    "for-loop-over-folders": Case(
        workflow(PUSH + job('run: for d in a b; do pipeline-guard scan "$d"; done')) | {"a/x.py": leak(), "b/y.py": "x = 1\n"},
        [("guard", "scan", 1)],
        6,
    ),
    "add-mask-and-state-are-nobody-s-business": Case(
        workflow(
            PUSH
            + job('run: |\n  echo "::add-mask::abc"\n  echo "a=b" >> $GITHUB_STATE\n  echo "$HOME/bin" >> $GITHUB_PATH', f"uses: {SCAN}")
        )
        | CLEAN,
        [("guard", "scan", 0)],
        0,
    ),
    # --- what does not run here
    "services-and-container": Case(
        workflow(
            PUSH
            + job(f"uses: {SCAN}", more="container: {image: 'debian:13'}\nservices: {db: {image: 'postgres:18', ports: ['5432:5432']}}")
        )
        | CLEAN,
        [("guard", "scan", 0)],
        0,
        ["its container, the service db: not started here"],
    ),
    "concurrency-timeout-and-environment": Case(
        workflow(
            "on: push\nconcurrency: {group: a, cancel-in-progress: true}\njobs:\n"
            + job(
                f"uses: {SCAN}\ntimeout-minutes: 1",
                more="timeout-minutes: 5\nenvironment: {name: production, url: 'https://example.org'}\nconcurrency: deploy",
            )
        )
        | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "self-hosted-labels-and-groups": Case(
        workflow(PUSH + job(f"uses: {SCAN}", on="{group: big, labels: [self-hosted, linux]}")) | LEAK, [("guard", "scan", 1)], 1
    ),
    # --- reusable workflows and composite actions
    "reusable-workflow-in-a-matrix-two-levels-deep": Case(
        workflow(
            "on: push\njobs:\n  all:\n    strategy: {matrix: {where: [app.py, b.py]}}\n    uses: ./.github/workflows/mid.yml\n    with: {where: '${{ matrix.where }}'}\n"
        )
        | workflow(
            "on: {workflow_call: {inputs: {where: {type: string, required: true}}}}\njobs: {in: {uses: ./.github/workflows/low.yml, with: {at: '${{ inputs.where }}'}}}\n",
            "mid",
        )
        | workflow("on: {workflow_call: {inputs: {at: {type: string}}}}\njobs:\n" + job("run: pipeline-guard scan ${{ inputs.at }}"), "low")
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 1), ("guard", "scan", 0)],
        1,
    ),
    "reusable-workflow-does-not-see-the-caller-s-env": Case(
        workflow("on: push\nenv: {PIPELINE_GUARD_THRESHOLD: critical}\njobs: {a: {uses: ./.github/workflows/b.yml}}\n")
        | workflow("on: workflow_call\njobs:\n" + job("run: pipeline-guard scan"), "b")
        | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "reusable-workflow-with-secrets-asked-for": Case(
        workflow("on: push\njobs: {a: {uses: ./.github/workflows/b.yml, secrets: {token: '${{ secrets.TOKEN }}'}}}\n")
        | workflow(
            "on: {workflow_call: {secrets: {token: {required: true}}}}\njobs:\n"
            + job(f"uses: {SCAN}\nenv: {{T: '${{{{ secrets.token }}}}'}}"),
            "b",
        )
        | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "composite-in-a-composite-with-outputs": Case(
        workflow(PUSH + job("uses: ./outer\nid: o", f"uses: {SCAN}\nif: steps.o.outputs.code == '1'\nwith: {{paths: b.py}}"))
        | {
            "outer/action.yml": "name: o\noutputs: {code: {value: '${{ steps.i.outputs.code }}'}}\nruns:\n  using: composite\n  steps:\n    - uses: ./inner\n      id: i\n",
            "inner/action.yaml": "name: i\noutputs: {code: {value: '${{ steps.s.outputs.exit-code }}'}}\nruns:\n  using: composite\n  steps:\n"
            f"    - uses: {SCAN}\n      id: s\n      continue-on-error: true\n",
            "b.py": "x = 1\n",
        }
        | LEAK,
        [("guard", "scan", 1), ("guard", "scan", 0)],
        0,
    ),
    # --- events
    "schedule-only": Case(
        workflow("on: {schedule: [{cron: '0 3 * * 1'}]}\njobs:\n" + job(f"uses: {SCAN}")) | LEAK, [("guard", "scan", 1)], 1
    ),
    "schedule-asked-for-of-two": Case(
        workflow(
            "on: {push: , schedule: [{cron: '0 3 * * 1'}]}\njobs:\n" + job(f"uses: {SCAN}", more="if: github.event_name == 'schedule'")
        )
        | LEAK,
        [("guard", "scan", 1)],
        1,
        words=("--event", "schedule"),
    ),
    "merge-queue": Case(
        workflow("on: {merge_group: , pull_request: {types: [labeled]}}\njobs:\n" + job(f"uses: {SCAN}")) | LEAK,
        [("guard", "scan", 1)],
        1,
        words=("--event", "merge-group"),
    ),
    "pull-request-types-that-are-not-this": Case(
        workflow("on: {pull_request: {types: [labeled]}}\njobs:\n" + job(f"uses: {SCAN}"))
        | workflow("on: [push, pull_request]\njobs:\n" + job("run: pipeline-guard scan b.py"), "b")
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
        words=("--event", "pull-request"),
    ),
    "branches-ignore-and-patterns": Case(
        workflow("on: {push: {branches: ['!main', '**']}}\njobs:\n" + job(f"uses: {SCAN}"))
        | workflow("on: {push: {branches: ['**', '!main']}}\njobs:\n" + job("run: pipeline-guard gate"), "b")
        | LEAK,
        [("guard", "scan", 1)],
        1,
        words=("--event", "push"),
    ),
    "tag-does-not-start-what-asks-for-branches": Case(
        workflow("on: {push: {branches: [main]}}\njobs:\n" + job("run: pipeline-guard scan"))
        | workflow("on: {push: {tags: ['v[0-9]+.*']}}\njobs:\n" + job("run: pipeline-guard scan b.py"), "t")
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
        words=("--event", "tag"),
    ),
    "dispatch-input-that-a-person-must-give": Case(
        workflow(
            "on: {workflow_dispatch: {inputs: {where: {required: true}}}}\njobs:\n" + job("run: pipeline-guard scan ${{ inputs.where }}")
        )
        | LEAK,
        [("guard", "scan", 1)],
        6,
        ["only the forge knows"],
    ),
    "dispatch-choice-is-the-first-until-a-person-chooses": Case(
        workflow(
            "on: {workflow_dispatch: {inputs: {where: {required: true, type: choice, options: [b.py, app.py]}}}}\njobs:\n"
            + job("run: pipeline-guard scan ${{ inputs.where }}")
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
    ),
    "workflow-run-and-other-events": Case(
        workflow(
            "on: {workflow_run: {workflows: [ci], types: [completed]}}\njobs:\n"
            + job(f"uses: {SCAN}", more="if: github.event.workflow_run.conclusion == 'success'")
        )
        | LEAK,
        [("guard", "scan", 1)],
        6,
    ),
    "pull-request-target": Case(workflow("on: pull_request_target\njobs:\n" + job(f"uses: {SCAN}")) | LEAK, [("guard", "scan", 1)], 1),
    "fork-and-the-token-of-a-fork": Case(
        workflow(
            "on: pull_request\npermissions: {id-token: write, contents: read}\njobs:\n"
            + job(f"uses: {OURS}/sign@{SHA}\nwith: {{subjects: app.py, key: k}}")
        )
        | CLEAN,
        [("guard", "sign", 4)],
        4,
        ["fork"],
        ("--event", "fork"),
    ),
    "fork-that-skips": Case(
        workflow("on: pull_request\njobs:\n" + job(f"uses: {OURS}/sign@{SHA}\nwith: {{subjects: app.py, key: k, fork: skip}}")) | CLEAN,
        [("guard", "sign", 0)],
        0,
        words=("--event", "fork"),
    ),
}

GITLAB_CASES = {
    "extends-two-and-the-last-wins": Case(
        gitlab(
            ".a: {variables: {WHERE: app.py}, script: [pipeline-guard gate]}\n.b: {variables: {WHERE: b.py}, script: [pipeline-guard scan $WHERE]}\nguard: {extends: [.a, .b]}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
    ),
    "reference-into-variables-and-nested-lists": Case(
        gitlab(
            ".v: {variables: {WHERE: b.py}}\n.s: {script: [[pipeline-guard scan $WHERE], ['pipeline-guard scan app.py']]}\n"
            "guard: {variables: !reference [.v, variables], script: [!reference [.s, script], 'echo end']}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0), ("guard", "scan", 1)],
        1,
    ),
    "anchors-and-merges": Case(
        gitlab(".d: &d {script: [pipeline-guard scan], allow_failure: true}\nguard: {<<: *d, allow_failure: false}\n") | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "rules-exists-and-changes": Case(
        gitlab(
            "one: {rules: [{exists: ['**/package.json']}], script: [pipeline-guard scan]}\n"
            "two: {rules: [{exists: [src/*.py]}], script: [pipeline-guard scan b.py]}\n"
            "three: {rules: [{changes: [none/**/*]}], script: [pipeline-guard gate]}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n", "src/x.py": "x = 1\n"},
        [("two", "scan", 0)],
        0,
        words=("--event", "merge-request", "--base", "HEAD"),
    ),
    "first-rule-that-holds-decides": Case(
        gitlab(
            "guard:\n  rules:\n    - {if: $CI_COMMIT_TAG, when: never}\n    - {if: '$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH', allow_failure: true}\n    - when: on_success\n  script: [pipeline-guard scan]\n"
        )
        | LEAK,
        [("guard", "scan", 1)],
        0,
    ),
    "manual-is-allowed-to-fail-and-waits": Case(
        gitlab("guard: {script: [pipeline-guard scan b.py]}\nship: {rules: [{when: manual}], script: [pipeline-guard scan]}\n")
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
        ["waits for a person"],
    ),
    "allow-failure-by-its-codes": Case(
        gitlab(
            "one: {allow_failure: {exit_codes: [1]}, script: [pipeline-guard scan]}\ntwo: {allow_failure: {exit_codes: 3}, script: [pipeline-guard scan]}\n"
        )
        | LEAK,
        [("one", "scan", 1), ("two", "scan", 1)],
        1,
    ),
    "allow-failure-by-another-code-is-none": Case(
        gitlab("two: {allow_failure: {exit_codes: [3, 4]}, script: [pipeline-guard scan]}\n") | LEAK, [("two", "scan", 1)], 1
    ),
    "matrix-of-two-and-a-list": Case(
        gitlab("guard:\n  parallel:\n    matrix:\n      - {A: [app, b], B: py}\n  script: [pipeline-guard scan $A.$B]\n")
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard: [app, py]", "scan", 1), ("guard: [b, py]", "scan", 0)],
        1,
    ),
    "parallel-number": Case(gitlab("guard: {parallel: 2, script: [pipeline-guard scan]}\n") | CLEAN, [("guard", "scan", 0)], 0),
    "needs-of-a-matrix-job-and-optional": Case(
        gitlab(
            "a: {stage: build, script: [pipeline-guard scan b.py]}\nc: {stage: build, rules: [{if: $CI_COMMIT_TAG}], script: [make]}\n"
            "d: {stage: test, needs: [a, {job: c, optional: true}], script: [pipeline-guard scan]}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("a", "scan", 0), ("d", "scan", 1)],
        1,
    ),
    "local-component-with-inputs": Case(
        gitlab("include: [{local: /ci/check.yml, inputs: {where: b.py, name: look}}]\n")
        | {
            "ci/check.yml": "spec:\n  inputs:\n    where: {default: app.py}\n    name: {}\n    strict: {type: boolean, default: true}\n---\n"
            "'$[[ inputs.name ]]':\n  script: ['pipeline-guard scan $[[ inputs.where ]]']\n"
        }
        | LEAK
        | {"b.py": "x = 1\n"},
        [("look", "scan", 0)],
        0,
    ),
    "our-component": Case(
        gitlab(f"include: [{{component: gitlab.com/pipeline-guard/pipeline-guard/scan@{SHA}, inputs: {{threshold: critical}}}}]\n") | LEAK,
        [("pipeline-guard-scan", "scan", 0)],
        0,
    ),
    "our-component-by-version": Case(
        gitlab("include: [{component: $CI_SERVER_FQDN/pipeline-guard/pipeline-guard/scan@1.2}]\n") | LEAK,
        [("pipeline-guard-scan", "scan", 1)],
        1,
    ),
    "template-s-job-has-its-stage-changed-and-before-script": Case(
        gitlab(f"stages: [lint]\ninclude:\n{TEMPLATE}pipeline-guard-scan: {{stage: lint, variables: {{PIPELINE_GUARD_PATHS: b.py}}}}\n")
        | LEAK
        | {"b.py": "x = 1\n"},
        [("pipeline-guard-scan", "scan", 0)],
        0,
    ),
    "workflow-rules-set-a-variable": Case(
        gitlab(
            "workflow: {rules: [{if: $CI_COMMIT_BRANCH, variables: {WHERE: b.py}}]}\nvariables: {WHERE: app.py}\nguard: {script: [pipeline-guard scan $WHERE]}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0)],
        0,
    ),
    "variables-in-variables": Case(
        gitlab(
            "variables: {DIR: src, WHERE: $DIR/b.py, RAW: {value: $DIR, expand: false}}\nguard: {script: ['pipeline-guard scan ${WHERE}']}\n"
        )
        | {"src/b.py": leak()},
        [("guard", "scan", 1)],
        1,
    ),
    "default-after-script-does-not-count": Case(
        gitlab("default: {after_script: [pipeline-guard scan]}\nguard: {script: [pipeline-guard scan b.py]}\n")
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0), ("guard", "scan", 1)],
        0,
    ),
    "before-script-fails-the-job": Case(
        gitlab("guard: {before_script: [pipeline-guard scan], script: [make]}\n") | LEAK, [("guard", "scan", 1)], 1
    ),
    "dotenv-of-an-earlier-job": Case(
        gitlab(
            "make: {stage: build, script: ['echo WHERE=b.py >x.env'], artifacts: {reports: {dotenv: x.env}}}\nguard: {stage: test, needs: [make], script: [pipeline-guard scan $WHERE]}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 1)],
        6,
        ["$WHERE"],
    ),
    "resource-group-retry-interruptible-environment": Case(
        gitlab(
            "guard:\n  resource_group: prod\n  retry: {max: 2, when: always}\n  interruptible: true\n  timeout: 5 minutes\n  environment: {name: prod, action: start}\n"
            "  tags: [linux]\n  coverage: '/x/'\n  id_tokens: {ID: {aud: x}}\n  script: [pipeline-guard scan]\n"
        )
        | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "trigger-without-depend-does-not-count": Case(
        gitlab("child: {trigger: {include: c.yml}}\nown: {script: [pipeline-guard scan b.py]}\n")
        | {"c.yml": "guard: {script: [pipeline-guard scan]}\n", "b.py": "x = 1\n"}
        | LEAK,
        [("guard", "scan", 1), ("own", "scan", 0)],
        0,
    ),
    "trigger-of-another-project": Case(
        gitlab("down: {trigger: {project: acme/deploy, strategy: depend}}\nguard: {script: [pipeline-guard scan]}\n") | CLEAN,
        [("guard", "scan", 0)],
        0,
        ["acme/deploy"],
    ),
    "only-and-except": Case(
        gitlab(
            "one: {only: [tags], script: [pipeline-guard scan]}\ntwo: {only: [branches], except: [schedules], script: [pipeline-guard scan b.py]}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("two", "scan", 0)],
        0,
    ),
    "schedule-by-its-source": Case(
        gitlab("night: {rules: [{if: '$CI_PIPELINE_SOURCE == \"schedule\"'}], script: [pipeline-guard scan]}\n") | LEAK,
        [("night", "scan", 1)],
        1,
        words=("--event", "schedule"),
    ),
    "regular-expressions-in-rules": Case(
        gitlab(
            "guard: {rules: [{if: '$CI_COMMIT_BRANCH =~ /^(main|release-.*)$/i && $CI_COMMIT_MESSAGE !~ /skip/'}], script: [pipeline-guard scan]}\n"
        )
        | LEAK,
        [("guard", "scan", 1)],
        1,
    ),
    "dot-pre-and-dot-post": Case(
        gitlab(
            "z: {stage: .post, script: [pipeline-guard scan b.py]}\na: {stage: .pre, script: [pipeline-guard scan]}\nm: {script: [pipeline-guard scan b.py]}\n"
        )
        | LEAK
        | {"b.py": "x = 1\n"},
        [("a", "scan", 1), ("m", "scan", 0), ("z", "scan", 0)],
        1,
    ),
    "script-as-one-text-of-many-lines": Case(
        gitlab("guard:\n  script: |\n    set -e\n    if true; then\n      pipeline-guard scan b.py\n    fi\n    pipeline-guard scan\n")
        | LEAK
        | {"b.py": "x = 1\n"},
        [("guard", "scan", 0), ("guard", "scan", 1)],
        1,
    ),
    "line-that-hides-its-answer": Case(gitlab("guard: {script: ['pipeline-guard scan || true']}\n") | LEAK, [("guard", "scan", 1)], 0),
    "semicolon-hides-nothing-where-errexit-is-set": Case(
        gitlab("guard: {script: ['pipeline-guard scan ; true']}\n") | LEAK, [("guard", "scan", 1)], 1
    ),
}


@pytest.mark.parametrize("name", [*GITHUB_CASES, *GITLAB_CASES])
def test_dry_run_ends_as_the_forge_s_documents_say(
    repository: Repository, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    case = (GITHUB_CASES | GITLAB_CASES)[name]
    plan = rehearsal(repository, monkeypatch, capsys)(case.files, *case.words)
    assert "steps" in plan, plan
    assert [(step["job"], step["verb"], step["exit_code"]) for step in plan["steps"]] == case.runs, plan
    assert plan["exit_code"] == case.code, plan
    said = said_by(plan)
    for words in case.says:
        assert words in said, said
