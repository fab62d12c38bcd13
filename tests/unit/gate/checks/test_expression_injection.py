# SPDX-License-Identifier: Apache-2.0
"""expression-injection."""

from __future__ import annotations

import pytest

from pipeline_guard.gate.checks.expression_injection import check
from tests.unit.gate.checking import SHA, composite, failing, job, lines, whole


@pytest.mark.parametrize(
    "context",
    [
        "github.head_ref",
        "github.event.issue.title",
        "github.event.pull_request.body",
        "github.event['comment'].body",
        "github.event.commits[0].message",
        "github.event.head_commit.author.name",
        "github.event.workflow_run.head_branch",
        "format('{0}', github.event.review.body)",
        "github.event.issue.title || 'none'",
        "toJSON(github.event)",
        "GitHub.Event.Issue.Title",
        "github.event.pull_request.head.repo.default_branch",
    ],
)
def test_texts_of_outsiders_in_a_script_fail_on_their_line(context: str) -> None:
    facts = job(f'- run: |\n    first\n    echo "${{{{ {context} }}}}"')
    assert lines(check, facts) == [7]


@pytest.mark.parametrize(
    "context",
    [
        "github.sha",
        "github.event.number",
        "github.event.pull_request.head.sha",
        "github.head_ref == 'main'",
        "contains(github.head_ref, 'x') && 'yes' || 'no'",
        "!github.event.issue.title",
        "hashFiles(github.head_ref)",
        "github.event.pull_request != null",
        "secrets.TOKEN",
        "matrix.version",
        "inputs.name",
    ],
)
def test_values_that_outsiders_cannot_shape_pass(context: str) -> None:
    assert failing(check, job(f"- run: echo ${{{{ {context} }}}}")) == []


def test_a_variable_in_quotes_is_the_way_out() -> None:
    assert failing(check, job('- env: {T: "${{ github.head_ref }}"}\n  run: echo "$T"')) == []


@pytest.mark.parametrize(
    "script", ['eval "echo $T"', 'bash -c "echo $T"', "python3 -c \"print('$T')\"", 'ssh host "run $T"', "echo $T | sh"]
)
def test_a_variable_that_is_read_as_code_fails(script: str) -> None:
    (found,) = failing(check, job(f'- env: {{T: "${{{{ github.head_ref }}}}"}}\n  run: |\n    true\n    {script}'))
    assert found == ("$T, which is github.head_ref and read as code here,", 8)


def test_text_in_the_command_line_of_the_shell_fails() -> None:
    assert len(lines(check, job('- run: x\n  shell: bash -c "${{ github.head_ref }}" {0}'))) == 1


def test_single_quotes_leave_the_variable_to_the_inner_shell() -> None:
    assert failing(check, job("- env: {T: '${{ github.head_ref }}'}\n  run: bash -c 'echo \"$T\"'")) == []


def test_github_script_and_its_like_are_scripts() -> None:
    facts = job(f"- uses: actions/github-script@{SHA}\n  with:\n    script: |\n      a\n      b('${{{{ github.head_ref }}}}')")
    assert lines(check, facts) == [9]
    assert "process.env.HEAD_REF" in next(iter(check(facts, None))).fix  # type: ignore[arg-type]
    assert failing(check, job(f"- uses: o/other@{SHA}\n  with: {{script: '${{{{ github.head_ref }}}}'}}")) == []


def test_text_is_followed_through_env_outputs_matrix_and_jobs() -> None:
    assert failing(check, job("- env: {T: '${{ github.head_ref }}'}\n  run: echo ${{ env.T }}"))[0][0].startswith(
        "env.t, which is github.head_ref"
    )
    outputs = job(
        '- id: a\n  env: {T: \'${{ github.head_ref }}\'}\n  run: echo "name=$T" >> "$GITHUB_OUTPUT"\n- run: echo ${{ steps.a.outputs.name }} ${{ steps.a.outputs.other }}'
    )
    assert len(failing(check, outputs)) == 1
    changed = job(
        f"- id: c\n  uses: tj-actions/changed-files@{SHA}\n- run: echo ${{{{ steps.c.outputs.all_changed_files }}}} ${{{{ steps.c.outputs.any_changed }}}}"
    )
    assert len(failing(check, changed)) == 1
    matrix = job("- run: echo ${{ matrix.ref }}", head="strategy: {matrix: {ref: ['${{ github.head_ref }}', main]}}")
    assert len(failing(check, matrix)) == 1


def test_inputs_of_a_composite_action_fail_in_its_scripts() -> None:
    text = "inputs: {name: {}}\nruns:\n  using: composite\n  steps:\n    - run: echo ${{ inputs.name }}\n      shell: bash\n"
    assert failing(check, composite(text)) == [("inputs.name, which is whatever a caller of this action gives,", 5)]
    safe = text.replace("echo ${{ inputs.name }}", 'echo "$N"\n      env: {N: "${{ inputs.name }}"}')
    assert failing(check, composite(safe)) == []


def test_a_reusable_workflow_fails_where_a_caller_hands_such_text_to_it() -> None:
    called = "on: {workflow_call: {inputs: {title: {type: string}}}}\njobs: {a: {steps: [{run: 'echo ${{ inputs.title }}'}]}}\n"
    caller = "on: issues\njobs: {b: {uses: ./.github/workflows/called.yml, with: {title: '${{ github.event.issue.title }}'}}}\n"
    alone = whole({".github/workflows/called.yml": called})
    both = whole({".github/workflows/called.yml": called, ".github/workflows/caller.yml": caller})
    assert [len(failing(check, item)) for _, item in alone if hasattr(item, "steps")] == [0]
    assert [len(failing(check, item)) for _, item in both if hasattr(item, "steps")] == [1, 0]


BODY = "env: {T: '${{ github.event.issue.body }}'}"


@pytest.mark.parametrize(
    "step",
    [
        f"- {BODY}\n  run: |\n    bash <<END\n    echo $T\n    END",
        f"- {BODY}\n  run: |\n    cat <<END | sh\n    echo $T\n    END",
        f'- {BODY}\n  run: bash <<< "$T"',
        f"- {BODY}\n  run: echo \"$T\" | xargs -I{{}} sh -c '{{}}'",
        f'- {BODY}\n  run: pwsh -Command "Write-Host $T"',
        f"- {BODY}\n  shell: pwsh\n  run: Invoke-Expression $env:T",
        f"- {BODY}\n  shell: pwsh\n  run: '& $env:t x'",
        f"- {BODY}\n  shell: cmd\n  run: echo %T%",
        f"- {BODY}\n  run: $T",
        f"- uses: actions/github-script@{SHA}\n  {BODY}\n  with: {{script: 'eval(process.env.T)'}}",
        f"- uses: actions/github-script@{SHA}\n  {BODY}\n  with: {{script: 'execSync(`ls ${{process.env.T}}`)'}}",
        "- uses: docker://a\n  with: {entrypoint: sh, args: '-c \"echo ${{ github.head_ref }}\"'}",
        "- uses: docker://a\n  with: {args: 'bash -c \"echo ${{ github.head_ref }}\"'}",
        "- run: echo ${{ github.event.*.title }}",
        "- run: echo ${{ join(github.event.*.body) }}",
    ],
)
def test_every_way_to_read_a_text_as_code_fails(step: str) -> None:
    assert len(failing(check, job(step))) == 1


@pytest.mark.parametrize(
    "step",
    [
        f"- {BODY}\n  run: |\n    bash <<'END'\n    echo \"$T\"\n    END",
        f"- {BODY}\n  run: |\n    cat > f <<END\n    $T\n    END",
        f"- {BODY}\n  shell: pwsh\n  run: Write-Host $env:T",
        f"- {BODY}\n  shell: pwsh\n  run: '& ./a.ps1 -Title $env:T'",
        f"- {BODY}\n  shell: cmd\n  run: node a.js",
        f"- {BODY}\n  run: echo %T%",
        f'- {BODY}\n  run: T2="$T" x',
        f"- uses: actions/github-script@{SHA}\n  {BODY}\n  with: {{script: 'core.info(process.env.T); eval(x)'}}",
        "- uses: docker://a\n  with: {args: '--title ${{ github.head_ref }}'}",
        "- run: echo ${{ github.event.*.id }}",
        "- run: echo ${{ github.event.*.labels.*.name }}",
    ],
)
def test_texts_that_stay_values_pass(step: str) -> None:
    assert failing(check, job(step)) == []


@pytest.mark.parametrize(
    ("command", "harmless"),
    [
        ("gh pr view 1 --json title -q .title", "gh pr view 1 --json number"),
        ("gh pr view 1 --json headRefName --jq .headRefName", "gh pr view 1 --json headRefOid"),
        ("git log -1 --format=%s", "git log -1 --format=%H"),
        ("jq -r .pull_request.title $GITHUB_EVENT_PATH", "jq -r .pull_request.number $GITHUB_EVENT_PATH"),
    ],
)
def test_what_a_command_prints_of_such_a_text_is_followed(command: str, harmless: str) -> None:
    steps = '- id: a\n  run: |\n    echo "t=$(COMMAND)" >> "$GITHUB_OUTPUT"\n- run: echo ${{ steps.a.outputs.t }}'
    assert len(failing(check, job(steps.replace("COMMAND", command)))) == 1
    assert failing(check, job(steps.replace("COMMAND", harmless))) == []


def test_command_lines_of_jobs_are_scripts_too() -> None:
    text = "${{ github.head_ref }}"
    assert len(failing(check, job("- run: x", head=f"defaults: {{run: {{shell: 'bash {text}'}}}}"))) == 1
    assert len(failing(check, job("- run: x", head=f"container: {{image: a, options: '--name {text}'}}"))) == 1
    assert failing(check, job("- run: x", head="container: {image: a, options: '--name ${{ github.sha }}'}")) == []


@pytest.mark.parametrize(
    ("command", "number"),
    [("cat pr/number", 1), ("jq -r .number pr.json", 1), ("jq '.number | tonumber' pr.json", 0), ("grep -oE '^[0-9]+$' pr/number", 0)],
)
def test_what_an_artifact_of_another_run_says_is_followed(command: str, number: int) -> None:
    steps = f"- uses: actions/download-artifact@{SHA}\n  with: {{run-id: '1'}}\n"
    steps += f'- id: a\n  run: echo "n=$({command})" >> "$GITHUB_OUTPUT"\n- run: gh pr comment ${{{{ steps.a.outputs.n }}}}'
    assert len(failing(check, job(steps, on="workflow_run"))) == number
    assert failing(check, job(steps, on="push")) == []
