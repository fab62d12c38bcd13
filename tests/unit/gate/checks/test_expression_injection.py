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
