# SPDX-License-Identifier: Apache-2.0
"""Our actions, run by act as a runner would, and what the dry-run says of the same commit; then the rows on act of docs/dry-run.md's
table, from runs: where act learns something, the page is to be mended."""

from __future__ import annotations

from pathlib import Path

import pytest

from pipeline_guard.cli.main import main
from tests.flows.rehearsing import leak
from tests.shells.outside.acting import OURS, SHA, Act

HEAD = "permissions: {contents: read}\njobs:\n"
CHECKOUT = "      - uses: actions/checkout@v4\n"
SCAN = f"{OURS}/actions/scan@{SHA}"


def job(steps: str, name: str = "guard", more: str = "") -> str:
    return f"  {name}:\n    runs-on: ubuntu-24.04\n{more}    steps:\n{steps}"


def both(act: Act, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], workflow: str) -> tuple[bool, bool, str]:
    """Return whether the pipeline is green by act and by the dry-run, and what act said."""
    done = act.run(workflow)
    monkeypatch.chdir(act.app.path)
    code = main(["dry-run", "--format", "json"])
    capsys.readouterr()
    return done.returncode == 0, code == 0, done.stdout


# act is no judge of what it does not know (the rows below); of these it is
AGREED = {
    "clean": (job(CHECKOUT + f"      - uses: {SCAN}\n      - run: test '${{{{ steps.x.outcome }}}}' = ''\n"), False, True),
    "leak": (job(CHECKOUT + f"      - uses: {SCAN}\n"), True, False),
    "continue-on-error": (job(CHECKOUT + f"      - uses: {SCAN}\n        continue-on-error: true\n"), True, True),
    "matrix": (
        job(
            CHECKOUT + f"      - uses: {SCAN}\n        with: {{paths: '${{{{ matrix.where }}}}'}}\n",
            more="    strategy: {fail-fast: false, matrix: {where: [README.md, app.py]}}\n",
        ),
        True,
        False,
    ),
    "needs": (
        job("      - run: echo 'where=app.py' >>\"$GITHUB_OUTPUT\"\n        id: a\n", "first", "    outputs: {x: b}\n")
        + job(
            CHECKOUT + f"      - uses: {SCAN}\n        with: {{paths: '${{{{ needs.first.outputs.x && 'app.py' }}}}'}}\n",
            more="    needs: first\n",
        ),
        True,
        False,
    ),
    "no-checkout": (job(f"      - uses: {SCAN}\n"), False, False),
    "mistaken-input": (job(CHECKOUT + f"      - uses: {SCAN}\n        with: {{threshold: enormous}}\n"), False, False),
    "whole-root-action": (job(CHECKOUT + f"      - uses: {OURS}@{SHA}\n        with: {{verb: scan}}\n"), True, False),
}


@pytest.mark.parametrize("name", AGREED)
def test_verdict_is_that_of_act_which_runs_our_actions(
    act: Act, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    steps, leaks, green = AGREED[name]
    if leaks:
        act.app.write("app.py", leak())
    theirs, ours, said = both(act, monkeypatch, capsys, f"on: push\n{HEAD}{steps}")
    assert theirs == ours, said
    assert theirs == green, said


def test_launcher_s_main_and_post_are_run(act: Act) -> None:
    done = act.run(f"on: push\n{HEAD}" + job(CHECKOUT + f"      - uses: {OURS}/actions/inject@{SHA}\n        with: {{target: file}}\n"))
    assert done.returncode == 1
    assert f"Run Post {OURS}/actions/inject@{SHA}" in done.stdout
    assert "pipeline-guard revoke" in done.stdout


def test_summary_masks_and_annotations_are_lines_of_its_log(act: Act) -> None:
    script = (
        'echo "::add-mask::kept-out-of-logs"; echo "value is kept-out-of-logs"; echo "# sum" >>$GITHUB_STEP_SUMMARY; echo "::error::bad"'
    )
    done = act.run(f"on: push\n{HEAD}" + job(f"      - run: '{script}'\n"))
    assert "value is ***" in done.stdout
    assert "Summary - # sum" in done.stdout
    assert "::error::bad" in done.stdout


def test_job_has_no_identity_and_permissions_change_nothing(act: Act) -> None:
    more = "    permissions: {id-token: write}\n"
    done = act.run(f"on: push\n{HEAD}" + job("      - run: 'echo \"address [$ACTIONS_ID_TOKEN_REQUEST_URL]\"'\n", more=more))
    assert "address []" in done.stdout


def test_fork_gets_every_secret_that_act_was_given(act: Act) -> None:
    fork = {"pull_request": {"head": {"repo": {"full_name": "mallory/app", "fork": True}}}}
    step = "      - run: test -n \"$GIVEN\"\n        env: {GIVEN: '${{ secrets.GIVEN }}'}\n"
    assert act.run(f"on: pull_request\n{HEAD}" + job(step), "-s", "GIVEN=abc", event="pull_request", payload=fork).returncode == 0


def test_condition_on_a_variable_of_the_repository_is_silently_false(act: Act) -> None:
    workflow = f"on: push\n{HEAD}" + job("      - run: exit 1\n", more="    if: vars.GUARD == 'true'\n")
    done = act.run(workflow)
    assert (done.returncode, "GUARD" in done.stdout) == (0, False)
    assert act.run(workflow, "--var", "GUARD=true").returncode == 1


def test_branches_of_an_event_and_services_are_not_looked_at_and_an_input_that_is_none_is_not_told(act: Act) -> None:
    act.app.write("own/action.yml", "name: own\ndescription: x\nruns: {using: composite, steps: [{run: echo ran it, shell: bash}]}\n")
    done = act.run(
        "on: {push: {branches: [other]}}\n"
        + HEAD
        + job(CHECKOUT + "      - uses: ./own\n        with: {nope: 1}\n", more="    services: {db: {image: 'postgres:18'}}\n")
    )
    assert (done.returncode, "ran it" in done.stdout, "nope" in done.stdout) == (0, True, False)


def test_time_limit_below_a_minute_is_not_kept(act: Act) -> None:
    done = act.run(f"on: push\n{HEAD}" + job("      - run: sleep 2; echo still here\n        timeout-minutes: 0.01\n"))
    assert (done.returncode, "still here" in done.stdout) == (0, True)


def test_reusable_workflow_and_outputs_of_jobs_are_followed(act: Act) -> None:
    act.app.write(
        ".github/workflows/called.yml",
        f"on: {{workflow_call: {{inputs: {{level: {{type: string}}}}}}}}\n{HEAD}" + job("      - run: 'echo level ${{ inputs.level }}'\n"),
    )
    first = job(
        "      - run: 'echo made=high >>$GITHUB_OUTPUT'\n        id: a\n", "first", "    outputs: {made: '${{ steps.a.outputs.made }}'}\n"
    )
    done = act.run(
        f"on: push\n{HEAD}{first}  call:\n    needs: first\n    uses: ./.github/workflows/called.yml\n    with: {{level: '${{{{ needs.first.outputs.made }}}}'}}\n"
    )
    assert (done.returncode, "level high" in done.stdout) == (0, True), done.stdout


def test_scripts_behind_files_are_run_and_actions_of_others_need_the_network(act: Act) -> None:
    act.app.write("ci.sh", "echo from a file\n")
    step = CHECKOUT + "      - run: sh ci.sh\n"
    assert "from a file" in act.run(f"on: push\n{HEAD}" + job(step)).stdout
    done = act.run(f"on: push\n{HEAD}" + job(step + "      - uses: actions/setup-python@v6\n"))
    assert (done.returncode, "https://github.com/actions/setup-python" in done.stdout, "from a file" in done.stdout) == (1, True, False)


def test_key_that_does_not_exist_is_refused(act: Act) -> None:
    done = act.run(f"on: push\n{HEAD}" + job("      - run: exit 0\n", more="    need: x\n"))
    assert (done.returncode, "Unknown Property need" in done.stdout) == (1, True)


def test_copies_of_the_work_tree_stay_in_its_cache(act: Act) -> None:
    done = act.run(f"on: push\n{HEAD}" + job(CHECKOUT + "      - run: echo x >made-by-a-step\n"))
    assert done.returncode == 0
    assert act.app.git("status", "--short") == ""
    assert (Path.home() / ".cache" / "act").is_dir()


def test_log_is_json_and_there_is_no_plan(act: Act) -> None:
    done = act.run(f"on: push\n{HEAD}" + job("      - run: exit 0\n"), "--json")
    assert '"stepResult":"success"' in done.stdout
